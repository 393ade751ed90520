package client

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"syscall"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/request"
)

// logUnreachable says which host gave no answer, and why as far as it can be told. The error's own text is left out: it holds the URL,
// which names a base.
func (c *Client) logUnreachable(ctx context.Context, r outgoing, err *feishu.Error) {
	host, why := "", "no answer"
	if u, parseErr := url.Parse(r.url); parseErr == nil {
		host = u.Host
	}
	unknown, isDNS := errors.AsType[*net.DNSError](err.Cause)
	_, isTLS := errors.AsType[*tls.CertificateVerificationError](err.Cause)
	switch {
	case errors.Is(err.Cause, syscall.ECONNREFUSED):
		why = "connection refused"
	case isDNS && unknown.IsNotFound:
		why = "the host's name does not exist"
	case isTLS:
		why = "the host's certificate is not trusted"
	case errors.Is(err.Cause, context.Canceled):
		return // the caller left
	}
	c.logger.LogAttrs(ctx, slog.LevelWarn, "feishu cannot be reached", slog.String("request_id", request.CallFrom(ctx).RequestID),
		slog.String("host", host), slog.String("reason", why))
}
