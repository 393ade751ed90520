package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// importSite is a site with a service that runs, and a folder for files and checkpoints.
type importSite struct {
	*site

	service *process
	url     string
	dir     string
}

func newImportSite(t *testing.T, o sandbox.Options) *importSite {
	t.Helper()
	o.RatesOff = true
	s := &importSite{site: newSite(t, o), dir: t.TempDir()}
	s.service, s.url = s.serve()
	return s
}

// link names a table of the sample base.
func link(table string) string {
	return "https://example.feishu.cn/base/" + sampleBase + "?table=" + table
}

// variables are what the command is run with.
func (s *importSite) variables() map[string]string {
	return map[string]string{
		"ROWGATE_PASSPHRASE": s.passphrase, "FEISHU_APP_ID": sampleAppID, "FEISHU_APP_SECRET": s.sample.secret,
		"XDG_STATE_HOME": s.dir, "LANG": "en_US.UTF-8",
	}
}

// args are those of an import of a file into the sample table.
func (s *importSite) args(file string, more ...string) []string {
	return append([]string{"import", file, "--url", s.url, "--table", link(s.sample.videos)}, more...)
}

// run imports within the test.
func (s *importSite) run(file string, more ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	return execute(s.t, s.variables(), s.args(file, more...)...)
}

// must imports and wants success, and an output that says this.
func (s *importSite) must(says, file string, more ...string) {
	s.t.Helper()
	if code, out, errs := s.run(file, more...); code != exitOK || !strings.Contains(out, says) {
		s.t.Errorf("exit code %d, looked for %q:\n%s%s", code, says, out, errs)
	}
}

// mustFail imports and wants exit code 1, and an output that says this.
func (s *importSite) mustFail(says, file string, more ...string) {
	s.t.Helper()
	code, out, errs := s.run(file, more...)
	for _, hidden := range []string{s.passphrase, s.sample.secret} {
		if strings.Contains(out+errs, hidden) {
			s.t.Errorf("a secret is shown:\n%s%s", out, errs)
		}
	}
	if code != exitFail || !strings.Contains(out+errs, says) {
		s.t.Errorf("exit code %d, looked for %q:\n%s%s", code, says, out, errs)
	}
}

// file writes a file into the site's folder.
func (s *importSite) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// marks is a CSV of so many rows, each with a title of its own.
func (s *importSite) marks(n int) string {
	s.t.Helper()
	var text strings.Builder
	text.WriteString("标题,播放量\n")
	for i := range n {
		_, _ = fmt.Fprintf(&text, "行%d,\"%d,000\"\n", i, i%900+1)
	}
	return s.file(fmt.Sprintf("marks%d.csv", n), text.String())
}

// exactly wants the table to have each of the titles 行0 to 行n-1 once, and no other row.
func (s *importSite) exactly(n int) {
	s.t.Helper()
	counts := s.titles()
	if len(counts) != n || s.sandbox.RowCount(sampleBase, s.sample.videos) != n {
		s.t.Errorf("%d titles in %d rows, want %d", len(counts), s.sandbox.RowCount(sampleBase, s.sample.videos), n)
	}
	for i := range n {
		if title := fmt.Sprintf("行%d", i); counts[title] != 1 {
			s.t.Fatalf("%s is there %d times", title, counts[title])
		}
	}
}

func TestImport(t *testing.T) {
	t.Parallel()

	t.Run("writes_every_row_once_and_in_the_order_of_the_file", func(t *testing.T) {
		t.Parallel()
		s := newImportSite(t, sandbox.Options{})
		file := s.marks(4_321)
		s.must("4,321 created", file)
		s.exactly(4_321)
		rows, err := s.sandbox.Rows(sampleBase, s.sample.videos)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if row.Write["标题"] != fmt.Sprintf("行%d", i) {
				t.Fatalf("row %d is %v", i, row.Write["标题"])
			}
		}
		t.Run("and_begins_anew_after_a_whole_run", func(t *testing.T) {
			s.must("4,321 created", file)
			if n := s.sandbox.RowCount(sampleBase, s.sample.videos); n != 2*4_321 {
				t.Errorf("%d rows", n)
			}
		})
	})

	t.Run("writes_refused_rows_to_a_file_that_can_be_corrected", func(t *testing.T) {
		t.Parallel()
		for name, encode := range map[string]func(string) string{
			"UTF-8": func(text string) string { return text },
			"GB18030": func(text string) string {
				out, err := simplifiedchinese.GB18030.NewEncoder().String(text)
				if err != nil {
					t.Fatal(err)
				}
				return out
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newImportSite(t, sandbox.Options{})
				file := s.file("videos.csv", encode("标题;播放量\r\n行0;1\r\n行1;许多\r\n行2;3;4\r\n行3;5\r\n"))
				s.mustFail("2 created, 2 not written", file)
				path := filepath.Join(s.dir, "videos.errors.csv")
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for _, part := range []string{"rowgate_error;标题;播放量\r\n", "row 3 · 播放量 · value_mismatch: ", "row 4 · extra_cell: ", "行2;3;4\r\n"} {
					if !strings.Contains(string(data), encode(part)) {
						t.Errorf("it does not say %q: %s", part, data)
					}
				}
				corrected := strings.NewReplacer(encode("许多"), "2", ";4\r\n", "\r\n").Replace(string(data))
				s.must("Done: 2 rows", s.file("videos.errors.csv", corrected))
				s.exactly(4)
			})
		}
	})

	t.Run("explains_more_refused_rows_than_an_answer_names", func(t *testing.T) {
		t.Parallel()
		s := newImportSite(t, sandbox.Options{})
		var text strings.Builder
		text.WriteString("标题,播放量,已发布\n")
		for i := range 700 {
			_, _ = fmt.Fprintf(&text, "坏%d,x,y?\n", i)
		}
		text.WriteString("行0,1,是\n")
		s.mustFail("1 created, 700 not written", s.file("bad.csv", text.String()))
		data, err := os.ReadFile(filepath.Join(s.dir, "bad.errors.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), "value_mismatch"); n < 1_000 || strings.Contains(string(data), "not_written") {
			t.Errorf("%d reasons for 700 rows with two each", n)
		}
	})

	t.Run("takes_xlsx_and_gives_xlsx_back", func(t *testing.T) {
		t.Parallel()
		s := newImportSite(t, sandbox.Options{})
		book := excelize.NewFile()
		format := "yyyy-mm-dd"
		style, err := book.NewStyle(&excelize.Style{CustomNumFmt: &format})
		for i, row := range [][]any{{"标题", "发布日期", "播放量", "已发布"}, {"行0", 46105, 0.5, true}, {"行1", 46106, "许多", false}} {
			err = errors.Join(err, book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
		}
		file := filepath.Join(s.dir, "videos.xlsx")
		if err := errors.Join(err, book.SetCellStyle("Sheet1", "B2", "B3", style), book.SaveAs(file), book.Close()); err != nil {
			t.Fatal(err)
		}
		s.mustFail("1 created, 1 not written", file)
		rows, err := s.sandbox.Rows(sampleBase, s.sample.videos)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		midnight := time.Date(2026, 3, 24, 0, 0, 0, 0, sampleZone).UnixMilli()
		if got := rows[0].Write; fmt.Sprint(got["发布日期"]) != fmt.Sprint(midnight) || fmt.Sprint(got["播放量"]) != "0.5" || got["已发布"] != true {
			t.Errorf("landed as %v", got)
		}
		refused := filepath.Join(s.dir, "videos.errors.xlsx")
		if book, err = excelize.OpenFile(refused); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(book.SetCellValue("Sheet1", "D2", 7), book.Save(), book.Close()); err != nil {
			t.Fatal(err)
		}
		s.must("1 created", refused)
		s.exactly(2)
	})

	t.Run("takes_JSON_lines_and_a_key", func(t *testing.T) {
		t.Parallel()
		s := newImportSite(t, sandbox.Options{})
		s.must("2 created", s.file("a.jsonl", `{"标题":"行0","标签":["美食"]}`+"\n"+`{"标题":"行1","播放量":1.5}`))
		s.must("1 created, 1 updated", s.file("b.jsonl", `{"标题":"行1","播放量":2.5}`+"\n"+`{"标题":"行2"}`), "--key", "标题")
		s.exactly(3)
	})

	t.Run("makes_a_table_once", func(t *testing.T) {
		t.Parallel()
		s := newImportSite(t, sandbox.Options{})
		file := s.file("new.csv", "名称,价格,日期\n甲,1.5,2026-03-04\n乙,x,2026-03-05\n丙,2,2026-03-06\n")
		s.must("Dry run", file, "--create-table", "新表", "--dry-run")
		if n := s.sandbox.CallCount("table.create", ""); n != 0 {
			t.Errorf("the dry run made %d tables", n)
		}
		s.must("Made the table “新表”", file, "--create-table", "新表", "--map", "名称=名字")
		if n := s.sandbox.CallCount("table.create", ""); n != 1 {
			t.Errorf("%d tables made", n)
		}
	})

	t.Run("answers_in_Chinese", func(t *testing.T) {
		t.Parallel()
		s := newImportSite(t, sandbox.Options{})
		env := s.variables()
		env["LANG"] = "zh_CN.UTF-8"
		code, out, errs := execute(t, env, s.args(s.file("a.csv", "标题,播放量\n行0,1\n行1,x\n"))...)
		if code != exitFail || !strings.Contains(out, "新建 1，未写入 1") || !strings.Contains(out, "rowgate_error 列") {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
		data, err := os.ReadFile(filepath.Join(s.dir, "a.errors.csv"))
		if err != nil || !strings.Contains(string(data), "第 3 行 · 播放量 · value_mismatch") {
			t.Errorf("%s, %v", data, err)
		}
	})
}

func TestImportDryRun(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{})
	file := s.file("a.csv", "标题,播放数,平台,注\n行0,\"1,000\",b站,x\n行1,许多,抖音,y\n行2,1,抖音\n")
	s.sandbox.ResetCalls()
	code, out, errs := s.run(file, "--dry-run", "--map", "播放数=播放量", "--skip", "注")
	for _, part := range []string{
		"播放数", "→ 播放量", "number", "The text was read as a number × 2 (1,000 → 1000)", "(left out)",
		"row 3 · 播放数 · value_mismatch", "of 3 rows 2 would be created, 0 updated, 1 not written",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("it does not say %q:\n%s%s", part, out, errs)
		}
	}
	if code != exitFail {
		t.Errorf("exit code %d", code)
	}
	if n := s.sandbox.RowCount(sampleBase, s.sample.videos); n != 0 {
		t.Errorf("%d rows", n)
	}
	files, err := fs.Glob(os.DirFS(s.dir), "*")
	if err != nil || len(files) != 1 {
		t.Errorf("files written: %v, %v", files, err)
	}
}

// TestImportRefusals: what cannot be right is refused before the first row, with what to do.
func TestImportRefusals(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{})
	file := s.file("a.csv", "标题,播放数,修改\n行0,1,x\n")
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"unknown_columns":            {nil, "播放数  →  --map '播放数=播放量' or --skip '播放数'"},
		"a_map_of_an_unknown_source": {[]string{"--map", "播放=播放量"}, "the file does not have “播放”. Is it “播放数”?"},
		"a_map_to_an_unknown_column": {[]string{"--map", "播放数=播放", "--skip", "修改"}, "the table does not have “播放”. Is it “播放量”?"},
		"a_map_without_a_column":     {[]string{"--map", "播放数"}, "should be SOURCE=COLUMN"},
		"a_key_that_is_not_written": {
			[]string{"--map", "播放数=播放量", "--skip", "修改", "--key", "平台"}, "--key: the columns that are written do not have “平台”",
		},
		"two_sources_of_one_column":         {[]string{"--map", "播放数=标题", "--skip", "修改"}, "are both the table's “标题”"},
		"a_source_that_is_skipped_and_used": {[]string{"--map", "播放数=播放量", "--skip", "播放数"}, "in both --map and --skip"},
		"an_address_that_is_none":           {[]string{"--url", "nowhere"}, "--url should be an address"},
		"a_service_that_is_not_there":       {[]string{"--url", "http://" + closedAddress(t)}, "rowgate serve"},
		"errors_over_the_file_itself":       {[]string{"--errors", file}, "cannot be the file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.mustFail(test.says, file, test.args...)
		})
	}
	t.Run("no_credentials", func(t *testing.T) {
		t.Parallel()
		code, _, errs := execute(t, map[string]string{"HOME": s.dir, "LANG": "en"}, s.args(file)...)
		if code != exitFail || !strings.Contains(errs, "ROWGATE_CONNECTION_KEY") {
			t.Errorf("exit code %d: %s", code, errs)
		}
	})
	t.Run("a_wrong_passphrase", func(t *testing.T) {
		t.Parallel()
		env := s.variables()
		env["ROWGATE_PASSPHRASE"] = "wrong"
		code, _, errs := execute(t, env, s.args(file)...)
		if code != exitFail || !strings.Contains(errs, "bad_passphrase") {
			t.Errorf("exit code %d: %s", code, errs)
		}
	})
	t.Run("the_service's_own_list_of_passphrases_is_taken", func(t *testing.T) {
		t.Parallel()
		env := s.variables()
		env["ROWGATE_PASSPHRASE"] = "test:" + s.passphrase + ",other:elsewhere-1234567"
		if code, out, errs := execute(t, env, s.args(file, "--dry-run", "--skip", "播放数", "--skip", "修改")...); code != exitOK {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	})
}

// closedAddress is an address at which nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// TestImportKilled: a command that dies at any point and is run again writes every row once.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	const rows, kills = 12_000, 5
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 40 * time.Millisecond}})
	file := s.marks(rows)
	for i := range kills {
		command := start(t, s.variables(), s.args(file)...)
		enough := 1 + i*rows/(kills+1)
		until(t, func() bool {
			select {
			case <-command.ended:
				return true
			default:
				return s.sandbox.RowCount(sampleBase, s.sample.videos) >= enough
			}
		})
		command.signal(syscall.SIGKILL)
		command.exit()
	}
	t.Run("a_changed_file_is_refused", func(t *testing.T) {
		changed := s.file("marks12000.csv", "标题\n行0\n")
		s.mustFail("the file was changed since", changed)
		s.marks(rows)
	})
	t.Run("other_options_are_refused", func(t *testing.T) {
		s.mustFail("with another --url, --map, --skip or --key", file, "--key", "标题")
	})
	s.must("Done: 12,000 rows", file)
	s.exactly(rows)
	if checkpoints, err := fs.Glob(os.DirFS(s.dir), "rowgate/imports/*.json"); err != nil || len(checkpoints) != 1 {
		t.Errorf("left: %v, %v", checkpoints, err)
	}
}

// TestImportInterrupted: Ctrl-C ends an import in order, says how to go on, and the checkpoint holds nothing of the rows.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 50 * time.Millisecond}})
	file := s.marks(15_000)
	command := start(t, s.variables(), s.args(file)...)
	until(t, func() bool { return s.sandbox.RowCount(sampleBase, s.sample.videos) > 2_000 })
	command.signal(os.Interrupt)
	if code := command.exit(); code != exitFail || !strings.Contains(command.stdout.String(), "The same command goes on from there") {
		t.Errorf("exit code %d: %s%s", code, command.stdout.String(), command.stderr.String())
	}
	err := filepath.WalkDir(filepath.Join(s.dir, "rowgate"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, hidden := range []string{"行1", s.passphrase, s.sample.secret} {
			if strings.Contains(string(data), hidden) {
				t.Errorf("%s holds %q", path, hidden)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	s.must("Going on with the last import", file)
	s.exactly(15_000)
}

// TestImportOutages: a service that is killed and started again, and answers of a proxy that has lost it, double and lose nothing.
func TestImportOutages(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 30 * time.Millisecond}})
	const rows = 10_000
	file := s.marks(rows)
	proxy, calls := s.flakyProxy()
	direct := s.url
	s.url = proxy
	command := start(t, s.variables(), s.args(file)...)
	for i := range 3 {
		enough := 1 + i*rows/4
		until(t, func() bool { return s.sandbox.RowCount(sampleBase, s.sample.videos) >= enough })
		s.service.signal(syscall.SIGKILL)
		s.service.exit()
		s.env["ROWGATE_LISTEN"] = strings.TrimPrefix(direct, "http://")
		s.service, _ = s.serve()
	}
	if code := command.exit(); code != exitOK {
		t.Errorf("exit code %d: %s%s", code, command.stdout.String(), command.stderr.String())
	}
	s.exactly(rows)
	if calls.Load() < 10 {
		t.Errorf("%d calls went through the proxy", calls.Load())
	}
}

// flakyProxy stands in front of the service: every third answer is lost, and what it cannot reach is 503 or 502.
func (s *importSite) flakyProxy() (at string, calls *atomic.Int64) {
	s.t.Helper()
	upstream, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	calls = &atomic.Int64{}
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader([]int{http.StatusServiceUnavailable, http.StatusBadGateway}[calls.Load()%2])
	}
	proxy.ModifyResponse = func(*http.Response) error {
		if calls.Add(1)%3 == 0 {
			return errors.New("lost")
		}
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: patience, ErrorLog: nil}
	go func() { _ = server.Serve(listener) }() // ends with Close
	s.t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), calls
}

// TestImportLostCheckpoint: without its checkpoint the first import of a file is recognised by its keys.
func TestImportLostCheckpoint(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{})
	file := s.marks(1_500)
	s.must("1,500 created", file)
	if err := os.RemoveAll(filepath.Join(s.dir, "rowgate")); err != nil {
		t.Fatal(err)
	}
	s.must("had been written by the same command within 24 hours", file)
	s.exactly(1_500)
	s.must("Done: 1,000 rows", file, "--from-row", "502")
	if n := s.sandbox.RowCount(sampleBase, s.sample.videos); n != 2_500 {
		t.Errorf("%d rows", n)
	}
}

// TestImportCheckpointIsOld: where the service may have forgotten the last requests, going on is refused; rows found by a key go on.
func TestImportCheckpointIsOld(t *testing.T) {
	t.Parallel()
	for _, keyed := range []bool{false, true} {
		s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 50 * time.Millisecond}})
		file := s.marks(8_000)
		var more []string
		if keyed {
			more = []string{"--key", "标题"}
		}
		command := start(t, s.variables(), s.args(file, more...)...)
		until(t, func() bool { return s.sandbox.RowCount(sampleBase, s.sample.videos) > 1_000 })
		command.signal(syscall.SIGKILL)
		command.exit()
		checkpoints, err := filepath.Glob(filepath.Join(s.dir, "rowgate", "imports", "*.json"))
		if err != nil || len(checkpoints) != 1 {
			t.Fatal(checkpoints, err)
		}
		data, err := os.ReadFile(checkpoints[0])
		if err != nil {
			t.Fatal(err)
		}
		old := strings.Replace(string(data), fmt.Sprintf(`"settled":"%d`, time.Now().Year()), `"settled":"2020`, 1)
		if old == string(data) {
			t.Fatal("the checkpoint has no time")
		}
		if err := os.WriteFile(checkpoints[0], []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		if keyed {
			s.must("Done: 8,000 rows", file, more...)
			s.exactly(8_000)
		} else {
			s.mustFail("not known to the service any more", file)
		}
	}
}

// TestImportTableFull: what a repeat does not change ends the import, and the same command goes on once it is corrected.
func TestImportTableFull(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{})
	file := s.marks(5_000)
	const tableFull = 1254103
	if _, err := s.sandbox.AddFault(sandbox.Fault{
		Endpoint: "record.batch_create", Skip: 2, Action: sandbox.ActionError, Code: tableFull,
	}); err != nil {
		t.Fatal(err)
	}
	s.mustFail("table_full", file)
	s.sandbox.ClearFaults()
	s.must("Done: 5,000 rows", file)
	s.exactly(5_000)
}
