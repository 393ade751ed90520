package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	callTimeout     = 70 * time.Second // past the longest timeout_ms
	idlePerHost     = 1024             // a connection for each caller of the largest scenario
	callerAddresses = 16               // that callers come from
	recordsPath     = "/v1/records"
	jobsPath        = "/v1/jobs/get"
)

// caller makes HTTP calls as a workflow does. It is safe for concurrent use.
type caller struct {
	client *http.Client
	url    string
}

func newCaller(url string) *caller {
	client := &http.Client{Timeout: callTimeout}
	client.Transport = &http.Transport{MaxIdleConnsPerHost: idlePerHost, MaxIdleConns: idlePerHost, DialContext: dialFromMany()}
	return &caller{url: url, client: client}
}

// dialFromMany dials from the loopback addresses in turn: callers who know nothing of each other do not share an address either, and
// the service bounds the requests of one. Where the system has 127.0.0.1 alone, that is used.
func dialFromMany() func(ctx context.Context, network, address string) (net.Conn, error) {
	var next atomic.Uint32
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		from := net.IPv4(127, 0, 0, byte(1+next.Add(1)%callerAddresses))
		dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
		connection, err := dialer.DialContext(ctx, network, address)
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		return connection, err
	}
}

// call is one request of a caller.
type call struct {
	target     target
	passphrase string
	key        string // Idempotency-Key; "" for none
	query      string // options
	body       []byte
}

// reply is what came back: a receipt, an accepted job or a problem.
type reply struct {
	status int

	OK            bool       `json:"ok"`
	Total         int        `json:"total"`
	Created       int        `json:"created"`
	Failed        int        `json:"failed"`
	Unknown       int        `json:"unknown"`
	RecordIDs     []string   `json:"record_ids"`
	Errors        []rowError `json:"errors"`
	RequestID     string     `json:"request_id"`
	UpstreamCalls int        `json:"upstream_calls"`
	JobID         string     `json:"job_id"`
	State         string     `json:"state"`
	Result        *reply     `json:"result"`
	Code          string     `json:"code"`
	Retryable     bool       `json:"retryable"`
	Outcome       string     `json:"outcome"`
}

type rowError struct {
	Index int    `json:"index"`
	Code  string `json:"code"`
}

// post makes a call of path; an error means that no answer came.
func (c *caller) post(ctx context.Context, path string, o call) (reply, error) {
	target := c.url + path
	if o.query != "" {
		target += "?" + o.query
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(o.body))
	if err != nil {
		return reply{}, err
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer " + o.passphrase},
		"X-App-Id": {o.target.appID}, "X-App-Secret": {o.target.secret}, "X-App-Token": {o.target.base}, "X-Table-Id": {o.target.table},
	}
	if o.key != "" {
		request.Header.Set("Idempotency-Key", o.key)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	got := reply{status: response.StatusCode}
	if err := json.Unmarshal(data, &got); err != nil {
		return reply{}, fmt.Errorf("%s answered %d: %w", path, response.StatusCode, err)
	}
	return got, nil
}

// write writes rows.
func (c *caller) write(ctx context.Context, o call) (reply, error) {
	return c.post(ctx, recordsPath, o)
}

// mustWrite is write for a call whose rows must all be written.
func (c *caller) mustWrite(ctx context.Context, o call) error {
	got, err := c.write(ctx, o)
	if err != nil {
		return err
	}
	return got.whole()
}

// whole returns an error unless every row of a write was written.
func (r *reply) whole() error {
	if r.status == http.StatusOK && r.OK {
		return nil
	}
	return fmt.Errorf("%s answered %d %s: %d of %d rows failed", recordsPath, r.status, r.Code, r.Failed+r.Unknown, r.Total)
}

// isRefused reports whether the service refused a call unseen because it has too many.
func (r *reply) isRefused() bool {
	return r.Outcome == "not_written" && (r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable)
}

// rowsBody is a request for one row a mark, with the values as people write them.
func rowsBody(marks ...string) []byte {
	body := []byte(`{"records":[`)
	for i, mark := range marks {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"标题":`...)
		body = strconv.AppendQuote(body, mark)
		body = append(body, `,"播放量":"12,345","平台":"抖音","发布日期":"2026-03-24 12:00"}`...)
	}
	return append(body, `]}`...)
}
