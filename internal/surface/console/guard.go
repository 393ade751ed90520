package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// Bounds of the body of a form, in bytes.
const (
	maxFormBytes   = 2 << 20 // of who is signed in: a pasted body may be large, a screen is not
	maxSignInBytes = 8 << 10 // of strangers
)

// Names of cookies and of the field that carries the token of a form.
const (
	cookieSession = "rowgate_session"
	cookieForm    = "rowgate_form"
	fieldForm     = "form_token"
)

// policy allows what the console itself serves and nothing else: no inline script or style, no other origin, no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

// protection refuses forms of other sites. The origin of publicURL is the service's own, also where a proxy changes the Host.
func protection(publicURL string) (*http.CrossOriginProtection, error) {
	origins := http.NewCrossOriginProtection()
	if public, err := url.Parse(publicURL); err == nil && public.Host != "" {
		if err := origins.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
	}
	return origins, nil
}

type sessionContext struct{}

// sessionOf returns the session of a request that signedIn let pass.
func sessionOf(r *http.Request) *session {
	one, _ := r.Context().Value(sessionContext{}).(*session)
	return one
}

// guard sets the headers of every page, and refuses a form of another site or without its token.
func (c *Console) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Cache-Control", "no-store")
		header.Add("Vary", "Accept-Language, Cookie")
		c.setLanguage(r)
		if one := c.find(r); one != nil {
			r = r.WithContext(context.WithValue(r.Context(), sessionContext{}, one))
		}
		if r.Method != http.MethodPost {
			next(w, r)
			return
		}
		limit := int64(maxFormBytes)
		if sessionOf(r) == nil { // a stranger's form is not read, but for that of the sign-in
			limit = maxSignInBytes
			if chi.RouteContext(r.Context()).RoutePattern() != Path+"/sign-in" {
				w.Header().Set("Connection", "close")
				c.redirect(w, r, Path+"/sign-in")
				return
			}
		}
		if err := c.readForm(w, r, limit); err != nil {
			c.refuse(w, r, http.StatusBadRequest, err)
			return
		}
		next(w, r)
	}
}

// readForm reads a form and judges where it comes from.
func (c *Console) readForm(w http.ResponseWriter, r *http.Request, limit int64) error {
	if err := c.origins.Check(r); err != nil {
		return problem.New(problem.WrongOrigin, problem.Text{
			ZH: "这个表单来自其他网站的网页。", EN: "This form comes from a web page of another site.",
		}).Because(err)
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err := r.ParseForm(); err != nil || kind != "application/x-www-form-urlencoded" {
		return problem.New(problem.BadBody, problem.Text{
			ZH: "表单无法读取，或超过 2 MiB。更多的行请直接调用接口。",
			EN: "The form cannot be read, or is larger than 2 MiB. Send more rows straight to the interface.",
		}).Because(err)
	}
	want := ""
	if one := sessionOf(r); one != nil {
		want = one.form
	} else if cookie, err := r.Cookie(cookieForm); err == nil {
		want = cookie.Value
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(r.PostForm.Get(fieldForm))) != 1 {
		return problem.New(problem.BadParameter, problem.Text{
			ZH: "这个页面已经过期。请返回，刷新页面后再提交一次。", EN: "This page has expired. Go back, reload it and send the form again.",
		})
	}
	return nil
}

// formToken returns what a form on the answer to r has to carry. Without a session it is kept in a cookie of its own.
func (c *Console) formToken(w http.ResponseWriter, r *http.Request) string {
	if one := sessionOf(r); one != nil {
		return one.form
	}
	if cookie, err := r.Cookie(cookieForm); err == nil && len(cookie.Value) >= len(rand.Text()) {
		return cookie.Value
	}
	token := rand.Text()
	c.setCookie(w, r, cookieForm, token, 0)
	return token
}

// signedIn is guard for those who are signed in; others are led to the sign-in page, and back from there.
func (c *Console) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return c.guard(func(w http.ResponseWriter, r *http.Request) {
		one := sessionOf(r)
		if one == nil {
			to := Path + "/sign-in"
			if r.Method == http.MethodGet && r.URL.RequestURI() != Path {
				to += "?to=" + url.QueryEscape(r.URL.RequestURI())
			}
			c.redirect(w, r, to)
			return
		}
		next(w, r)
	})
}

// find returns the session of a request's cookie. It ends with its passphrase: one that is no longer configured opens nothing.
func (c *Console) find(r *http.Request) *session {
	cookie, err := r.Cookie(cookieSession)
	if err != nil {
		return nil
	}
	one := c.sessions.find(cookie.Value)
	if one == nil {
		return nil
	}
	if identity, err := c.admit(r, one.passphrase); err != nil || identity.Name != one.name {
		c.sessions.end(one)
		return nil
	}
	return one
}

// admit authenticates the owner of a passphrase by it alone: whatever stands in the request's Authorization does not count.
func (c *Console) admit(r *http.Request, passphrase secret.Text) (tenant.Identity, error) {
	if passphrase.IsZero() {
		return tenant.Identity{}, problem.New(problem.BadPassphrase, problem.Text{
			ZH: "请填写调用口令。", EN: "Enter the passphrase.",
		})
	}
	ctx := tenant.WithCaller(r.Context(), tenant.Caller{Address: tenant.CallerFrom(r.Context()).Address})
	return c.options.Authenticator.Admit(ctx, tenant.Claim{Passphrase: passphrase})
}

// setCookie sets a cookie that no script reads and that only this site's own pages send. maxAge is in seconds; 0 ends with the browser,
// less than 0 removes the cookie.
func (c *Console) setCookie(w http.ResponseWriter, r *http.Request, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the browser came by https
		Name: name, Value: value, Path: c.base(r) + Path, MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: strings.HasPrefix(c.publicURL(r), "https://"),
	})
}

// publicURL is the address that the request was sent to, as far as it is known.
func (c *Console) publicURL(r *http.Request) string {
	if noted := request.CallFrom(r.Context()).PublicURL(); noted != "" {
		return noted
	}
	return c.options.PublicURL
}

// base is the path that the service is reached below, "" mostly.
func (c *Console) base(r *http.Request) string {
	public, err := url.Parse(c.publicURL(r))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(public.Path, "/")
}

// redirect sends the browser to a path of the console with GET.
func (c *Console) redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Location", c.base(r)+to)
	w.WriteHeader(http.StatusSeeOther)
}

// ownPath returns path if it is one of the console's, else the console's first page: nothing leads elsewhere.
func ownPath(path string) string {
	to, err := url.Parse(path)
	if err != nil || to.IsAbs() || to.Host != "" || to.Path != Path && !strings.HasPrefix(to.Path, Path+"/") || strings.Contains(path, `\`) {
		return Path
	}
	return to.RequestURI()
}
