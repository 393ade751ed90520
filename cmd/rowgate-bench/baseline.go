package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// direct calls Feishu without Rowgate, with one token for each target, as a workflow would. It is safe for concurrent use.
type direct struct {
	client *http.Client
	url    string
	tokens map[string]string // by app_id; never changes
}

// newDirect fetches the tokens of all targets of s. url is Feishu's address, or that of a proxy to it.
func newDirect(ctx context.Context, s *environment, url string) (*direct, error) {
	d := &direct{client: newCaller(url).client, url: url, tokens: make(map[string]string)}
	for _, p := range s.targets {
		body, err := json.Marshal(map[string]string{"app_id": p.appID, "app_secret": p.secret})
		if err != nil {
			return nil, err
		}
		var answer struct {
			Token string `json:"tenant_access_token"`
		}
		if err := d.post(ctx, "/open-apis/auth/v3/tenant_access_token/internal", "", body, &answer); err != nil {
			return nil, err
		}
		d.tokens[p.appID] = answer.Token
	}
	return d, nil
}

func (d *direct) post(ctx context.Context, path, token string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, answer)
}

// writeOne writes one row with one call and returns Feishu's code.
func (d *direct) writeOne(ctx context.Context, p target, mark string) (code int, err error) {
	body, err := json.Marshal(map[string]any{"records": []any{map[string]any{"fields": map[string]any{
		columnMark: mark, columnCount: 12345, columnSelect: "抖音", columnDate: 1774324800000,
	}}}})
	if err != nil {
		return 0, err
	}
	var answer struct {
		Code int `json:"code"`
	}
	path := "/open-apis/bitable/v1/apps/" + p.base + "/tables/" + p.table + "/records/batch_create"
	err = d.post(ctx, path, d.tokens[p.appID], body, &answer)
	return answer.Code, err
}

// jitter is the usual retry: a random wait up to a bound that doubles from base to most (full jitter).
type jitter struct{ base, most time.Duration }

// writeWithRetries repeats writeOne until the row is written.
func (d *direct) writeWithRetries(ctx context.Context, p target, mark string, j jitter) error {
	for bound := j.base; ; bound = min(2*bound, j.most) {
		code, err := d.writeOne(ctx, p, mark)
		switch {
		case err != nil:
			return err
		case code == 0:
			return nil
		case code != 1254291:
			return fmt.Errorf("feishu answered %d", code)
		case !wait(ctx, rand.N(bound)):
			return ctx.Err()
		}
	}
}
