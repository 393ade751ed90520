package record

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Limits of a cell, with the documented figures.
const (
	MaxTextChars   = 100_000 // 1254130
	MaxChosen      = 1000    // options in a multi select cell
	MaxUsers       = 1000
	MaxAttachments = 100 // 1254106
	MaxLinks       = 500
	MaxGroups      = 10
	MaxPhoneChars  = 64
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
func (w *writer) convert(f *state.Field, value any) (stored, echo any, bad *core.Failure) {
	k := base.Kinds[f.Type]
	if k.ReadOnly {
		return nil, nil, w.readOnly(f, k, value)
	}
	if value == nil {
		return nil, nil, nil
	}
	refuse := func() (any, any, *core.Failure) { return nil, nil, conversion(k.ConversionCode, f.Name, value, k.Hint) }
	if value == "" && (f.Type == state.TypeNumber || f.Type == state.TypeDate || f.Type == state.TypeSingleSelect) {
		if w.opts.EmptyClears {
			return nil, nil, nil
		}
		return refuse()
	}
	switch f.Type {
	case state.TypeText:
		s, ok := value.(string)
		if !ok {
			return refuse()
		}
		if len(s) > MaxTextChars && utf8.RuneCountInString(s) > MaxTextChars {
			return nil, nil, core.Invalid(1254130, "fields."+f.Name, "at most 100000 characters")
		}
		return nonEmpty(s), s, nil
	case state.TypePhone:
		s, ok := value.(string)
		if !ok || len(s) > MaxPhoneChars || !phoneShape.MatchString(s) {
			return refuse()
		}
		return nonEmpty(s), s, nil
	case state.TypeNumber:
		n, ok := core.AsNumber(value)
		if !ok {
			return refuse()
		}
		return n, n, nil
	case state.TypeDate:
		n, ok := core.AsNumber(value)
		if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
			return refuse()
		}
		return int64(n), int64(n), nil
	case state.TypeCheckbox:
		b, ok := value.(bool)
		if !ok {
			return refuse()
		}
		return b, b, nil
	case state.TypeURL:
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
	case state.TypeLocation:
		l, ok := asLocation(value)
		if !ok {
			return refuse()
		}
		return l, l.String(), nil
	case state.TypeSingleSelect:
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
func (w *writer) convertList(f *state.Field, k base.Kind, value any) (stored, echo any, bad *core.Failure) {
	refuse := func() (any, any, *core.Failure) { return nil, nil, conversion(k.ConversionCode, f.Name, value, k.Hint) }
	if object, ok := value.(map[string]any); ok && (f.Type == state.TypeLink || f.Type == state.TypeDuplex) {
		value = object["link_record_ids"]
	}
	list, ok := value.([]any)
	if !ok {
		return refuse()
	}
	if len(list) == 0 {
		return nil, list, nil
	}
	switch f.Type {
	case state.TypeMultiSelect:
		names, ok := asStrings(list)
		if !ok || len(list) > MaxChosen || slices.Contains(names, "") {
			return refuse()
		}
		chosen := make([]*state.Option, len(names))
		for i, name := range names {
			if chosen[i], ok = w.option(f, name); !ok {
				return refuse()
			}
		}
		return chosen, names, nil
	case state.TypeUser:
		ids, ok := asObjects(list, "id")
		if !ok || len(ids) > MaxUsers || !f.Multiple && len(ids) > 1 {
			return refuse()
		}
		people := make([]*state.Person, len(ids))
		for i, id := range ids {
			if people[i], ok = w.store.People.Resolve(w.idType, id, w.opts.AcceptUnknownPeople); !ok {
				return refuse()
			}
		}
		return people, idObjects("id", ids), nil
	case state.TypeGroup:
		ids, ok := asObjects(list, "id")
		if !ok || len(ids) > MaxGroups || !f.Multiple && len(ids) > 1 ||
			slices.ContainsFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "oc_") }) {
			return refuse()
		}
		return ids, idObjects("id", ids), nil
	case state.TypeAttachment:
		tokens, ok := asObjects(list, "file_token")
		if !ok {
			return refuse()
		}
		if len(tokens) > MaxAttachments {
			return nil, nil, core.Fail(1254106)
		}
		files := make([]*state.Media, len(tokens))
		for i, token := range tokens {
			if files[i] = w.store.Files.Find(token); files[i] == nil || files[i].Base != w.base.Spec.Token {
				return nil, nil, core.Fail(1254303)
			}
		}
		return files, idObjects("file_token", tokens), nil
	default: // links
		ids, ok := asStrings(list)
		if !ok || len(ids) > MaxLinks || !f.Multiple && len(ids) > 1 ||
			slices.ContainsFunc(ids, func(id string) bool { return !state.RecordIDShape.MatchString(id) }) {
			return refuse()
		}
		target := w.base.Tables[f.Target]
		for _, id := range ids {
			if !w.opts.AcceptUnknownLinks && (target == nil || target.Rows[id] == nil) {
				return nil, nil, conversion(1254067, f.Name, value, "the value of 'Link' must be ids of existing records")
			}
		}
		return ids, ids, nil
	}
}

func (w *writer) readOnly(f *state.Field, k base.Kind, value any) *core.Failure {
	switch w.opts.ReadOnlyWrite {
	case core.ReadOnlyIgnore:
		return nil
	case core.ReadOnlyConvert:
		return conversion(k.ConversionCode, f.Name, value, "the field is read-only")
	case core.ReadOnlyMismatch:
	}
	return conversion(1254015, f.Name, value, "the field is read-only")
}

// conversion is the failure of a value, worded as Feishu does: the value in Go's %v.
func conversion(code int, name string, value any, hint string) *core.Failure {
	return core.Invalid(code, fmt.Sprintf("fields.%s.fieldValue.%v.fieldName.%s", name, value, name), hint)
}

// option returns the option of that name. An unknown name makes a new option at commit for each occurrence: a call with the
// same new name twice leaves two options of that name.
func (w *writer) option(f *state.Field, name string) (*state.Option, bool) {
	if o := f.ByOption[name]; o != nil {
		return o, true
	}
	if f.Fixed || len(f.Options)+len(w.options[f]) >= base.MaxOptions {
		return nil, false
	}
	o := &state.Option{ID: w.store.NewID("opt"), Name: name, Color: (len(f.Options) + len(w.options[f])) % 55}
	w.options[f] = append(w.options[f], o)
	return o, true
}

func nonEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
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
