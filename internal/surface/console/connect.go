package console

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/tool/diagnose"
)

// connectView is the page on which a table is connected.
type connectView struct {
	frame

	Link, AppID string
	Personal    bool // the credential is the token of one base
	HasSecret   bool // the session has the secret for this link and app
	Sample      bool // the session may begin with a sample table
	Steps       []stepView
	OK          bool // every step is
	Connection  string
	Tables      []tableChoice // to choose from, where the link names none
	Known       []*connection
	Trouble     *trouble
}

// stepView is one step of a diagnosis.
type stepView struct {
	Name, Detail, Fix string
	State             string // ok, bad or skip
	Link              string // where it is put right; may be empty
	Feishu            *problem.Feishu
}

type tableChoice struct {
	ID   string `json:"table_id"`
	Name string `json:"name"`
}

// connectPage answers GET /console.
func (c *Console) connectPage(w http.ResponseWriter, r *http.Request) {
	c.page(w, r, http.StatusOK, "connect", c.connectView(w, r))
}

func (c *Console) connectView(w http.ResponseWriter, r *http.Request) *connectView {
	one := sessionOf(r)
	view := &connectView{
		frame: c.frame(w, r, "connect", "连接一张表", "Connect a table"), Known: one.known(), Sample: !one.sample.IsZero(),
	}
	if view.Sample {
		view.Link, view.AppID = one.sample.Link, one.sample.AppID
		view.HasSecret = true
	}
	return view
}

// connect answers the form: it diagnoses the connection, and keeps it in the session if its credential is right.
func (c *Console) connect(w http.ResponseWriter, r *http.Request) {
	view, one := c.connectView(w, r), sessionOf(r)
	asked := c.asked(one, r.PostForm)
	view.Link, view.AppID, view.Personal = asked.Link, asked.AppID, !asked.Personal.IsZero()
	view.HasSecret = asked.known
	var found diagnose.Diagnosis
	refused, err := c.ask(r, &asked.connection, operation{path: pathDiagnose, body: emptyBody}, &found)
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	if refused != nil {
		told := troubleFrom(refused, view.Lang)
		view.Trouble = &told
		c.page(w, r, refused.Status, "connect", view)
		return
	}
	view.OK, view.Steps = found.OK, c.steps(found.Steps, view)
	based := len(found.Steps) > 2 && found.Steps[2].OK // secret, scopes, base: the table can be chosen
	switch {
	case found.OK:
		if !c.name(w, r, &asked.connection) {
			return
		}
		view.Connection = one.keep(asked.connection)
		view.HasSecret = true
	case based:
		view.Connection = one.keep(asked.connection)
		view.HasSecret = true
		var list struct {
			Tables []tableChoice `json:"tables"`
		}
		if refused, err := c.ask(r, &asked.connection, operation{path: pathTables, body: emptyBody}, &list); refused == nil && err == nil {
			view.Tables = list.Tables
		}
	}
	view.Known = one.known()
	c.page(w, r, http.StatusOK, "connect", view)
}

// name reads the table's name and ids into connection; false if it answered the request with what went wrong.
func (c *Console) name(w http.ResponseWriter, r *http.Request, connection *connection) bool {
	described, refused, err := c.describe(r, connection)
	switch {
	case err != nil:
		c.refuse(w, r, http.StatusInternalServerError, err)
		return false
	case refused != nil:
		view := refusal{frame: c.frame(w, r, "connect", "没有执行", "Not done"), Trouble: troubleFrom(refused, langOf(r))}
		c.page(w, r, refused.Status, "refusal", &view)
		return false
	}
	connection.AppToken, connection.TableID, connection.Name = described.AppToken, described.TableID, described.TableName
	return true
}

// askedConnection is what the form asks for.
type askedConnection struct {
	connection

	known bool // the secret is one that the session had
}

// asked reads the form. A secret that is left empty is that of the sample, or of a connection of the session with this app and base.
func (*Console) asked(one *session, form url.Values) askedConnection {
	field := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	asked := askedConnection{connection: connection{Link: field("link"), AppID: field("app_id"), TableID: field("table_id")}}
	if id := field("connection"); id != "" {
		for _, known := range one.known() {
			if known.ID == id {
				asked.connection, asked.known = *known, true
				asked.TableID = field("table_id")
				return asked
			}
		}
	}
	if personal := field("personal_base_token"); personal != "" {
		asked.Personal, asked.AppID = secret.New(personal), ""
		return asked
	}
	asked.Secret = secret.New(field("app_secret"))
	if !asked.Secret.IsZero() {
		return asked
	}
	if sample := one.sample; !sample.IsZero() && asked.AppID == sample.AppID {
		asked.Secret, asked.known = sample.Secret, true
		if asked.Link == sample.Link {
			asked.View = sample.View
		}
		return asked
	}
	for _, known := range one.known() {
		if known.AppID == asked.AppID && asked.AppID != "" {
			asked.Secret, asked.known = known.Secret, true
			return asked
		}
	}
	return asked
}

// keep makes a connection of the session, as the current one, and returns its id. The same table with the same credential is one.
func (s *session) keep(kept connection) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept.ID = rand.Text()
	var others []*connection
	for _, other := range s.connections {
		same := other.Link == kept.Link && other.AppID == kept.AppID && other.Personal == kept.Personal
		if !same || other.Name != "" && other.TableID != kept.TableID {
			others = append(others, other)
		}
	}
	s.connections = append(others, &kept)
	if len(s.connections) > maxConnections {
		s.connections = s.connections[len(s.connections)-maxConnections:]
	}
	return kept.ID
}

// choose answers the form that picks a table of the session.
func (c *Console) choose(w http.ResponseWriter, r *http.Request) {
	to := Path
	if sessionOf(r).choose(r.PostForm.Get("connection")) {
		to = ownPath(cmp.Or(r.PostForm.Get("to"), Path+"/table"))
	}
	c.redirect(w, r, to)
}

// stepNames are what the steps of a diagnosis are called.
var stepNames = map[string]problem.Text{
	"secret": {ZH: "凭证", EN: "Credential"},
	"scopes": {ZH: "权限", EN: "Scopes"},
	"base":   {ZH: "多维表格", EN: "Base"},
	"table":  {ZH: "数据表", EN: "Table"},
	"fields": {ZH: "列", EN: "Columns"},
	"write":  {ZH: "写入权", EN: "Right to write"},
}

func (*Console) steps(found []diagnose.Step, view *connectView) []stepView {
	steps := make([]stepView, 0, len(found))
	failed := false
	for _, step := range found {
		one := stepView{
			Name: stepNames[step.Step].In(view.Lang), Detail: step.Detail.In(view.Lang), Fix: step.Fix.In(view.Lang), Feishu: step.Feishu,
			State: "ok",
		}
		one.Fix, one.Link = splitLink(one.Fix)
		switch {
		case step.OK:
		case failed:
			one.State = "skip"
		default:
			one.State, failed = "bad", true
		}
		steps = append(steps, one)
	}
	return steps
}

// splitLink takes the address at the end of a fix, which becomes a button.
func splitLink(fix string) (text, link string) {
	i := strings.LastIndex(fix, "https://open.")
	if i < 0 || strings.ContainsAny(strings.TrimRight(fix[i:], " .。)）"), " \n") {
		return fix, ""
	}
	link = strings.TrimRight(fix[i:], " .。)）")
	return strings.TrimRight(fix[:i], " :：(（→"), link
}
