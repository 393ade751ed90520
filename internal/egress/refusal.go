package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"code.dny.dev/ssrf"

	"github.com/rowgate/rowgate/internal/problem"
)

// Kind is the kind of a refusal.
type Kind string

// The kinds.
const (
	BadAddress       Kind = "bad_address"        // the address is malformed, or of a form that is not taken
	NotPublic        Kind = "not_public"         // it resolves to an address that may not be dialled
	Unreachable      Kind = "unreachable"        // its name does not resolve, or no HTTP server answers
	BadCertificate   Kind = "bad_certificate"    // the server's certificate is not trusted, or not for this name
	TooSlow          Kind = "too_slow"           // the policy's time or the context's deadline has passed
	TooManyRedirects Kind = "too_many_redirects" // more than the policy follows
	BrokenOff        Kind = "broken_off"         // the answer ended before it was complete
)

// Refusal says why an address could not be used, or its answer not be read. It contains neither an address nor anything that a
// server sent, so that it reveals nothing of an internal network.
type Refusal struct {
	Kind  Kind
	Words problem.Text // the message for the caller; a user of this package may have its own for a kind
}

// Error implements error.
func (r *Refusal) Error() string { return r.Words.EN }

func refuse(kind Kind) *Refusal { return &Refusal{Kind: kind, Words: words[kind]} }

// words are the messages for callers. That of TooManyRedirects depends on the policy.
var words = map[Kind]problem.Text{ //nolint:exhaustive // see tooManyRedirects
	BadAddress: {
		ZH: "网址无法使用：须是 http 或 https，端口 80 或 443，不含用户名和密码，长度不超过 8 KB。",
		EN: "The address cannot be used: it must be http or https on port 80 or 443, without user name and password, at most 8 KB long.",
	},
	NotPublic: {
		ZH: "这个网址不在公网上，出于安全不会访问。请换成公网可以打开的网址。",
		EN: "The address is not on the public internet and is not opened for safety. Give a public one.",
	},
	Unreachable: {
		ZH: "连不上这个网址。请确认它在公网可以打开。",
		EN: "The address cannot be reached. Make sure that it opens on the public internet.",
	},
	BadCertificate: {
		ZH: "这个网址的 HTTPS 证书无效。",
		EN: "The HTTPS certificate of the address is not valid.",
	},
	TooSlow: {
		ZH: "这个网址没有在时限内答完。请换更快的地址。",
		EN: "The address did not answer in time. Give a faster one.",
	},
	BrokenOff: {
		ZH: "传输中断，回答没有收全。请稍后重试。",
		EN: "The transfer broke off before the answer was complete. Try again later.",
	},
}

func tooManyRedirects(most int) problem.Text {
	return problem.Text{
		ZH: fmt.Sprintf("网址跳转超过 %d 次。请给出最终的网址。", most),
		EN: fmt.Sprintf("The address redirects more than %d times. Give the final address.", most),
	}
}

// classify turns a network error into the error that Client.Do returns; otherwise is the kind of an unknown one.
func classify(ctx context.Context, err error, otherwise Kind) error {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return refuse(BadCertificate)
	}
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return refuse(NotPublic)
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil:
		return refuse(TooSlow)
	}
	return refuse(otherwise)
}
