package attachment

import (
	"encoding/base64"
	"io"
	"testing"
)

func TestFromDataURI(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte(png))

	for name, c := range map[string]struct{ uri, name, content string }{
		"base64":                         {"data:image/png;base64," + encoded, "file.png", png},
		"base64_without_padding":         {"data:;base64,eA", "file.txt", "x"},
		"base64_in_the_url_alphabet":     {"data:application/octet-stream;base64,_-8", "file", "\xff\xef"},
		"base64_that_is_percent_encoded": {"data:;base64,eA%3D%3D", "file.txt", "x"},
		"base64_over_several_lines":      {"data:;base64,aGVs\r\nbG8=\r\n", "file.txt", "hello"},
		"percent_encoded_text":           {"data:text/plain;charset=utf-8,%E4%BD%A0+%E5%A5%BD", "file.txt", "你+好"},
		"a_name":                         {"DATA:text/csv;name=%E8%A1%A8.csv;base64,YSxiCg==", "表.csv", "a,b\n"},
	} {
		t.Run("reads_"+name, func(t *testing.T) {
			t.Parallel()
			file, err := FromDataURI(c.uri)
			must(t, err)
			content, err := io.ReadAll(file.part(0, file.Size))
			must(t, err)
			if file.Name != c.name || string(content) != c.content {
				t.Errorf("got %q: %q, want %q: %q", file.Name, content, c.name, c.content)
			}
		})
	}
	for name, uri := range map[string]string{
		"a_missing_comma":                   "data:image/png;base64",
		"letters_that_are_not_base64":       "data:;base64,a$b=",
		"a_space_that_may_have_been_a_plus": "data:;base64,a bc",
		"a_mix_of_alphabets":                "data:;base64,-/aa",
		"a_broken_percent_escape":           "data:,%zz",
		"another_scheme":                    "https://example.com/",
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			_, err := FromDataURI(uri)
			wantFailure(t, err, badDataURI)
		})
	}
	t.Run("refuses_nothing_at_all", func(t *testing.T) {
		t.Parallel()
		_, err := FromDataURI("data:,")
		wantFailure(t, err, emptyFile)
	})
	t.Run("refuses_more_than_the_limit", func(t *testing.T) {
		t.Parallel()
		_, err := FromBytes("", "", make([]byte, MaxInlineBytes+1))
		wantFailure(t, err, tooLarge(MaxInlineBytes).Reason)
	})
}
