package console

import (
	"net/http"
	"slices"
)

// checkView is the page of the settings check.
type checkView struct {
	frame

	Findings []Finding
	OK       bool // no finding is a problem
}

// checkPage answers GET /console/check: what `rowgate check` says of the running service.
func (c *Console) checkPage(w http.ResponseWriter, r *http.Request) {
	view := checkView{frame: c.frame(w, r, "check", "设置检查", "Settings check"), Findings: c.options.Check(r.Context())}
	view.OK = !slices.ContainsFunc(view.Findings, func(f Finding) bool { return f.Problem })
	c.page(w, r, http.StatusOK, "check", &view)
}
