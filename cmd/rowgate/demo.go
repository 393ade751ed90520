package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/telemetry"
)

// demoCmd sends real requests through the public API into a simulated Feishu.
type demoCmd struct {
	Once bool `help:"Exit once the rows are verified."`
}

// demoLatency is how long the simulator takes over a write: about what Feishu takes.
const demoLatency = 120 * time.Millisecond

func (c *demoCmd) Run(ctx context.Context, s streams) (err error) {
	sb, err := sandbox.New(sandbox.Options{Write: sandbox.Latency{PerCall: demoLatency}})
	if err != nil {
		return err
	}
	upstream, err := sb.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sb.Close()) }()
	sample, err := newSample(sb)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rowgate-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	passphrase := secret.GenerateKey()[:20]
	service, err := startDemo(ctx, s, upstream, dir, passphrase)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Stop(context.WithoutCancel(ctx))) }()

	d := demo{out: s.out, url: service.URL(), passphrase: passphrase, sample: sample}
	if err := d.play(ctx); err != nil {
		return err
	}
	if c.Once {
		return nil
	}
	d.invite()
	<-ctx.Done()
	return nil
}

// startDemo starts the same service as serve, on a free port and with a temporary database.
func startDemo(ctx context.Context, s streams, upstream, dir, passphrase string) (*app.App, error) {
	settings := map[string]string{
		"ROWGATE_LISTEN":       "127.0.0.1:0",
		"ROWGATE_PASSPHRASE":   "demo:" + passphrase,
		"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(dir, "rowgate.db"),
		"ROWGATE_KEY":          secret.GenerateKey(),
		"ROWGATE_LOG":          "warn",
		"FEISHU_BASE_URL":      upstream,
	}
	cfg, problems := config.Load(func(name string) string { return settings[name] })
	if len(problems) > 0 {
		return nil, fmt.Errorf("demo configuration: %v", problems)
	}
	logger := telemetry.NewLogger(s.err, cfg.LogLevel, true)
	return app.Start(ctx, app.Options{Config: cfg, Logger: logger, Version: version()})
}

// demo is one run of the demo.
type demo struct {
	out        io.Writer
	url        string
	passphrase string
	sample     *sample
}

func (d *demo) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// play makes the calls, then reads the table and verifies that it holds every row once and the model text byte for byte.
func (d *demo) play(ctx context.Context) error {
	d.say("Rowgate at %s, writing into a simulated Feishu base.\n", d.url)
	want := 0
	for i, call := range demoCalls(d.sample.channel) {
		want += call.rows
		d.say("%d. %s", i+1, call.says)
		receipt, err := d.post(ctx, "/v1/records"+call.query, call.contentType, call.body)
		if err != nil {
			return err
		}
		d.say("   → %s", receipt.Message)
		for _, w := range receipt.Warnings {
			d.say("     %s", w)
		}
	}
	d.say("%d. the same title again, with key_fields: the row is updated, not duplicated", len(demoCalls(""))+1)
	receipt, err := d.post(ctx, "/v1/records", "application/json",
		object{"key_fields": []string{"标题"}, "fields": object{"标题": "葱油拌面", "播放量": 25600}}.json())
	if err != nil {
		return err
	}
	d.say("   → %s\n", receipt.Message)
	return d.verify(want)
}

type demoReceipt struct {
	OK       bool          `json:"ok"`
	Message  string        `json:"message"`
	Warnings []demoWarning `json:"warnings"`
}

type demoWarning struct {
	Rule  string          `json:"rule"`
	Field string          `json:"field"`
	Count int             `json:"count"`
	Got   string          `json:"got"`
	Sent  json.RawMessage `json:"sent"`
}

// String is a warning in one line: the rule, the column and what became of the first value.
func (w demoWarning) String() string {
	text := strings.TrimSpace(w.Rule + " " + w.Field)
	if w.Got != "" || len(w.Sent) > 0 {
		text += fmt.Sprintf(": %s → %s", w.Got, cmp.Or(string(w.Sent), "left out"))
	}
	if w.Count > 1 {
		text += fmt.Sprintf(" (%d×)", w.Count)
	}
	return text
}

func (d *demo) post(ctx context.Context, path, contentType, body string) (*demoReceipt, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Content-Type": contentType, "Authorization": "Bearer " + d.passphrase, "X-App-Id": sampleAppID,
		"X-App-Secret": d.sample.secret, "X-App-Token": sampleBase, "X-Table-Id": d.sample.videos,
	} {
		request.Header.Set(name, value)
	}
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var receipt demoReceipt
	if err := json.Unmarshal(data, &receipt); err != nil || response.StatusCode != http.StatusOK || !receipt.OK {
		return nil, fmt.Errorf("%s answered %d: %s", path, response.StatusCode, data)
	}
	return &receipt, nil
}

// verify reads the rows directly from the simulator, not through the service, and prints them.
func (d *demo) verify(want int) error {
	rows, err := d.sample.sandbox.Rows(sampleBase, d.sample.videos)
	if err != nil {
		return err
	}
	d.say("The table now holds %d rows:", len(rows))
	exact := 0
	for _, row := range rows {
		d.say("\n%s", row.ID)
		for _, column := range sampleColumns {
			value, ok := row.Write[column]
			if !ok {
				continue
			}
			if value == rewritten {
				exact++
			}
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			d.say("  %s  %s", column, text)
		}
	}
	d.say("")
	if len(rows) != want || exact != 2 {
		return fmt.Errorf("expected %d rows, 2 of them with the model text unchanged; found %d and %d", want, len(rows), exact)
	}
	d.say("Verified: %d rows, each once, and the model text unchanged byte for byte.", len(rows))
	return nil
}

// invite prints how to continue by hand.
func (d *demo) invite() {
	d.say(`
Documentation: %[1]s/docs
Write a row yourself:

curl %[1]s/v1/records -H 'Authorization: Bearer %[2]s' \
  -H 'X-App-Id: %[3]s' -H 'X-App-Secret: %[4]s' \
  -H 'X-App-Token: %[5]s' -H 'X-Table-Id: %[6]s' \
  -H 'Content-Type: application/json' -d '{"records":[{"标题":"我的第一行","发布日期":"2026-03-28"}]}'

Press Ctrl-C to stop.`, d.url, d.passphrase, sampleAppID, d.sample.secret, sampleBase, d.sample.videos)
}
