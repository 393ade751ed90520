package bitable

import (
	"bytes"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
)

// cell coerces one value and writes it with its key. A nil raw stands for files alone.
func (c *run) cell(t *target, raw []byte) {
	c.key, c.raw, c.given, c.notes = t, raw, raw, c.notes[:0]
	if t.column < 0 {
		c.unknownColumn(raw)
		return
	}
	if c.seen[t.column] == c.row+1 {
		c.fail(duplicateColumn(c.columns[t.column].field.Name))
		return
	}
	c.seen[t.column] = c.row + 1
	col := &c.columns[t.column]
	if len(c.opts.Repeated) > 0 && slices.Contains(c.opts.Repeated, t.name) && !col.kind.holdsSeveral() {
		c.fail(duplicateColumn(col.field.Name))
		return
	}
	start := len(c.buf)
	if c.members > 0 {
		c.buf = append(c.buf, ',')
	}
	c.buf = append(c.buf, col.member...)
	at, uses := len(c.buf), len(c.plan.optionUses)
	out, res := c.value(c.buf, col)
	switch res {
	case written, held:
		c.buf = out
		c.members++
		if res == held {
			c.plan.hold(c.row, heldCell{
				start: start - c.start, at: at - c.start, column: col.field.Name, key: c.isKey(),
				repeated: col.field.Type == feishu.TypeAttachment, elements: slices.Clone(c.elements),
			})
		}
	case omitted:
		c.buf = c.buf[:start]
		out = nil
	case failed:
		c.buf = c.buf[:start]
		c.plan.optionUses = c.plan.optionUses[:uses] // a row without the cell makes no option of it
		return
	}
	if !t.exact && !c.countAgain(RuleColumnMatched, col.field.Name) {
		c.count(RuleColumnMatched, col.field.Name, appendQuoted(nil, t.name), appendQuoted(nil, col.field.Name))
	}
	for _, rule := range c.notes {
		c.count(rule, col.field.Name, raw, out[min(at, len(out)):])
	}
}

// unknownColumn does what the policy says about a column that the table does not have.
func (c *run) unknownColumn(raw []byte) {
	switch c.opts.UnknownFields {
	case PolicyIgnore:
		c.count(RuleUnknownIgnored, c.key.name, raw, nil)
	case PolicyCreate:
		c.newColumn(raw)
	default:
		c.fail(unknownColumn(c.key))
	}
}

// newColumn collects what a row has for a column that is to be created.
func (c *run) newColumn(raw []byte) {
	key := foldName(c.key.name)
	i, known := c.unknown[key]
	switch {
	case key == "":
		c.fail(namelessColumn)
		return
	case !known && len(c.columns)+len(c.plan.unknown) >= MaxTableColumns:
		c.fail(tooManyNewColumns)
		return
	case !known:
		i = len(c.plan.unknown)
		c.unknown[key] = i
		c.plan.unknown = append(c.plan.unknown, UnknownColumn{Name: strings.TrimSpace(c.key.name)})
		c.unknownSeen = append(c.unknownSeen, 0)
	case raw != nil && c.unknownSeen[i] == c.row+1:
		c.fail(duplicateColumn(c.plan.unknown[i].Name))
		return
	}
	switch column := &c.plan.unknown[i]; {
	case raw == nil:
		column.Files++
	case !isNull(raw):
		column.Samples = append(column.Samples, raw)
	}
	c.unknownSeen[i] = c.row + 1
	c.plan.rows[c.row].waiting = true
}

// value appends the write shape of the cell under way.
func (c *run) value(dst []byte, col *column) ([]byte, result) {
	if len(c.files) > 0 && c.hasFiles(col) {
		if col.field.Type != feishu.TypeAttachment {
			c.fail(fileElsewhere)
			return dst, failed
		}
		if isNull(c.raw) || isString(c.raw) && len(bytes.TrimSpace(content(c.raw))) == 0 {
			c.raw = nil
		}
		return c.list(dst, col, bytes.TrimSpace(content(c.raw)), isString(c.raw), attachmentList)
	}
	raw := c.raw
	if c.opts.Raw {
		if !col.kind.Writable && c.opts.UnknownFields == PolicyIgnore {
			return c.readOnly(dst, isNull(raw))
		}
		return append(dst, raw...), written
	}
	if isNull(raw) {
		return c.null(dst, col)
	}
	if raw[0] == '{' && c.openComputed(col) {
		if raw = c.raw; isNull(raw) {
			return c.empty(dst, col)
		}
	}
	if col.field.Type == feishu.TypeText {
		return c.text(dst, col)
	}
	if isEmptyList(raw) && !c.hasFiles(col) {
		return c.empty(dst, col)
	}
	text, isText := []byte(nil), isString(raw)
	if isText {
		if text = bytes.TrimSpace(content(raw)); len(text) == 0 {
			return c.empty(dst, col)
		}
	}
	if !col.kind.Writable {
		return c.readOnly(dst, false)
	}
	if isText && c.openText(col, text) {
		if isNull(c.raw) {
			return c.empty(dst, col)
		}
		if isText = isString(c.raw); isText {
			if text = bytes.TrimSpace(content(c.raw)); len(text) == 0 {
				return c.empty(dst, col)
			}
		}
	}
	if isText && !col.isSelect() && !c.isPersonID(col, text) && !c.byTitle(col) {
		plainText := text
		if col.foldsWidth() {
			plainText = foldWidth(text)
		}
		if out, res, done := c.residue(dst, col, plainText); done {
			return out, res
		}
	}
	switch col.field.Type { // text stands above, the others are not writable
	case feishu.TypeNumber:
		return c.number(dst, col, text, isText)
	case feishu.TypeSingleSelect:
		return c.singleSelect(dst, col, text, isText)
	case feishu.TypeMultiSelect:
		return c.multiSelect(dst, col, text, isText)
	case feishu.TypeDateTime:
		return c.date(dst, col, text, isText)
	case feishu.TypeCheckbox:
		return c.checkbox(dst, col, text, isText)
	case feishu.TypePhone:
		return c.phone(dst, col, text, isText)
	case feishu.TypeURL:
		return c.url(dst, col, text, isText)
	case feishu.TypeLocation:
		return c.location(dst, col, text, isText)
	case feishu.TypeUser:
		return c.list(dst, col, text, isText, personList)
	case feishu.TypeGroupChat:
		return c.list(dst, col, text, isText, groupList)
	case feishu.TypeAttachment:
		return c.list(dst, col, text, isText, attachmentList)
	default: // the two kinds of links
		return c.links(dst, col, text, isText)
	}
}

// null clears on update and upsert and is left out on create.
func (c *run) null(dst []byte, col *column) ([]byte, result) {
	if !col.kind.Writable {
		return c.readOnly(dst, true)
	}
	if c.opts.Mode != Create {
		return append(dst, "null"...), written
	}
	c.note(RuleNullSkipped)
	return dst, omitted
}

// empty is an empty text, an empty list or a list of empty parts: empty_values rules it.
func (c *run) empty(dst []byte, col *column) ([]byte, result) {
	if c.opts.Mode != Create && c.opts.EmptyValues == EmptyClear {
		if !col.kind.Writable {
			return c.readOnly(dst, true)
		}
		c.note(RuleEmptyCleared)
		return append(dst, "null"...), written
	}
	c.note(RuleEmptySkipped)
	return dst, omitted
}

// isEmptyList reports whether raw is a list without an element, which says the same as an empty text.
func isEmptyList(raw []byte) bool {
	return raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

func (c *run) readOnly(dst []byte, null bool) ([]byte, result) {
	if !null && c.opts.UnknownFields != PolicyIgnore {
		c.fail(readOnlyField)
		return dst, failed
	}
	c.note(RuleReadOnlyDropped)
	return dst, omitted
}
