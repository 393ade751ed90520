package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// signInView is the page for who is not signed in.
type signInView struct {
	frame

	To      string // where to go afterwards
	Trouble *trouble
	Wait    int // seconds until the next try; 0: at once
}

// signInPage answers GET /console/sign-in, with ?once= for a one-time sign-in.
func (c *Console) signInPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if once := query.Get("once"); once != "" && r.Method == http.MethodGet { // who only looks, as a preview does, does not use it up
		c.signInOnce(w, r, once)
		return
	}
	if sessionOf(r) != nil {
		c.redirect(w, r, ownPath(query.Get("to")))
		return
	}
	view := signInView{frame: c.frame(w, r, "", "登录", "Sign in"), To: ownPath(query.Get("to"))}
	c.page(w, r, http.StatusOK, "signin", &view)
}

// signIn answers the form. The limits of wrong passphrases are those of every caller.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	to := ownPath(r.PostForm.Get("to"))
	passphrase := secret.New(strings.TrimSpace(r.PostForm.Get("passphrase")))
	err := c.open(w, r, passphrase, Sample{})
	if err == nil {
		c.redirect(w, r, to)
		return
	}
	said := problem.From(err)
	view := signInView{frame: c.frame(w, r, "", "登录", "Sign in"), To: to}
	told := troubleOf(said, view.Lang)
	view.Trouble, view.Wait = &told, int(said.RetryAfter/time.Second)
	status := http.StatusForbidden
	if said.Code == problem.TooManyFailures {
		w.Header().Set("Retry-After", strconv.Itoa(view.Wait))
		status = http.StatusTooManyRequests
	}
	c.page(w, r, status, "signin", &view)
}

// open begins a session for the owner of passphrase and sets its cookie. Errors are those of Admit.
func (c *Console) open(w http.ResponseWriter, r *http.Request, passphrase secret.Text, sample Sample) error {
	if strings.HasPrefix(passphrase.Reveal(), tenant.KeyPrefix) {
		return problem.New(problem.BadPassphrase, problem.Text{
			ZH: "这是连接密钥（rgk_…），只能打开一张表。控制台用调用口令登录，即 ROWGATE_PASSPHRASE 里的口令。",
			EN: "This is a connection key (rgk_…), which opens one table. Sign in with the passphrase of the service, as ROWGATE_PASSPHRASE has it.",
		})
	}
	identity, err := c.admit(r, passphrase)
	if err != nil {
		return err
	}
	token := c.sessions.begin(passphrase, identity.Name, sample)
	if old := sessionOf(r); old != nil {
		c.sessions.end(old)
	}
	c.setCookie(w, r, cookieSession, token, int(SessionFor/time.Second))
	c.setCookie(w, r, cookieForm, "", -1)
	return nil
}

// signInOnce uses up a one-time sign-in. The page then leads on by itself: a link from elsewhere that was followed to here carries no
// cookie of this site yet, the next step does.
func (c *Console) signInOnce(w http.ResponseWriter, r *http.Request, token string) {
	one, ok := c.sessions.take(token)
	if ok && c.open(w, r, one.passphrase, one.sample) == nil {
		view := signInView{frame: c.frame(w, r, "", "已登录", "Signed in"), To: Path}
		c.page(w, r, http.StatusOK, "welcome", &view)
		return
	}
	if sessionOf(r) != nil { // the link was opened again
		c.redirect(w, r, Path)
		return
	}
	view := signInView{frame: c.frame(w, r, "", "登录", "Sign in"), To: Path}
	view.Trouble = &trouble{
		Title: view.Say("这个一次性链接已经用过或已过期", "This one-time link has been used or has expired"),
		Fix: view.Say("请用调用口令登录；它在服务启动时显示，或在 ROWGATE_PASSPHRASE 里。",
			"Sign in with the passphrase: it was printed at start, or is in ROWGATE_PASSPHRASE."),
	}
	c.page(w, r, http.StatusForbidden, "signin", &view)
}

// signOut ends the session.
func (c *Console) signOut(w http.ResponseWriter, r *http.Request) {
	c.sessions.end(sessionOf(r))
	c.setCookie(w, r, cookieSession, "", -1)
	c.redirect(w, r, Path+"/sign-in")
}
