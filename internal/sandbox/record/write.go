package record

import (
	"encoding/json"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Records per call, by endpoint; one more is 1254104.
const (
	MaxCreate = 1000
	MaxUpdate = 1000
	MaxDelete = 500
)

type recordInput struct {
	RecordID string         `json:"record_id"`
	Fields   map[string]any `json:"fields"`
}

// echoed is a record in the answer to create and update: both ids, and the fields in the write shape.
type echoed struct {
	Fields   map[string]any `json:"fields"`
	ID       string         `json:"id"`
	RecordID string         `json:"record_id"`
}

type deletion struct {
	Deleted  bool   `json:"deleted"`
	RecordID string `json:"record_id"`
}

func createRecord(c *core.Call) (any, *core.Failure) {
	var body recordInput
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if body.Fields == nil {
		return nil, core.Violation("fields", "", "fields is required")
	}
	return writeRecords(c, 1, func(w *writer) (any, *core.Failure) {
		id, echo, f := w.create(body.Fields)
		return map[string]any{"record": echoed{echo, id, id}}, f
	})
}

func batchCreateRecords(c *core.Call) (any, *core.Failure) {
	records, f := readRecords(c, MaxCreate)
	if f != nil {
		return nil, f
	}
	return writeRecords(c, len(records), func(w *writer) (any, *core.Failure) {
		out := make([]echoed, len(records))
		for i, record := range records {
			id, echo, f := w.create(record.Fields)
			if f != nil {
				return nil, f
			}
			out[i] = echoed{echo, id, id}
		}
		return map[string]any{"records": out}, nil
	})
}

func updateRecord(c *core.Call) (any, *core.Failure) {
	var body recordInput
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if body.Fields == nil {
		return nil, core.Violation("fields", "", "fields is required")
	}
	id := c.Params["record_id"]
	return writeRecords(c, 1, func(w *writer) (any, *core.Failure) {
		echo, f := w.update(id, body.Fields)
		return map[string]any{"record": echoed{echo, id, id}}, f
	})
}

func batchUpdateRecords(c *core.Call) (any, *core.Failure) {
	records, f := readRecords(c, MaxUpdate)
	if f != nil {
		return nil, f
	}
	return writeRecords(c, len(records), func(w *writer) (any, *core.Failure) {
		out := make([]echoed, len(records))
		for i, record := range records {
			echo, f := w.update(record.RecordID, record.Fields)
			if f != nil {
				return nil, f
			}
			out[i] = echoed{echo, record.RecordID, record.RecordID}
		}
		return map[string]any{"records": out}, nil
	})
}

func deleteRecord(c *core.Call) (any, *core.Failure) {
	id := c.Params["record_id"]
	return writeRecords(c, 1, func(w *writer) (any, *core.Failure) {
		return deletion{true, id}, w.remove(id)
	})
}

func batchDeleteRecords(c *core.Call) (any, *core.Failure) {
	var body struct {
		Records []string `json:"records"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if len(body.Records) == 0 {
		return nil, core.Violation("records", "", "records is required")
	}
	if len(body.Records) > MaxDelete {
		return nil, core.Fail(1254104)
	}
	return writeRecords(c, len(body.Records), func(w *writer) (any, *core.Failure) {
		out := make([]deletion, len(body.Records))
		for i, id := range body.Records {
			if f := w.remove(id); f != nil {
				return nil, f
			}
			out[i] = deletion{true, id}
		}
		return map[string]any{"records": out}, nil
	})
}

func readRecords(c *core.Call, limit int) ([]recordInput, *core.Failure) {
	var body struct {
		Records []recordInput `json:"records"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	if len(body.Records) == 0 {
		return nil, core.Violation("records", "", "records is required")
	}
	if len(body.Records) > limit {
		return nil, core.Fail(1254104)
	}
	for _, record := range body.Records {
		if record.Fields == nil {
			return nil, core.Violation("records.fields", "", "fields is required")
		}
	}
	return body.Records, nil
}

// writeRecords runs one changing call on records: parameters, table, lane, latency, repeats, and then check and commit under the
// lock of the base.
func writeRecords(c *core.Call, rows int, apply func(*writer) (any, *core.Failure)) (any, *core.Failure) {
	idType, f := c.UserIDType()
	if f != nil {
		return nil, f
	}
	if f := c.ReadClientToken(); f != nil {
		return nil, f
	}
	b, t, f := base.OpenTable(c, true)
	if f != nil {
		return nil, f
	}
	lane, f := base.WriteLane(c, b, t)
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(lane, rows)
	if f != nil {
		return nil, f
	}
	defer end()
	return commitWrite(c, b, t, idType, apply)
}

func commitWrite(
	c *core.Call, b *state.Base, t *state.Table, idType string, apply func(*writer) (any, *core.Failure),
) (any, *core.Failure) {
	repeatable := !c.Route.Token // updates and deletes
	var hash [32]byte
	if c.ClientToken != "" || repeatable && c.Options.RepeatWindow > 0 {
		hash = c.Hash()
	}
	b.Lock()
	defer b.Unlock()
	if b.Tables[t.ID] != t {
		return nil, core.Fail(1254041) // deleted meanwhile
	}
	if t.Synced {
		return nil, core.Fail(1254304)
	}
	if data, f := c.Repeated(hash); data != nil || f != nil {
		return data, f
	}
	if repeatable && c.Options.RepeatWindow > 0 && t.Last.Hash == hash && time.Since(t.Last.At) < c.Options.RepeatWindow {
		return nil, core.Fail(1254608)
	}
	w := newWriter(c.Store, c.Options, b, t, c.AppID, idType)
	w.call = c.Number
	data, f := apply(w)
	if f != nil {
		return nil, f
	}
	w.commit()
	c.Committed = true
	t.Last = state.LastWrite{Hash: hash, At: time.Now()} // of a create: no hash
	if c.ClientToken != "" {
		raw := json.RawMessage(core.Encode(data))
		c.Keep(hash, raw)
		return raw, nil
	}
	return data, nil
}
