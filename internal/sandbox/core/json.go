package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
)

// Encode is the JSON of an answer. It panics for a value that JSON cannot express: answers are made of values that it can.
func Encode(v any) []byte {
	var buffer bytes.Buffer
	enc := json.NewEncoder(&buffer)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

// AsNumber reads a number of a decoded body; false for anything else.
func AsNumber(value any) (float64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := number.Float64()
	return n, err == nil
}

// StrictJSON decodes exactly one JSON value and refuses names that v does not have.
func StrictJSON(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

// MapSlice returns f of each item.
func MapSlice[T any](list []T, f func(T) any) []any {
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = f(item)
	}
	return out
}

// Duration is a duration that reads and writes JSON as "300ms".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	parsed, err := time.ParseDuration(string(b))
	*d = Duration(parsed)
	return err
}
