// Package mcp serves the catalogue to MCP clients, over HTTP and over standard input and output. The tools, their parameters
// and their answers are those of the HTTP operations; the same intake parses the arguments.
//
// Credentials are never arguments, so no model sees them: they come from the connection key, from headers or from the
// configuration. A tool that fails answers with the problem document, marked as an error, so that a model can correct its call.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// Path is where clients connect over HTTP.
const Path = "/mcp"

// Bounds of an exchange.
const (
	// maxExchange is how long one HTTP exchange may take: the longest timeout_ms and a margin.
	maxExchange = tool.MaxTimeout + 15*time.Second
	// writeMargin is the time to write the end of an answer after that.
	writeMargin = 10 * time.Second
	// maxMessageBytes bounds one message.
	maxMessageBytes = intake.MaxBodyBytes
	// MaxBatch is how many messages one HTTP request may contain: the calls among them run concurrently.
	MaxBatch = 32
	// DefaultProgressEvery is the interval of progress notifications.
	DefaultProgressEvery = 500 * time.Millisecond
)

// Options of a Server.
type Options struct {
	Catalogue     tool.Catalogue
	Parse         httpd.ParseFunc // intake.Parse
	Renderer      httpd.Renderer
	Jobs          Jobs
	Version       string
	Logger        *slog.Logger
	ProgressEvery time.Duration // 0: DefaultProgressEvery
	Families      string        // of Run, as tool.Catalogue.ParseFamilies reads them
}

// Server serves the catalogue over MCP. A session is no more than an id, so any instance can answer any request. It is safe for
// concurrent use.
type Server struct {
	options  Options
	families *tool.Sets[*mcp.Server]
	ledger   *ledger
}

// instructions are what a client tells its model about the tools as a whole.
const instructions = "Read and write rows of Feishu/Lark Bitable tables. Call describe_table first: " +
	"its sample_row has the shape that write_records takes. " +
	"app_token may be a pasted link. A failed call returns code, detail and fix: do what fix says. " +
	"写入前先用 describe_table 查看列；app_token 可以直接粘贴链接；调用失败时按 fix 的提示处理。"

// New makes a server of the catalogue without create_connection, which handles secrets. Families that the catalogue lacks are
// bad_parameter.
func New(o Options) (*Server, error) {
	if o.ProgressEvery == 0 {
		o.ProgressEvery = DefaultProgressEvery
	}
	s := &Server{options: o, ledger: newLedger()}
	s.families = tool.NewSets(o.Catalogue, s.serverOf)
	_, err := s.families.Get(o.Families)
	return s, err
}

// serverOf makes the protocol's server of some tools: it lists and calls these and knows no others.
func (s *Server) serverOf(tools tool.Catalogue) (*mcp.Server, error) {
	server := mcp.NewServer(
		&mcp.Implementation{Name: "rowgate", Title: "Rowgate", Version: s.options.Version},
		&mcp.ServerOptions{Instructions: instructions, Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}},
	)
	for _, t := range openapi.Importable(tools) {
		shape, err := openapi.ShapeOf(t)
		if err != nil {
			return nil, fmt.Errorf("mcp: %w", err)
		}
		server.AddTool(describe(t, shape), s.handler(t, shape))
	}
	return server, nil
}

// describe returns a tool as clients list it.
func describe(t tool.Tool, shape *openapi.Shape) *mcp.Tool {
	return &mcp.Tool{
		Name: t.Name, Title: t.Title.EN + " · " + t.Title.ZH, Description: t.Description,
		InputSchema: shape.Input, OutputSchema: shape.Output,
		Annotations: &mcp.ToolAnnotations{
			Title:           t.Title.EN + " · " + t.Title.ZH,
			ReadOnlyHint:    t.Risk == tool.ReadOnly,
			DestructiveHint: new(t.Risk == tool.Writing || t.Risk == tool.Destructive),
			IdempotentHint:  t.Risk == tool.ReadOnly || t.Risk == tool.Destructive, // deleting twice deletes once
			OpenWorldHint:   new(true),
		},
	}
}

// Handler serves clients over streamable HTTP, with the families that the query asks for. admit authorizes a request or returns a
// problem; it is called before the body is read.
func (s *Server) Handler(admit func(*http.Request) error) http.Handler {
	serverOf := func(r *http.Request) *mcp.Server { return exchangeFrom(r.Context()).server }
	stream := mcp.NewStreamableHTTPHandler(serverOf, &mcp.StreamableHTTPOptions{
		Stateless:           true,
		MaxRequestBodyBytes: maxMessageBytes,
		// Behind a reverse proxy on the same machine Host is not localhost. httpd refuses requests from pages of other sites, and
		// admit requires credentials.
		DisableLocalhostProtection: true,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := admit(r); err != nil {
			w.Header().Set("Www-Authenticate", "Bearer")
			s.options.Renderer.Write(w, r, err)
			return
		}
		server, err := s.families.Get(r.URL.Query().Get(openapi.FamiliesParam))
		if err != nil {
			s.options.Renderer.Write(w, r, err)
			return
		}
		messages, err := readMessages(r)
		if err != nil {
			s.options.Renderer.Write(w, r, err)
			return
		}
		from := clientOf(r)
		x := &exchange{server: server, client: from, session: r.Header.Get(headerSession) != "", writer: &answerWriter{ResponseWriter: w}}
		for _, one := range messages {
			switch one.Method {
			case methodCall:
				x.calls = append(x.calls, one)
			case methodCancelled:
				s.ledger.cancel(from, string(one.Params.RequestID))
			case methodInitialize:
				w.Header().Set(headerSession, newSession())
			}
		}
		ctx, cancel := context.WithTimeout(r.Context(), maxExchange)
		defer cancel()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxExchange + writeMargin)) // test writers have no deadline
		x.ctx = ctx
		stream.ServeHTTP(x.writer, r.WithContext(context.WithValue(ctx, exchangeKey{}, x)))
		if err := x.writer.problem(); err != nil {
			s.options.Renderer.Write(w, r, err)
		}
		x.settle(s.ledger)
	})
}

// Run serves one client over in and out until in ends or ctx is done. It writes only protocol messages to out.
func (s *Server) Run(ctx context.Context, in io.ReadCloser, out io.WriteCloser) error {
	server, err := s.families.Get(s.options.Families)
	if err != nil {
		return err
	}
	err = server.Run(ctx, watched{&mcp.IOTransport{Reader: in, Writer: out, MaxLineLength: maxMessageBytes}, s.ledger})
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	return err
}
