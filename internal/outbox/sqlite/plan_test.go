package sqlite

import (
	"regexp"
	"strings"
	"testing"
)

var parameters = regexp.MustCompile(`\?\d*`)

// Every statement but the count looks its rows up: none walks a table that grows with what is kept.
func TestStatements_walk_no_table(t *testing.T) {
	t.Parallel()
	store, err := Open(t.Context(), Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for _, text := range []string{
		insertEntry, insertPayload, insertBatch, insertNeeds, finishBatch, endEntry, dropPayloads, markDelivered, markRecalled, markKeep,
		dropBatches, dropNeeds, forgetEntries, expireEntries, findByKey, findByID, findWhole, loadEntries,
	} {
		for _, step := range plan(t, store, text) {
			for _, table := range []string{"entry", "payload", "batch", "need"} {
				if strings.HasPrefix(step, "SCAN "+table) {
					t.Errorf("%s\nwalks a table: %s", text, step)
				}
			}
			if strings.Contains(step, "entry_done") && strings.Contains(text, "json_each") {
				t.Errorf("%s\nwalks all that waits: %s", text, step)
			}
		}
	}
}

// plan returns the steps by which SQLite means to run a statement.
func plan(t *testing.T, store *Store, text string) (steps []string) {
	t.Helper()
	rows, err := store.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+parameters.ReplaceAllString(text, "NULL"))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil || len(steps) == 0 && !strings.HasPrefix(text, "INSERT") {
		t.Fatalf("%s: %d steps, %v", text, len(steps), err)
	}
	return steps
}
