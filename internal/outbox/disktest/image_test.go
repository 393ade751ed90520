package disktest_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rowgate/rowgate/internal/outbox/disktest"
)

func write(file string, at int64, text string) disktest.Event {
	return disktest.Event{Kind: disktest.Wrote, File: file, At: at, Data: []byte(text)}
}

func do(kind disktest.Kind, file string) disktest.Event {
	return disktest.Event{Kind: kind, File: file}
}

func TestImage(t *testing.T) {
	t.Parallel()
	sync := []disktest.Event{do(disktest.Syncing, "a"), do(disktest.Synced, "a")}
	loose := []disktest.Event{write("a", 4, "EFGH"), write("a", 8, "IJKL"), write("a", 0, "abcd")}
	for name, one := range map[string]struct {
		events   []disktest.Event
		rest     disktest.Tail
		unsynced int
		want     string // of the file; "-" for none
	}{
		"loses_what_was_not_synced":       {slices.Concat(loose[:1], sync, loose), disktest.TailLost, 3, "\x00\x00\x00\x00EFGH"},
		"keeps_what_was_not_synced":       {slices.Concat(sync, loose), disktest.TailKept, 3, "abcdEFGHIJKL"},
		"tears_what_was_not_synced":       {slices.Concat(sync, loose), disktest.TailTorn, 3, "\x00\x00\x00\x00EFGHIJ"},
		"has_no_file_that_was_not_synced": {loose, disktest.TailLost, 3, "-"},
		"loses_what_was_written_during_a_sync": {
			slices.Concat(loose[:1], sync[:1], loose[1:], sync[1:]),
			disktest.TailLost, 2, "\x00\x00\x00\x00EFGH",
		},
		"cuts_a_truncated_file": {
			slices.Concat(loose, []disktest.Event{{Kind: disktest.Truncated, File: "a", At: 3}}, sync),
			disktest.TailLost, 0, "abc",
		},
		"has_no_file_that_was_removed": {slices.Concat(loose, sync, []disktest.Event{do(disktest.Removed, "a")}), disktest.TailKept, 0, "-"},
		"passes_over_notes":            {[]disktest.Event{do(disktest.Noted, "a")}, disktest.TailKept, 0, "-"},
		"does_not_sync_one_file_for_all": {
			slices.Concat([]disktest.Event{write("b", 0, "b")}, loose, sync),
			disktest.TailLost, 1, "abcdEFGHIJKL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var image disktest.Image
			for _, e := range one.events {
				image.Record(e)
			}
			if n := image.Unsynced(); n != one.unsynced {
				t.Errorf("%d writes are not synced, want %d", n, one.unsynced)
			}
			dir := t.TempDir()
			if err := image.Cut(dir, one.rest); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, "a"))
			if os.IsNotExist(err) {
				got = []byte("-")
			} else if err != nil {
				t.Fatal(err)
			}
			if string(got) != one.want {
				t.Errorf("%q, want %q", got, one.want)
			}
			if image.Unsynced() != 0 {
				t.Error("the image goes on from writes that the power cut has undone")
			}
		})
	}
}
