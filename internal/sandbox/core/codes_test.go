package core

import (
	"net/http"
	"testing"
)

func TestParseCodes(t *testing.T) {
	t.Parallel()
	for name, tsv := range map[string]string{
		"a_missing_column": "1\t200\tx", "a_code_that_is_text": "x\t200\tx\t*", "a_status_that_is_text": "1\tx\tx\t*",
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			if err := (codeTable{}).parse("x", tsv); err == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("falls_back_to_every_endpoint_and_then_to_200", func(t *testing.T) {
		t.Parallel()
		table := codeTable{}
		if err := table.parse("x", "1\t403\tone\trecord.create\n1\t400\tany\t*\n"); err != nil {
			t.Fatal(err)
		}
		got := []int{table.find(1, "record.create").status, table.find(1, "app.get").status, table.find(2, "app.get").status}
		if got[0] != http.StatusForbidden || got[1] != http.StatusBadRequest || got[2] != http.StatusOK {
			t.Errorf("got %v", got)
		}
	})
}
