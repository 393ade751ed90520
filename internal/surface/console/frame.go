package console

import (
	"bytes"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

// Cookies of what the pages look like, and their life in seconds.
const (
	cookieLanguage = "rowgate_language"
	cookieTheme    = "rowgate_theme"
	lookSeconds    = 365 * 24 * 60 * 60
)

// frame is what every page has; a page embeds it. Its methods are for the templates.
type frame struct {
	Lang    problem.Lang
	Theme   string // light, dark, or auto: as the system says
	Title   string
	Area    string // the entry of the navigation that is marked
	Caller  string // name of the passphrase; "" for who is not signed in
	Form    string // token of forms
	Here    string // path and query of the page, for the switches
	Version string

	base   string
	assets *assets
}

// Say returns the text in the page's language.
func (f *frame) Say(zh, en string) string { return problem.Text{ZH: zh, EN: en}.In(f.Lang) }

// Text returns a text of both languages in the page's.
func (f *frame) Text(text problem.Text) string { return text.In(f.Lang) }

// Tag is the language for the lang attribute.
func (f *frame) Tag() string { return f.Say("zh-CN", "en") }

// At is a path of the service as the browser reaches it.
func (f *frame) At(path string) string { return f.base + path }

// Asset is the address of a static file.
func (f *frame) Asset(name string) string { return f.base + f.assets.path(name) }

// FormName is the name of the field that carries the token of a form.
func (*frame) FormName() string { return fieldForm }

// frame returns what every page has, for the answer to r.
func (c *Console) frame(w http.ResponseWriter, r *http.Request, area, titleZH, titleEN string) frame {
	f := frame{
		Lang: request.CallFrom(r.Context()).Lang(), Theme: themeOf(r), Area: area, Form: c.formToken(w, r), Version: c.options.Version,
		Here: ownPath(r.URL.RequestURI()), base: c.base(r), assets: &c.assets,
	}
	f.Title = f.Say(titleZH, titleEN)
	if one := sessionOf(r); one != nil {
		f.Caller = one.name
	}
	if r.Method != http.MethodGet {
		f.Here = Path
	}
	return f
}

// page answers with a page: the template of that name with data, which embeds a frame.
func (c *Console) page(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var body bytes.Buffer
	if err := c.templates.ExecuteTemplate(&body, name, data); err != nil {
		c.options.Logger.LogAttrs(r.Context(), slog.LevelError, "console page", slog.String("page", name), slog.Any("error", err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the reader has left; there is nobody to report to
}

// refusal is a page that says why something was not done.
type refusal struct {
	frame

	Trouble trouble
}

// refuse answers with a page of what went wrong.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	page := refusal{frame: c.frame(w, r, "", "没有执行", "Not done")}
	page.Trouble = troubleOf(problem.From(err), page.Lang)
	c.page(w, r, status, "refusal", &page)
}

// setLanguage notes the language of the page on the call: the cookie's where there is one, else what the browser accepts, else English.
func (c *Console) setLanguage(r *http.Request) {
	call := request.CallFrom(r.Context())
	if cookie, err := r.Cookie(cookieLanguage); err == nil {
		if lang, ok := languageOf(cookie.Value); ok {
			call.SetLang(lang)
			return
		}
	}
	if _, ok := problem.ParseAcceptLanguage(r.Header.Get("Accept-Language")); !ok {
		call.SetLang(problem.EN)
	}
}

func languageOf(text string) (problem.Lang, bool) {
	switch problem.Lang(text) {
	case problem.ZH, problem.EN:
		return problem.Lang(text), true
	default:
		return "", false
	}
}

func themeOf(r *http.Request) string {
	if cookie, err := r.Cookie(cookieTheme); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		return cookie.Value
	}
	return "auto"
}

// look answers GET /console/look: it sets language or theme and leads back.
func (c *Console) look(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if lang, ok := languageOf(query.Get("language")); ok {
		c.setCookie(w, r, cookieLanguage, string(lang), lookSeconds)
	}
	switch theme := query.Get("theme"); theme {
	case "light", "dark":
		c.setCookie(w, r, cookieTheme, theme, lookSeconds)
	case "auto":
		c.setCookie(w, r, cookieTheme, "", -1)
	}
	c.redirect(w, r, ownPath(query.Get("to")))
}

// Home answers GET /: a browser is led to the console, every other caller to the documentation.
func Home(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	to := "/docs"
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		to = Path
	}
	http.Redirect(w, r, to, http.StatusFound)
}
