// Package console is the service's page for people: connect a table, write a row, see what happens and repeat what failed.
//
// It is rendered on the server and works without JavaScript; htmx and one small script make it quicker. It is one more caller of
// the public operations: whatever it does at Feishu it does through the service's own HTTP interface, as the session's caller,
// with the same checks, limits and log lines as anybody else.
package console

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/requestlog"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// Path is where the console is.
const Path = "/console"

//go:embed templates/*.gohtml
var templateFiles embed.FS

// Authenticator checks passphrases. It is implemented by *tenant.Authenticator. The errors are problems.
type Authenticator interface {
	Admit(ctx context.Context, claim tenant.Claim) (tenant.Identity, error)
}

// Options of a Console.
type Options struct {
	// Service answers the public operations: the whole handler of the service, the console included.
	Service       http.Handler
	Authenticator Authenticator
	// PublicURL is where the console is reached where the request notes no address: https makes the cookies Secure, its path is put
	// before every link, and its origin is trusted.
	PublicURL string
	Logger    *slog.Logger
	Version   string
	// Check says what is wrong with, or worth knowing of, the settings.
	Check func(context.Context) []Finding
	Log   *requestlog.Recorder
	// Gauges tells what is true now of the whole service; metrics without a word for people are left out.
	Gauges func() []Gauge
	// Contents are what requests held; nil if none are kept.
	Contents *requestlog.Keeper
}

// Finding is one line of the settings check.
type Finding struct {
	Problem  bool   // else a note
	Variable string // of the setting; may be empty
	Text     problem.Text
}

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	options   Options
	sessions  *sessions
	origins   *http.CrossOriginProtection
	templates *template.Template
	assets    assets
	closing   chan struct{} // closed by Close
	close     sync.Once
	streams   atomic.Int64 // of live
}

// New makes a console. It fails if PublicURL is not an address.
func New(o Options) (*Console, error) {
	origins, err := protection(o.PublicURL)
	if err != nil {
		return nil, err
	}
	c := &Console{options: o, sessions: newSessions(), origins: origins, assets: readAssets(), closing: make(chan struct{})}
	c.templates, err = template.New("console").Funcs(template.FuncMap{"icon": icon}).ParseFS(templateFiles, "templates/*.gohtml")
	return c, err
}

// Routes adds the console's paths to router.
func (c *Console) Routes(router chi.Router) {
	router.Get(Path+"/static/{digest}/{name}", c.asset)
	router.Get(Path+"/look", c.look)
	router.Get(Path+"/sign-in", c.guard(c.signInPage))
	router.Post(Path+"/sign-in", c.guard(c.signIn))
	router.Post(Path+"/sign-out", c.signedIn(c.signOut))
	router.Get(Path, c.signedIn(c.connectPage))
	router.Post(Path+"/connect", c.signedIn(c.connect))
	router.Post(Path+"/connect/choose", c.signedIn(c.choose))
	router.Get(Path+"/table", c.signedIn(c.tablePage))
	router.Post(Path+"/table/rehearse", c.signedIn(c.rehearse))
	router.Post(Path+"/table/write", c.signedIn(c.write))
	router.Get(Path+"/use", c.signedIn(c.usePage))
	router.Get(Path+"/use/file", c.signedIn(c.useFile))
	router.Post(Path+"/use/key", c.signedIn(c.makeKey))
	router.Get(Path+"/requests", c.signedIn(c.requestsPage))
	router.Get(Path+"/requests/live", c.signedIn(c.live))
	router.Get(Path+"/requests/{id}", c.signedIn(c.requestPage))
	router.Post(Path+"/requests/{id}/replay", c.signedIn(c.replay))
	router.Get(Path+"/activity", c.signedIn(c.activityPage))
	router.Get(Path+"/check", c.signedIn(c.checkPage))
}

// Close ends the pages that stay open to tell of new requests. It may be called more than once.
func (c *Console) Close() { c.close.Do(func() { close(c.closing) }) }

// OneTimeSignIn returns the path, with its query, of a page that signs in once as the owner of passphrase, within OneTimeFor. The session
// then offers sample, where it is not zero, as a table to begin with.
func (c *Console) OneTimeSignIn(passphrase secret.Text, sample Sample) string {
	return Path + "/sign-in?once=" + c.sessions.once(passphrase, sample)
}

// OneTimeFor is how long a one-time sign-in may be used.
const OneTimeFor = time.Hour

// Sample is a table that a session may begin with.
type Sample struct {
	Link   string
	AppID  string
	Secret secret.Text
	View   string // address of a page that shows the table's rows, for the simulator; may be empty
}

// IsZero reports whether there is none.
func (s Sample) IsZero() bool { return s.Link == "" }
