package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/problem"
)

// headerRequestID carries the id of a request in its answer.
const headerRequestID = "X-Request-Id"

// replay answers the form that sends a request again, perhaps edited. It is a new request with a new key, made with the credential of
// the first one, which this session has to have; the page then stands at the new one.
func (c *Console) replay(w http.ResponseWriter, r *http.Request) {
	view, known := c.requestView(w, r)
	if view == nil {
		return
	}
	if !view.Replays || known == nil {
		c.redirect(w, r, Path+"/requests/"+url.PathEscape(chi.URLParam(r, "id")))
		return
	}
	body := strings.TrimSpace(r.PostForm.Get("body"))
	if !json.Valid([]byte(body)) {
		told := troubleOf(problem.New(problem.BadBody, problem.Text{
			ZH: "修改后的内容不是完整的 JSON，没有发送。", EN: "What was edited is not complete JSON; nothing was sent.",
		}), view.Lang)
		view.Trouble, view.Content.Request = &told, body
		c.page(w, r, http.StatusBadRequest, "request", view)
		return
	}
	if name := namesCredential(body); name != "" {
		told := troubleOf(problem.New(problem.BadParameter, problem.Text{
			ZH: "重放使用本次会话里的同一凭证；请从内容里去掉 " + name + "。没有发送。",
			EN: "A replay goes with this session's same credential; take " + name + " out of the content. Nothing was sent.",
		}), view.Lang)
		view.Trouble, view.Content.Request = &told, body
		c.page(w, r, http.StatusBadRequest, "request", view)
		return
	}
	credential := &connection{AppID: known.AppID, Secret: known.Secret, Personal: known.Personal} // base and table stand in the body
	// The key is that of the page: a form that is sent twice writes once.
	key := r.PostForm.Get("key")
	if key == "" || len(key) > len(newKey()) {
		key = newKey()
	}
	got, err := c.call(r, credential, operation{path: view.Content.Path, body: body, key: key, replays: view.Line.ID})
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	c.redirect(w, r, Path+"/requests/"+url.PathEscape(got.header.Get(headerRequestID)))
}

// namesCredential returns a parameter of a body that names who calls or for which app, "" if there is none.
func namesCredential(body string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &members) != nil {
		return ""
	}
	for _, name := range []string{"app_id", "app_secret", "personal_base_token", "passphrase"} {
		if _, there := members[name]; there {
			return name
		}
	}
	return ""
}

func itoa(n int) string { return strconv.Itoa(n) }
