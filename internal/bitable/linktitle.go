package bitable

import (
	"slices"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// titleList is a link cell under link_by: title. Ids stand in objects there, {"id":"rec…"}; text and numbers are titles.
var titleList = listKind{
	max: MaxLinks, zh: "条记录", en: "records", titles: true, reason: reasonElement, entry: (*run).title, object: (*run).recordID,
}

// IsLink reports whether the column links to rows of a table.
func IsLink(f feishu.Field) bool {
	return f.Type == feishu.TypeSingleLink || f.Type == feishu.TypeDuplexLink
}

// byTitle reports whether the entries of a column are titles of linked rows.
func (c *run) byTitle(col *column) bool {
	return IsLink(col.field) && slices.Contains(c.opts.LinksByTitle, col.field.Name)
}

func (*run) title(text []byte) (title []byte, lookup PendingKind, v verdict) {
	if utf8.RuneCount(text) > MaxTextRunes {
		return nil, 0, refused
	}
	return text, PendingTitle, isLookup
}

// RejectTitle answers the lookup of a title that no row has. A word for nothing means nothing then, and template text is refused as
// that; any other title fails its row with e, as Reject does.
func (p *Plan) RejectTitle(l Pending, e RowError) {
	a, known := p.answers[l]
	switch {
	case !known || !a.isOpen() || p.isDropped(l):
	case isPlaceholder([]byte(l.Value)):
		a.nothing = true
		p.warn(Warning{Rule: RulePlaceholder, Field: l.Column, Index: l.Row, Got: l.Value})
		p.emptied(l)
	case isUnrendered([]byte(l.Value)):
		p.Reject(l, RowError{
			Code: problem.RowValueMismatch, Message: reasonTemplate,
			Expected: problem.Text{ZH: "变量的值本身", EN: "the value of the variable itself"},
		})
	default:
		p.Reject(l, e)
	}
}

// emptied applies empty_values to the cell of a lookup if it turned out to hold nothing.
func (p *Plan) emptied(l Pending) {
	row := &p.rows[l.Row]
	i := slices.IndexFunc(row.held, func(cell heldCell) bool { return cell.column == l.Column })
	if i < 0 || slices.ContainsFunc(row.held[i].elements, func(e element) bool { return !e.pending || !p.answers[e.lookup].nothing }) {
		return
	}
	if p.clears {
		row.held[i].cleared = true
		p.warn(Warning{Rule: RuleEmptyCleared, Field: l.Column, Index: l.Row, Got: l.Value})
		return
	}
	if p.drop(l, RowError{}) {
		p.warn(Warning{Rule: RuleEmptySkipped, Field: l.Column, Index: l.Row, Got: l.Value})
	}
}
