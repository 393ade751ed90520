package console

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestOwnPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/console/table?by=paste":        "/console/table?by=paste",
		"/console":                       "/console",
		"":                               "/console",
		"/docs":                          "/console",
		"/consoles":                      "/console",
		"//evil.example/console/":        "/console",
		"https://evil.example/console/a": "/console",
		`/console/\evil.example`:         "/console",
		"/console/../docs":               "/console/../docs", // a browser stays at this site
	} {
		if got := ownPath(path); got != want {
			t.Errorf("%q leads to %q, want %q", path, got, want)
		}
	}
}

// Every text of a page is there in Chinese and in English.
func TestTexts(t *testing.T) {
	t.Parallel()
	said := regexp.MustCompile(`\.Say "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"`)
	every := regexp.MustCompile(`\.Say\b`)
	chinese := regexp.MustCompile(`\p{Han}`)
	files, err := filepath.Glob("templates/*.gohtml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := said.FindAllStringSubmatch(string(text), -1)
		if all := len(every.FindAll(text, -1)); all != len(found) {
			t.Errorf("%s: %d texts, %d with both languages", file, all, len(found))
		}
		for _, one := range found {
			if strings.TrimSpace(one[1]) == "" || strings.TrimSpace(one[2]) == "" {
				t.Errorf("%s: half of %q is missing", file, one[0])
			}
			if chinese.MatchString(one[2]) && one[2] != "中文" {
				t.Errorf("%s: Chinese in the English half: %q", file, one[2])
			}
		}
	}
}

func TestPagesAreStrict(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("templates/*.gohtml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, forbidden := range []string{" style=", "<style", " onclick", " onload", "javascript:", "hx-on", "<script>"} {
			if strings.Contains(string(text), forbidden) {
				t.Errorf("%s holds %q, which the policy of the pages refuses", file, forbidden)
			}
		}
		if posts, tokens := strings.Count(string(text), `method="post"`),
			strings.Count(string(text), `{{template "token" `)+strings.Count(string(text), `value="{{.Form}}"`); posts > tokens {
			t.Errorf("%s: %d forms and %d tokens", file, posts, tokens)
		}
	}
}

// What is vendored is what the note beside it says.
func TestVendored(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("static/htmx.min.js")
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile("static/VENDOR.md")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if !strings.Contains(string(said), hex.EncodeToString(sum[:])) || !strings.Contains(string(data), `version="4.0.1"`) {
		t.Error("htmx.min.js is not what VENDOR.md says")
	}
}
