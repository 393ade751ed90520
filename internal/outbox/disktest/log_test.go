package disktest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rowgate/rowgate/internal/outbox/disktest"
)

func TestReadLog(t *testing.T) {
	t.Parallel()
	const file = "rowgate.db-wal"
	events := []disktest.Event{write(file, 4120, "page"), do(disktest.Syncing, file), do(disktest.Synced, file)}
	path := filepath.Join(t.TempDir(), "log")
	log, err := disktest.CreateLog(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		log.Record(e)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for length := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		var disk disktest.Disk
		n, err := disktest.ReadLog(path, &disk)
		if err != nil || n != len(disk.Events()) {
			t.Fatalf("%d events of %d bytes: %v", n, length, err)
		}
		for i, e := range disk.Events() {
			if want := events[i]; e.Kind != want.Kind || e.File != want.File || e.At != want.At || string(e.Data) != string(want.Data) {
				t.Errorf("event %d is %+v", i, e)
			}
		}
		if length == len(whole) && n != len(events) {
			t.Errorf("%d events of the whole log", n)
		}
	}
}

// cutVariable lets this test binary be a process that ends at a sync.
const cutVariable = "DISKTEST_CUT"

func TestMain(m *testing.M) {
	if path := os.Getenv(cutVariable); path != "" {
		log, err := disktest.CreateLog(path)
		if err != nil {
			panic(err)
		}
		log.Record(write("a", 0, "one"))
		log.Record(do(disktest.Syncing, "a"))
		log.Record(do(disktest.Synced, "a"))
		moment := disktest.BeforeSync
		if os.Getenv("DISKTEST_AFTER") != "" {
			moment = disktest.AfterSync
		}
		log.CutAt(moment)
		log.Record(write("a", 0, "two"))
		log.Record(do(disktest.Syncing, "a"))
		log.Record(do(disktest.Synced, "a"))
		return // it should not come here
	}
	m.Run()
}

func TestLog_ends_the_process(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		env  string
		want string
	}{
		"before_a_sync": {"", "one"},
		"after_a_sync":  {"DISKTEST_AFTER=1", "two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "log")
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(os.Environ(), cutVariable+"="+path, one.env)
			if err := command.Run(); err == nil || command.ProcessState.Exited() {
				t.Fatalf("it ended by itself: %v", err)
			}
			var image disktest.Image
			if _, err := disktest.ReadLog(path, &image); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := image.Cut(dir, disktest.TailLost); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(got) != one.want {
				t.Errorf("%q, want %q (%v)", got, one.want, err)
			}
		})
	}
}
