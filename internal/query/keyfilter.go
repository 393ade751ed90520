package query

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

// Bounds of a search filter. Source: the guide to filters of the record search.
const (
	MaxFilterConditions = 50
	MaxFilterRunes      = 2000 // characters of the whole filter
)

// Filters returns the search filters that find every record which may have one of keys: each key has one KeyValue for each
// of fields, in order. The records found are a superset, since Feishu compares dates by day and cannot compare some columns
// at all: match them with KeyOfRead. ok is false where the columns or values cannot be filtered; then read the whole table.
func Filters(fields []feishu.Field, keys [][]string) (filters []json.RawMessage, ok bool) {
	columns := 0
	for _, f := range fields {
		if bitable.KindOf(f).KeyFilter {
			columns++
		}
	}
	if columns == 0 {
		return nil, false
	}
	var terms []string
	size, conditions := 0, 0 // of terms
	seen := map[string]bool{}
	for _, key := range keys {
		term, n, ok := filterTerm(fields, key, columns > 1)
		runes := utf8.RuneCountInString(term) + 1
		if !ok || runes+filterOverhead > MaxFilterRunes {
			return nil, false
		}
		if seen[term] {
			continue
		}
		seen[term] = true
		if conditions+n > MaxFilterConditions || size+runes+filterOverhead > MaxFilterRunes {
			filters = append(filters, joinTerms(terms, columns > 1))
			terms, size, conditions = nil, 0, 0
		}
		terms, size, conditions = append(terms, term), size+runes, conditions+n
	}
	if len(terms) > 0 {
		filters = append(filters, joinTerms(terms, columns > 1))
	}
	return filters, true
}

// filterOverhead is the room that joinTerms needs around its terms, in characters.
const filterOverhead = len(`{"conjunction":"or","conditions":[]}`)

// filterTerm is what one key says: a condition, or a child of a filter that joins several conditions by and. ok is false
// if it says nothing.
func filterTerm(fields []feishu.Field, key []string, child bool) (term string, conditions int, ok bool) {
	var parts []string
	for i, f := range fields {
		values, ok := filterValues(f, key[i])
		if !ok {
			continue
		}
		part, err := json.Marshal(atom{FieldName: f.Name, Operator: "is", Value: values})
		if err != nil {
			return "", 0, false
		}
		parts = append(parts, string(part))
	}
	conditions = len(parts)
	term = strings.Join(parts, ",")
	if child {
		term = `{"conjunction":"and","conditions":[` + term + `]}`
	}
	return term, conditions, conditions > 0
}

// filterValues are the values of the condition that a column's key is met.
func filterValues(f feishu.Field, key string) (values []string, ok bool) {
	kind := bitable.KindOf(f)
	if !kind.KeyFilter {
		return nil, false
	}
	switch kind.Compare {
	case bitable.CompareDate:
		return []string{"ExactDate", key}, true
	case bitable.CompareSet:
		var id string
		if err := json.Unmarshal([]byte(key), &id); err != nil {
			return nil, false // several people: "is" takes one
		}
		return []string{id}, true
	default:
		return []string{key}, true
	}
}

// joinTerms makes one filter that any of the terms satisfies.
func joinTerms(terms []string, children bool) json.RawMessage {
	member := "conditions"
	if children {
		if len(terms) == 1 {
			return json.RawMessage(terms[0])
		}
		member = "children"
	}
	return json.RawMessage(`{"conjunction":"or","` + member + `":[` + strings.Join(terms, ",") + `]}`)
}
