package outbox

import (
	"log/slog"
	"slices"
)

// resume rebuilds what an earlier run left unfinished: entries with the rows that are decided, batches whose outcome is
// unknown, which go first and as they were, and the rest of the rows, which wait again. It returns the entries that are at
// rest already. o.mu is held.
func (o *Outbox) resume(stored []Entry, batches []Batch) []resting {
	var rest []resting
	byID := make(map[string]*entry, len(stored))
	var entries []*entry
	for i := range stored {
		e, err := o.reopen(&stored[i])
		if err != nil {
			o.opts.Logger.Error("stored entry cannot be opened", slog.String("job", stored[i].ID), slog.Any("error", err))
			continue
		}
		byID[e.id] = e
		entries = append(entries, e)
		o.hold(e)
	}
	slices.SortStableFunc(batches, func(a, b Batch) int { return int(a.Seq - b.Seq) })
	sent := 0
	for i := range batches {
		if o.resumeBatch(byID, &batches[i]) {
			sent++
		}
	}
	for _, e := range entries {
		l := o.laneOf(e.lane)
		held := make(map[int]bool)
		for _, b := range l.resumed {
			b.positions(e, held)
		}
		e.out = len(held)
		e.todo = slices.DeleteFunc(e.todo, func(pos int) bool { return held[pos] || e.rows[pos].Status != "" })
		switch {
		case e.mark != "" && e.out == 0:
			e.parked = true
			e.round.end(e.result(), nil)
		case e.mark == "" && e.stop == nil && len(e.todo) > 0:
			l.push(e)
		}
		rest = append(rest, o.atRest(l, []*entry{e}))
		o.wake(l)
	}
	if len(entries) > 0 {
		o.opts.Logger.Info("outbox resumes", slog.Int("entries", len(entries)), slog.Int("unknown_batches", sent))
	}
	return rest
}

// reopen makes an entry of a stored one.
func (o *Outbox) reopen(s *Entry) (*entry, error) {
	data, err := o.opts.Keyring.Open(sealPayload, s.Payload)
	if err != nil {
		return nil, err
	}
	sub, err := decodePayload(data)
	if err != nil {
		return nil, err
	}
	copy(sub.Fingerprint[:], s.Print)
	e := &entry{
		id: s.ID, tenant: s.Tenant, key: s.Key, derived: s.Derived, sub: sub, keep: s.Keep, delivered: s.Delivered,
		lane:    o.digest(digestLane, string(sub.Table.App.Brand), sub.Table.AppToken),
		created: s.CreatedAt, claimed: true, admitted: make(chan struct{}), round: newRound(),
	}
	close(e.admitted)
	e.prepare()
	return e, nil
}

// prepare sets what follows from the submission.
func (e *entry) prepare() {
	sub := e.sub
	e.rows = make([]RowResult, len(sub.Rows))
	e.todo = make([]int, len(sub.Rows))
	for i := range sub.Rows {
		e.rows[i].Index = sub.Rows[i].Index
		e.todo[i] = i
		e.bytes += rowBytes(&sub.Rows[i])
	}
	e.open = len(e.rows)
	e.lost = make(map[*batch]int)
	e.group = groupOf(e)
	e.options = usedOptions(sub)
}

// resumeBatch applies a stored batch to its entries; true if its outcome is unknown and it is queued to be sent again.
func (o *Outbox) resumeBatch(entries map[string]*entry, s *Batch) bool {
	var p plan
	if err := o.openJSON(sealPlan, s.Plan, &p); err != nil {
		o.opts.Logger.Error("stored batch cannot be opened", slog.String("batch", s.ID), slog.Any("error", err))
		return false
	}
	if p.Op == opPause {
		if e := entries[p.Parts[0].Entry]; e != nil && s.Result == nil {
			e.mark = s.ID
			e.halt(p.Pause)
		}
		return false
	}
	b := &batch{id: s.ID, token: s.ClientToken, seq: s.Seq, op: p.Op, resumed: true}
	whole := b.rebuild(&p, entries)
	at := slices.IndexFunc(b.items, func(it item) bool { return it.e != nil })
	if at < 0 {
		return false
	}
	for _, it := range b.items {
		if it.e != nil && b.token != "" && b.token == it.e.sub.Write.ClientToken {
			it.e.tokenUsed = true
		}
	}
	l := o.laneOf(b.items[at].e.lane)
	l.seq = max(l.seq, b.seq)
	if s.Result != nil {
		var end ending
		if err := o.openJSON(sealResult, s.Result, &end); err != nil {
			end = ending{Status: Unknown, Err: unknownOutcome().Because(err)}
		}
		b.apply(&end)
		return false
	}
	if !whole { // rows are missing: the same call cannot be made again
		o.opts.Logger.Error("stored batch is incomplete", slog.String("batch", s.ID))
		b.apply(&ending{Status: Unknown, Err: unknownOutcome()})
		return false
	}
	// Others may have written since its entries were answered: the last run knew, this one does not.
	b.overtaken = (b.op == OpUpdate || b.lead().sub.Op == OpUpsert) && slices.ContainsFunc(b.items, func(it item) bool { return it.e.mark != "" })
	l.again(b)
	return true
}

// rebuild fills in the items of a stored plan; false if some are of entries that are done, which are left empty.
func (b *batch) rebuild(p *plan, entries map[string]*entry) bool {
	whole := true
	add := func(id string, rows []int, record string) {
		e := entries[id]
		if e == nil || len(rows) == 0 || slices.Max(rows) >= len(e.sub.Rows) || slices.Min(rows) < 0 {
			whole = false
			b.items = append(b.items, item{}) // keeps the others at their places
			return
		}
		it := item{e: e, pos: rows[0], more: rows[1:], id: record, fields: e.sub.Rows[rows[0]].Fields}
		for _, pos := range it.more {
			it.fields = mergeFields(it.fields, e.sub.Rows[pos].Fields)
		}
		switch {
		case e.sub.Op != OpUpsert:
			it.id = e.sub.Rows[it.pos].RecordID
		case p.Op == OpCreate:
			it.fields = withoutNulls(it.fields)
		}
		b.items = append(b.items, it)
	}
	for _, part := range p.Parts {
		for pos := part.From; pos < part.To; pos++ {
			add(part.Entry, []int{pos}, "")
		}
	}
	for _, it := range p.Items {
		add(it.Entry, it.Rows, it.Record)
	}
	return whole
}

// positions adds the rows of e in b to set.
func (b *batch) positions(e *entry, set map[int]bool) {
	for i := range b.items {
		if it := &b.items[i]; it.e == e {
			it.each(func(pos int) { set[pos] = true })
		}
	}
}

func groupOf(e *entry) group {
	sub := e.sub
	g := group{
		tenant: e.tenant, table: sub.Table.TableID, op: sub.Op,
		user: sub.Write.UserIDType, job: e.keep, loose: sub.Write.IgnoreConsistencyCheck,
	}
	if sub.Write.ClientToken != "" {
		g.alone = e.id
	}
	if sub.Op == OpUpsert {
		g.keys = join(sub.KeyFields)
	}
	return g
}
