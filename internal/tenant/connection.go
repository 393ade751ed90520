package tenant

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// KeyPrefix begins every connection key. No passphrase may begin with it.
const KeyPrefix = "rgk_"

// Bounds of a connection key.
const (
	MaxKeyBytes = 8 << 10 // bytes of a key as text after the prefix; longer text is not a key of this service

	connectionPurpose = "connection key"
	bindPurpose       = "connection key passphrase"
	connectionVersion = 1
)

// Connection is the content of a connection key: the passphrase's name, the app and, if given, the base and table that it is for.
type Connection struct {
	Name      string      // of the passphrase: the key dies with it
	AppID     string      // cli_…
	AppSecret secret.Text // of that app

	PersonalBaseToken secret.Text // in place of the two; empty for an app

	Brand     string    // feishu or lark; "" if it was not given
	AppToken  string    // "" if it was not given
	TableID   string    // "" if it was not given
	ExpiresAt time.Time // whole seconds
}

// sealedConnection is the plain text of a key: short names, since the key has to fit a header.
type sealedConnection struct {
	Version   int    `json:"v"`
	Name      string `json:"n"`
	Bind      []byte `json:"b"` // MAC of the passphrase: a key dies when its passphrase changes
	AppID     string `json:"i"`
	AppSecret string `json:"s"`
	Personal  string `json:"p,omitempty"`
	Brand     string `json:"d,omitempty"`
	AppToken  string `json:"t,omitempty"`
	TableID   string `json:"l,omitempty"`
	ExpiresAt int64  `json:"e"`
}

// Keys seals and opens connection keys. Nothing is stored: a key contains everything that it stands for.
type Keys struct {
	Passphrases Passphrases
	Ring        *secret.Keyring
}

// Seal makes the key of c, whose passphrase must exist. Errors: bad_connection_key if it does not, bad_parameter if the key
// would be longer than MaxKeyBytes.
func (k Keys) Seal(c Connection) (secret.Text, error) {
	passphrase, ok := k.Passphrases.Named(c.Name)
	if !ok {
		return secret.Text{}, badKey(problem.Text{ZH: "口令不存在。", EN: "The passphrase does not exist."})
	}
	plain, err := json.Marshal(sealedConnection{
		Version: connectionVersion, Name: c.Name, Bind: k.bind(passphrase), AppID: c.AppID, AppSecret: c.AppSecret.Reveal(),
		Personal: c.PersonalBaseToken.Reveal(),
		Brand:    c.Brand, AppToken: c.AppToken, TableID: c.TableID, ExpiresAt: c.ExpiresAt.Unix(),
	})
	if err != nil {
		return secret.Text{}, err
	}
	text := base64.RawURLEncoding.EncodeToString(k.Ring.Seal(connectionPurpose, plain))
	if len(text) > MaxKeyBytes {
		return secret.Text{}, problem.New(problem.BadParameter, problem.Text{
			ZH: "app_id、app_secret、personal_base_token、app_token 或 table_id 太长，放不进连接密钥。",
			EN: "app_id, app_secret, personal_base_token, app_token or table_id is too long for a connection key.",
		})
	}
	return secret.New(KeyPrefix + text), nil
}

// Open reads a key at the instant now. Errors: bad_connection_key for a key that is altered, of another service, expired, or
// whose passphrase is gone or was changed.
func (k Keys) Open(key secret.Text, now time.Time) (Connection, error) {
	text, found := strings.CutPrefix(key.Reveal(), KeyPrefix)
	if !found || len(text) > MaxKeyBytes || strings.ContainsAny(text, "\r\n") { // the decoder skips line breaks
		return Connection{}, unreadableKey()
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Connection{}, unreadableKey()
	}
	plain, err := k.Ring.Open(connectionPurpose, sealed)
	if err != nil {
		return Connection{}, unreadableKey()
	}
	var c sealedConnection
	if err := json.Unmarshal(plain, &c); err != nil || c.Version != connectionVersion {
		return Connection{}, unreadableKey()
	}
	if !now.Before(time.Unix(c.ExpiresAt, 0)) {
		return Connection{}, badKey(problem.Text{
			ZH: "连接密钥已于 " + time.Unix(c.ExpiresAt, 0).UTC().Format(time.RFC3339) + " 过期。",
			EN: "The connection key expired at " + time.Unix(c.ExpiresAt, 0).UTC().Format(time.RFC3339) + ".",
		})
	}
	passphrase, ok := k.Passphrases.Named(c.Name)
	if !ok || !k.bound(passphrase, c.Bind) {
		return Connection{}, badKey(problem.Text{
			ZH: "制作这个连接密钥的口令已被移除或更换。",
			EN: "The passphrase that this connection key was made with was removed or changed.",
		})
	}
	return Connection{
		Name: c.Name, AppID: c.AppID, AppSecret: secret.New(c.AppSecret), PersonalBaseToken: secret.New(c.Personal),
		Brand: c.Brand, AppToken: c.AppToken, TableID: c.TableID, ExpiresAt: time.Unix(c.ExpiresAt, 0),
	}, nil
}

func (k Keys) bind(p Passphrase) []byte {
	mac := k.Ring.MAC(bindPurpose, p.Name, string(p.Hash[:]))
	return mac[:16]
}

// bound reports whether a key was made with the passphrase as it is now, under any key of the ring.
func (k Keys) bound(p Passphrase, bind []byte) bool {
	return k.Ring.HasMAC(bind, bindPurpose, p.Name, string(p.Hash[:]))
}

func unreadableKey() error {
	return badKey(problem.Text{
		ZH: "这不是本服务的连接密钥，或者它不完整。",
		EN: "This is not a connection key of this service, or it is incomplete.",
	})
}

func badKey(detail problem.Text) error { return problem.New(problem.BadConnectionKey, detail) }
