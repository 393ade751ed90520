package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a cell, with the documented figures.
const (
	maxTextChars   = 100_000 // 1254130
	maxChosen      = 1000    // options in a multi select cell
	maxUsers       = 1000
	maxAttachments = 100 // 1254106
	maxLinks       = 500
	maxGroups      = 10
	maxPhoneChars  = 64
)

var phoneShape = regexp.MustCompile(`^\+?\d*$`)

type urlValue struct {
	Text string `json:"text"`
	Link string `json:"link"`
}

type locationValue struct{ lng, lat float64 }

func (l locationValue) String() string {
	return strconv.FormatFloat(l.lng, 'f', -1, 64) + "," + strconv.FormatFloat(l.lat, 'f', -1, 64)
}

// convert checks a value against the write shape of the field: what is stored (nil: the cell is empty), and the same in the write
// shape that create and update echo. JSON numbers come as json.Number.
func (w *writer) convert(f *field, value any) (stored, echo any, bad *failure) {
	k := kinds[f.typ]
	if k.readOnly {
		return nil, nil, w.readOnly(f, k, value)
	}
	if value == nil {
		return nil, nil, nil
	}
	refuse := func() (any, any, *failure) { return nil, nil, conversion(k.convert, f.name, value, k.hint) }
	if value == "" && (f.typ == typeNumber || f.typ == typeDate || f.typ == typeSingleSelect) {
		if w.opts.EmptyClears {
			return nil, nil, nil
		}
		return refuse()
	}
	switch f.typ {
	case typeText:
		s, ok := value.(string)
		if !ok {
			return refuse()
		}
		if len(s) > maxTextChars && utf8.RuneCountInString(s) > maxTextChars {
			return nil, nil, invalid(1254130, "fields."+f.name, "at most 100000 characters")
		}
		return nonEmpty(s), s, nil
	case typePhone:
		s, ok := value.(string)
		if !ok || len(s) > maxPhoneChars || !phoneShape.MatchString(s) {
			return refuse()
		}
		return nonEmpty(s), s, nil
	case typeNumber:
		n, ok := asNumber(value)
		if !ok {
			return refuse()
		}
		return n, n, nil
	case typeDate:
		n, ok := asNumber(value)
		if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
			return refuse()
		}
		return int64(n), int64(n), nil
	case typeCheckbox:
		b, ok := value.(bool)
		if !ok {
			return refuse()
		}
		return b, b, nil
	case typeURL:
		object, ok := value.(map[string]any)
		if !ok {
			return refuse()
		}
		u := urlValue{}
		u.Link, ok = object["link"].(string)
		text, textOK := object["text"].(string)
		if _, given := object["text"]; !ok || u.Link == "" || given && !textOK {
			return refuse()
		}
		u.Text = text
		u.Text = cmp.Or(u.Text, u.Link)
		return u, u, nil
	case typeLocation:
		l, ok := asLocation(value)
		if !ok {
			return refuse()
		}
		return l, l.String(), nil
	case typeSingleSelect:
		name, ok := value.(string)
		if !ok {
			return refuse()
		}
		o, ok := w.option(f, name)
		if !ok {
			return refuse()
		}
		return o, name, nil
	default:
		return w.convertList(f, k, value)
	}
}

// convertList converts the types whose value is an array. An empty array clears.
func (w *writer) convertList(f *field, k kind, value any) (stored, echo any, bad *failure) {
	refuse := func() (any, any, *failure) { return nil, nil, conversion(k.convert, f.name, value, k.hint) }
	if object, ok := value.(map[string]any); ok && (f.typ == typeLink || f.typ == typeDuplex) {
		value = object["link_record_ids"]
	}
	list, ok := value.([]any)
	if !ok {
		return refuse()
	}
	if len(list) == 0 {
		return nil, list, nil
	}
	switch f.typ {
	case typeMultiSelect:
		names, ok := asStrings(list)
		if !ok || len(list) > maxChosen || slices.Contains(names, "") {
			return refuse()
		}
		chosen := make([]*option, len(names))
		for i, name := range names {
			if chosen[i], ok = w.option(f, name); !ok {
				return refuse()
			}
		}
		return chosen, names, nil
	case typeUser:
		ids, ok := asObjects(list, "id")
		if !ok || len(ids) > maxUsers || !f.multiple && len(ids) > 1 {
			return refuse()
		}
		people := make([]*person, len(ids))
		for i, id := range ids {
			if people[i], ok = w.store.people.resolve(w.idType, id, !w.opts.RejectUnknownPeople); !ok {
				return refuse()
			}
		}
		return people, idObjects("id", ids), nil
	case typeGroup:
		ids, ok := asObjects(list, "id")
		if !ok || len(ids) > maxGroups || !f.multiple && len(ids) > 1 ||
			slices.ContainsFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "oc_") }) {
			return refuse()
		}
		return ids, idObjects("id", ids), nil
	case typeAttachment:
		tokens, ok := asObjects(list, "file_token")
		if !ok {
			return refuse()
		}
		if len(tokens) > maxAttachments {
			return nil, nil, fail(1254106)
		}
		files := make([]*mediaFile, len(tokens))
		for i, token := range tokens {
			if files[i] = w.store.files.find(token); files[i] == nil || files[i].base != w.base.spec.Token {
				return nil, nil, fail(1254303)
			}
		}
		return files, idObjects("file_token", tokens), nil
	default: // links
		ids, ok := asStrings(list)
		if !ok || len(ids) > maxLinks || !f.multiple && len(ids) > 1 || slices.ContainsFunc(ids, func(id string) bool { return !recordIDShape.MatchString(id) }) {
			return refuse()
		}
		target := w.base.tables[f.target]
		for _, id := range ids {
			if !w.opts.AcceptUnknownLinks && (target == nil || target.rows[id] == nil) {
				return nil, nil, conversion(1254067, f.name, value, "the value of 'Link' must be ids of existing records")
			}
		}
		return ids, ids, nil
	}
}

func (w *writer) readOnly(f *field, k kind, value any) *failure {
	switch w.opts.ReadOnlyWrite {
	case ReadOnlyIgnore:
		return nil
	case ReadOnlyConvert:
		return conversion(k.convert, f.name, value, "the field is read-only")
	case ReadOnlyMismatch:
	}
	return conversion(1254015, f.name, value, "the field is read-only")
}

// conversion is the failure of a value, worded as Feishu does: the value in Go's %v.
func conversion(code int, name string, value any, hint string) *failure {
	return invalid(code, fmt.Sprintf("fields.%s.fieldValue.%v.fieldName.%s", name, value, name), hint)
}

// option returns the option of that name. An unknown name makes a new option at commit, each time it is met: one call that brings
// the same new name twice leaves two options of one name.
func (w *writer) option(f *field, name string) (*option, bool) {
	if o := f.byOption[name]; o != nil {
		return o, true
	}
	if f.fixed || len(f.options)+len(w.options[f]) >= maxOptions {
		return nil, false
	}
	o := &option{w.store.newID("opt"), name, (len(f.options) + len(w.options[f])) % 55}
	w.options[f] = append(w.options[f], o)
	return o, true
}

func nonEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func asNumber(value any) (float64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := number.Float64()
	return n, err == nil
}

func asLocation(value any) (locationValue, bool) {
	s, ok := value.(string)
	if !ok {
		return locationValue{}, false
	}
	before, after, ok := strings.Cut(s, ",")
	lng, err1 := strconv.ParseFloat(before, 64)
	lat, err2 := strconv.ParseFloat(after, 64)
	ok = ok && err1 == nil && err2 == nil && math.Abs(lng) <= 180 && math.Abs(lat) <= 90
	return locationValue{lng, lat}, ok
}

func asStrings(list []any) ([]string, bool) {
	out := make([]string, len(list))
	for i, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, false
		}
		out[i] = s
	}
	return out, true
}

func asObjects(list []any, key string) ([]string, bool) {
	out := make([]string, len(list))
	for i, item := range list {
		object, _ := item.(map[string]any)
		s, ok := object[key].(string)
		if !ok || s == "" {
			return nil, false
		}
		out[i] = s
	}
	return out, true
}

func idObjects(key string, ids []string) []map[string]string {
	out := make([]map[string]string, len(ids))
	for i, id := range ids {
		out[i] = map[string]string{key: id}
	}
	return out
}

// normalise gives Go values the form that a JSON body would give them (json.Number, []any, map[string]any).
func normalise(rows []map[string]any) ([]map[string]any, error) {
	b, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var out []map[string]any
	err = dec.Decode(&out)
	return out, err
}
