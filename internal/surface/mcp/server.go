// Package mcp serves the catalogue to MCP clients, over HTTP and over standard input and output. The tools, their parameters
// and their answers are those of the HTTP operations; what a client or a model writes as arguments passes the same intake.
//
// Credentials never are arguments: they come with the connection key, as headers, or from the configuration, so that no model
// sees one. A tool that fails answers with the whole problem document, marked as an error, so that a model can mend its call.
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
	// maxExchange is how long one HTTP exchange may take: the longest timeout_ms, and time for what surrounds it.
	maxExchange = tool.MaxTimeout + 15*time.Second
	// writeMargin is what is left to write the last of an answer.
	writeMargin = 10 * time.Second
	// maxMessageBytes bounds one message: the arguments as a JSON string may be longer than the body that they hold.
	maxMessageBytes = intake.MaxBodyBytes
	// MaxBatch is how many messages one HTTP request may hold: each is a call that runs at the same time as the others.
	MaxBatch = 32
	// DefaultProgressEvery is how often a client is told how far a write is.
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
	ProgressEvery time.Duration // DefaultProgressEvery
}

// Server is the catalogue as an MCP server. It keeps no sessions: every request stands for itself, so that any instance can
// answer it. It is safe for concurrent use.
type Server struct {
	options Options
	server  *mcp.Server
}

// instructions are what a client tells its model about all tools together.
const instructions = "Rows of Feishu/Lark Bitable tables. Call describe_table first: its sample_row has the shape that write_records takes. " +
	"app_token may be a pasted link. A failed call answers with code, detail and fix: do what fix says. " +
	"写入前先用 describe_table 查看列；app_token 可直接粘贴链接。"

// New makes a server of the catalogue; the tool that answers with a secret is left out.
func New(o Options) (*Server, error) {
	if o.ProgressEvery == 0 {
		o.ProgressEvery = DefaultProgressEvery
	}
	s := &Server{options: o, server: mcp.NewServer(
		&mcp.Implementation{Name: "rowgate", Title: "Rowgate", Version: o.Version},
		&mcp.ServerOptions{Instructions: instructions, Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}},
	)}
	for _, t := range openapi.Importable(o.Catalogue) {
		shape, err := openapi.ShapeOf(t)
		if err != nil {
			return nil, fmt.Errorf("mcp: %w", err)
		}
		s.server.AddTool(describe(t, shape), s.handler(t, shape))
	}
	return s, nil
}

// describe is a tool as clients list it.
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

// Handler serves clients over streamable HTTP. admit lets a request in or says why not, before anything is read of it.
func (s *Server) Handler(admit func(*http.Request) error) http.Handler {
	stream := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.server }, &mcp.StreamableHTTPOptions{
		Stateless:           true,
		MaxRequestBodyBytes: maxMessageBytes,
		// Behind a reverse proxy on this machine the Host is another one. A page of another site is refused by the edge, and
		// whoever comes here has a key.
		DisableLocalhostProtection: true,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := admit(r); err != nil {
			w.Header().Set("Www-Authenticate", "Bearer")
			s.options.Renderer.Write(w, r, err)
			return
		}
		if err := boundBatch(r); err != nil {
			s.options.Renderer.Write(w, r, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), maxExchange)
		defer cancel()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxExchange + writeMargin)) // a test's writer has none
		stream.ServeHTTP(w, r.WithContext(withExchange(ctx)))
	})
}

// Run serves the one client at the other end of in and out, until in ends or ctx does. It writes nothing but messages to out.
func (s *Server) Run(ctx context.Context, in io.ReadCloser, out io.WriteCloser) error {
	err := s.server.Run(ctx, &mcp.IOTransport{Reader: in, Writer: out, MaxLineLength: maxMessageBytes})
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	return err
}
