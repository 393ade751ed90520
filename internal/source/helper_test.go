package source_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"

	"github.com/rowgate/rowgate/internal/source"
)

// write makes a file of the text and returns its path.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// encode is the text in another encoding.
func encode(t *testing.T, e encoding.Encoding, text string) []byte {
	t.Helper()
	out, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// open opens a file and closes it when the test ends.
func open(t *testing.T, path string, options source.FileOptions) *source.File {
	t.Helper()
	f, err := source.Open(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// names are those of the columns.
func names(f *source.File) []string {
	var names []string
	for _, column := range f.Columns() {
		names = append(names, column.Name)
	}
	return names
}

// shown are the rows as one line each: number, values, fault.
func shown(t *testing.T, f *source.File) []string {
	t.Helper()
	rows, err := f.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for {
		row, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line(row))
	}
}

func line(row source.Row) string {
	var out strings.Builder
	for i, value := range row.Values {
		if i > 0 {
			out.WriteByte('|')
		}
		out.Write(value)
	}
	if row.Fault != nil {
		out.WriteString(" !" + row.Fault.Code + " " + row.Fault.Column)
	}
	return out.String()
}

// wantLines compares.
func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantRefusal wants a file to be refused with a text that says this.
func wantRefusal(t *testing.T, path string, options source.FileOptions, says string) {
	t.Helper()
	f, err := source.Open(t.Context(), path, options)
	if err == nil {
		_ = f.Close()
	}
	refusal, ok := errors.AsType[*source.Refusal](err)
	if !ok || !strings.Contains(refusal.Text.EN, says) || refusal.Text.ZH == "" {
		t.Errorf("got %v, want a refusal that says %q", err, says)
	}
}

// book makes a workbook by make and returns its path.
func book(t *testing.T, fill func(f *excelize.File) error) string {
	t.Helper()
	f := excelize.NewFile()
	if err := fill(f); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := errors.Join(f.Write(&out), f.Close()); err != nil {
		t.Fatal(err)
	}
	return write(t, "book.xlsx", out.Bytes())
}
