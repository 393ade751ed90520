package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/rowgate/rowgate/internal/problem"
)

// Kind is the kind of a refusal.
type Kind string

// The kinds.
const (
	BadAddress       Kind = "bad_address"        // the address is malformed, or of a form that is not taken
	NotAllowed       Kind = "not_allowed"        // it may not be dialled, or its name does not exist: who asks is not told which
	Unreachable      Kind = "unreachable"        // no HTTP server answers
	BadCertificate   Kind = "bad_certificate"    // the server's certificate is not trusted, or not for this name
	TooSlow          Kind = "too_slow"           // the policy's time or the context's deadline has passed
	TooManyRedirects Kind = "too_many_redirects" // more than the policy follows
	BrokenOff        Kind = "broken_off"         // the answer ended before it was complete
)

// Variable is the setting whose rules open more than the public internet.
const Variable = "ROWGATE_EGRESS_ALLOW"

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
		ZH: "网址无法使用：须是 https 网址，不含用户名和密码，长度不超过 8 KB。",
		EN: "The address cannot be used: it must be https, without user name and password, at most 8 KB long.",
	},
	NotAllowed: {
		ZH: "不会访问这个网址：只访问公网上存在的 https 网址（端口 443），以及运维人员在 " + Variable + " 里放行的地址。",
		EN: "The address is not opened: only https addresses (port 443) that exist on the public internet are, and those that the operator " +
			"allows in " + Variable + ".",
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

// isUnknownName reports whether a name does not exist. To tell that from a name that leads to a private address would let callers ask
// which names there are inside.
func isUnknownName(err error) bool {
	unknown, ok := errors.AsType[*net.DNSError](err)
	return ok && unknown.IsNotFound
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
	case errors.Is(err, errNotAllowed), isUnknownName(err):
		return refuse(NotAllowed)
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil:
		return refuse(TooSlow)
	}
	return refuse(otherwise)
}
