package outbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// What is sealed, each under a key of its own.
const (
	sealPayload = "outbox payload"
	sealPlan    = "outbox plan"
	sealResult  = "outbox result"
)

// payloadVersion is the first byte of a payload; another one is refused.
const payloadVersion = 1

var errPayload = errors.New("a stored payload is malformed")

// header is the part of a payload that is no row.
type header struct {
	Brand     feishu.Brand        `json:"brand"`
	AppID     string              `json:"app_id"`
	AppSecret string              `json:"app_secret"`
	AppToken  string              `json:"app_token"`
	TableID   string              `json:"table_id"`
	Op        Op                  `json:"op"`
	Write     feishu.WriteOptions `json:"write,omitzero"`
	Atomic    bool                `json:"atomic,omitempty"`
	KeyFields []string            `json:"key_fields,omitempty"`
	Fields    []column            `json:"fields,omitempty"`
	Options   map[string][]string `json:"options,omitempty"`
	Tenant    string              `json:"caller"`
	Import    string              `json:"import,omitempty"`
	SkipBad   bool                `json:"skip_bad,omitempty"`
	Append    bool                `json:"append,omitempty"`
}

// column is what comparing needs of a feishu.Field.
type column struct {
	ID     string           `json:"i,omitempty"`
	Name   string           `json:"n"`
	Type   feishu.FieldType `json:"t"`
	UIType string           `json:"u,omitempty"`
}

// encodePayload returns what is needed to go on with s after a restart: the header as JSON, then memo and rows, each
// behind its length, byte for byte.
func encodePayload(s *Submission) ([]byte, error) {
	columns := make([]column, len(s.Fields))
	for i, f := range s.Fields {
		columns[i] = column{ID: f.ID, Name: f.Name, Type: f.Type, UIType: f.UIType}
	}
	head, err := json.Marshal(header{
		Brand: s.Table.App.Brand, AppID: s.Table.App.ID, AppSecret: s.Table.App.Secret.Reveal(),
		AppToken: s.Table.AppToken, TableID: s.Table.TableID, Op: s.Op, Write: s.Write, Atomic: s.Atomic,
		KeyFields: s.KeyFields, Fields: columns, Options: s.NewOptions, Tenant: s.Tenant, Import: s.Import,
		SkipBad: s.SkipBadValues, Append: s.AppendFiles,
	})
	if err != nil {
		return nil, err
	}
	size := 1 + len(head) + len(s.Memo) + 4*binary.MaxVarintLen32
	for i := range s.Rows {
		size += rowBytes(&s.Rows[i]) + 3*binary.MaxVarintLen32
	}
	out := append(make([]byte, 0, size), payloadVersion)
	out = appendBytes(out, head)
	out = appendBytes(out, s.Memo)
	out = binary.AppendUvarint(out, uint64(len(s.Rows)))
	for i := range s.Rows {
		row := &s.Rows[i]
		out = binary.AppendVarint(out, int64(row.Index))
		out = appendBytes(out, []byte(row.RecordID))
		out = appendBytes(out, row.Fields)
	}
	return out, nil
}

// decodePayload is the inverse of encodePayload; rows share the memory of data.
func decodePayload(data []byte) (*Submission, error) {
	if len(data) == 0 || data[0] != payloadVersion {
		return nil, errPayload
	}
	r := reader{data: data[1:]}
	var h header
	if err := json.Unmarshal(r.bytes(), &h); err != nil {
		return nil, errPayload
	}
	s := &Submission{
		Table: feishu.TableRef{
			App:      feishu.App{Brand: h.Brand, ID: h.AppID, Secret: secret.New(h.AppSecret)},
			AppToken: h.AppToken, TableID: h.TableID,
		},
		Op: h.Op, Write: h.Write, Atomic: h.Atomic, KeyFields: h.KeyFields, NewOptions: h.Options, Tenant: h.Tenant, Import: h.Import,
		SkipBadValues: h.SkipBad, AppendFiles: h.Append, Memo: r.bytes(),
	}
	for _, c := range h.Fields {
		s.Fields = append(s.Fields, feishu.Field{ID: c.ID, Name: c.Name, Type: c.Type, UIType: c.UIType})
	}
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		return nil, errPayload
	}
	s.Rows = make([]bitable.Row, n)
	for i := range s.Rows {
		s.Rows[i] = bitable.Row{Index: int(r.varint()), RecordID: string(r.bytes()), Fields: r.bytes()}
	}
	if r.bad || len(r.data) != 0 {
		return nil, errPayload
	}
	return s, nil
}

// rowBytes is what a row counts for in bounds.
func rowBytes(row *bitable.Row) int { return len(row.Fields) + len(row.RecordID) }

func appendBytes(out, data []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(data))), data...)
}

// reader reads what encodePayload appends; bad is set once the data does not fit.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	return read(r, v, n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.data)
	return read(r, v, n)
}

func read[T int64 | uint64](r *reader, v T, n int) T {
	if n <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.bad, r.data = true, nil
		return nil
	}
	out := r.data[:n:n]
	r.data = r.data[n:]
	return out
}

// plan is what a stored batch says of itself: enough to make the same call again.
type plan struct {
	Op    Op             `json:"op"`              // create, update, delete; opPause marks entries that wait for a repeat, opCancel those that are cancelled
	Parts []Part         `json:"parts,omitempty"` // rows as they are, in order
	Items []planItem     `json:"items,omitempty"` // of an upsert, in order
	Left  []planCell     `json:"left,omitempty"`  // cells that are left out of the rows
	Pause *problem.Error `json:"pause,omitempty"`
}

// planCell is a cell that Feishu refused: the place of the item in the call, the row of its entry, the column.
type planCell struct {
	Item   int    `json:"i"`
	Row    int    `json:"r,omitempty"`
	Column string `json:"c"`
	Tried  bool   `json:"t,omitempty"` // it may be another one that Feishu refused
}

// planItem is one row of a call that an upsert decided: rows of one entry, merged, for one record.
type planItem struct {
	Entry  string `json:"e"`
	Rows   []int  `json:"r"`
	Record string `json:"id,omitempty"`
}

// ending is what became of all items of a stored batch.
type ending struct {
	Status RowStatus      `json:"status,omitempty"` // "" if they go on in other batches
	IDs    []string       `json:"ids,omitempty"`    // creates: record ids, one an item
	Err    *problem.Error `json:"err,omitempty"`    // failed and unknown: why
}

// answer is a Result at rest.
type answer struct {
	Rows  []RowResult     `json:"rows"`
	Said  *problem.Feishu `json:"said,omitempty"`
	Err   *problem.Error  `json:"err,omitempty"`
	Calls int             `json:"calls"`
	Wrote int             `json:"wrote,omitempty"` // calls that wrote
	Off   bool            `json:"off,omitempty"`   // cancelled
	Memo  []byte          `json:"memo,omitempty"`
}

func (j *journal) sealJSON(purpose string, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // all the types above marshal
	}
	return j.ring.Seal(purpose, data)
}

func (j *journal) openJSON(purpose string, sealed []byte, v any) error {
	data, err := j.ring.Open(purpose, sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func (j *journal) sealAnswer(r *Result) []byte {
	return j.sealJSON(sealResult, answer{
		Rows: r.Rows, Said: r.Feishu, Err: r.Err, Calls: r.UpstreamCalls, Wrote: r.Batches, Off: r.Cancelled, Memo: r.Memo,
	})
}

func (j *journal) openAnswer(sealed []byte) (*Result, error) {
	var a answer
	if err := j.openJSON(sealResult, sealed, &a); err != nil {
		return nil, err
	}
	return &Result{Rows: a.Rows, Feishu: a.Said, Err: a.Err, UpstreamCalls: a.Calls, Batches: a.Wrote, Cancelled: a.Off, Memo: a.Memo}, nil
}
