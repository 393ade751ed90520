package history_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rowgate/rowgate/cmd/rowgate-bench/internal/history"
)

// step is one attempt of the request "req": no results means that no answer came.
type step []history.Result

var (
	written    = history.Result{Status: history.Written, RecordID: "rec1"}
	notWritten = history.Result{Status: history.NotWritten}
	unknown    = history.Result{Status: history.Unknown}
)

// play records the steps of a request with one row, "a", and checks them against the record ids under which the table has that row.
func play(t *testing.T, steps []step, ids ...string) *history.Report {
	t.Helper()
	var h history.History
	for i, results := range steps {
		attempt, err := h.Send("req", "a")
		if err != nil {
			t.Fatal(err)
		}
		if len(results) > 0 {
			if err := attempt.Answer(fmt.Sprint("answer", i), results...); err != nil {
				t.Fatal(err)
			}
		}
	}
	var table []history.Row
	for _, id := range ids {
		table = append(table, history.Row{Mark: "a", RecordID: id})
	}
	return h.Check(table)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	none := step(nil)
	for name, one := range map[string]struct {
		steps []step
		ids   []string
		want  []history.Kind
	}{
		"finds_a_row_that_landed_twice": {
			steps: []step{none, {written}}, ids: []string{"rec1", "rec2"}, want: []history.Kind{history.Duplicate},
		},
		"finds_a_row_that_landed_twice_though_nobody_got_an_answer": {
			steps: []step{none, none}, ids: []string{"rec1", "rec2"}, want: []history.Kind{history.Duplicate},
		},
		"finds_an_acknowledged_row_that_is_lost": {
			steps: []step{{written}}, want: []history.Kind{history.Lost},
		},
		"finds_a_loss_that_a_later_refusal_would_hide": {
			steps: []step{{written}, {notWritten}}, want: []history.Kind{history.Lost},
		},
		"finds_a_row_that_was_refused_and_landed": {
			steps: []step{{notWritten}, {notWritten}}, ids: []string{"rec1"}, want: []history.Kind{history.Refused},
		},
		"finds_answers_that_contradict_each_other": {
			steps: []step{{written}, {{Status: history.Written, RecordID: "rec2"}}}, ids: []string{"rec1"}, want: []history.Kind{history.Changed},
		},
		"finds_a_row_under_another_id_than_was_acknowledged": {
			steps: []step{{written}}, ids: []string{"rec2"}, want: []history.Kind{history.Misnamed},
		},
		"accepts_a_row_that_landed_once":                 {steps: []step{{written}}, ids: []string{"rec1"}},
		"accepts_the_same_answer_twice":                  {steps: []step{{written}, {written}}, ids: []string{"rec1"}},
		"accepts_an_acknowledgement_without_an_id":       {steps: []step{{{Status: history.Written}}}, ids: []string{"rec1"}},
		"accepts_a_refused_row_that_is_not_there":        {steps: []step{{notWritten}}},
		"accepts_that_an_unanswered_row_is_there":        {steps: []step{none}, ids: []string{"rec1"}},
		"accepts_that_an_unanswered_row_is_not_there":    {steps: []step{none}},
		"accepts_that_a_row_of_unknown_outcome_is_there": {steps: []step{{unknown}}, ids: []string{"rec1"}},
		"accepts_that_a_row_of_unknown_outcome_is_not":   {steps: []step{{unknown}}},
		"accepts_that_an_unanswered_attempt_wrote_what_a_later_one_refused": {
			steps: []step{none, {notWritten}}, ids: []string{"rec1"},
		},
		"accepts_that_an_attempt_of_unknown_outcome_wrote_what_an_earlier_one_refused": {
			steps: []step{{notWritten}, {unknown}}, ids: []string{"rec1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := play(t, one.steps, one.ids...)
			var got []history.Kind
			for _, v := range report.Violations {
				got = append(got, v.Kind)
				if v.Request != "req" || v.Mark != "a" {
					t.Errorf("it names %q of %q", v.Mark, v.Request)
				}
			}
			if !slices.Equal(got, one.want) || report.Broken() != len(one.want) {
				t.Errorf("found %v (%d), want %v", got, report.Broken(), one.want)
			}
		})
	}

	t.Run("finds_a_row_that_nobody_sent", func(t *testing.T) {
		t.Parallel()
		var h history.History
		report := h.Check([]history.Row{{Mark: "x", RecordID: "rec9"}})
		if report.Counts[history.Alien] != 1 || report.Broken() != 1 || !strings.Contains(report.Violations[0].String(), "rec9") {
			t.Errorf("%+v", report)
		}
	})

	t.Run("names_the_answers_that_prove_a_violation", func(t *testing.T) {
		t.Parallel()
		report := play(t, []step{{unknown}, none, {written}})
		if v := report.Violations[0]; !slices.Equal(v.Answers, []string{"answer0", "answer2"}) {
			t.Errorf("it names %v", v.Answers)
		}
	})

	t.Run("judges_each_row_of_a_request_by_itself", func(t *testing.T) {
		t.Parallel()
		var h history.History
		attempt, err := h.Send("req", "a", "b", "c")
		if err != nil {
			t.Fatal(err)
		}
		if err := attempt.Answer("answer", written, notWritten, unknown); err != nil {
			t.Fatal(err)
		}
		report := h.Check([]history.Row{{Mark: "a", RecordID: "rec1"}, {Mark: "b", RecordID: "rec2"}})
		if report.Acknowledged != 1 || report.NotWritten != 1 || report.Open != 1 || report.Rows != 3 || report.Landed != 2 {
			t.Errorf("%+v", report)
		}
		if report.Broken() != 1 || report.Violations[0].Kind != history.Refused || report.Violations[0].Mark != "b" {
			t.Errorf("%v", report.Violations)
		}
	})

	t.Run("counts_every_violation_and_spells_out_the_first_hundred", func(t *testing.T) {
		t.Parallel()
		var h history.History
		table := make([]history.Row, history.MaxViolations+50)
		for i := range table {
			table[i] = history.Row{Mark: fmt.Sprint("x", i), RecordID: fmt.Sprint("rec", i)}
		}
		report := h.Check(table)
		if report.Broken() != len(table) || len(report.Violations) != history.MaxViolations {
			t.Errorf("%d counted, %d spelled out", report.Broken(), len(report.Violations))
		}
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()

	t.Run("refuses_a_mark_that_another_row_has", func(t *testing.T) {
		t.Parallel()
		var h history.History
		if _, err := h.Send("one", "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Send("two", "b", "a"); err == nil {
			t.Error("a mark of two requests was taken")
		}
		if _, err := h.Send("three", "c", "c"); err == nil {
			t.Error("a mark of two rows was taken")
		}
		if _, err := h.Send("four", "b", "c"); err != nil {
			t.Errorf("what was refused holds its marks: %v", err)
		}
		if report := h.Check(nil); report.Requests != 2 || report.Rows != 3 {
			t.Errorf("%+v", report)
		}
	})

	t.Run("refuses_a_row_without_a_mark", func(t *testing.T) {
		t.Parallel()
		var h history.History
		if _, err := h.Send("one", ""); err == nil {
			t.Error("it was taken")
		}
	})

	t.Run("refuses_a_request_that_changes_its_rows", func(t *testing.T) {
		t.Parallel()
		var h history.History
		if _, err := h.Send("one", "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Send("one", "b"); err == nil {
			t.Error("it was taken")
		}
	})

	t.Run("refuses_an_answer_that_does_not_fit", func(t *testing.T) {
		t.Parallel()
		var h history.History
		attempt, err := h.Send("one", "a")
		if err != nil {
			t.Fatal(err)
		}
		if err := attempt.Answer("x", written, written); err == nil {
			t.Error("two results for one row were taken")
		}
		if err := attempt.Answer("x", written); err != nil {
			t.Error(err)
		}
		if err := attempt.Answer("x", written); err == nil {
			t.Error("a second answer was taken")
		}
	})

	t.Run("records_many_callers_at_once", func(t *testing.T) {
		t.Parallel()
		const callers, tries = 50, 4
		var h history.History
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				for n := range tries {
					attempt, err := h.Send(fmt.Sprint("req", i), fmt.Sprint("a", i))
					if err == nil && n == tries-1 {
						err = attempt.Answer("x", history.Result{Status: history.Written})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		report := h.Check(nil)
		if report.Attempts != callers*tries || report.Unanswered != callers*(tries-1) || report.Counts[history.Lost] != callers {
			t.Errorf("%+v", report)
		}
	})
}
