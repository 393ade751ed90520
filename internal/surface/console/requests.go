package console

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/requestlog"
)

// pageLines is how many requests a page lists.
const pageLines = 50

// requestsView is the page of the last requests.
type requestsView struct {
	frame

	Filter   filterView
	Lines    []lineView
	Older    string // address of the next page; "" if there is none
	Live     string // address of the stream that counts new ones; "" on older pages
	Filtered bool
}

// filterView is what the address filters by.
type filterView struct{ Tool, Outcome, Code, Table, Query string }

// lineView is one request in a list.
type lineView struct {
	ID, Time, Date string
	Tool, Table    string
	Rows, Calls    int
	State          stateView
	Code           string
	Took           string
	Replay, Left   bool
	Console        bool   // made by the console's pages
	ReplayOf       string // id of the request that it repeats
	JobID, LogID   string
	Status         int
	Route, Iso     string
}

// stateView tells how a request ended by word and by shape.
type stateView struct{ Icon, Word string }

func (f *frame) state(outcome requestlog.Outcome) stateView {
	switch outcome {
	case requestlog.Accepted:
		return stateView{"wait", f.Say("已受理", "accepted")}
	case requestlog.Refused:
		return stateView{"warn", f.Say("被拒绝", "refused")}
	case requestlog.Failed:
		return stateView{"bad", f.Say("失败", "failed")}
	case requestlog.Done:
	}
	return stateView{"ok", f.Say("成功", "ok")}
}

// line is a request for a page, in the time zone of China, where Base's own times are by default.
func (f *frame) line(l *requestlog.Line) lineView {
	at := l.At.In(zone(""))
	view := lineView{
		ID: l.RequestID, Time: at.Format("15:04:05"), Date: at.Format("01-02"), Iso: l.At.UTC().Format(time.RFC3339),
		Tool: l.Tool, Table: l.Table,
		Rows: l.Rows, Calls: l.Calls, State: f.state(l.Outcome()), Code: l.Code, Took: duration(l.Took), Replay: l.Replay, Left: l.Left,
		JobID: l.JobID, LogID: l.LogID, Status: l.Status, Route: l.Route,
	}
	switch l.Origin {
	case "":
	case requestlog.OriginConsole:
		view.Console = true
	default:
		view.ReplayOf = l.Origin
	}
	if view.Tool == "" {
		view.Tool = l.Route
	}
	return view
}

// duration is a time that a request took, with two or three digits.
func duration(took time.Duration) string {
	switch {
	case took < 10*time.Millisecond:
		return strconv.FormatFloat(float64(took.Microseconds())/1000, 'f', 1, 64) + " ms"
	case took < time.Second:
		return strconv.FormatInt(took.Milliseconds(), 10) + " ms"
	default:
		return strconv.FormatFloat(took.Seconds(), 'f', 2, 64) + " s"
	}
}

// filterOf reads the filter of an address, for the session's own passphrase.
func filterOf(r *http.Request) (requestlog.Filter, filterView) {
	query := r.URL.Query()
	view := filterView{query.Get("tool"), query.Get("outcome"), query.Get("code"), query.Get("table"), query.Get("q")}
	return requestlog.Filter{
		Caller: sessionOf(r).name, Tool: view.Tool, Outcome: requestlog.Outcome(view.Outcome), Code: view.Code, Table: view.Table,
		RequestID: view.Query,
	}, view
}

// requestsPage answers GET /console/requests.
func (c *Console) requestsPage(w http.ResponseWriter, r *http.Request) {
	filter, asked := filterOf(r)
	before, _ := strconv.ParseUint(r.URL.Query().Get("before"), 10, 63) // 0: the newest
	next, _ := c.options.Log.Next()
	lines, err := c.options.Log.List(r.Context(), filter, before, pageLines+1)
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	if asked.Query != "" && len(lines) == 1 && before == 0 {
		c.redirect(w, r, Path+"/requests/"+url.PathEscape(lines[0].RequestID))
		return
	}
	view := &requestsView{
		frame: c.frame(w, r, "requests", "请求", "Requests"), Filter: asked, Filtered: asked != filterView{},
	}
	query := r.URL.Query()
	if len(lines) > pageLines {
		lines = lines[:pageLines]
		query.Set("before", strconv.FormatUint(lines[pageLines-1].Seq, 10))
		view.Older = view.At(Path + "/requests?" + query.Encode())
	}
	if before == 0 {
		query.Del("before")
		query.Set("since", strconv.FormatUint(next, 10))
		view.Live = view.At(Path + "/requests/live?" + query.Encode())
	}
	for i := range lines {
		view.Lines = append(view.Lines, view.line(&lines[i]))
	}
	c.page(w, r, http.StatusOK, "requests", view)
}

// explain is what is known of a problem code, in the page's language.
func (f *frame) explain(code string) (title, explanation, fix string) {
	page, ok := problem.Explain(code)
	if !ok || len(page.Problems) == 0 {
		return "", "", ""
	}
	one := page.Problems[0]
	return one.Title.In(f.Lang), one.Explanation.In(f.Lang), one.Fix.In(f.Lang)
}
