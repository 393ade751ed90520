package client

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/rowgate/rowgate/internal/feishu"
)

// BatchCreate creates rows and returns their record ids in the order of rows. All are created or none; it is sent once,
// and what Error.OutcomeUnknown says decides whether it may be repeated (same rows, same order, same ClientToken).
func (c *Client) BatchCreate(ctx context.Context, table feishu.TableRef, rows []feishu.Fields, opts feishu.WriteOptions) ([]string, error) {
	const head, tail = `{"fields":`, `},`
	body := newList(len(rows), len(head)+len(tail), sizeOf(rows))
	for _, row := range rows {
		body = append(append(append(body, head...), row...), tail...)
	}
	var data struct {
		Records []struct {
			ID string `json:"record_id"`
		} `json:"records"`
	}
	if err := c.Do(ctx, table.App, tableCall(table, feishu.APIBatchCreate, endList(body), writeQuery(opts, true), &data)); err != nil {
		return nil, err
	}
	ids := make([]string, len(data.Records))
	for i, record := range data.Records {
		ids[i] = record.ID
	}
	if len(ids) != len(rows) {
		return nil, feishu.APIBatchCreate.NewError(feishu.ClassReadBack, "the answer has a different number of records than the request", nil)
	}
	return ids, nil
}

// BatchUpdate changes the given columns of each row. All are changed or none; it is sent once.
func (c *Client) BatchUpdate(ctx context.Context, table feishu.TableRef, rows []feishu.RecordUpdate, opts feishu.WriteOptions) error {
	const head, middle, tail = `{"record_id":`, `,"fields":`, `},`
	size := 0
	for _, row := range rows {
		size += len(row.ID) + len(row.Fields) + len(`""`)
	}
	body := newList(len(rows), len(head)+len(middle)+len(tail), size)
	for _, row := range rows {
		body = appendString(append(body, head...), row.ID)
		body = append(append(append(body, middle...), row.Fields...), tail...)
	}
	return c.Do(ctx, table.App, tableCall(table, feishu.APIBatchUpdate, endList(body), writeQuery(opts, false), nil))
}

// BatchDelete deletes records by id. All are deleted or none; it is sent once.
func (c *Client) BatchDelete(ctx context.Context, table feishu.TableRef, recordIDs []string) error {
	return c.Do(ctx, table.App, tableCall(table, feishu.APIBatchDelete, mustJSON(map[string]any{"records": recordIDs}), nil, nil))
}

// Search returns one page of the records that req describes.
func (c *Client) Search(ctx context.Context, table feishu.TableRef, req feishu.SearchRequest) (feishu.Page, error) {
	size := req.PageSize
	if size <= 0 {
		size = feishu.MaxSearchPage
	}
	body, err := json.Marshal(struct {
		ViewID          string          `json:"view_id,omitempty"`
		FieldNames      []string        `json:"field_names,omitempty"`
		Filter          json.RawMessage `json:"filter,omitempty"`
		Sort            []feishu.Sort   `json:"sort,omitempty"`
		AutomaticFields bool            `json:"automatic_fields,omitempty"`
	}{req.ViewID, req.FieldNames, req.Filter, req.Sort, req.AutomaticFields})
	if err != nil {
		return feishu.Page{}, feishu.APISearch.NewError(feishu.ClassAccess, "the filter is not valid JSON", err)
	}
	var page feishu.Page
	params := query("user_id_type", req.UserIDType, "page_token", req.PageToken, "page_size", strconv.Itoa(size))
	err = c.Do(ctx, table.App, tableCall(table, feishu.APISearch, body, params, &page))
	return page, err
}

// BatchGet returns the records of up to MaxBatchGet ids; absent are the ids that do not exist, as far as the app may see. Those that
// Feishu says are forbidden to it are in neither.
func (c *Client) BatchGet(
	ctx context.Context, table feishu.TableRef, recordIDs []string, userIDType string,
) (found []feishu.Record, absent []string, err error) {
	body := mustJSON(struct {
		RecordIDs  []string `json:"record_ids"`
		UserIDType string   `json:"user_id_type,omitempty"`
	}{recordIDs, userIDType})
	var data struct {
		Records []feishu.Record `json:"records"`
		Absent  []string        `json:"absent_record_ids"`
	}
	if err := c.Do(ctx, table.App, tableCall(table, feishu.APIBatchGet, body, nil, &data)); err != nil {
		return nil, nil, err
	}
	return data.Records, data.Absent, nil
}

func tableCall(table feishu.TableRef, api *feishu.API, body []byte, params url.Values, out any) feishu.Call {
	return feishu.Call{API: api, Params: []string{table.AppToken, table.TableID}, Query: params, Body: body, Out: out}
}

func writeQuery(opts feishu.WriteOptions, create bool) url.Values {
	clientToken, ignore := "", ""
	if create {
		clientToken = opts.ClientToken
	}
	if opts.IgnoreConsistencyCheck {
		ignore = "true"
	}
	return query("user_id_type", opts.UserIDType, "client_token", clientToken, "ignore_consistency_check", ignore)
}

// A list body is built by appending: rows are JSON already and are never encoded again.
const listHead, listTail = `{"records":[`, `]}`

func newList(rows, overhead, size int) []byte {
	return append(make([]byte, 0, len(listHead)+rows*overhead+size+len(listTail)), listHead...)
}

func endList(body []byte) []byte {
	if body[len(body)-1] == ',' {
		body = body[:len(body)-1]
	}
	return append(body, listTail...)
}

func sizeOf(rows []feishu.Fields) (total int) {
	for _, row := range rows {
		total += len(row)
	}
	return total
}

func appendString(body []byte, s string) []byte { return append(body, mustJSON(s)...) }

// mustJSON encodes what cannot fail to encode: strings, numbers and lists of them.
func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body
}

// query builds a query string from name, value pairs and leaves out empty values.
func query(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return values
}
