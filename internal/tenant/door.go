package tenant

import (
	"context"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// Claim is what a request says of its sender, beside its Caller.
type Claim struct {
	Passphrase secret.Text
	AppID      string
	AppSecret  secret.Text
}

// Identity is who is calling: admitted, with the app's credential as far as it was given.
type Identity struct {
	Name      string // of the passphrase
	AppID     string
	AppSecret secret.Text
	Sealed    bool   // by a connection key: the fields below are what it is limited to
	Brand     string // "" if not sealed
	AppToken  string // "" if not sealed
	TableID   string // "" if not sealed
}

// Door admits callers by passphrase or connection key. It is safe for concurrent use.
type Door struct {
	passphrases Passphrases
	keys        Keys
	failures    *Failures
}

// NewDoor makes a door for these passphrases; connection keys are opened with ring. Close it in the end.
func NewDoor(passphrases Passphrases, ring *secret.Keyring) *Door {
	return &Door{passphrases: passphrases, keys: Keys{Passphrases: passphrases, Ring: ring}, failures: NewFailures()}
}

// Close ends the door's goroutines.
func (d *Door) Close() { d.failures.Close() }

// Admit says who is calling. A passphrase in the body wins over one in Authorization; an app in the body wins over the one in a
// connection key only by being the same. A right passphrase or key is never blocked: many callers share an address.
//
// Errors: bad_passphrase, bad_connection_key; too_many_failures in place of either once an address had MaxFailures.
func (d *Door) Admit(ctx context.Context, claim Claim) (Identity, error) {
	caller := CallerFrom(ctx)
	if strings.HasPrefix(caller.Bearer.Reveal(), KeyPrefix) && claim.Passphrase.IsZero() {
		return d.byKey(caller, claim)
	}
	passphrase := claim.Passphrase
	if passphrase.IsZero() {
		passphrase = caller.Bearer
	}
	if passphrase.IsZero() {
		return Identity{}, problem.New(problem.BadPassphrase, problem.Text{
			ZH: "请求里没有调用口令。请放在 Authorization: Bearer、X-Passphrase 或请求体的 passphrase 里。",
			EN: "The request has no passphrase. Send it as Authorization: Bearer, as X-Passphrase, or as passphrase in the body.",
		})
	}
	match, ok := d.passphrases.Match(passphrase)
	if !ok {
		return Identity{}, d.failed(caller, problem.New(problem.BadPassphrase, problem.Text{
			ZH: "调用口令不正确。", EN: "The passphrase is not right.",
		}))
	}
	return Identity{Name: match.Name, AppID: claim.AppID, AppSecret: claim.AppSecret}, nil
}

func (d *Door) byKey(caller Caller, claim Claim) (Identity, error) {
	c, err := d.keys.Open(caller.Bearer, time.Now())
	if err != nil {
		return Identity{}, d.failed(caller, err)
	}
	if claim.AppID != "" && claim.AppID != c.AppID || !claim.AppSecret.IsZero() && claim.AppSecret != c.AppSecret {
		return Identity{}, problem.New(problem.BadParameter, problem.Text{
			ZH: "app_id、app_secret 与连接密钥里的不同。使用连接密钥时请去掉它们。",
			EN: "app_id or app_secret differs from the connection key's. Leave them out when a key is used.",
		})
	}
	return Identity{
		Name: c.Name, AppID: c.AppID, AppSecret: c.AppSecret, Sealed: true, Brand: c.Brand, AppToken: c.AppToken, TableID: c.TableID,
	}, nil
}

// failed counts a failure and returns what to answer: err, or that there were too many.
func (d *Door) failed(caller Caller, err error) error {
	wait := d.failures.Add(caller.Address)
	if wait == 0 {
		return err
	}
	tooMany := problem.New(problem.TooManyFailures, problem.Text{
		ZH: "这个地址在短时间内用了太多错误的口令或密钥。",
		EN: "Too many wrong passphrases or keys came from this address.",
	})
	tooMany.RetryAfter = wait
	return tooMany.Because(err)
}

// Seal makes a connection key. The caller must have been admitted as c.Name.
func (d *Door) Seal(c Connection) (secret.Text, error) { return d.keys.Seal(c) }
