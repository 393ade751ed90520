package outbox

import (
	"encoding/json"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
)

// maxMadeOptions bounds what a lane remembers of options that its writes created.
const maxMadeOptions = 10_000

// option is a select option that a table does not have yet.
type option struct{ table, column, name string }

// usedOptions returns, by position, the new options that the rows of s use.
func usedOptions(s *Submission) map[int][]option {
	if len(s.NewOptions) == 0 {
		return nil
	}
	used := make(map[int][]option)
	for column, names := range s.NewOptions {
		for pos := range s.Rows {
			for _, name := range selected(bitable.Cell(s.Rows[pos].Fields, column)) {
				o := option{s.Table.TableID, column, name}
				if slices.Contains(names, name) && !slices.Contains(used[pos], o) {
					used[pos] = append(used[pos], o)
				}
			}
		}
	}
	return used
}

// selected are the options in a cell of a single or multiple select.
func selected(cell json.RawMessage) []string {
	var one string
	if json.Unmarshal(cell, &one) == nil {
		return []string{one}
	}
	var many []string
	if json.Unmarshal(cell, &many) == nil {
		return many
	}
	return nil
}

// made notes that items were written: what was a new option in them is none any more. Outbox.mu is held.
func (l *lane) made(items []item) {
	for i := range items {
		items[i].each(func(pos int) {
			for _, o := range items[i].entry.options[pos] {
				if len(l.options) < maxMadeOptions && !slices.Contains(items[i].left, cellAt{pos, o.column}) {
					l.options[o] = true
				}
			}
		})
	}
}
