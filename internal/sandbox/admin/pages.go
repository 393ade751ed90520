package admin

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"regexp"

	"github.com/go-chi/chi/v5"
	"github.com/rowgate/rowgate/internal/sandbox/record"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Bounds of a base's page.
const (
	MaxPageRows  = 100 // rows of a table, the newest
	MaxCellChars = 500 // characters of a cell
)

//go:embed pages.html
var pagesHTML string

//go:embed style.css
var styleCSS string

var pages = template.Must(template.New("pages").Parse(pagesHTML))

// contentPolicy lets a page have its own style and nothing else.
var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(styleCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// page is what the templates show.
type page struct {
	Lang, Title string
	Style       template.CSS
	Origin      string
	Bases       []shownBase
	Base        shownBase
	Endpoints   []endpoint
}

type shownBase struct {
	Token, Name string
	Tables      []shownTable
}

type shownTable struct {
	Base, ID, Name string
	Count          int
	Columns        []string
	Rows           []shownRow
}

// Cut reports whether the table has more rows than are shown.
func (t shownTable) Cut() bool { return len(t.Rows) < t.Count }

type shownRow struct {
	ID, Created string
	Cells       []string
}

// T is a text in the page's language. A name that texts does not have fails the page.
func (p page) T(name string) (string, error) {
	known, ok := texts[name]
	if !ok {
		return "", fmt.Errorf("no text %q", name)
	}
	if p.Lang == "zh" {
		return known.zh, nil
	}
	return known.en, nil
}

// Say is what an endpoint does, in the page's language.
func (p page) Say(e endpoint) string {
	if p.Lang == "zh" {
		return e.zh
	}
	return e.en
}

// Other is the language that the page is not in.
func (p page) Other() string {
	if p.Lang == "zh" {
		return "en"
	}
	return "zh"
}

func newPage(r *http.Request) page {
	p := page{
		Lang: language(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language")), Origin: origin(r),
		Style: template.CSS(styleCSS), //nolint:gosec // G203: embedded
	}
	p.Title, _ = p.T("title")
	return p
}

var hostShape = regexp.MustCompile(`^[A-Za-z0-9.\-]+(:[0-9]{1,5})?$|^\[[0-9a-fA-F:]+\](:[0-9]{1,5})?$`)

// origin is where the caller reached the simulator, for commands that a person pastes into a shell.
func origin(r *http.Request) string {
	if hostShape.MatchString(r.Host) {
		return "http://" + r.Host
	}
	return "http://127.0.0.1:9090"
}

func (a *Admin) indexPage(w http.ResponseWriter, r *http.Request) {
	p := newPage(r)
	p.Endpoints = a.endpoints()
	for _, b := range a.store.Bases() {
		p.Bases = append(p.Bases, showBase(b, 0))
	}
	p.write(w, "index")
}

func (a *Admin) basePage(w http.ResponseWriter, r *http.Request) {
	b := a.store.Base(chi.URLParam(r, "app_token"))
	if b == nil {
		http.NotFound(w, r)
		return
	}
	p := newPage(r)
	p.Base = showBase(b, MaxPageRows)
	p.Title = cmp.Or(p.Base.Name, p.Base.Token)
	p.write(w, "base")
}

// showBase is a base with the newest rows of its tables, up to rows of each.
func showBase(b *state.Base, rows int) shownBase {
	b.RLock()
	defer b.RUnlock()
	shown := shownBase{Token: b.Spec.Token, Name: b.Name}
	for _, t := range b.Order {
		table := shownTable{Base: b.Spec.Token, ID: t.ID, Name: t.Name, Count: t.Count()}
		for _, f := range t.Fields {
			table.Columns = append(table.Columns, f.Name)
		}
		for _, rec := range t.Newest(rows) {
			row := shownRow{ID: rec.ID, Created: rec.Created.In(b.Zone).Format("2006-01-02 15:04:05")}
			for _, f := range t.Fields {
				row.Cells = append(row.Cells, cut(record.Display(b, t, f, rec)))
			}
			table.Rows = append(table.Rows, row)
		}
		shown.Tables = append(shown.Tables, table)
	}
	return shown
}

// cut shortens a cell to MaxCellChars.
func cut(s string) string {
	chars := 0
	for at := range s {
		if chars++; chars > MaxCellChars {
			return s[:at] + "…"
		}
	}
	return s
}

func (p page) write(w http.ResponseWriter, name string) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, p); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for header, value := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
	} {
		w.Header().Set(header, value)
	}
	_, _ = w.Write(body.Bytes())
}
