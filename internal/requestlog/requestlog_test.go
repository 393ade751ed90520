package requestlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/requestlog"
	"github.com/rowgate/rowgate/internal/requestlog/sqlite"
	"github.com/rowgate/rowgate/internal/secret"
)

func ring(t testing.TB, keys ...byte) *secret.Keyring {
	t.Helper()
	var all [][]byte
	for _, key := range keys {
		all = append(all, bytes.Repeat([]byte{key}, secret.KeyBytes))
	}
	made, err := secret.NewKeyring(all...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func openStore(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func openLog(t testing.TB, store requestlog.Store, keys *secret.Keyring) *requestlog.Recorder {
	t.Helper()
	log, err := requestlog.Open(t.Context(), requestlog.Options{
		Store: store, Keyring: keys, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func line(i int, caller string) requestlog.Line {
	at := time.UnixMicro(1_774_281_600_000_000 + int64(i)*1_000)
	return requestlog.Line{
		At: at, Took: 1500 * time.Microsecond, RequestID: fmt.Sprintf("req_%d", i), Caller: caller, Tenant: "tenant", Tool: "write_records",
		Route: "/v1/records", Table: "tblExample", Code: "invalid_rows", Status: 422, LogID: "log", JobID: "job_1", Origin: "req_0",
		Rows: 3, Calls: 2,
		Replay: true, Left: true, Marks: []request.Mark{{Rule: "date_text", Count: 2}},
		Upstream: []request.UpstreamCall{{Name: "record.create", Start: at.Add(time.Millisecond), Took: time.Second, Code: -1, LogID: "l"}},
	}
}

func list(t *testing.T, log *requestlog.Recorder, filter requestlog.Filter, n int) []requestlog.Line {
	t.Helper()
	lines, err := log.List(t.Context(), filter, 0, n)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log.requests")
	store := openStore(t, path)
	log := openLog(t, store, ring(t, 1))
	const many = 300
	for i := range many {
		log.Record(line(i, []string{"a", "b"}[i%2]))
	}
	log.Close()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || bytes.Contains(data, []byte("write_records")) {
		t.Errorf("the file holds lines in clear, %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	store = openStore(t, path)
	defer func() { _ = store.Close() }()
	log = openLog(t, store, ring(t, 1))
	defer log.Close()
	log.Record(line(many, "a"))
	all := list(t, log, requestlog.Filter{Caller: "a"}, 2*many)
	if len(all) != many/2+1 || all[0].RequestID != "req_300" || all[len(all)-1].RequestID != "req_0" {
		t.Fatalf("%d lines, from %s to %s", len(all), all[0].RequestID, all[len(all)-1].RequestID)
	}
	want := line(298, "a")
	want.Seq = all[1].Seq
	if !reflect.DeepEqual(all[1], want) {
		t.Errorf("got %+v\nwant %+v", all[1], want)
	}
	for i := range all[1:] {
		if all[i].Seq <= all[i+1].Seq {
			t.Fatalf("line %d is not newer than the next", i)
		}
	}
	if found := list(t, log, requestlog.Filter{Caller: "b", RequestID: "req_2"}, 1); len(found) != 0 {
		t.Errorf("another passphrase's request: %v", found)
	}
	second, err := log.List(t.Context(), requestlog.Filter{Caller: "a"}, all[9].Seq, 10)
	if err != nil || len(second) != 10 || second[0].Seq != all[10].Seq {
		t.Errorf("the second page: %v %v", second, err)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	done := requestlog.Line{Caller: "a", Status: 200, Tool: "write_records", Table: "tblExample", RequestID: "req_1"}
	for _, test := range []struct {
		filter requestlog.Filter
		want   bool
	}{
		{requestlog.Filter{Caller: "a"}, true},
		{requestlog.Filter{}, false},
		{requestlog.Filter{Caller: "a", Outcome: requestlog.Done}, true},
		{requestlog.Filter{Caller: "a", Outcome: requestlog.Refused}, false},
		{requestlog.Filter{Caller: "a", Tool: "search_records"}, false},
		{requestlog.Filter{Caller: "a", Table: "tblOther"}, false},
		{requestlog.Filter{Caller: "a", Code: "invalid_rows"}, false},
		{requestlog.Filter{Caller: "a", RequestID: "req_1"}, true},
	} {
		if test.filter.Match(&done) != test.want {
			t.Errorf("%+v", test.filter)
		}
	}
}

// What is in memory is bounded, and what the store could not take in time is counted, not waited for.
func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	store := openStore(t, sqlite.Memory)
	defer func() { _ = store.Close() }()
	log := openLog(t, store, ring(t, 1))
	for i := range requestlog.Recent + 100 {
		log.Record(line(i, "a"))
	}
	if got := log.Count(requestlog.Filter{Caller: "a"}, 0); got != requestlog.Recent {
		t.Errorf("%d lines in memory", got)
	}
	log.Close()
}

func TestPurge(t *testing.T) {
	t.Parallel()
	store := openStore(t, sqlite.Memory)
	defer func() { _ = store.Close() }()
	now := time.UnixMilli(1_774_281_600_000)
	put := func(first uint64, age time.Duration) {
		block := requestlog.Block{First: first, Lines: 10, Last: now.Add(-age), Sealed: make([]byte, 100)}
		if err := store.PutBlock(t.Context(), block); err != nil {
			t.Fatal(err)
		}
	}
	left := func(want ...uint64) {
		t.Helper()
		blocks, err := store.BlocksBefore(t.Context(), 1<<62, 100)
		var names []uint64
		for _, block := range blocks {
			names = append(names, block.First)
		}
		if err != nil || !reflect.DeepEqual(names, want) {
			t.Errorf("left %v, want %v (%v)", names, want, err)
		}
	}
	for i, age := range []time.Duration{8 * 24 * time.Hour, 3 * time.Hour, 2 * time.Hour, time.Hour} {
		put(uint64(i+1), age)
	}
	purge := func(lines int, bytes int64) {
		if err := store.PurgeBlocks(t.Context(), now.Add(-requestlog.KeepFor), lines, bytes); err != nil {
			t.Fatal(err)
		}
	}
	purge(requestlog.MaxLines, requestlog.MaxBytes)
	left(4, 3, 2)
	purge(25, requestlog.MaxBytes)
	left(4, 3)
	purge(requestlog.MaxLines, 150)
	left(4)
}

func TestReseal(t *testing.T) {
	t.Parallel()
	store := openStore(t, sqlite.Memory)
	defer func() { _ = store.Close() }()
	log := openLog(t, store, ring(t, 1))
	log.Record(line(1, "a"))
	log.Close()
	log = openLog(t, store, ring(t, 2, 1))
	if err := log.Reseal(t.Context()); err != nil {
		t.Fatal(err)
	}
	log.Close()
	log = openLog(t, store, ring(t, 2))
	defer log.Close()
	if got := list(t, log, requestlog.Filter{Caller: "a"}, 10); len(got) != 1 {
		t.Errorf("with the new key alone: %v", got)
	}
}

// failing is a store that takes nothing.
type failing struct{}

var errFull = errors.New("disk full")

func (failing) PutBlock(context.Context, requestlog.Block) error { return errFull }

func (failing) BlocksBefore(context.Context, uint64, int) ([]requestlog.Block, error) {
	return nil, nil
}

func (failing) PurgeBlocks(context.Context, time.Time, int, int64) error { return nil }

func TestStoreFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logged strings.Builder
		log, err := requestlog.Open(t.Context(), requestlog.Options{
			Store: failing{}, Keyring: ring(t, 1), Logger: slog.New(slog.NewTextHandler(&logged, nil)), Metrics: prometheus.NewRegistry(),
		})
		if err != nil {
			t.Fatal(err)
		}
		log.Record(line(1, "a"))
		log.Close()
		if !strings.Contains(logged.String(), "request log not stored") {
			t.Errorf("logged %q", logged.String())
		}
		if got := log.Count(requestlog.Filter{Caller: "a"}, 0); got != 1 {
			t.Errorf("%d lines in memory", got)
		}
	})
}

// BenchmarkRecord is what a request pays for its line.
func BenchmarkRecord(b *testing.B) {
	store := openStore(b, filepath.Join(b.TempDir(), "log.requests"))
	log := openLog(b, store, ring(b, 1))
	one := line(1, "a")
	one.Upstream = nil
	for b.Loop() {
		log.Record(one)
	}
	log.Close()
	_ = store.Close()
}

// BenchmarkStored is what a line costs in all: recorded, encoded, sealed and stored, 1,000 at a time.
func BenchmarkStored(b *testing.B) {
	const lines = 1000
	store := openStore(b, filepath.Join(b.TempDir(), "log.requests"))
	one := line(1, "a")
	one.Upstream = nil
	for b.Loop() {
		log := openLog(b, store, ring(b, 1))
		for range lines {
			log.Record(one)
		}
		log.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/line")
	_ = store.Close()
}

// BenchmarkList reads 10,000 lines for a page that shows none of them: the slowest that a filter can be.
func BenchmarkList(b *testing.B) {
	store := openStore(b, filepath.Join(b.TempDir(), "log.requests"))
	for range 10 {
		log := openLog(b, store, ring(b, 1))
		for i := range 1000 {
			log.Record(line(i, "a"))
		}
		log.Close()
	}
	log := openLog(b, store, ring(b, 1))
	for b.Loop() {
		if lines, err := log.List(b.Context(), requestlog.Filter{Caller: "a", Code: "none"}, 0, 50); err != nil || len(lines) > 0 {
			b.Fatal(lines, err)
		}
	}
	log.Close()
	_ = store.Close()
}
