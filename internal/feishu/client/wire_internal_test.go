package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/rowgate/rowgate/internal/memory"
)

// zeros is an answer without an end that counts what is read of it.
type zeros struct{ read int64 }

func (z *zeros) Read(p []byte) (int, error) {
	clear(p)
	z.read += int64(len(p))
	return len(p), nil
}

func (z *zeros) Close() error { return nil }

// TestReadAll: what an answer may cost is bounded by the limit, whatever its length is said to be.
func TestReadAll(t *testing.T) {
	t.Parallel()
	const limit = 3 * pieceBytes
	room := (*memory.Budget)(nil).Hold()
	for name, length := range map[string]int64{"of unknown length": -1, "of a length that is not true": 5, "without length": 0} {
		t.Run("reads an endless answer "+name+" to the limit", func(t *testing.T) {
			t.Parallel()
			z := &zeros{}
			if _, err := readAll(t.Context(), &http.Response{ContentLength: length, Body: z}, limit, room); !errors.Is(err, errTooLarge) {
				t.Error(err)
			}
			if z.read > limit+pieceBytes {
				t.Errorf("%d bytes were read", z.read)
			}
		})
	}
	t.Run("reads nothing of an answer that is announced as too large", func(t *testing.T) {
		t.Parallel()
		z := &zeros{}
		announced := &http.Response{ContentLength: limit + 1, Body: z}
		if _, err := readAll(t.Context(), announced, limit, room); !errors.Is(err, errTooLarge) || z.read != 0 {
			t.Error(z.read, err)
		}
	})
	for _, size := range []int{0, 1, bytes.MinRead, pieceBytes - 1, pieceBytes, pieceBytes + 1, limit} {
		want := bytes.Repeat([]byte("x"), size)
		for _, length := range []int64{-1, int64(size)} {
			for _, from := range []io.Reader{bytes.NewReader(want), iotest.DataErrReader(bytes.NewReader(want))} {
				got, err := readAll(t.Context(), &http.Response{ContentLength: length, Body: io.NopCloser(from)}, limit, room)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes, announced as %d: %d, %v", size, length, len(got), err)
				}
			}
		}
	}
	cut := io.MultiReader(bytes.NewReader(make([]byte, pieceBytes+5)), iotest.ErrReader(io.ErrUnexpectedEOF))
	broken := &http.Response{ContentLength: -1, Body: io.NopCloser(cut)}
	if _, err := readAll(t.Context(), broken, limit, room); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an answer that is cut: %v", err)
	}
}
