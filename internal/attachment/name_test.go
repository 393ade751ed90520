package attachment

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFileName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind       string
		candidates []string
		want       string
	}{
		"takes_the_first_that_says_anything":         {"image/png", []string{"", "/", "封面.png", "b.png"}, "封面.png"},
		"adds_the_extension_of_the_type":             {"application/pdf", []string{"报告"}, "报告.pdf"},
		"keeps_an_extension_it_does_not_know_better": {"text/plain", []string{"main.go"}, "main.go"},
		"makes_a_picture_look_like_one":              {"image/jpeg", []string{"thumb.php"}, "thumb.php.jpg"},
		"leaves_a_picture_of_another_name_alone":     {"image/webp", []string{"a.JPG"}, "a.JPG"},
		"has_a_name_for_what_has_none":               {"application/zip", nil, "file.zip"},
		"has_no_extension_for_an_unknown_type":       {"application/octet-stream", nil, "file"},
		"takes_no_long_tail_for_an_extension":        {"image/png", []string{"v1.0 final version of it"}, "v1.0 final version of it.png"},
		"takes_out_paths":                            {"text/plain", []string{`..\..\etc/passwd.txt`}, "etc_passwd.txt"},
		"takes_out_control_and_direction_characters": {"text/plain", []string{"a\x00b\r\n\u202etxt.exe"}, "abtxt.exe"},
		"takes_out_what_is_no_text":                  {"text/plain", []string{"a\xff.txt"}, "a.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fileName(c.kind, c.candidates...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("keeps_to_the_length_and_keeps_the_extension", func(t *testing.T) {
		t.Parallel()
		got := fileName("image/png", strings.Repeat("长", 400)+".png")
		if utf8.RuneCountInString(got) != maxNameRunes || !strings.HasSuffix(got, "长.png") {
			t.Errorf("%d characters: …%s", utf8.RuneCountInString(got), got[len(got)-10:])
		}
	})
}

func TestFileNameIsAlwaysOneThatFeishuTakes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"image/png", "application/pdf", "application/octet-stream"}).Draw(t, "kind")
		said := rapid.OneOf(rapid.String(), rapid.StringN(200, 400, -1)).Draw(t, "name")
		got := fileName(kind, said)
		if n := utf8.RuneCountInString(got); n == 0 || n > maxNameRunes || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\x00\n\u202e") {
			t.Fatalf("%q becomes %q of %d characters", said, got, n)
		}
		if kind == "image/png" && !isPicture(strings.ToLower(path.Ext(got))) {
			t.Fatalf("%q becomes %q, which does not look like a picture", said, got)
		}
	})
}

func TestSniff(t *testing.T) {
	t.Parallel()
	const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

	for name, c := range map[string]struct{ head, declared, want, parent string }{
		"believes_the_bytes_of_a_picture":         {png, "text/html", "image/png", "bitable_image"},
		"believes_no_picture_without_its_bytes":   {"<html>sign in</html>", "image/png", "text/html", "bitable_file"},
		"believes_what_is_said_of_a_zip":          {"PK\x03\x04", docx, docx, "bitable_file"},
		"believes_what_is_said_of_text":           {"a,b\n1,2\n", "Text/CSV; charset=utf-8", "text/csv", "bitable_file"},
		"says_octets_where_nobody_says_anything":  {"\x00\x01\x02", "", "application/octet-stream", "bitable_file"},
		"keeps_a_drawing_out_of_the_picture_view": {`<?xml version="1.0"?><svg/>`, "image/svg+xml", "image/svg+xml", "bitable_file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sniff([]byte(c.head), c.declared)
			if parent := (&File{kind: got}).parent(); got != c.want || parent != c.parent {
				t.Errorf("got %s in %s, want %s in %s", got, parent, c.want, c.parent)
			}
		})
	}
	t.Run("knows_an_extension_for_every_picture", func(t *testing.T) {
		t.Parallel()
		for kind, extension := range extensions {
			if strings.HasPrefix(kind, "image/") != isPicture(extension) {
				t.Errorf("%s and %s do not agree", kind, extension)
			}
		}
	})
}

func TestRename(t *testing.T) {
	t.Parallel()
	file, err := FromBytes("a.png", "", []byte(png))
	must(t, err)
	if file.Rename("  "); file.Name != "a.png" {
		t.Errorf("an empty name changed it to %q", file.Name)
	}
	if file.Rename("首页/图"); file.Name != "首页_图.png" {
		t.Errorf("name = %q", file.Name)
	}
}
