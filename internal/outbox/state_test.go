package outbox

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
)

// The last state and event of each kind: a new one changes them here.
const (
	lastEntryState = EntryReleased
	lastEntryEvent = EntryCancel
	lastBatchState = BatchEnded
	lastBatchEvent = BatchEnd
)

// TestTransitions walks every pair of a state and an event.
func TestTransitions(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := &core{opts: Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}}
	check := func(t *testing.T, name string, from, got, want fmt.Stringer, performed, legal bool) {
		t.Helper()
		if performed != legal || legal && got != want || !legal && got != from {
			t.Errorf("%s: performed %v, legal %v, is %v now, want %v", name, performed, legal, got, want)
		}
		if logged := log.Len() > 0; logged == legal {
			t.Errorf("%s: logged %v", name, logged)
		}
		log.Reset()
	}
	t.Run("of_an_entry_follow_its_table_and_refuse_all_others", func(t *testing.T) {
		for from := EntryNew; from <= lastEntryState; from++ {
			for event := EntryAdmit; event <= lastEntryEvent; event++ {
				want, legal := entryTable[step[EntryState, EntryEvent]{from, event}]
				e := &entry{state: from}
				performed := c.transition(e, event)
				check(t, from.String()+" "+event.String(), from, e.state, want, performed, legal)
			}
		}
	})
	t.Run("of_a_batch_follow_its_table_and_refuse_all_others", func(t *testing.T) {
		for from := BatchComposed; from <= lastBatchState; from++ {
			for event := BatchStart; event <= lastBatchEvent; event++ {
				want, legal := batchTable[step[BatchState, BatchEvent]{from, event}]
				b := &batch{state: from}
				performed := c.transitionBatch(b, event)
				check(t, from.String()+" "+event.String(), from, b.state, want, performed, legal)
			}
		}
	})
	t.Run("that_are_refused_are_counted", func(t *testing.T) {
		pairs := int(lastEntryState+1)*int(lastEntryEvent+1) + int(lastBatchState+1)*int(lastBatchEvent+1)
		if want := pairs - len(entryTable) - len(batchTable); c.illegal != want {
			t.Errorf("%d, want %d", c.illegal, want)
		}
	})
}

// TestDocumentedTransitions compares the tables of the package comment with those that are obeyed.
func TestDocumentedTransitions(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "# States of an entry")
	entries, batches, _ := strings.Cut(rest, "# States of a batch")
	var want []string
	for s, to := range entryTable {
		want = append(want, fmt.Sprintf("//\t%-10s %-10s %s", s.from, s.event, to))
	}
	sameLines(t, entries, want)
	want = nil
	for s, to := range batchTable {
		want = append(want, fmt.Sprintf("//\t%-10s %-10s %s", s.from, s.event, to))
	}
	sameLines(t, batches, want)
}

func sameLines(t *testing.T, text string, want []string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "//\t") {
			got = append(got, strings.TrimRight(line, "\n"))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("documented:\n%s\nobeyed:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
