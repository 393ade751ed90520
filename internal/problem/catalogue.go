package problem

import (
	"slices"
	"time"
)

// Entry is what the catalogue holds for a code, independent of the single case.
type Entry struct {
	Code        Code
	Status      int           // HTTP status of the answer
	Retryable   bool          // the same request may succeed later, unchanged
	Outcome     Outcome       // what happened to the rows; an Error may override it
	RetryAfter  time.Duration // when to repeat; an Error may override it; 0 if not Retryable
	Title       Text          // what kind of problem it is, a few words
	Fix         Text          // what to do next
	Explanation Text          // how it comes about; shown on the code's page only
}

// RowEntry is what the catalogue holds for a row code.
type RowEntry struct {
	Code    RowCode
	Meaning Text // what is wrong with the row
	Fix     Text // what to do next
}

// Lookup returns the entry of code; that of internal_error for a code that is not in the catalogue.
func Lookup(code Code) Entry {
	if entry, ok := find(code); ok {
		return entry
	}
	entry, _ := find(InternalError)
	return entry
}

// Codes returns every code in the order of its status.
func Codes() []Code {
	var codes []Code
	for _, chapter := range chapters() {
		for _, entry := range chapter {
			codes = append(codes, entry.Code)
		}
	}
	slices.SortStableFunc(codes, func(a, b Code) int { return Lookup(a).Status - Lookup(b).Status })
	return codes
}

// LookupRow returns the entry of a row code and whether there is one.
func LookupRow(code RowCode) (RowEntry, bool) {
	i := slices.IndexFunc(rowEntries, func(entry RowEntry) bool { return entry.Code == code })
	if i < 0 {
		return RowEntry{}, false
	}
	return rowEntries[i], true
}

// RowCodes returns every row code in the order of the contract.
func RowCodes() []RowCode {
	codes := make([]RowCode, 0, len(rowEntries))
	for _, entry := range rowEntries {
		codes = append(codes, entry.Code)
	}
	return codes
}

// Status returns the HTTP status that answers e.
func (e *Error) Status() int { return Lookup(e.Code).Status }

// RetryIn returns after what time the same request may be repeated: e's own time, else the catalogue's; 0 for a problem that
// a repeat does not resolve.
func (e *Error) RetryIn() time.Duration {
	entry := Lookup(e.Code)
	if !entry.Retryable || e.RetryAfter <= 0 {
		return entry.RetryAfter
	}
	return e.RetryAfter
}

func find(code Code) (Entry, bool) {
	for _, chapter := range chapters() {
		if i := slices.IndexFunc(chapter, func(entry Entry) bool { return entry.Code == code }); i >= 0 {
			return chapter[i], true
		}
	}
	return Entry{}, false
}

func chapters() [4][]Entry {
	return [4][]Entry{requestEntries, accessEntries, rowsEntries, serverEntries}
}
