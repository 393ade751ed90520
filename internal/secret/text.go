// Package secret protects secrets in memory and at rest: a text type that cannot be printed, and the keyring that seals data at rest.
package secret

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a secret shows wherever it is printed, marshalled or logged.
const redacted = "[secret]"

// Text is a secret string: an app_secret, a passphrase, a token.
//
// It prints, formats, marshals and logs as "[secret]"; only Reveal gives the value. The zero value is the empty secret.
// It unmarshals from a JSON string, so that it can stand in a request type.
type Text struct{ value string }

// New wraps value.
func New(value string) Text { return Text{value} }

// Reveal returns the value. Call it only where the value is put to use.
func (t Text) Reveal() string { return t.value }

// IsZero reports whether the secret is empty.
func (t Text) IsZero() bool { return t.value == "" }

// String implements fmt.Stringer.
func (Text) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Text) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb shows the value.
func (Text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler and with it JSON, YAML and map keys.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalJSON takes a JSON string.
func (t *Text) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &t.value) }

// UnmarshalText takes the text as it is (flags and environment variables).
func (t *Text) UnmarshalText(text []byte) error {
	t.value = string(text)
	return nil
}
