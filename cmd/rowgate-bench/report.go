package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"text/tabwriter"
)

// figure is one measured number, and what it should be.
type figure struct {
	Scenario string  `json:"scenario"`
	Name     string  `json:"figure"`
	Want     string  `json:"want,omitempty"` // "" for a number without a required value
	Measured float64 `json:"measured"`
	Unit     string  `json:"unit,omitempty"`
	Met      *bool   `json:"met,omitempty"`
	// Firm figures do not depend on the machine (calls, duplicates, losses): one that is not met fails the run.
	Firm bool `json:"firm,omitempty"`
}

// report collects figures. One goroutine uses it.
type report struct {
	Quick   bool     `json:"quick"`
	Machine string   `json:"machine"`
	Version string   `json:"version"`
	Figures []figure `json:"figures"`
	Errors  []string `json:"errors"` // scenarios that could not run

	scenario string
}

func newReport(quick bool) *report {
	r := &report{
		Quick: quick, Machine: fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
		Version: "(devel)", Figures: []figure{}, Errors: []string{},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		r.Version = info.Main.Version
	}
	return r
}

// tell reports a number without a required value.
func (r *report) tell(name, unit string, measured float64) {
	r.Figures = append(r.Figures, figure{Scenario: r.scenario, Name: name, Measured: measured, Unit: unit})
}

// atMost and atLeast report a number that depends on the machine, and whether the figure is met.
func (r *report) atMost(name, unit string, limit, measured float64) {
	r.judge(name, unit, "≤ ", limit, measured, measured <= limit, false)
}

func (r *report) atLeast(name, unit string, limit, measured float64) {
	r.judge(name, unit, "≥ ", limit, measured, measured >= limit, false)
}

// mustAtMost and must report a number that holds on any machine.
func (r *report) mustAtMost(name, unit string, limit, measured float64) {
	r.judge(name, unit, "≤ ", limit, measured, measured <= limit, true)
}

func (r *report) must(name, unit string, value, measured float64) {
	r.judge(name, unit, "= ", value, measured, measured == value, true)
}

func (r *report) judge(name, unit, sign string, limit, measured float64, met, firm bool) {
	r.Figures = append(r.Figures, figure{
		Scenario: r.scenario, Name: name, Want: sign + number(limit), Measured: measured, Unit: unit, Met: &met, Firm: firm,
	})
}

func (r *report) failed(err error) { r.Errors = append(r.Errors, r.scenario+": "+err.Error()) }

// passed is false if a firm figure is not met or a scenario could not run.
func (r *report) passed() bool {
	for _, f := range r.Figures {
		if f.Firm && !*f.Met {
			return false
		}
	}
	return len(r.Errors) == 0
}

// print writes the table.
func (r *report) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "rowgate-bench on %s\n\n", r.Machine)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SCENARIO\tFIGURE\tWANTED\tMEASURED\tMET")
	for _, f := range r.Figures {
		met := ""
		if f.Met != nil {
			met = map[bool]string{true: "yes", false: "NO"}[*f.Met]
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s %s\t%s\n", f.Scenario, f.Name, f.Want, number(f.Measured), f.Unit, met)
	}
	_ = table.Flush()
	for _, text := range r.Errors {
		_, _ = fmt.Fprintln(w, "\nCOULD NOT RUN", text)
	}
}

func (r *report) save(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}

// number formats v with its significant digits.
func number(v float64) string {
	digits := 2
	if v >= 100 || v == float64(int64(v)) {
		digits = 0
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
