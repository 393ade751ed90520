package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

const (
	// proofFor is how long a right to read that was proved counts.
	proofFor = time.Minute
	// maxProofs bounds the tables of which a proof or written records are remembered.
	maxProofs = 10_000
	// maxWitnesses bounds the written records that are remembered of a table, the newest.
	maxWitnesses = 20
)

// proofs are what shows that an app sees the rows of a table: with advanced permissions a search that may read nothing succeeds and
// gives no rows (docs/feishu/bitable.md §2.2). It is safe for concurrent use.
type proofs struct {
	mu      sync.Mutex
	proved  map[reading]time.Time  // when it was
	written map[tableName][]string // records that were made here, the newest last
}

// reading is an app that reads a table.
type reading struct {
	tenant string
	table  tableName
}

type tableName struct{ appToken, tableID string }

func nameOf(ref feishu.TableRef) tableName { return tableName{ref.AppToken, ref.TableID} }

func newProofs() *proofs {
	return &proofs{proved: make(map[reading]time.Time), written: make(map[tableName][]string)}
}

// prove notes that the app sees the table's rows now.
func (p *proofs) prove(sub *Submission) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropOne(p.proved)
	p.proved[reading{sub.Tenant, nameOf(sub.Table)}] = time.Now()
}

func (p *proofs) isProved(sub *Submission) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, known := p.proved[reading{sub.Tenant, nameOf(sub.Table)}]
	return known && time.Since(at) < proofFor
}

// wrote notes records that were made in a table.
func (p *proofs) wrote(ref feishu.TableRef, ids []string) {
	if len(ids) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	dropOne(p.written)
	list := append(p.written[nameOf(ref)], ids[max(0, len(ids)-maxWitnesses):]...)
	p.written[nameOf(ref)] = append([]string(nil), list[max(0, len(list)-maxWitnesses):]...)
}

func (p *proofs) witnesses(ref feishu.TableRef) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written[nameOf(ref)]
}

// dropOne makes room for one more entry: which one goes does not matter, what is missing is asked for again.
func dropOne[K comparable, V any](m map[K]V) {
	if len(m) < maxProofs {
		return
	}
	for key := range m {
		delete(m, key)
		return
	}
}

// readable proves that the app of sub sees the rows of its table: it sees one, or the base has no advanced permissions that could hide
// them, or it sees a record that was written here. calls are the calls that it made. Errors: advanced_permission if nothing proves
// it; what Feishu answers where it cannot be asked.
func (f *finder) readable(ctx context.Context, sub *Submission) (calls int, err error) {
	if f.proofs.isProved(sub) {
		return 0, nil
	}
	app, untold := f.opts.Reader.GetApp(ctx, sub.Table.App, sub.Table.AppToken)
	calls++
	switch {
	case untold == nil && !app.IsAdvanced:
		f.proofs.prove(sub)
		return calls, nil
	case untold != nil && problem.From(untold).Code != problem.ScopeMissing: // an app without that scope may see rows all the same
		return calls, untold
	}
	page, err := f.opts.Reader.Search(ctx, sub.Table, feishu.SearchRequest{UserIDType: sub.Write.UserIDType, PageSize: 1})
	calls++
	if err != nil {
		return calls, err
	}
	seen := page.Total > 0 || len(page.Items) > 0
	if known := f.proofs.witnesses(sub.Table); !seen && len(known) > 0 {
		found, _, err := f.opts.Reader.BatchGet(ctx, sub.Table, known, sub.Write.UserIDType)
		calls++
		if err != nil {
			return calls, err
		}
		seen = len(found) > 0
	}
	switch {
	case seen:
		f.proofs.prove(sub)
		return calls, nil
	case untold != nil:
		return calls, untold
	}
	return calls, unproved()
}
