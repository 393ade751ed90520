package postgres

import (
	"errors"
	"fmt"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
)

// statement is one of a transaction. Lists are arrays, so that any number of entries is one statement.
type statement struct {
	text string
	args []any
}

const (
	// raiseTokens notes tokens that the table of leases does not know: those of an owner that keeps its leases elsewhere. It writes
	// nothing, and locks nothing, where every token is known.
	raiseTokens = `INSERT INTO rowgate.lease AS lease (lane, token)
SELECT given.lane, given.token FROM unnest($1::text[], $2::bigint[]) AS given (lane, token)
WHERE NOT EXISTS (SELECT 1 FROM rowgate.lease known WHERE known.lane = given.lane AND known.token >= given.token) ORDER BY given.lane
ON CONFLICT (lane) DO UPDATE SET token = excluded.token WHERE lease.token < excluded.token`

	// checkTokens holds the leases until the transaction ends: nobody takes a lane over between the check and the commit.
	checkTokens = `WITH given AS (SELECT lane, token FROM unnest($1::text[], $2::bigint[]) AS given (lane, token)),
seen AS (SELECT lease.lane, lease.token FROM rowgate.lease lease WHERE lease.lane = ANY ($1) ORDER BY lease.lane FOR SHARE)
SELECT rowgate.expect(NOT EXISTS (SELECT 1 FROM given JOIN seen USING (lane) WHERE given.token < seen.token), '` + codeFenced + `',
	'the lane has a newer owner')`

	insertEntries = `WITH given AS (
	SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::bytea[], $7::bigint[], $8::bigint[], 
		$9::bigint[], $10::boolean[], $11::boolean[], $12::bigint[], $13::bigint[], $14::bytea[], $15::bytea[])
	WITH ORDINALITY AS given (id, lane, tenant, key, derived, print, rows, bytes,
		stored, delivered, keep, created_at, done_at, payload, result, n)
), inserted AS (
	INSERT INTO rowgate.entry (id, lane, tenant, key, derived, print, rows, bytes,
		stored, delivered, keep, created_at, done_at, payload, result)
	SELECT id, lane, tenant, key, derived, print, rows, bytes, stored, delivered, keep, created_at, done_at, payload, result
	FROM given ORDER BY n
	ON CONFLICT (tenant, key) WHERE key <> '' AND (NOT derived OR NOT delivered OR done_at IS NULL) DO NOTHING RETURNING 1
)
SELECT rowgate.expect((SELECT count(*) FROM inserted) = cardinality($1), '` + codeDuplicate + `', 'an entry with this key exists')`

	insertBatches = `INSERT INTO rowgate.batch (id, lane, seq, client_token, started_at, plan, result)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[])`

	insertNeeds = `WITH needed AS (
	INSERT INTO rowgate.need (entry, batch)
	SELECT entry.seq, batch.number FROM unnest($1::text[], $2::text[]) AS given (batch, entry)
	JOIN rowgate.batch batch ON batch.id = given.batch JOIN rowgate.entry entry ON entry.id = given.entry AND entry.done_at IS NULL
	RETURNING 1
)
SELECT rowgate.expect((SELECT count(*) FROM needed) = cardinality($1), '` + codeMissing + `',
	'an entry of a batch does not wait to be written')`

	finishBatches = `WITH finished AS (
	UPDATE rowgate.batch AS batch SET result = given.result FROM unnest($1::text[], $2::bytea[]) AS given (id, result)
	WHERE batch.id = given.id RETURNING 1
)
SELECT rowgate.expect((SELECT count(*) FROM finished) = cardinality($1), '` + codeMissing + `', 'there is no such batch')`

	endEntries = `WITH ended AS (
	UPDATE rowgate.entry AS entry SET result = given.result, done_at = given.done_at, payload = NULL, stored = octet_length(given.result)
	FROM unnest($1::text[], $2::bytea[], $3::bigint[]) AS given (id, result, done_at) WHERE entry.id = given.id RETURNING 1
)
SELECT rowgate.expect((SELECT count(*) FROM ended) = cardinality($1), '` + codeMissing + `', 'there is no such entry')`

	// dropBatches deletes the batches of the entries that no other entry needs, and dropNeeds what they needed.
	dropBatches = `WITH closing AS (SELECT seq FROM rowgate.entry WHERE id = ANY ($1::text[]))
DELETE FROM rowgate.batch batch WHERE number IN (SELECT need.batch FROM rowgate.need need JOIN closing ON closing.seq = need.entry)
AND NOT EXISTS (SELECT 1 FROM rowgate.need need WHERE need.batch = batch.number AND need.entry NOT IN (SELECT seq FROM closing))`
	dropNeeds = `DELETE FROM rowgate.need USING rowgate.entry WHERE need.entry = entry.seq AND entry.id = ANY ($1::text[])`

	markDelivered = `UPDATE rowgate.entry SET delivered = true WHERE id = ANY ($1::text[]) AND NOT delivered`
	markRecalled  = `SELECT rowgate.recall($1::text[])`
	markKeep      = `UPDATE rowgate.entry SET keep = true WHERE id = ANY ($1::text[]) AND NOT keep`
	forgetEntries = `DELETE FROM rowgate.entry WHERE id = ANY ($1::text[])`
)

// errNoEntries is returned for a batch that nobody needs.
var errNoEntries = errors.New("a batch has no entries")

// statements are changes as a transaction, in their order.
func statements(c *outbox.Changes) ([]statement, error) {
	list, err := fenced(nil, c.Fences)
	if err != nil {
		return nil, err
	}
	list = inserting(list, c.Insert)
	if list, err = starting(list, c.Start); err != nil {
		return nil, err
	}
	list = finishing(list, c.Finish)
	list = ending(list, c.Done)
	list = naming(list, c.Delivered, markDelivered)
	list = naming(list, c.Recalled, markRecalled)
	list = naming(list, c.Keep, markKeep)
	return naming(list, c.Forget, dropBatches, dropNeeds, forgetEntries), nil
}

// fenced checks the fences, of which a lane has one.
func fenced(list []statement, fences []outbox.Fence) ([]statement, error) {
	if len(fences) == 0 {
		return list, nil
	}
	tokens := make(map[string]int64)
	for _, fence := range fences {
		if token, ok := tokens[fence.Lane]; ok && token != fence.Token {
			return nil, outbox.ErrFenced
		}
		tokens[fence.Lane] = fence.Token
	}
	var lanes []string
	var values []int64
	for lane, token := range tokens {
		lanes, values = append(lanes, lane), append(values, token)
	}
	return append(list, statement{raiseTokens, []any{lanes, values}}, statement{checkTokens, []any{lanes, values}}), nil
}

func inserting(list []statement, entries []outbox.Entry) []statement {
	if len(entries) == 0 {
		return list
	}
	n := len(entries)
	ids, lanes, tenants, keys := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	derived, delivered, keep := make([]bool, n), make([]bool, n), make([]bool, n)
	prints, payloads, results := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	rows, bytes, stored, created := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	done := make([]*int64, n)
	for i := range entries {
		e := &entries[i]
		ids[i], lanes[i], tenants[i], keys[i] = e.ID, e.Lane, e.Tenant, e.Key
		derived[i], delivered[i], keep[i] = e.Derived, e.Delivered, e.Keep
		prints[i], payloads[i], results[i] = notNil(e.Print), e.Payload, e.Result
		rows[i], bytes[i], stored[i], created[i] = int64(e.Rows), int64(e.Bytes), int64(len(e.Payload)+len(e.Result)), e.CreatedAt.UnixMilli()
		if !e.DoneAt.IsZero() {
			done[i] = new(e.DoneAt.UnixMilli())
		} else {
			payloads[i] = notNil(e.Payload)
		}
	}
	return append(list, statement{insertEntries, []any{
		ids, lanes, tenants, keys, derived, prints, rows, bytes, stored, delivered, keep, created, done, payloads, results,
	}})
}

func starting(list []statement, batches []outbox.Batch) ([]statement, error) {
	if len(batches) == 0 {
		return list, nil
	}
	n := len(batches)
	ids, lanes, tokens := make([]string, n), make([]string, n), make([]string, n)
	seqs, started := make([]int64, n), make([]int64, n)
	plans, results := make([][]byte, n), make([][]byte, n)
	var batchOf, entries []string
	for i := range batches {
		b := &batches[i]
		if len(b.Entries) == 0 {
			return nil, fmt.Errorf("start batch %s: %w", b.ID, errNoEntries)
		}
		ids[i], lanes[i], tokens[i], seqs[i], started[i] = b.ID, b.Lane, b.ClientToken, b.Seq, millis(b.StartedAt)
		plans[i], results[i] = notNil(b.Plan), b.Result
		for _, entry := range b.Entries {
			batchOf, entries = append(batchOf, b.ID), append(entries, entry)
		}
	}
	return append(list,
		statement{insertBatches, []any{ids, lanes, seqs, tokens, started, plans, results}},
		statement{insertNeeds, []any{batchOf, entries}}), nil
}

// finishing ends batches; of two ends of one the later holds.
func finishing(list []statement, finish []outbox.BatchResult) []statement {
	last := make(map[string]int, len(finish))
	var ids []string
	var results [][]byte
	for _, r := range finish {
		if i, ok := last[r.ID]; ok {
			results[i] = notNil(r.Result)
			continue
		}
		last[r.ID] = len(ids)
		ids, results = append(ids, r.ID), append(results, notNil(r.Result))
	}
	if len(ids) == 0 {
		return list
	}
	return append(list, statement{finishBatches, []any{ids, results}})
}

// ending ends entries; of two ends of one the later holds.
func ending(list []statement, done []outbox.EntryResult) []statement {
	last := make(map[string]int, len(done))
	var ids []string
	var results [][]byte
	var times []int64
	for _, r := range done {
		if i, ok := last[r.ID]; ok {
			results[i], times[i] = notNil(r.Result), r.DoneAt.UnixMilli()
			continue
		}
		last[r.ID] = len(ids)
		ids, results, times = append(ids, r.ID), append(results, notNil(r.Result)), append(times, r.DoneAt.UnixMilli())
	}
	if len(ids) == 0 {
		return list
	}
	return naming(append(list, statement{endEntries, []any{ids, results, times}}), ids, dropBatches, dropNeeds)
}

// naming runs each text with all ids; ids that are not there are passed over.
func naming(list []statement, ids []string, texts ...string) []statement {
	if len(ids) == 0 {
		return list
	}
	for _, text := range texts {
		list = append(list, statement{text, []any{ids}})
	}
	return list
}

// notNil keeps an empty value apart from NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// millis is the instant as stored: 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
