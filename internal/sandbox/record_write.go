package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"strconv"
	"time"
)

// Records per call, by endpoint; one more is 1254104.
const (
	maxCreate = 1000
	maxUpdate = 1000
	maxDelete = 500
)

// uuid4 is what a client_token must look like (1254037).
var uuid4 = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$`)

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

func createRecord(c *call) (any, *failure) {
	var body recordInput
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if body.Fields == nil {
		return nil, violation("fields", "", "fields is required")
	}
	return writeRecords(c, 1, func(w *writer) (any, *failure) {
		id, echo, f := w.create(body.Fields)
		return map[string]any{"record": echoed{echo, id, id}}, f
	})
}

func batchCreateRecords(c *call) (any, *failure) {
	records, f := readRecords(c, maxCreate)
	if f != nil {
		return nil, f
	}
	return writeRecords(c, len(records), func(w *writer) (any, *failure) {
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

func updateRecord(c *call) (any, *failure) {
	var body recordInput
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if body.Fields == nil {
		return nil, violation("fields", "", "fields is required")
	}
	id := c.params["record_id"]
	return writeRecords(c, 1, func(w *writer) (any, *failure) {
		echo, f := w.update(id, body.Fields)
		return map[string]any{"record": echoed{echo, id, id}}, f
	})
}

func batchUpdateRecords(c *call) (any, *failure) {
	records, f := readRecords(c, maxUpdate)
	if f != nil {
		return nil, f
	}
	return writeRecords(c, len(records), func(w *writer) (any, *failure) {
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

func deleteRecord(c *call) (any, *failure) {
	id := c.params["record_id"]
	return writeRecords(c, 1, func(w *writer) (any, *failure) {
		return deletion{true, id}, w.remove(id)
	})
}

func batchDeleteRecords(c *call) (any, *failure) {
	var body struct {
		Records []string `json:"records"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if len(body.Records) == 0 {
		return nil, violation("records", "", "records is required")
	}
	if len(body.Records) > maxDelete {
		return nil, fail(1254104)
	}
	return writeRecords(c, len(body.Records), func(w *writer) (any, *failure) {
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

func readRecords(c *call, limit int) ([]recordInput, *failure) {
	var body struct {
		Records []recordInput `json:"records"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	if len(body.Records) == 0 {
		return nil, violation("records", "", "records is required")
	}
	if len(body.Records) > limit {
		return nil, fail(1254104)
	}
	for _, record := range body.Records {
		if record.Fields == nil {
			return nil, violation("records.fields", "", "fields is required")
		}
	}
	return body.Records, nil
}

// writeRecords runs one changing call on records: parameters, table, gate, latency, repeats, and then check and commit under the base's lock.
func writeRecords(c *call, rows int, apply func(*writer) (any, *failure)) (any, *failure) {
	idType, f := c.userIDType()
	if f != nil {
		return nil, f
	}
	if f := c.readClientToken(); f != nil {
		return nil, f
	}
	b, t, f := openTable(c, true)
	if f != nil {
		return nil, f
	}
	gate, f := writeGate(c, b, t)
	if f != nil {
		return nil, f
	}
	end, f := c.begin(gate, rows)
	if f != nil {
		return nil, f
	}
	defer end()
	return commitWrite(c, b, t, idType, apply)
}

func commitWrite(c *call, b *base, t *table, idType string, apply func(*writer) (any, *failure)) (any, *failure) {
	repeatable := !c.endpoint.token // updates and deletes
	var hash [32]byte
	if c.clientToken != "" || repeatable && c.opts.RepeatWindow > 0 {
		hash = c.hash()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tables[t.id] != t {
		return nil, fail(1254041) // deleted meanwhile
	}
	if t.synced {
		return nil, fail(1254304)
	}
	if data, f := c.repeated(hash); data != nil || f != nil {
		return data, f
	}
	if repeatable && c.opts.RepeatWindow > 0 && t.last.hash == hash && time.Since(t.last.at) < c.opts.RepeatWindow {
		return nil, fail(1254608)
	}
	w := newWriter(c.store, c.opts, b, t, c.appID, idType)
	w.call = c.number
	data, f := apply(w)
	if f != nil {
		return nil, f
	}
	w.commit()
	c.committed = true
	t.last = lastWrite{hash, time.Now()} // of a create: no hash
	if c.clientToken != "" {
		raw := json.RawMessage(encode(data))
		c.keep(hash, raw)
		return raw, nil
	}
	return data, nil
}

// hash names the request: path and body, byte for byte.
func (c *call) hash() [32]byte {
	h := sha256.New()
	_, _ = h.Write([]byte(c.req.Method + " " + c.req.URL.Path + "\n"))
	_, _ = h.Write(c.body)
	return [32]byte(h.Sum(nil))
}

// readClientToken takes client_token where the endpoint has it (creates).
func (c *call) readClientToken() *failure {
	if !c.endpoint.token {
		return nil
	}
	value := c.req.URL.Query().Get("client_token")
	if value != "" && !uuid4.MatchString(value) {
		return fail(1254037)
	}
	c.clientToken = value
	return nil
}

func (c *call) userIDType() (string, *failure) {
	value := c.req.URL.Query().Get("user_id_type")
	return checkIDType(value)
}

func checkIDType(value string) (string, *failure) {
	switch value {
	case "":
		return "open_id", nil
	case "open_id", "union_id", "user_id":
		return value, nil
	default:
		return "", violation("user_id_type", value, "user_id_type is not in the options [open_id union_id user_id]")
	}
}

// writeGate is the gate that the call must pass; nil when the rule does not hold for it.
func writeGate(c *call, b *base, t *table) (*gate, *failure) {
	value := c.req.URL.Query().Get("ignore_consistency_check")
	ignore, err := strconv.ParseBool(value)
	if value != "" && err != nil {
		return nil, violation("ignore_consistency_check", value, "ignore_consistency_check must be a boolean")
	}
	switch {
	case !c.endpoint.locks || c.opts.ConflictScope == ScopeNone || ignore && c.opts.IgnoreConsistencyLifts:
		return nil, nil
	case c.opts.ConflictScope == ScopeBase:
		return &b.gate, nil
	default:
		return &t.gate, nil
	}
}
