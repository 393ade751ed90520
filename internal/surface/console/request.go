package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/requestlog"
)

// requestView is the page of one request.
type requestView struct {
	frame

	Line                lineView
	Title2, What, Fix   string // of its problem code
	Timeline            []eventView
	Content             *contentView
	Closed              string // why there is no content to see
	Replays             bool   // it may be sent again
	Key                 string // of the replay that this page sends
	Trouble             *trouble
	SameTable, SameTool string // addresses of lists
}

// eventView is one point of a request's timeline.
type eventView struct {
	At, Took, What, Detail string
	Icon, Link             string
}

// contentView is what a request held and was answered.
type contentView struct{ Path, Request, Answer, Curl string }

// requestPage answers GET /console/requests/{id}.
func (c *Console) requestPage(w http.ResponseWriter, r *http.Request) {
	if view, _ := c.requestView(w, r); view != nil {
		c.page(w, r, http.StatusOK, "request", view)
	}
}

// requestView finds the request that the path names, among those of the session's passphrase; nil if it answered the request. The
// connection is the session's with the credential of the request, nil if it has none.
func (c *Console) requestView(w http.ResponseWriter, r *http.Request) (*requestView, *connection) {
	id, one := chi.URLParam(r, "id"), sessionOf(r)
	lines, err := c.options.Log.List(r.Context(), requestlog.Filter{Caller: one.name, RequestID: id}, 0, 1)
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return nil, nil
	}
	if len(lines) == 0 {
		c.refuse(w, r, http.StatusNotFound, problem.New(problem.NotFound, problem.Text{
			ZH: "没有这个请求：可能已超过 7 天，或属于另一个口令。",
			EN: "There is no such request: it may be older than 7 days, or belong to another passphrase.",
		}))
		return nil, nil
	}
	line := &lines[0]
	view := &requestView{frame: c.frame(w, r, "requests", "请求", "Request"), Key: newKey()}
	view.Here = ownPath(Path + "/requests/" + url.PathEscape(id))
	view.Line = view.line(line)
	view.Title = view.Line.Tool
	view.Title2, view.What, view.Fix = view.explain(line.Code)
	view.Timeline = view.timeline(line)
	view.SameTool = view.At(Path + "/requests?" + url.Values{"tool": {line.Tool}}.Encode())
	view.SameTable = view.At(Path + "/requests?" + url.Values{"table": {line.Table}}.Encode())
	known := one.with(line.Tenant)
	switch {
	case c.options.Contents == nil:
		view.Closed = view.Say("没有保存内容：设置 ROWGATE_CONSOLE_CONTENTS=true 之后的请求可以查看和重放。",
			"Contents are not kept: with ROWGATE_CONSOLE_CONTENTS=true, requests from then on can be seen and replayed.")
	case known == nil:
		view.Closed = view.Say("内容只给持有同一凭证的人看：请先在“连接一张表”里用这个请求的凭证连接。",
			"Contents are shown to who has the same credential: first connect a table with the credential of this request.")
	default:
		content, ok, err := c.options.Contents.Find(r.Context(), id, line.Tenant)
		if err != nil {
			c.refuse(w, r, http.StatusInternalServerError, err)
			return nil, nil
		}
		if !ok {
			view.Closed = view.Say("这个请求没有保存内容：超过 24 小时或 128 KiB，经 MCP 或代理而来，或回答里有秘密。",
				"Nothing of this request is kept: older than 24 hours, over 128 KiB, by MCP or the proxy, or its answer holds a secret.")
			break
		}
		view.Content = c.content(r, &content)
		view.Replays = true
	}
	return view, known
}

// content is what was kept, for the page. The idempotency key is left out: a replay has a new one.
func (c *Console) content(r *http.Request, content *requestlog.Content) *contentView {
	request := withoutKey(content.Request)
	view := &contentView{Path: content.Path, Request: indented(request), Answer: indented(content.Answer)}
	view.Curl = "curl -X POST '" + c.publicURL(r) + content.Path + "' \\\n" +
		"  -H \"Authorization: Bearer $PASSPHRASE\" -H \"X-App-Id: $APP_ID\" -H \"X-App-Secret: $APP_SECRET\" \\\n" +
		"  -H 'Content-Type: application/json' \\\n  --data-raw '" + strings.ReplaceAll(string(request), "'", `\u0027`) + "'"
	return view
}

// withoutKey returns a request's JSON without its idempotency key.
func withoutKey(body json.RawMessage) json.RawMessage {
	const name = "idempotency_key"
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || members[name] == nil {
		return body
	}
	delete(members, name)
	if out, err := json.Marshal(members); err == nil {
		return out
	}
	return body
}

// timeline is the way of a request, from what was noted on it.
func (f *frame) timeline(l *requestlog.Line) []eventView {
	events := []eventView{{At: "0 ms", What: f.Say("收到请求", "Received"), Detail: l.Route, Icon: "arrow"}}
	for _, mark := range l.Marks {
		rule, _ := problem.LookupRule(mark.Rule)
		event := eventView{What: mark.Rule, Detail: rule.Meaning.In(f.Lang), Icon: "replay", Link: f.At("/errors/" + mark.Rule)}
		if mark.Count > 1 {
			event.Detail += " × " + itoa(mark.Count)
		}
		events = append(events, event)
	}
	for _, call := range l.Upstream {
		event := eventView{
			At: duration(call.Start.Sub(l.At)), Took: duration(call.Took), What: f.Say("调用飞书 ", "Feishu: ") + call.Name, Icon: "ok",
		}
		if call.Code != 0 {
			event.Icon, event.Detail = "warn", f.Say("错误码 ", "code ")+itoa(call.Code)
		}
		if call.LogID != "" {
			event.Detail = strings.TrimSpace(event.Detail + " log_id " + call.LogID)
		}
		events = append(events, event)
	}
	if shared := l.Calls - len(l.Upstream); shared > 0 && !slices.Contains([]string{"", "get_job"}, l.Tool) {
		events = append(events, eventView{
			What:   f.Say("写入批次", "Batches"),
			Detail: f.Say("参与了发件箱的 ", "took part in ") + itoa(shared) + f.Say(" 次调用", " calls of the outbox"), Icon: "ok",
		})
	}
	if l.JobID != "" {
		events = append(events, eventView{What: f.Say("转为任务", "Goes on as a job"), Detail: l.JobID, Icon: "wait"})
	}
	if l.Left {
		events = append(events, eventView{What: f.Say("调用方先断开了", "The caller had left before the end"), Icon: "warn"})
	}
	end := f.state(l.Outcome())
	return append(events, eventView{
		At: duration(l.Took), What: f.Say("回答 ", "Answered: ") + end.Word, Detail: "HTTP " + itoa(l.Status), Icon: end.Icon,
	})
}
