package intake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

// corpusCase is one file of testdata/corpus, a txtar archive. Its comment says what it is. Its files:
//
//	request        lines: tool (write if absent), content-type, query, header: Name: value, recoverable: true
//	body           the body without the file's last newline; body.quoted is Go string literals, joined
//	want.json      the canonical request as one JSON text, rows among the parameters; with
//	               want.repairs ("rule count" a line), want.files ("row column name type data"),
//	               want.repeated (columns)
//	refused        a code, for bad_body with line:column
//	says, hides    what the refusal must say, and must not
//
// recoverable marks a refusal of what a person could have read; the scoreboard counts it against us.
type corpusCase struct {
	name        string
	spec        intake.Spec
	in          intake.Input
	want        map[string]string
	recoverable bool
}

func (c *corpusCase) accepted() bool { return c.want["want.json"] != "" }

func readCorpus(tb testing.TB) []corpusCase {
	tb.Helper()
	paths, err := filepath.Glob("testdata/corpus/*.txtar")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no corpus: %v", err)
	}
	cases := make([]corpusCase, 0, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		c := corpusCase{
			name: strings.TrimSuffix(filepath.Base(path), ".txtar"), spec: specs["write"],
			in: intake.Input{Header: http.Header{}}, want: map[string]string{},
		}
		for _, file := range txtar.Parse(text).Files {
			switch data := strings.TrimSuffix(string(file.Data), "\n"); file.Name {
			case "request":
				c.readRequest(tb, data)
			case "body":
				c.in.Body = []byte(data)
			case "body.quoted":
				for literal := range strings.SplitSeq(data, "\n") {
					part, err := strconv.Unquote(literal)
					if err != nil {
						tb.Fatalf("%s: %s: %v", c.name, literal, err)
					}
					c.in.Body = append(c.in.Body, part...)
				}
			default:
				c.want[file.Name] = strings.TrimSpace(data)
			}
		}
		cases = append(cases, c)
	}
	return cases
}

func (c *corpusCase) readRequest(tb testing.TB, lines string) {
	tb.Helper()
	for line := range strings.Lines(lines) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), ":")
		text = strings.TrimSpace(text)
		switch key {
		case "tool":
			spec, ok := specs[text]
			if !ok {
				tb.Fatalf("%s: unknown tool %q", c.name, text)
			}
			c.spec = spec
		case "content-type":
			c.in.ContentType = text
		case "query":
			c.in.RawQuery = text
		case "header":
			name, value, _ := strings.Cut(text, ":")
			c.in.Header.Add(name, strings.TrimSpace(value))
		case "recoverable":
			c.recoverable = text == "true"
		default:
			tb.Fatalf("%s: unknown line %q", c.name, line)
		}
	}
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, c := range readCorpus(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			result, err := intake.Parse(c.spec, c.in)
			if c.accepted() {
				c.checkResult(t, result, err)
				return
			}
			c.checkRefusal(t, result, err)
		})
	}
}

func (c *corpusCase) checkResult(t *testing.T, result *intake.Result, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	params, rows := apart(t, c.spec, c.want["want.json"])
	if diff := cmp.Diff(params, string(result.JSON)); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rows, rowsText(result)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if text := together(c.spec, result); !json.Valid([]byte(text)) {
		t.Errorf("no JSON: %s", text)
	}
	var repairs, files []string
	for _, r := range result.Repairs {
		repairs = append(repairs, fmt.Sprintf("%s %d", r.Rule, r.Count))
	}
	for _, f := range result.Files {
		files = append(files, fmt.Sprintf("%d %s %q %q %q", f.Row, f.Column, f.Name, f.ContentType, f.Data))
	}
	for name, got := range map[string][]string{"want.repairs": repairs, "want.files": files, "want.repeated": result.Repeated} {
		if diff := cmp.Diff(c.want[name], strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func (c *corpusCase) checkRefusal(t *testing.T, result *intake.Result, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted: %s", together(c.spec, result))
	}
	e := problem.From(err)
	code, position, _ := strings.Cut(c.want["refused"], " ")
	if string(e.Code) != code {
		t.Errorf("code %s, want %s: %v", e.Code, code, err)
	}
	if e.Detail.ZH == "" || e.Detail.EN == "" {
		t.Errorf("a language is missing: %+v", e.Detail)
	}
	if position != "" {
		line, column, _ := strings.Cut(position, ":")
		for half, want := range map[string]string{
			e.Detail.EN: fmt.Sprintf("Line %s, column %s of ", line, column),
			e.Detail.ZH: fmt.Sprintf("第 %s 行第 %s 列", line, column),
		} {
			if !strings.Contains(half, want) {
				t.Errorf("want %q in %s", want, half)
			}
		}
	}
	all := e.Detail.ZH + e.Detail.EN + e.Fix.ZH + e.Fix.EN
	if says := c.want["says"]; !strings.Contains(all, says) {
		t.Errorf("want %q in %s", says, all)
	}
	if hides := c.want["hides"]; hides != "" && strings.Contains(all, hides) {
		t.Errorf("%q may not stand in %s", hides, all)
	}
}

// TestScoreboard holds the corpus to the figures that the package promises: at least 300 cases, at least nine in ten of
// what a person could read accepted, no value wrong.
func TestScoreboard(t *testing.T) {
	t.Parallel()
	const (
		minCases    = 300
		minAccepted = 90 // per cent
	)
	cases := readCorpus(t)
	accepted, recoverable, refused, wrong := 0, 0, 0, 0
	for _, c := range cases {
		result, err := intake.Parse(c.spec, c.in)
		switch {
		case !c.accepted() && !c.recoverable:
			refused++
			if err == nil {
				wrong++
			}
			continue
		case err != nil:
		case c.accepted():
			if params, rows := apart(t, c.spec, c.want["want.json"]); params == string(result.JSON) && rows == rowsText(result) {
				accepted++
			} else {
				wrong++
			}
		default:
			wrong++
		}
		recoverable++
	}
	share := 100 * float64(accepted) / float64(recoverable)
	t.Logf("%d cases: %d of %d recoverable accepted (%.1f %%), %d to refuse, %d wrong",
		len(cases), accepted, recoverable, share, refused, wrong)
	if len(cases) < minCases || share < minAccepted || wrong > 0 {
		t.Errorf("want at least %d cases, %d %% accepted, 0 wrong", minCases, minAccepted)
	}
}
