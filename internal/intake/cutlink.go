package intake

import (
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// linkNames are the names in the query of Feishu's own links.
var linkNames = []string{
	"table", "view", "record", "field", "sheet", "from", "hideTab", "open_in_browser", "ccm_open_type",
}

// cutLink puts a link together again that was cut at its '&': pasted unescaped into a form or a query, the rest of it looks like
// keys of their own.
type cutLink struct {
	text *string // value of the pair before, if it is a link in a parameter or goes on one; else nil
}

// after notes the value of the pair that was just read; nil if it is no parameter of kind Text.
func (c *cutLink) after(text *string) {
	c.text = nil
	if text != nil && strings.Contains(*text, "://") {
		c.text = text
	}
}

// takes reports whether a pair, whose name is no parameter, is the rest of a link. The error is bad_link for the rest of a link
// that is not there or stands in a cell.
func (c *cutLink) takes(name, text string, repairs *tally) (bool, error) {
	if !slices.Contains(linkNames, name) {
		return false, nil
	}
	if c.text == nil {
		return false, problem.New(problem.BadLink, problem.Text{
			ZH: "链接在 & 处被截断，" + quote(name) + " 成了单独的键。请把链接里的 & 写成 %26（curl 用 --data-urlencode）。",
			EN: "A link was cut at its &, so that " + quote(name) + " became a key of its own. " +
				"Write each & of the link as %26 (with curl: --data-urlencode).",
		})
	}
	*c.text += "&" + name + "=" + text
	repairs.add(RuleCutLink, 1)
	return true, nil
}
