package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/source"
)

// columns of a source.
func columns(names ...string) []source.Column {
	var columns []source.Column
	for _, name := range names {
		columns = append(columns, source.Column{Name: name})
	}
	return columns
}

func TestMapColumns(t *testing.T) {
	t.Parallel()
	fields := []field{
		{Name: "标题", FieldID: "fld1", Type: "text", Writable: true},
		{Name: "Price", FieldID: "fld2", Type: "number", Writable: true},
		{Name: "a=b", FieldID: "fld3", Type: "text", Writable: true},
		{Name: "总数", FieldID: "fld4", Type: "formula"},
	}
	for name, test := range map[string]struct {
		columns []string
		options Options
		want    string // from>column …, else what the failure says
	}{
		"matches_by_name":                     {[]string{"标题", "Price"}, Options{}, "标题>标题 Price>Price"},
		"matches_without_case_and_width":      {[]string{" ＰＲＩＣＥ"}, Options{}, " ＰＲＩＣＥ>Price"},
		"follows_a_map":                       {[]string{"x", "标题"}, Options{Map: []string{"x=Price"}}, "x>Price 标题>标题"},
		"follows_a_map_to_a_field_id":         {[]string{"x"}, Options{Map: []string{"x=fld2"}}, "x>Price"},
		"follows_a_map_of_a_name_with_equals": {[]string{"x=y"}, Options{Map: []string{"x=y=a=b"}}, "x=y>a=b"},
		"leaves_out_what_is_skipped":          {[]string{"标题", "x"}, Options{Skip: []string{"x"}}, "标题>标题"},
		"leaves_out_the_reasons":              {[]string{"rowgate_error", "标题"}, Options{}, "标题>标题"},
		"refuses_what_is_computed":            {[]string{"标题", "总数"}, Options{}, "“总数” is filled in by Feishu"},
		"refuses_what_is_unknown":             {[]string{"标题", "Prise"}, Options{}, "Prise  →  --map 'Prise=Price' or --skip"},
		"refuses_a_column_twice":              {[]string{"Price", "price"}, Options{}, "“Price” and “price” of the file are both the table's"},
		"refuses_a_source_twice": {
			[]string{"x"}, Options{Map: []string{"x=Price", "x=标题"}}, "“x” is in --map twice",
		},
		"refuses_to_write_nothing": {[]string{"x"}, Options{Skip: []string{"x"}}, "No column would be written"},
		"refuses_an_unknown_key":   {[]string{"标题"}, Options{Keys: []string{"Price"}}, "--key: the columns that are written do not have"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := mapColumns(columns(test.columns...), fields, &test.options)
			if err != nil {
				failure, ok := errors.AsType[*Failure](err)
				if !ok || !strings.Contains(failure.Text.EN, test.want) || failure.Text.ZH == "" {
					t.Errorf("failed with %v, want %q", err, test.want)
				}
				return
			}
			var got []string
			for _, one := range m.columns {
				got = append(got, one.from+">"+one.column)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

// rowsSource is rows of one column in memory.
type rowsSource struct {
	rows []source.Row
	at   int
}

func (s *rowsSource) Next(context.Context) (source.Row, error) {
	if s.at++; s.at > len(s.rows) {
		return source.Row{}, io.EOF
	}
	return s.rows[s.at-1], nil
}

func (s *rowsSource) Close() error { return nil }

// sizes are the batches as first–last row and number of rows that are sent.
func sizes(t *testing.T, b *batches) []string {
	t.Helper()
	var got []string
	for {
		one, err := b.next(t.Context())
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d:%d-%d", one.index, one.last, len(one.rows)))
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	m := &mapping{columns: []mapped{{from: "a", column: "a"}}}
	row := func(number, size int) source.Row {
		return source.Row{Number: number, Values: []json.RawMessage{json.RawMessage(`"` + strings.Repeat("x", size) + `"`)}}
	}
	numbered := func(n, size int) []source.Row {
		var rows []source.Row
		for i := range n {
			rows = append(rows, row(i+2, size))
		}
		return rows
	}

	t.Run("have_as_many_rows_as_a_batch_of_Feishu", func(t *testing.T) {
		t.Parallel()
		got := sizes(t, &batches{rows: &rowsSource{rows: numbered(2*requestRows+5, 1)}, mapping: m})
		if want := []string{"0:1001-1000", "1:2001-1000", "2:2006-5"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("end_before_they_are_too_large", func(t *testing.T) {
		t.Parallel()
		got := sizes(t, &batches{rows: &rowsSource{rows: numbered(5, requestBytes*2/5)}, mapping: m})
		if want := []string{"0:3-2", "1:5-2", "2:6-1"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("hold_a_row_that_is_too_large_and_faulty_ones_as_faults", func(t *testing.T) {
		t.Parallel()
		rows := []source.Row{row(2, 1), row(3, maxRowBytes), {Number: 4, Fault: &source.Fault{Code: source.FaultBadText}}, row(5, 1)}
		b := &batches{rows: &rowsSource{rows: rows}, mapping: m}
		one, err := b.next(t.Context())
		if err != nil || len(one.rows) != 2 || one.faults() != 2 {
			t.Fatal(one, err)
		}
		if one.faulty[0].Code != codeTooLarge || one.faulty[1].Row != 4 || one.last != 5 {
			t.Errorf("got %+v", one)
		}
	})
	t.Run("go_on_as_they_would_have", func(t *testing.T) {
		t.Parallel()
		whole := sizes(t, &batches{rows: &rowsSource{rows: numbered(3500, 10)}, mapping: m})
		rest := sizes(t, &batches{rows: &rowsSource{rows: numbered(3500, 10)}, mapping: m, from: 1002, count: 1})
		if !slices.Equal(whole[1:], rest) {
			t.Errorf("got %v, want %v", rest, whole[1:])
		}
	})
	t.Run("leave_out_what_is_empty", func(t *testing.T) {
		t.Parallel()
		two := &mapping{columns: []mapped{{at: 0, column: "a"}, {at: 1, column: `"b"`}}}
		got := two.row(source.Row{Values: []json.RawMessage{nil, json.RawMessage("1.50")}})
		if string(got) != `{"fields":{"\"b\"":1.50}}` {
			t.Errorf("got %s", got)
		}
	})
}

// answering is a service that answers in turn; a status of 0 is a lost connection.
type answering struct {
	t       *testing.T
	answers []reply
	keys    []string
}

type reply struct {
	status int
	body   string
	after  string
}

func (a *answering) Do(request *http.Request) (*http.Response, error) {
	var sent struct {
		Key string `json:"idempotency_key"`
	}
	if err := json.NewDecoder(request.Body).Decode(&sent); err != nil {
		a.t.Error(err)
	}
	if request.Header.Get("Authorization") != "Bearer rgk_x" {
		a.t.Errorf("signed with %q", request.Header.Get("Authorization"))
	}
	a.keys = append(a.keys, sent.Key)
	if len(a.answers) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	one := a.answers[0]
	a.answers = a.answers[1:]
	if one.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	header := http.Header{}
	header.Set("Retry-After", one.after)
	return &http.Response{StatusCode: one.status, Header: header, Body: io.NopCloser(strings.NewReader(one.body))}, nil
}

// TestCall: what may be answered otherwise later is repeated with the same body; everything else ends the call.
func TestCall(t *testing.T) {
	t.Parallel()
	key := Credentials{ConnectionKey: secret.New("rgk_x")}
	for name, test := range map[string]struct {
		answers []reply
		calls   int
		says    string // "" for success
	}{
		"repeats_what_is_lost_or_refused_for_now": {[]reply{
			{},
			{503, `{"code":"overloaded"}`, "2"},
			{429, `{"code":"rate_limited"}`, ""},
			{502, "<html>", ""},
			{409, `{"code":"in_flight"}`, ""},
			{504, "", ""},
			{200, `{"created":1}`, ""},
		}, 7, ""},
		"ends_with_a_problem_of_the_caller": {[]reply{{422, `{"code":"table_full","detail":"it is full"}`, ""}}, 1, "it is full"},
		"ends_with_an_unknown_outcome":      {[]reply{{504, `{"code":"outcome_unknown"}`, ""}}, 1, "outcome_unknown"},
		"ends_with_a_conflict":              {[]reply{{409, `{"code":"idempotency_conflict"}`, ""}}, 1, "idempotency_conflict"},
		"ends_at_what_is_not_Rowgate":       {[]reply{{200, "<html>", ""}}, 1, "not Rowgate"},
		"ends_at_another_server's_404":      {[]reply{{404, "<html>", ""}}, 1, "not Rowgate"},
		"ends_after_some_internal_errors":   {slices.Repeat([]reply{{500, `{"code":"internal_error"}`, ""}}, 9), maxInternal, "internal_error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &answering{t: t, answers: test.answers}
				c := &client{doer: service, options: &Options{URL: "http://x", Credentials: key}, waiting: func(error, time.Duration) {}}
				var got answer
				err := c.call(t.Context(), "/v1/records", []byte(`{"idempotency_key":"k"}`), &got)
				if test.says == "" && (err != nil || got.Created != 1) || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
					t.Errorf("got %+v, %v", got, err)
				}
				if len(service.keys) != test.calls || slices.ContainsFunc(service.keys, func(key string) bool { return key != "k" }) {
					t.Errorf("calls with %v", service.keys)
				}
			})
		})
	}
	t.Run("gives_up_after_its_patience", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			c := &client{doer: &answering{t: t}, options: &Options{URL: "http://x", Credentials: key}, waiting: func(error, time.Duration) {}}
			err := c.call(t.Context(), "/v1/records", []byte(`{}`), nil)
			if took := time.Since(began); !errors.Is(err, io.ErrUnexpectedEOF) || took > patience || took < patience/2 {
				t.Errorf("%v after %s", err, took)
			}
		})
	})
}

// TestSweep: old files of imports that were written whole go; an unfinished one stays, since going on from it is refused rather than
// forgotten.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := &state{path: filepath.Join(dir, "this.json")}
	whole, open := &state{path: filepath.Join(dir, "whole.json"), Finished: true}, &state{path: filepath.Join(dir, "open.json"), Open: true}
	lock := filepath.Join(dir, "whole.lock")
	if err := errors.Join(s.save(), whole.save(), open.save(), os.WriteFile(lock, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-stateKept - time.Hour)
	for _, path := range []string{whole.path, open.path, lock} {
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.sweep(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || !slices.Equal(left, []string{open.path, s.path}) {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestReasons: several reasons of a row are one text, and a file that was cut is not gone on from.
func TestReasons(t *testing.T) {
	t.Parallel()
	s := &state{path: filepath.Join(t.TempDir(), "x.json")}
	f, err := s.openReasons()
	if err != nil {
		t.Fatal(err)
	}
	n, err := f.add([]reason{{2, "a", "x", "m"}, {2, "", "y", "n"}, {5, "b", "z", "o"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var failed error
	for row, text := range f.byRow(problem.EN, &failed) {
		got = append(got, fmt.Sprint(row, " ", text))
	}
	if want := []string{"2 row 2 · a · x: m; row 2 · y: n", "5 row 5 · b · z: o"}; !slices.Equal(got, want) || failed != nil {
		t.Errorf("got %q, %v", got, failed)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s.Reasons = n + 1
	if _, err := s.openReasons(); err == nil {
		t.Error("went on from a file that is too short")
	}
}

// TestProgress: lines where there is no terminal, in the words of the language.
func TestProgress(t *testing.T) {
	t.Parallel()
	for language, want := range map[problem.Lang]string{
		problem.EN: "1,000 of 4,000 rows (25 %), 100 rows/s, 30 s left, 3 refused\n", problem.ZH: "1,000 / 4,000 行（25%），每秒 100 行，还要 30 秒，3 行有误\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			p := newProgress(Terminal{Progress: &out}, language)
			p.begin(4_000)
			p.add(500, 0)                // too soon for a line
			time.Sleep(10 * time.Second) // fake clock
			p.add(500, 3)
			p.end()
			if out.String() != want {
				t.Errorf("got %q, want %q", out.String(), want)
			}
		})
	}
}

func TestBar(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(Terminal{Progress: &out, Bar: true}, problem.EN)
		p.begin(10)
		time.Sleep(time.Second) // fake clock
		p.add(4, 1)
		time.Sleep(time.Second) // fake clock
		p.waiting(&unreachable{io.EOF}, 3*time.Second)
		p.end()
		for _, part := range []string{"40%", "4/10", "4 rows/s, 2 s left, 1 refused", "the service does not answer; trying again in 3 s"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("it does not show %q: %q", part, out.String())
			}
		}
	})
}

func TestLasted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"1.5s": "1.5 s", "3s": "3 s", "125s": "2 min 5 s", "2h3m": "2 h 3 min"} {
		d, err := time.ParseDuration(text)
		if got := lasted(d, problem.EN); err != nil || got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
