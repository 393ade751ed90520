package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()

	t.Run("measures_a_scenario_and_reports_it_as_table_and_JSON", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "figures.json")
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"hidden", "--quick", "--json", file}, &out, &errs); code != exitOK {
			t.Fatalf("exit code %d\n%s%s", code, &out, &errs)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got report
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(got.Figures, func(f figure) bool { return f.Name == "rows written of 1,000" })
		if at < 0 || got.Figures[at].Measured != 997 || got.Figures[at].Scenario != "hidden" || !*got.Figures[at].Met || !got.Quick {
			t.Errorf("%s", data)
		}
		if !strings.Contains(out.String(), "= 997") {
			t.Errorf("the table is\n%s", &out)
		}
	})

	for name, args := range map[string][]string{
		"refuses_a_scenario_that_is_none": {"hiden"},
		"refuses_an_unknown_flag":         {"--fast"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			if code := run(t.Context(), args, &out, &errs); code != exitUsage || errs.Len() == 0 || out.Len() > 0 {
				t.Errorf("exit code %d, %q, %q", code, &out, &errs)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	names := func(list []scenario) (names []string) {
		for _, s := range list {
			names = append(names, s.name)
		}
		return names
	}

	t.Run("takes_all_for_no_name", func(t *testing.T) {
		t.Parallel()
		if got, unknown := choose(nil); len(got) != len(scenarios()) || unknown != "" {
			t.Errorf("%v, %q", names(got), unknown)
		}
	})

	t.Run("takes_each_once_and_in_its_own_order", func(t *testing.T) {
		t.Parallel()
		if got, _ := choose([]string{"faults", "bulk", "bulk"}); !slices.Equal(names(got), []string{"bulk", "faults"}) {
			t.Errorf("%v", names(got))
		}
	})
}

func TestReport(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		judge func(r *report)
		want  bool
	}{
		"fails_for_a_firm_figure_that_is_not_met":     {func(r *report) { r.must("violations", "", 0, 1) }, false},
		"fails_for_a_firm_bound_that_is_not_kept":     {func(r *report) { r.mustAtMost("calls", "", 3, 3.5) }, false},
		"fails_for_a_scenario_that_could_not_run":     {func(r *report) { r.failed(os.ErrNotExist) }, false},
		"passes_with_a_timing_figure_that_is_not_met": {func(r *report) { r.atMost("p99", "ms", 10, 11); r.atLeast("rate", "/s", 5, 4) }, true},
		"passes_with_firm_figures_that_are_met": {func(r *report) {
			r.must("violations", "", 0, 0)
			r.mustAtMost("calls", "", 3,
				3)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReport(false)
			one.judge(r)
			if r.passed() != one.want {
				t.Errorf("%+v", r)
			}
		})
	}

	t.Run("shows_what_was_wanted_and_whether_it_is_met", func(t *testing.T) {
		t.Parallel()
		r := newReport(false)
		r.scenario = "lone"
		r.atMost("p99", "ms", 10, 11.25)
		r.atLeast("rate", "/s", 4000, 5000)
		r.tell("told", "MB", 3)
		var out bytes.Buffer
		r.print(&out)
		lines := strings.Split(out.String(), "\n")
		for _, want := range [][]string{{"lone", "p99", "≤ 10", "11.25 ms", "NO"}, {"rate", "≥ 4000", "5000 /s", "yes"}, {"told", "3 MB"}} {
			if !slices.ContainsFunc(lines, func(line string) bool {
				return !slices.ContainsFunc(want, func(part string) bool { return !strings.Contains(line, part) })
			}) {
				t.Errorf("no line has %v:\n%s", want, &out)
			}
		}
	})
}
