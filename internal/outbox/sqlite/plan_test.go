package sqlite

import (
	"strings"
	"testing"
)

// Every statement but the count looks its rows up: none walks a table that grows with what is kept.
func TestStatements_walk_no_table(t *testing.T) {
	t.Parallel()
	store, err := Open(t.Context(), Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for _, text := range []string{
		insertEntry, insertPayload, insertBatch, insertNeeds, finishBatch, endEntry, dropPayloads, markDelivered, markKeep,
		dropBatches, dropNeeds, forgetEntries, expireEntries, findByKey, findByID, loadEntries,
	} {
		args := make([]any, strings.Count(text, "?"))
		for i := 1; i <= 4; i++ { // numbered ones may come twice
			if n := strings.Count(text, "?"+string(rune('0'+i))); n > 0 {
				args = args[:len(args)-n+1]
			}
		}
		rows, err := store.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"entry", "payload", "batch", "need"} {
				if strings.HasPrefix(detail, "SCAN "+table) {
					t.Errorf("%s\nwalks a table: %s", text, detail)
				}
			}
			if strings.Contains(detail, "entry_done") && strings.Contains(text, "json_each") {
				t.Errorf("%s\nwalks all that waits: %s", text, detail)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
