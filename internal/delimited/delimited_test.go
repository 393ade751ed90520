package delimited_test

import (
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/rowgate/rowgate/internal/delimited"
)

func TestCell(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		at   int
		cell string
		next int
		ok   bool
	}{
		"reads_to_the_separator":         {"ab,c", 0, "ab", 2, true},
		"reads_to_the_line_break":        {"a,b\r\nc", 2, "b", 3, true},
		"reads_to_the_end":               {"a,b", 2, "b", 3, true},
		"reads_an_empty_cell_at_the_end": {"a,", 2, "", 2, true},
		"reads_quotes":                   {`"a,""b""` + "\n" + `",c`, 0, "a,\"b\"\n", 10, true},
		"finds_a_quote_within":           {`a"b,c`, 0, "", 1, false},
		"finds_text_behind_a_quote":      {`"a"b`, 0, "", 3, false},
		"finds_a_quote_without_end":      {`"a`, 0, "", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cell, next, ok := delimited.Cell([]byte(test.text), test.at, ',')
			if ok != test.ok || next != test.next || ok && string(cell) != test.cell {
				t.Errorf("%q, %d, %v", cell, next, ok)
			}
		})
	}
}

func TestInHeader(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a,b\nc;d": ",", "x\na;b\tc\r": ",\t;", "a": ","} {
		begin := 0
		if text[0] == 'x' {
			begin = 2
		}
		if got := delimited.InHeader([]byte(text), begin); string(got) != want {
			t.Errorf("%q has %q", text, got)
		}
	}
}

func TestFromGB18030(t *testing.T) {
	t.Parallel()
	encoded, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("中文 €"))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := delimited.FromGB18030(encoded); !ok || string(got) != "中文 €" {
		t.Errorf("%q, %v", got, ok)
	}
	if _, ok := delimited.FromGB18030([]byte{0xff, 'a'}); ok {
		t.Error("took what is not GB18030")
	}
}
