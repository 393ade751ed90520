package bitable

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of list cells, in entries. Source: Feishu's limits of a cell.
const (
	MaxPersons     = 1000
	MaxAttachments = 100
	MaxLinks       = 500
	MaxGroups      = 10
)

// listKind says how one kind of list cell reads and writes its entries.
type listKind struct {
	member   string // the member of an entry's object that holds the id; "" for bare ids
	max      int
	zh, en   string
	repeated bool         // entries may be equal
	titles   bool         // entries are titles of rows, which words for nothing and template text may be
	reason   problem.Text // why an entry is refused
	// entry reads the text of one entry: an id to write, or a lookup.
	entry func(c *run, text []byte) (id []byte, lookup PendingKind, v verdict)
	// object reads the id in an entry's object; nil where that is as entry does.
	object func(c *run, text []byte) (id []byte, lookup PendingKind, v verdict)
}

// attachmentMember holds the token of a file in the object of an attachment.
const attachmentMember = "file_token"

type verdict int

const (
	refused verdict = iota
	isID
	isLookup
)

var (
	personList     = listKind{member: "id", max: MaxPersons, zh: "个人员", en: "people", reason: reasonPrefix, entry: (*run).person}
	groupList      = listKind{member: "id", max: MaxGroups, zh: "个群", en: "groups", reason: reasonElement, entry: (*run).group}
	attachmentList = listKind{
		member:   attachmentMember,
		max:      MaxAttachments,
		zh:       "个附件",
		en:       "attachments",
		reason:   reasonElement,
		repeated: true,
		entry:    (*run).attachment,
	}
	linkList = listKind{max: MaxLinks, zh: "条记录", en: "records", reason: reasonElement, entry: (*run).recordID}
)

// list takes one entry, or a list of entries, each as text or as an object, and writes the list that Feishu takes.
func (c *run) list(dst []byte, col *column, text []byte, isText bool, kind listKind) ([]byte, result) {
	c.elements, c.entries = c.elements[:0], distinct{}
	switch {
	case c.raw == nil:
	case isText:
		c.note(RuleIDWrapped)
		for _, entry := range kind.entries(text) {
			if !c.addEntry(col, kind, entry) {
				return dst, failed
			}
		}
	case c.raw[0] == '{':
		c.note(RuleIDWrapped)
		if !c.addObject(col, kind, c.raw) {
			return dst, failed
		}
	case kind.titles && isNumber(c.raw):
		if !c.addEntry(col, kind, c.raw) {
			return dst, failed
		}
	case c.raw[0] != '[':
		return c.mismatch(dst, col, reasonShape, "")
	default:
		if !c.addList(col, kind) {
			return dst, failed
		}
		if len(c.elements) == 0 && !c.hasFiles(col) {
			return c.empty(dst, col)
		}
	}
	c.addFiles(col)
	if len(c.elements) > kind.max {
		c.fail(tooLarge(kind.max, kind.zh, kind.en))
		return dst, failed
	}
	if col.single && len(c.elements) > 1 {
		return c.mismatch(dst, col, reasonSingle, "")
	}
	return c.writeList(dst)
}

// entries takes text apart where it holds several links to files, at newlines, commas and spaces.
func (k listKind) entries(text []byte) [][]byte {
	if k.member != attachmentMember || countLinks(text) < 2 {
		return [][]byte{text}
	}
	links := bytes.FieldsFunc(text, func(r rune) bool { return isSpaceOrControl(r) || isSeparator(r) })
	for _, link := range links {
		if !isURL(link) || link[0]|0x20 != 'h' {
			return [][]byte{text}
		}
	}
	return links[:min(len(links), k.max+1)] // list refuses more
}

func (c *run) addList(col *column, kind listKind) bool {
	n := 0
	for w := walk(c.raw); ; n++ {
		entry, more := w.element()
		if !more {
			return true
		}
		if n == kind.max {
			c.fail(tooLarge(kind.max, kind.zh, kind.en))
			return false
		}
		switch {
		case isString(entry):
			text := c.trimmed(entry)
			if kind.member != "" {
				c.note(RuleIDWrapped)
			}
			if !c.opts.Literal && !kind.titles && isPlaceholder(text) && !c.isPersonID(col, text) {
				c.note(RulePlaceholder)
				text = nil
			}
			if len(text) == 0 {
				c.note(RulePartsDropped)
			} else if !c.addEntry(col, kind, text) {
				return false
			}
		case entry[0] == '{':
			if !c.addObject(col, kind, entry) {
				return false
			}
		case kind.titles && isNumber(entry):
			if !c.addEntry(col, kind, entry) {
				return false
			}
		default:
			c.mismatch(nil, col, reasonElement, "")
			return false
		}
	}
}

func (c *run) addObject(col *column, kind listKind, object []byte) bool {
	member, id := "", []byte(nil)
	if kind.member == attachmentMember {
		if taken, ok := c.addNamedFile(col, kind, object); taken {
			return ok
		}
	}
	for _, name := range c.idMembers(kind) {
		if id = memberOf(object, name); isString(id) {
			member = name
			break
		}
	}
	if member == "" {
		c.mismatch(nil, col, reasonElement, "")
		return false
	}
	if member != kind.member {
		c.note(RuleIDWrapped)
	}
	if !hasOnly(object, member) {
		c.note(RuleMembersDropped)
	}
	if kind.object != nil {
		kind.entry = kind.object
	}
	return c.addEntry(col, kind, c.trimmed(id))
}

// idMembers are the members of an entry's object of which the first that is there holds the id. An event names a person by all
// three kinds of ids; the one that user_id_type names is taken.
func (c *run) idMembers(kind listKind) []string {
	switch kind.member {
	case "":
		return []string{"id", "record_id"}
	case "id":
		return []string{"id", cmp.Or(c.opts.UserIDType, "open_id")}
	default:
		return []string{kind.member}
	}
}

// trimmed is what a string says without outer white space, whose loss is noted.
func (c *run) trimmed(raw []byte) []byte {
	given := content(raw)
	text := bytes.TrimSpace(given)
	if len(text) != len(given) {
		c.note(RuleIDWrapped)
	}
	return text
}

// addEntry adds one entry to the cell under way; false means that an error was recorded.
func (c *run) addEntry(col *column, kind listKind, text []byte) bool {
	id, lookup, v := kind.entry(c, text)
	var e element
	switch v {
	case isID:
		e.json = appendQuoted(nil, id)
		if kind.member != "" {
			e.json = slices.Concat([]byte(`{"`+kind.member+`":`), e.json, []byte{'}'})
		}
	case isLookup:
		if len(c.plan.pending)+len(c.elements) >= MaxLookups {
			c.fail(tooManyLookups)
			return false
		}
		e.pending = true
		e.lookup = Pending{Row: c.row, Column: col.field.Name, Kind: lookup, Value: string(id)}
	case refused:
		reason := kind.reason
		if isUnrendered(text) {
			reason = reasonTemplate
		}
		if reason == reasonElement && c.raw[0] != '[' {
			reason = reasonShape
		}
		c.mismatch(nil, col, reason, "")
		return false
	}
	if !kind.repeated && !c.entries.add(id) {
		c.note(RulePartsDropped)
		return true
	}
	c.elements = append(c.elements, e)
	return true
}

func (c *run) writeList(dst []byte) ([]byte, result) {
	if slices.ContainsFunc(c.elements, func(e element) bool { return e.pending }) {
		return dst, held
	}
	for i, e := range c.elements {
		separator := byte(',')
		if i == 0 {
			separator = '['
		}
		dst = append(append(dst, separator), e.json...)
	}
	return append(dst, ']'), written
}

// person reads an id of the kind that user_id_type says, an email or a mobile number.
func (c *run) person(text []byte) (id []byte, lookup PendingKind, v verdict) {
	if isEmail(text) {
		return text, PendingEmail, isLookup
	}
	if mobile, ok := asMobile(text); ok {
		return mobile, PendingMobile, isLookup
	}
	prefix := ""
	for _, known := range []string{"ou_", "on_", "oc_", "cli_"} {
		if bytes.HasPrefix(text, []byte(known)) {
			prefix = known
		}
	}
	var fits bool
	switch c.opts.UserIDType {
	case "union_id":
		fits = prefix == "on_"
	case "user_id":
		fits = prefix == "" && len(bytes.Trim(text, "-_")) > 0
	default:
		fits = prefix == "ou_"
	}
	if !fits || len(text) == len(prefix) || len(text) > maxPersonIDBytes || !isIDText(text) {
		return nil, 0, refused
	}
	return text, 0, isID
}

// isPersonID reports whether a word for nothing is spelled like an id of the column: people's own user_ids are free words.
func (c *run) isPersonID(col *column, text []byte) bool {
	if col.kind.form != formPeople || c.opts.UserIDType != "user_id" {
		return false
	}
	_, _, v := c.person(text)
	return v == isID
}

const maxPersonIDBytes = 64

// isIDText reports whether s holds only ASCII letters, digits, - and _.
func isIDText(s []byte) bool {
	for i, b := range s {
		if b != '-' && b != '_' && !isAlphanumeric(s[i:i+1]) {
			return false
		}
	}
	return true
}

// isEmail reports whether s has the form of an address: something, one @, a domain with a dot, no white space.
func isEmail(s []byte) bool {
	local, domain, ok := bytes.Cut(s, []byte("@"))
	dot := bytes.LastIndexByte(domain, '.')
	return ok && len(local) > 0 && dot > 0 && dot < len(domain)-1 &&
		!bytes.ContainsFunc(s, isSpaceOrControl) && !bytes.ContainsAny(domain, "@,;<>")
}

// asMobile reads a mobile number: eleven digits that begin with 1 (mainland China), or + and 7 to 15 digits; spaces, dashes
// and parentheses are removed.
func asMobile(s []byte) (number []byte, ok bool) {
	number = bytes.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '(' || r == ')' {
			return -1
		}
		return r
	}, s)
	if digits, international := bytes.CutPrefix(number, []byte("+")); international {
		return number, areDigits(digits) && len(digits) >= 7 && len(digits) <= 15
	}
	return number, len(number) == 11 && number[0] == '1' && areDigits(number)
}

func (c *run) group(text []byte) (id []byte, lookup PendingKind, v verdict) {
	if rest, ok := bytes.CutPrefix(text, []byte("oc_")); !ok || len(rest) == 0 || len(text) > maxPersonIDBytes || !isIDText(text) {
		return nil, 0, refused
	}
	return text, 0, isID
}

func (c *run) recordID(text []byte) (id []byte, lookup PendingKind, v verdict) {
	if !isRecordID(text) {
		return nil, 0, refused
	}
	return text, 0, isID
}

// Bounds of a file_token; the lower one tells it from a word.
const (
	minFileTokenBytes = 20
	maxFileTokenBytes = 100
)

func isFileToken(s []byte) bool {
	return len(s) >= minFileTokenBytes && len(s) <= maxFileTokenBytes && isAlphanumeric(s)
}

func (c *run) attachment(text []byte) (id []byte, lookup PendingKind, v verdict) {
	switch {
	case len(text) >= 5 && strings.EqualFold(string(text[:5]), "data:"):
		return text, PendingData, isLookup
	case isURL(text) && (text[0]|0x20) == 'h':
		return text, PendingURL, isLookup
	case isFileToken(text):
		return text, 0, isID
	default:
		return nil, 0, refused
	}
}

// links takes record ids and Feishu's two read shapes.
func (c *run) links(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	whole := c.raw
	ids, rest := readLinks(whole)
	if ids == nil && c.byTitle(col) {
		return c.list(dst, col, text, isText, titleList)
	}
	if ids == nil {
		return c.list(dst, col, text, isText, linkList)
	}
	c.raw = ids
	var res result
	if isNull(ids) {
		dst, res = c.null(dst, col)
	} else {
		dst, res = c.list(dst, col, nil, false, linkList)
	}
	c.raw = whole
	c.note(RuleIDWrapped)
	if rest {
		c.note(RuleMembersDropped)
	}
	return dst, res
}

// readLinks returns the ids of {"link_record_ids":[…]}, which has null for none, or of the list call's
// [{"record_ids":[…],"table_id":…,"text":…}]; rest reports other members. ids is nil for any other shape.
func readLinks(raw []byte) (ids []byte, rest bool) {
	member := "link_record_ids"
	if raw[0] == '[' {
		w := walk(raw)
		only, _ := w.element()
		if _, more := w.element(); more {
			return nil, false
		}
		raw, member = only, "record_ids"
	}
	if ids = memberOf(raw, member); len(ids) == 0 || ids[0] != '[' && !isNull(ids) {
		return nil, false
	}
	return ids, !hasOnly(raw, member)
}

func (c *run) hasFiles(col *column) bool {
	return slices.ContainsFunc(c.files[c.row], func(f File) bool { return c.fileTarget(f).leadsTo(c.columns, col) })
}

// addFiles adds the files of the row that are meant for col.
func (c *run) addFiles(col *column) {
	for _, f := range c.files[c.row] {
		t := c.fileTarget(f)
		if !t.leadsTo(c.columns, col) {
			continue
		}
		if !t.exact && c.key.exact {
			c.note(RuleColumnMatched)
		}
		lookup := Pending{Row: c.row, Column: col.field.Name, Kind: PendingFile, Value: f.Ref}
		c.elements = append(c.elements, element{lookup: lookup, pending: true})
	}
}

func (c *run) fileTarget(f File) *target { return c.target(appendQuoted(nil, f.Column)) }

func (t *target) leadsTo(columns []column, col *column) bool {
	return t.column >= 0 && &columns[t.column] == col
}
