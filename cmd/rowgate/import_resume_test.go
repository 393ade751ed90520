package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// dieWhen runs an import and kills it once the condition holds.
func (s *importSite) dieWhen(condition func() bool, file string, more ...string) {
	s.t.Helper()
	command := start(s.t, s.variables(), s.args(file, more...)...)
	until(s.t, func() bool {
		select {
		case <-command.ended:
			s.t.Fatalf("the import ended: %s%s", command.stdout.String(), command.stderr.String())
		default:
		}
		return condition()
	})
	command.signal(syscall.SIGKILL)
	command.exit()
}

// TestImportKilledWithRefusedRows: the file of refused rows is whole after a command that died, and no row of it is twice.
func TestImportKilledWithRefusedRows(t *testing.T) {
	t.Parallel()
	const rows, every = 8_000, 40
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 60 * time.Millisecond}})
	var text strings.Builder
	text.WriteString("标题,播放量\n")
	for i := range rows {
		value := "1"
		if i%every == 0 {
			value = "许多"
		}
		_, _ = fmt.Fprintf(&text, "行%d,%s\n", i, value)
	}
	file := s.file("rows.csv", text.String())
	for _, enough := range []int{1, 2_500, 5_000} {
		s.dieWhen(func() bool { return s.sandbox.RowCount(sampleBase, s.sample.videos) >= enough }, file)
	}
	s.mustFail(fmt.Sprintf("%d not written", rows/every), file)
	data, err := os.ReadFile(filepath.Join(s.dir, "rows.errors.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "value_mismatch"); n != rows/every {
		t.Errorf("%d refused rows, want %d", n, rows/every)
	}
	s.must(fmt.Sprintf("%d created", rows/every), s.file("rows.errors.csv", strings.ReplaceAll(string(data), "许多", "1")))
	s.exactly(rows)
}

// TestImportKilledAfterTheTableWasMade: the same command goes on with the table that it made.
func TestImportKilledAfterTheTableWasMade(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 60 * time.Millisecond}})
	file := s.marks(5_000)
	s.dieWhen(func() bool { return s.sandbox.CallCount("record.batch_create", "") > 0 }, file, "--create-table", "新表")
	s.must("Done: 5,000 rows", file, "--create-table", "新表")
	if n := s.sandbox.CallCount("table.create", ""); n != 1 {
		t.Errorf("%d tables made", n)
	}
	s.mustFail("1254013", file, "--create-table", "新表") // Feishu's word for a name that is taken
}

// TestImportKeepsTheOrder: of rows with one key the last of the file holds, however far apart they are.
func TestImportKeepsTheOrder(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 20 * time.Millisecond}})
	var text strings.Builder
	text.WriteString("标题,播放量\n")
	const rows, keys = 6_000, 1_500
	for i := range rows {
		_, _ = fmt.Fprintf(&text, "行%d,%d\n", i%keys, i)
	}
	s.must("Done: 6,000 rows", s.file("rows.csv", text.String()), "--key", "标题")
	s.exactly(keys)
	found, err := s.sandbox.Rows(sampleBase, s.sample.videos)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range found {
		var key int
		if _, err := fmt.Sscanf(fmt.Sprint(row.Write["标题"]), "行%d", &key); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint(rows - keys + key); fmt.Sprint(row.Write["播放量"]) != want {
			t.Errorf("%v is %v, want %s", row.Write["标题"], row.Write["播放量"], want)
		}
	}
}

func TestImportOfAHeaderAlone(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{})
	s.must("no rows below the header", s.file("rows.csv", "标题,播放量\n"))
	s.must("of 0 rows 0 would be created", s.file("rows.csv", "标题,播放量\n"), "--dry-run")
	s.mustFail("no row from which the columns", s.file("rows.csv", "标题,播放量\n"), "--create-table", "新表")
}
