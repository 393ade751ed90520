package source_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/rowgate/rowgate/internal/source"
)

const benchRows = 20_000

// read reads a file to its end, as an import does after it was opened.
func read(b *testing.B, path string) {
	b.Helper()
	f, err := source.Open(b.Context(), path, source.FileOptions{})
	if err != nil {
		b.Fatal(err)
	}
	rows, err := f.Rows(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for ; ; n++ {
		if _, err := rows.Next(b.Context()); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(rows.Close(), f.Close()); err != nil || n != benchRows {
		b.Fatal(n, err)
	}
}

// BenchmarkCSV opens and reads rows of five columns.
func BenchmarkCSV(b *testing.B) {
	path := filepath.Join(b.TempDir(), "rows.csv")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(file)
	_, _ = fmt.Fprintln(out, "a,b,c,d,e") // Flush tells of errors
	for i := range benchRows {
		_, _ = fmt.Fprintf(out, "视频%d,\"%d,345\",抖音,2026-03-24,\"x \"\"y\"\"\"\n", i, i%900)
	}
	if err := errors.Join(out.Flush(), file.Close()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		read(b, path)
	}
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkXLSX opens and reads rows of five columns.
func BenchmarkXLSX(b *testing.B) {
	book := excelize.NewFile()
	sheet, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	err = sheet.SetRow("A1", []any{"a", "b", "c", "d", "e"})
	for i := range benchRows {
		err = errors.Join(err, sheet.SetRow(fmt.Sprintf("A%d", i+2), []any{fmt.Sprint("视频", i), i, "抖音", 46105, true}))
	}
	path := filepath.Join(b.TempDir(), "rows.xlsx")
	if err := errors.Join(err, sheet.Flush(), book.SaveAs(path), book.Close()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		read(b, path)
	}
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
