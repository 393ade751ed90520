package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/disktest"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
)

// What is noted on a recorded disk, beside what SQLite does to it.
const (
	noteCreated  = "created "  // Feishu has carried out a create
	noteAnswered = "answered " // a write with an idempotency key was answered
	noteAccepted = "accepted " // a job id was handed out
)

// creates is one create that Feishu has carried out.
type creates struct {
	Token string
	Rows  []feishu.Fields
	IDs   []string
	Made  time.Time
}

// notedBase notes each create that it has carried out.
type notedBase struct {
	*fakeBase

	disk *disktest.Disk
}

func (b *notedBase) BatchCreate(
	ctx context.Context, table feishu.TableRef, rows []feishu.Fields, opts feishu.WriteOptions,
) ([]string, error) {
	ids, err := b.fakeBase.BatchCreate(ctx, table, rows, opts)
	if err == nil {
		text, _ := json.Marshal(creates{opts.ClientToken, rows, ids, time.Now()})
		b.disk.Note(noteCreated + string(text))
	}
	return ids, err
}

// baseAt is Feishu as it was after the first n events.
func baseAt(d *disktest.Disk, n int) *fakeBase {
	base := newFakeBase()
	for _, text := range d.Notes(n, noteCreated) {
		var c creates
		_ = json.Unmarshal([]byte(text), &c)
		base.tokens[c.Token] = c.IDs
		for i, fields := range c.Rows {
			row := fakeRow{id: c.IDs[i], made: c.Made}
			_ = json.Unmarshal(fields, &row.fields)
			base.tables["tblExample"] = append(base.tables["tblExample"], row)
			base.next++
		}
	}
	return base
}

// powerCut is a workload on a recorded disk.
type powerCut struct {
	*fixture

	dir  string
	disk *disktest.Disk
	subs map[string]outbox.Submission // by idempotency key
}

func newPowerCut(t *testing.T) *powerCut {
	t.Helper()
	p := &powerCut{fixture: setupOnly(t), dir: t.TempDir(), disk: &disktest.Disk{}, subs: make(map[string]outbox.Submission)}
	disktest.Watch(p.dir, p.disk)
	for i := range 6 {
		key := fmt.Sprint("key", i)
		p.subs[key] = keyed(key, creation("caller", titles(key+"-", 1+i%3)...))
	}
	return p
}

// openFile starts an outbox over the file in dir; end ends both.
func (p *powerCut) openFile(t *testing.T, dir string, base *fakeBase, d *disktest.Disk) (end func(drain bool)) {
	t.Helper()
	store := must[*sqlite.Store](t)(sqlite.Open(t.Context(), filepath.Join(dir, "outbox.db")))
	var writer outbox.Writer = base
	if d != nil {
		writer = &notedBase{base, d}
	}
	o := must[*outbox.Outbox](t)(outbox.New(outbox.Options{
		Store: store, Writer: writer, Reader: base, Keyring: p.ring, Digest: func(app feishu.App) string { return app.ID },
	}))
	if err := o.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Outbox = o
	return func(drain bool) {
		if drain {
			_ = o.Stop(context.Background())
		} else {
			kill(o)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// work writes all submissions: two jobs, then the others at once, among writes without a key.
func (p *powerCut) work(t *testing.T) {
	t.Helper()
	end := p.openFile(t, p.dir, p.base, p.disk)
	var all sync.WaitGroup
	for i, key := range []string{"key0", "key1", "key2", "key3", "key4", "key5"} {
		sub := p.subs[key]
		sub.Keep = i < 2
		all.Go(func() {
			ticket := p.submit(t, sub)
			if sub.Keep {
				p.disk.Note(noteAccepted + ticket.JobID)
			}
			r := wait(t, ticket)
			p.disk.Note(noteAnswered + key + " " + r.Rows[0].RecordID)
			ticket.Delivered()
		})
		if i == 1 || i == 3 {
			all.Wait()
			ticket := p.submit(t, creation("caller", fmt.Sprint("plain", i)))
			wait(t, ticket)
			ticket.Delivered()
			elapse(time.Second)
		}
	}
	all.Wait()
	end(true)
}

// check cuts the power after n events and says what is wrong with what comes of it.
func (p *powerCut) check(t *testing.T, n int, rest disktest.Tail) (wrong []string) {
	t.Helper()
	dir := t.TempDir()
	if err := p.disk.Restore(dir, n, rest); err != nil {
		t.Fatal(err)
	}
	base := baseAt(p.disk, n)
	end := p.openFile(t, dir, base, nil)
	defer end(false)
	synctest.Wait()
	for _, id := range p.disk.Notes(n, noteAccepted) {
		job, err := p.Job(t.Context(), id, "cli_example")
		if err != nil || job.State != outbox.StateDone {
			wrong = append(wrong, fmt.Sprintf("job %s: %+v %v", id, job, err))
		}
	}
	ids := make(map[string]string)
	for key, sub := range p.subs {
		r := p.write(t, sub)
		if tally(r)[outbox.Created] != len(sub.Rows) {
			wrong = append(wrong, fmt.Sprintf("%s repeated: %+v", key, r))
		}
		ids[key] = r.Rows[0].RecordID
	}
	for _, text := range p.disk.Notes(n, noteAnswered) {
		key, id, _ := strings.Cut(text, " ")
		if ids[key] != id {
			wrong = append(wrong, fmt.Sprintf("%s was answered %s, then %s", key, id, ids[key]))
		}
	}
	seen := base.column("tblExample", "标题")
	slices.Sort(seen)
	if once := slices.Compact(slices.Clone(seen)); len(once) != len(seen) {
		wrong = append(wrong, fmt.Sprintf("rows are there twice: %v", seen))
	}
	return wrong
}

// TestPowerCut cuts the power around every sync and every answer, with and without what was not synced: nothing that was
// acknowledged is lost, and a repeat writes nothing twice.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPowerCut(t)
		p.work(t)
		cuts := make(map[int]bool)
		events := p.disk.Events()
		for i, e := range events {
			if e.Kind == disktest.Synced || e.Kind == disktest.Noted {
				cuts[i], cuts[i+1] = true, true
			}
		}
		if n := len(p.disk.Notes(len(events), noteAnswered)); n != len(p.subs) || len(cuts) < 2*n {
			t.Fatalf("%d answers and %d cuts were recorded", n, len(cuts))
		}
		for n := range cuts {
			for _, rest := range []disktest.Tail{disktest.TailLost, disktest.TailKept, disktest.TailTorn} {
				if wrong := p.check(t, n, rest); len(wrong) > 0 {
					t.Errorf("cut after %d of %d events, tail %d: %v", n, len(events), rest, wrong)
				}
			}
		}
	})
}

// TestSyncs_of_a_lone_write are one before the call and one after it.
func TestSyncs_of_a_lone_write(t *testing.T) {
	t.Parallel()
	for name, sub := range map[string]outbox.Submission{
		"with a key":    keyed("key", creation("caller", "x")),
		"without a key": creation("caller", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPowerCut(t)
				end := p.openFile(t, p.dir, p.base, p.disk)
				defer end(false)
				ticket := p.submit(t, creation("caller", "first")) // makes the file of the log
				wait(t, ticket)
				ticket.Delivered()
				elapse(time.Second)
				begun := p.disk.Syncs()
				p.base.gate, p.base.entered = make(chan struct{}), make(chan struct{}, 1)
				ticket = p.submit(t, sub)
				<-p.base.entered
				if n := p.disk.Syncs() - begun; n != 1 {
					t.Errorf("%d syncs before the call, want 1", n)
				}
				p.base.gate <- struct{}{}
				wait(t, ticket)
				ticket.Delivered()
				elapse(time.Second)
				if n := p.disk.Syncs() - begun; n != 2 {
					t.Errorf("%d syncs in all, want 2", n)
				}
			})
		})
	}
}
