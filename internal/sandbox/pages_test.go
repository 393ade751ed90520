package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox/admin"
)

// page gets a page as a browser of that language does.
func (b *bundle) page(path, accept string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), "GET", path, nil)
	r.Header.Set("Accept-Language", accept)
	w := httptest.NewRecorder()
	b.sb.ServeHTTP(w, r)
	return w
}

func TestIndexPage(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/sandbox", "/sandbox/"} {
		t.Run("is_at_"+path, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			for accept, part := range map[string]string{"zh-CN,zh;q=0.9,en;q=0.8": "飞书模拟器", "en-GB": "Feishu simulator", "": "Feishu simulator"} {
				if w := b.page(path, accept); w.Code != 200 || !strings.Contains(w.Body.String(), part) {
					t.Errorf("%q: %d %s", accept, w.Code, w.Body)
				}
			}
			if w := b.page(path+"?lang=zh", "en"); !strings.Contains(w.Body.String(), `<html lang="zh">`) {
				t.Errorf("the language of the query is not taken: %s", w.Body)
			}
		})
	}
	t.Run("lists_bases_and_every_call_of_the_admin_API", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		text := b.page("/sandbox/", "en").Body.String()
		for _, part := range []string{testBase, testTable, "示例", `href="/sandbox/pages/` + testBase, "FEISHU_BASE_URL=http://example.com"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s is not in %s", part, text)
			}
		}
		if strings.Contains(text, testSecret) {
			t.Error("the page shows a secret")
		}
		documented, err := os.ReadFile("doc.go")
		b.must(err)
		calls := regexp.MustCompile(`(?m)^//\t(GET|POST|PATCH|DELETE) +(/sandbox/\S+)`).FindAllStringSubmatch(string(documented), -1)
		if len(calls) < 20 {
			t.Fatalf("only %d calls are documented", len(calls))
		}
		for _, call := range calls {
			path, _, _ := strings.Cut(call[2], "?")
			if !strings.Contains(text, `<td class="call">`+call[1]+`</td><td><div class="path">`+path+`</div>`) &&
				!strings.Contains(text, `<td class="call">`+call[1]+`</td><td><div class="path"><a href="`+path+`">`) {
				t.Errorf("%s %s is not on the page", call[1], path)
			}
		}
		if shown := strings.Count(text, "<tr>"); shown != len(calls)+1 { // "and /sandbox/faults/{id}" shares a line
			t.Errorf("%d calls on the page, %d in doc.go", shown, len(calls)+1)
		}
	})
	t.Run("tells_an_empty_sandbox_what_comes_next", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.adminOK("POST", "/reset", "")
		if w := b.page("/", "en"); !strings.Contains(w.Body.String(), "There is no base yet") {
			t.Errorf("got %s", w.Body)
		}
	})
}

func TestBasePage(t *testing.T) {
	t.Parallel()
	t.Run("shows_rows_as_a_person_reads_them", func(t *testing.T) {
		t.Parallel()
		b, targets := setupLinks(t, Options{ConflictQueue: true})
		b.must(b.sb.AddPerson(PersonSpec{OpenID: "ou_zhang", Name: "张三"}))
		_, err := b.base.AddRows(testTable, map[string]any{
			"text": "<script>alert(1)</script>", "number": 1.5, "single": "A", "multi": []string{"A", "B"}, "date": 1774281600000, "checkbox": true,
			"user": []any{map[string]any{"id": "ou_zhang"}}, "url": map[string]any{"text": "site", "link": "https://a.example"}, "link": targets,
			"location": "116.4,39.9", "group": []any{map[string]any{"id": "oc_a"}}, "email": "a@b.c",
		})
		b.must(err)
		text := b.page("/sandbox/pages/"+testBase, "zh").Body.String()
		for _, part := range []string{
			"&lt;script&gt;alert(1)&lt;/script&gt;", ">1.5<", ">A<", ">A、B<", ">2026-03-24 00:00<", ">✓<", ">张三<", ">site https://a.example<",
			">x,y<",
			">116.4,39.9<", ">oc_a<", ">a@b.c<", ">f<", ">1、2<", "条记录",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("%s is not in %s", part, text)
			}
		}
	})
	t.Run("shows_the_newest_100_rows_and_500_characters_of_a_cell", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		rows := make([]map[string]any, admin.MaxPageRows+1)
		for i := range rows {
			rows[i] = map[string]any{"标题": fmt.Sprintf("row-%d", i)}
		}
		rows[admin.MaxPageRows]["标题"] = strings.Repeat("长", admin.MaxCellChars+1)
		_, err := b.base.AddRows(testTable, rows...)
		b.must(err)
		text := b.page("/sandbox/pages/"+testBase, "en").Body.String()
		if strings.Contains(text, ">row-0<") || !strings.Contains(text, ">row-1<") || !strings.Contains(text, "100 / 101") {
			t.Errorf("got %s", text)
		}
		if !strings.Contains(text, ">"+strings.Repeat("长", admin.MaxCellChars)+"…<") {
			t.Error("a long cell is not cut at its bound")
		}
	})
	t.Run("of_no_base_is_404", func(t *testing.T) {
		t.Parallel()
		if w := setup(t, Options{}).page("/sandbox/pages/bascnUnknown01", "en"); w.Code != 404 {
			t.Errorf("got %d", w.Code)
		}
	})
	t.Run("runs_no_script_and_loads_nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		for _, path := range []string{"/", "/sandbox/pages/" + testBase} {
			w := b.page(path, "en")
			_, style, _ := strings.Cut(w.Body.String(), "<style>")
			style, _, _ = strings.Cut(style, "</style>")
			sum := sha256.Sum256([]byte(style))
			want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
				"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
			if got := w.Header().Get("Content-Security-Policy"); got != want {
				t.Errorf("%s: policy %s, want %s", path, got, want)
			}
			if regexp.MustCompile(`<script|style="| on[a-z]+=`).MatchString(w.Body.String()) {
				t.Errorf("%s has what its policy forbids", path)
			}
		}
	})
}

func TestAdminGuard(t *testing.T) {
	t.Parallel()
	status := func(b *bundle, host, site, local string) int {
		r := httptest.NewRequestWithContext(b.t.Context(), "POST", "/sandbox/reset", nil)
		r.Host = host
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		address, err := net.ResolveTCPAddr("tcp", local)
		b.must(err)
		w := httptest.NewRecorder()
		b.sb.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(address))))
		return w.Code
	}
	for name, tc := range map[string]struct {
		host, site, local string
		want              int
	}{
		"this_machine_by_address":         {"127.0.0.1:9090", "", "127.0.0.1:9090", 200},
		"this_machine_by_name":            {"localhost:9090", "same-origin", "127.0.0.1:9090", 200},
		"a_name_pointed_at_this_machine":  {"evil.example:9090", "same-origin", "127.0.0.1:9090", 403},
		"a_page_of_another_site":          {"127.0.0.1:9090", "cross-site", "127.0.0.1:9090", 403},
		"a_container_by_its_service_name": {"sandbox:9090", "", "172.17.0.2:9090", 200},
	} {
		t.Run("answers_"+name, func(t *testing.T) {
			t.Parallel()
			if got := status(setup(t, Options{}), tc.host, tc.site, tc.local); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
