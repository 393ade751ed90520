package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestImportFromRowGoesOn: the same command with --from-row goes on where it was ended, as any other does.
func TestImportFromRowGoesOn(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 50 * time.Millisecond}})
	file := s.marks(10_000)
	command := start(t, s.variables(), s.args(file, "--from-row", "2")...)
	until(t, func() bool { return s.sandbox.RowCount(sampleBase, s.sample.videos) > 2_000 })
	command.signal(os.Interrupt)
	command.exit()
	s.must("Going on with the last import", file, "--from-row", "2")
	s.exactly(10_000)
}

// TestImportTwiceAtOnce: of two commands on one file and table one is refused, and the other's checkpoint stays its own.
func TestImportTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 100 * time.Millisecond}})
	file := s.marks(8_000)
	command := start(t, s.variables(), s.args(file)...)
	until(t, func() bool { return s.sandbox.RowCount(sampleBase, s.sample.videos) > 0 })
	s.mustFail("Another command is importing this file", file)
	if code := command.exit(); code != exitOK {
		t.Errorf("exit code %d: %s", code, command.stderr.String())
	}
	s.exactly(8_000)
}

// TestImportErrorsOfErrors: a file of refused rows is mended and imported more than once; it never takes the place of its source.
func TestImportErrorsOfErrors(t *testing.T) {
	t.Parallel()
	s := newImportSite(t, sandbox.Options{})
	for name, text := range map[string]string{
		"v.csv":   "标题,播放量\na,many\nb,few\nc,1\n",
		"v.jsonl": `{"标题":"a","播放量":"many"}` + "\n" + `{"标题":"b","播放量":"few"}` + "\n" + `{"标题":"c","播放量":"1"}` + "\n",
	} {
		file, extension := s.file(name, text), filepath.Ext(name)
		s.mustFail("not written", file)
		first := strings.TrimSuffix(file, extension) + ".errors" + extension
		mend(t, first, "many", "2")
		s.mustFail("not written", first)
		second := strings.TrimSuffix(first, extension) + ".errors" + extension
		mend(t, second, "few", "3")
		s.must("1 created", second)
		s.mustFail("--errors cannot be the file", file, "--errors", filepath.Join(filepath.Dir(file), ".", name))
	}
	link := filepath.Join(s.dir, "link.csv")
	if err := os.Link(filepath.Join(s.dir, "v.csv"), link); err != nil {
		t.Skip(err)
	}
	s.mustFail("--errors cannot be the file", filepath.Join(s.dir, "v.csv"), "--errors", link)
}

// mend replaces a text in a file.
func mend(t *testing.T, file, wrong, right string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(data), wrong, right, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
