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
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/surface/console"
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
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := &untilClosed{out: s.out, closed: stop}
	service, err := startDemo(ctx, s, upstream, dir, passphrase)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Stop(context.WithoutCancel(ctx))) }()

	d := demo{out: out, url: service.URL(), upstream: upstream, passphrase: passphrase, sample: sample}
	if err := d.play(ctx); err != nil {
		return err
	}
	if c.Once {
		return nil
	}
	d.invite(service.SignInURL(secret.New(passphrase), console.Sample{
		Link: d.link(), AppID: sampleAppID, Secret: secret.New(sample.secret), View: d.page(),
	}))
	<-ctx.Done()
	return nil
}

// untilClosed ends the demo when nobody reads what it prints, so that it cleans up.
type untilClosed struct {
	out    io.Writer
	closed context.CancelFunc
}

// Write implements io.Writer.
func (u *untilClosed) Write(text []byte) (int, error) {
	n, err := u.out.Write(text)
	if err != nil {
		u.closed()
	}
	return n, err
}

// startDemo starts the same service as serve, on a free port and with a temporary database.
func startDemo(ctx context.Context, s streams, upstream, dir, passphrase string) (*app.App, error) {
	settings := map[string]string{
		"ROWGATE_LISTEN":       "127.0.0.1:0",
		"ROWGATE_PASSPHRASE":   "demo:" + passphrase,
		"ROWGATE_DATABASE_URL": "sqlite:" + filepath.Join(dir, "rowgate.db"),
		"ROWGATE_KEY":          secret.GenerateKey(),
		"ROWGATE_LOG":          "warn",
		// The demo's rows are samples: the console may show and replay them.
		"ROWGATE_CONSOLE_CONTENTS": "true",
		"FEISHU_BASE_URL":          upstream,
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
	upstream   string // the simulator's address
	passphrase string
	sample     *sample
}

func (d *demo) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// play makes the calls, then reads the table and verifies that it holds every row once and the model text byte for byte.
func (d *demo) play(ctx context.Context) error {
	d.say("Rowgate at %s, writing into a simulated Feishu base.\n本服务在 %[1]s，写入一个模拟的飞书多维表格。\n", d.url)
	want := 0
	for i, call := range demoCalls(d.sample.channel) {
		want += call.rows
		d.say("%d. %s\n   %s", i+1, call.says, call.saysZH)
		receipt, err := d.post(ctx, "/v1/records"+call.query, call.contentType, call.body)
		if err != nil {
			return err
		}
		d.say("   → %s", receipt.Message)
		for _, w := range receipt.Warnings {
			d.say("     %s", w)
		}
	}
	d.say("%d. the same title again, with key_fields: the row is updated, not duplicated\n   同一个标题再写一次，带 key_fields：更新原来那行，不会重复",
		len(demoCalls(""))+1)
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

	Message string `json:"message"`
}

// String is a warning in one line: the rule, the column, what became of the first value, and what the rule does.
func (w demoWarning) String() string {
	text := strings.TrimSpace(w.Rule + " " + w.Field)
	if w.Got != "" || len(w.Sent) > 0 {
		text += fmt.Sprintf(": %s → %s", w.Got, cmp.Or(string(w.Sent), "left out"))
	}
	if w.Count > 1 {
		text += fmt.Sprintf(" (%d×)", w.Count)
	}
	if w.Message != "" {
		text += "  — " + w.Message
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
	d.say("The table now holds %d rows: · 表里现在有 %[1]d 行：", len(rows))
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
			text, err := shown(column, value)
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
	d.say("Verified: %d rows, each once, and the model text unchanged byte for byte.\n已核对：%[1]d 行，每行一次，模型写的文本一字节不差。", len(rows))
	return nil
}

// shown is a value as a person checks it: a date as a date, each line of a text on its own.
func shown(column string, value any) (string, error) {
	if text, ok := value.(string); ok {
		return `"` + strings.ReplaceAll(text, "\n", "\n        ") + `"`, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	if ms, notNumber := strconv.ParseInt(string(text), 10, 64); column == sampleDate && notNumber == nil {
		return time.UnixMilli(ms).In(sampleZone).Format("2006-01-02 15:04 MST"), nil
	}
	return string(text), nil
}

// sampleZone is the zone of the sample base.
var sampleZone = time.FixedZone("UTC+8", 8*60*60)

// link is the sample table's, as a browser at Feishu would show it.
func (d *demo) link() string {
	return "https://example.feishu.cn/base/" + sampleBase + "?table=" + d.sample.videos
}

// page is the simulator's page that shows the base's tables and rows.
func (d *demo) page() string { return d.upstream + "/sandbox/pages/" + sampleBase }

// invite prints how to continue: in the console, whose address signs in once, or by hand.
func (d *demo) invite(signIn string) {
	d.say(`
Open the console (this link signs in once) · 打开控制台（此链接可登录一次）:

%[8]s

Documentation · 文档: %[1]s/docs
The table as a page · 用浏览器看这张表: %[7]s
Write a row yourself · 自己写一行:

curl %[1]s/v1/records -H 'Authorization: Bearer %[2]s' \
  -H 'X-App-Id: %[3]s' -H 'X-App-Secret: %[4]s' \
  -H 'X-App-Token: %[5]s' -H 'X-Table-Id: %[6]s' \
  -H 'Content-Type: application/json' -d '{"records":[{"标题":"我的第一行","发布日期":"2026-03-28"}]}'

What the samples of the documentation use · 文档里的示例用到的值:

export PASSPHRASE='%[2]s' APP_ID='%[3]s' APP_SECRET='%[4]s'
export TABLE_LINK='%[9]s'

Press Ctrl-C to stop. · 按 Ctrl-C 结束。`, d.url, d.passphrase, sampleAppID, d.sample.secret, sampleBase, d.sample.videos, d.page(), signIn,
		d.link())
}
