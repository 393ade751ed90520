package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// call is one call of a tool.
type call struct {
	*Server

	tool    tool.Tool
	shape   *openapi.Shape
	request *mcp.CallToolRequest
}

func (s *Server) handler(t tool.Tool, shape *openapi.Shape) mcp.ToolHandler {
	return func(ctx context.Context, request *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return (&call{Server: s, tool: t, shape: shape, request: request}).answer(ctx), nil
	}
}

// answer runs the tool. A request may contain several calls, so each has its own record, which is added to that of the request.
func (c *call) answer(ctx context.Context) *mcp.CallToolResult {
	outer := request.CallFrom(ctx)
	own := request.SoftCall(outer.RequestID) // the HTTP status is 200 for errors too
	exchange := exchangeFrom(ctx)
	e := &entry{call: own, same: digestOf(c.tool.Name, c.request.Params.Arguments)}
	if exchange == nil {
		own.RequestID = httpd.NewRequestID()
		e.id = c.header().Get(headerID)
	} else {
		outer = request.CallFrom(exchange.ctx)
		e.client, e.id = exchange.client, exchange.take(c.tool.Name, c.request.Params.Arguments)
	}
	if e.id != "" && (exchange == nil || exchange.session) {
		own.SetRecallable()
	}
	c.ledger.begin(ctx, e)
	own.SetTool(c.tool.Name)
	if lang, ok := problem.ParseAcceptLanguage(c.header().Get("Accept-Language")); ok {
		own.SetLang(lang)
	}
	if lang := intake.Language(nil, c.header()); lang != "" {
		own.SetLang(lang)
	}
	own.SetPublicURL(outer.PublicURL())
	ctx, cancel := context.WithCancel(request.WithCall(ctx, own))
	defer cancel()
	if exchange != nil {
		defer context.AfterFunc(exchange.ctx, cancel)()
	}
	start := time.Now()
	answer, err := c.run(ctx)
	result, delivers := c.result(ctx, answer, err)
	delivers = delivers && own.AwaitsDelivery()
	if exchange != nil {
		report(request.CallFrom(exchange.ctx), own)
		text, _ := result.StructuredContent.(json.RawMessage)
		exchange.answer(c.ledger, e, len(text), delivers)
		return result
	}
	defer own.Settle()
	if delivers {
		own.Deliver() // a local pipe: what is written to it is delivered
	}
	c.ledger.end(e, delivers)
	c.log(ctx, own, time.Since(start))
	return result
}

// result returns what the client gets, as data and as text: the answer, or the problem marked as an error. delivers is false
// if the answer asks the client to repeat the call.
func (c *call) result(ctx context.Context, answer tool.Answer, err error) (result *mcp.CallToolResult, delivers bool) {
	body := answer.Body
	delivers = true
	if err != nil {
		doc := c.options.Renderer.Document(ctx, err)
		body, delivers = doc, doc.Status < http.StatusInternalServerError && doc.Status != http.StatusTooManyRequests
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encodeErr := encoder.Encode(body); encodeErr != nil { // a fault of ours: every answer can be encoded
		return c.result(ctx, tool.Answer{}, encodeErr)
	}
	data := bytes.TrimSpace(text.Bytes())
	return &mcp.CallToolResult{
		Content: []mcp.Content{&mcp.TextContent{Text: string(data)}}, StructuredContent: json.RawMessage(data), IsError: err != nil,
	}, delivers
}

// report adds one call to the record of its request, which is logged and counted as a whole.
func report(request, own *request.Call) {
	about := own.Summary()
	request.SetTool(about.Tool)
	request.SetCode(about.Code)
	request.AddRows(about.Rows)
	before := request.Summary()
	request.SetShared(before.SharedCalls+about.SharedCalls, before.Replay || about.Replay)
	for range about.UpstreamCalls {
		request.Upstream(about.LogID)
	}
}

// log writes the equivalent of an access-log line.
func (c *call) log(ctx context.Context, own *request.Call, took time.Duration) {
	about := own.Summary()
	c.options.Logger.LogAttrs(ctx, slog.LevelInfo, "mcp call",
		slog.String("request_id", own.RequestID), slog.String("tool", about.Tool), slog.String("code", about.Code),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.Int("rows", about.Rows), slog.Bool("replay", about.Replay),
		slog.Int("upstream_calls", about.UpstreamCalls+about.SharedCalls))
}

// run reads the arguments and runs the tool. It recovers panics: the SDK calls it in a goroutine where one would end the process.
func (c *call) run(ctx context.Context) (answer tool.Answer, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = c.options.Renderer.Panicked(ctx, value)
		}
	}()
	parsed, err := c.arguments()
	if parsed != nil && parsed.Language != "" {
		request.CallFrom(ctx).SetLang(parsed.Language)
	}
	if err != nil {
		return tool.Answer{}, err
	}
	token := c.request.Params.GetProgressToken()
	if token == nil {
		return c.tool.Call(ctx, parsed)
	}
	ctx, watch := With(ctx)
	following, stop := context.WithCancel(ctx)
	var follower sync.WaitGroup
	follower.Go(func() { c.follow(following, watch, token) })
	defer follower.Wait() // no notification may follow the answer
	defer stop()
	return c.tool.Call(ctx, parsed)
}

// arguments parses the call's arguments as a JSON body, with the connection from the HTTP headers.
func (c *call) arguments() (*intake.Result, error) {
	body := bytes.TrimSpace(c.request.Params.Arguments)
	if len(body) == 0 || string(body) == "null" {
		body = []byte("{}")
	}
	if body[0] != '{' {
		return nil, problem.New(problem.BadParameter, problem.Text{
			ZH: "arguments 应为一个 JSON 对象。", EN: "arguments must be one JSON object.",
		})
	}
	if err := c.refuseSecrets(body); err != nil {
		return nil, err
	}
	parsed, err := c.options.Parse(c.tool.Spec, intake.Input{Body: body, ContentType: "application/json", Header: c.header()})
	if err != nil {
		return nil, err
	}
	return parsed, c.shape.Check(parsed.JSON)
}

// refuseSecrets refuses credentials among the arguments: models must not handle them. One that is empty is absent, as elsewhere.
func (c *call) refuseSecrets(body []byte) error {
	var given map[string]json.RawMessage
	if !c.mayHoldSecret(body) {
		return nil
	}
	if err := json.Unmarshal(body, &given); err != nil {
		return nil //nolint:nilerr // the intake reports where and why
	}
	for _, param := range c.tool.Spec.Params {
		if value, ok := given[param.Name]; ok && param.Secret && string(value) != "null" && string(value) != `""` {
			e := problem.New(problem.BadParameter, problem.Text{
				ZH: param.Name + " 不能作为工具参数。", EN: param.Name + " cannot be a tool argument.",
			})
			e.Fix = problem.Text{
				ZH: "请在 MCP 客户端的请求头里设置 Authorization: Bearer 加连接密钥（rgk_…），或 " + param.Header + "。",
				EN: "Set the header Authorization: Bearer with a connection key (rgk_…), or " + param.Header + ", in the MCP client.",
			}
			return e
		}
	}
	return nil
}

// mayHoldSecret reports whether a secret's name can stand in the arguments: as it is, or with escaped letters. Nearly no call
// holds either, so that its rows are read by the intake alone.
func (c *call) mayHoldSecret(body []byte) bool {
	return bytes.Contains(body, []byte(`\u`)) || slices.ContainsFunc(c.tool.Spec.Params, func(param intake.Param) bool {
		return param.Secret && bytes.Contains(body, []byte(param.Name))
	})
}

func (c *call) header() http.Header {
	if extra := c.request.GetExtra(); extra != nil && extra.Header != nil {
		return extra.Header
	}
	return http.Header{}
}

// follow sends the client a progress notification whenever the write has advanced.
func (c *call) follow(ctx context.Context, watch *Watch, token any) {
	ticker := time.NewTicker(c.options.ProgressEvery)
	defer ticker.Stop()
	last := -1
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		done, total, ok := watch.Look(ctx, c.options.Jobs)
		if !ok || done <= last {
			continue
		}
		last = done
		// A failed notification does not affect the answer.
		_ = c.request.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token, Progress: float64(done), Total: float64(total),
		})
	}
}
