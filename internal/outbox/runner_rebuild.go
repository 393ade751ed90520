package outbox

import (
	"log/slog"
	"slices"
)

// reopen makes an entry of a stored one.
func (r *runner) reopen(s *Entry) (*entry, error) {
	data, err := r.opts.Keyring.Open(sealPayload, s.Payload)
	if err != nil {
		return nil, err
	}
	sub, err := decodePayload(data)
	if err != nil {
		return nil, err
	}
	copy(sub.Fingerprint[:], s.Print)
	e := &entry{
		id: s.ID, tenant: s.Tenant, key: s.Key, derived: s.Derived, sub: sub, keep: s.Keep, kept: s.Keep, delivered: s.Delivered,
		lane:    r.laneDigest(sub),
		created: s.CreatedAt, journaled: true, loaded: true, admitted: make(chan struct{}), round: newRound(),
	}
	close(e.admitted)
	e.prepare()
	return e, nil
}

// rebuildBatch applies a stored batch to its entries, or adds it to those that are sent again because their outcome is unknown.
func (r *runner) rebuildBatch(s *stored, entries map[string]*entry, known *Batch) {
	var p plan
	if err := r.journal.openJSON(sealPlan, known.Plan, &p); err != nil {
		r.opts.Logger.Error("stored batch cannot be opened", slog.String("batch", known.ID), slog.Any("error", err))
		return
	}
	if p.Op == opPause {
		r.rebuildMark(s, entries[p.Parts[0].Entry], known, &p)
		return
	}
	if p.Op == opCancel {
		if e := entries[p.Parts[0].Entry]; e != nil {
			e.cancel()
		}
		return
	}
	b := &batch{id: known.ID, token: known.ClientToken, seq: known.Seq, op: p.Op, first: known.StartedAt, uncertain: true}
	s.learn(r.journal, known)
	whole := b.fill(&p, entries)
	if !slices.ContainsFunc(b.items, func(it item) bool { return it.entry != nil }) {
		return
	}
	for _, it := range b.items {
		if it.entry != nil && b.token != "" && b.token == it.entry.sub.Write.ClientToken {
			it.entry.tokenUsed = true
		}
	}
	s.seq = max(s.seq, b.seq)
	switch {
	case known.Result != nil:
		var end ending
		if err := r.journal.openJSON(sealResult, known.Result, &end); err != nil {
			end = ending{Status: Unknown, Err: unknownOutcome().Because(err)}
		}
		b.apply(&end)
		b.countWritten(end.Status)
	case !whole: // rows are missing: the same call cannot be made again
		r.opts.Logger.Error("stored batch is incomplete", slog.String("batch", known.ID))
		b.apply(&ending{Status: Unknown, Err: unknownOutcome()})
	default:
		// Others may have written since its entries were answered: the last run knew, this one does not.
		b.overtaken = (b.op == OpUpdate || b.lead().sub.Op == OpUpsert) &&
			slices.ContainsFunc(b.items, func(it item) bool { return it.entry.mark != "" })
		s.resend = append(s.resend, b)
	}
}

// learn keeps what a stored batch has made.
func (s *stored) learn(j *journal, known *Batch) {
	var end ending
	if known.Result != nil && j.openJSON(sealResult, known.Result, &end) == nil && end.Status == Created {
		s.known = append(s.known, end.IDs)
	}
}

// rebuildMark applies the stored note that e is parked, e may be nil.
func (r *runner) rebuildMark(s *stored, e *entry, known *Batch, p *plan) {
	if e == nil {
		return
	}
	if known.Result != nil {
		var end ending
		if err := r.journal.openJSON(sealResult, known.Result, &end); err != nil || end.Status != Failed {
			return
		}
		s.final[e], e.delivered = true, true
	}
	e.mark = known.ID
	e.halt(p.Pause)
}

// fill fills in the items of a stored plan; false if some are of entries that are done, which are left empty.
func (b *batch) fill(p *plan, entries map[string]*entry) bool {
	whole := true
	left, tried := make(map[int][]cellAt, len(p.Left)), make(map[int]int)
	for _, c := range p.Left {
		left[c.Item] = append(left[c.Item], cellAt{c.Row, c.Column})
		if c.Tried {
			tried[c.Item]++
		}
	}
	add := func(id string, rows []int, record string) {
		e := entries[id]
		if e == nil || len(rows) == 0 || slices.Max(rows) >= len(e.sub.Rows) || slices.Min(rows) < 0 {
			whole = false
			b.items = append(b.items, item{}) // keeps the others at their places
			return
		}
		it := item{entry: e, pos: rows[0], more: rows[1:], id: record, left: left[len(b.items)], tried: tried[len(b.items)]}
		it.compose(p.Op)
		if e.sub.Op != OpUpsert {
			it.id = e.sub.Rows[it.pos].RecordID
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
		if it := &b.items[i]; it.entry == e {
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
