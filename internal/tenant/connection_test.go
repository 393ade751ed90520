package tenant_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

var (
	now     = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	secrets = cmp.Comparer(func(a, b secret.Text) bool { return a == b })
)

func ring(t testing.TB, keys ...string) *secret.Keyring {
	t.Helper()
	if keys == nil {
		keys = []string{secret.GenerateKey()}
	}
	ring, err := secret.ParseKeyring(strings.Join(keys, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func team(value string) tenant.Passphrases {
	return tenant.Passphrases{
		tenant.NewPassphrase("other", secret.New("another passphrase")),
		tenant.NewPassphrase("team", secret.New(value)),
	}
}

func connection() tenant.Connection {
	return tenant.Connection{
		Name: "team", AppID: "cli_example", AppSecret: secret.New(canary), Brand: "lark", AppToken: "bascnExample", TableID: "tblExample",
		ExpiresAt: now.Add(time.Hour),
	}
}

func seal(t testing.TB, keys tenant.Keys, c tenant.Connection) secret.Text {
	t.Helper()
	key, err := keys.Seal(c)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeys(t *testing.T) {
	t.Parallel()
	keys := tenant.Keys{Passphrases: team("passphrase"), Ring: ring(t)}

	t.Run("give back what was sealed", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.StringMatching(`[ -~一-龥]{0,60}`)
			want := tenant.Connection{
				Name: "team", AppID: text.Draw(t, "app_id"), AppSecret: secret.New(text.Draw(t, "app_secret")), Brand: text.Draw(t, "brand"),
				PersonalBaseToken: secret.New(text.Draw(t, "personal_base_token")), AppToken: text.Draw(t, "app_token"),
				TableID: text.Draw(t, "table_id"), ExpiresAt: now.Add(time.Duration(rapid.IntRange(1, 1<<30).Draw(t, "seconds")) * time.Second),
			}
			key, err := keys.Seal(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := keys.Open(key, now)
			if diff := cmp.Diff(want, got, secrets); err != nil || diff != "" {
				t.Fatalf("%v (-want +got):\n%s", err, diff)
			}
		})
	})

	t.Run("look like one header value and show nothing", func(t *testing.T) {
		t.Parallel()
		key := seal(t, keys, connection())
		text := key.Reveal()
		if !strings.HasPrefix(text, "rgk_") || strings.Trim(text[4:], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("key is %s", text)
		}
		if len(text) > 400 {
			t.Errorf("a usual key has %d bytes", len(text))
		}
		for _, hidden := range []string{canary, "cli_example", "team", text} {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", key, key, key), hidden) || hidden != text && strings.Contains(text, hidden) {
				t.Errorf("the key shows %s", hidden)
			}
		}
		if seal(t, keys, connection()) == key {
			t.Error("two keys of one connection are equal")
		}
	})

	t.Run("with any byte altered open nothing", func(t *testing.T) {
		t.Parallel()
		key := seal(t, keys, connection()).Reveal()
		rapid.Check(t, func(t *rapid.T) {
			at := rapid.IntRange(0, len(key)-1).Draw(t, "at")
			altered := []byte(key)
			altered[at] = rapid.ByteRange(0, 255).Filter(func(b byte) bool { return b != key[at] }).Draw(t, "byte")
			wantRefused(t, keys, string(altered))
		})
	})

	t.Run("cut or lengthened open nothing", func(t *testing.T) {
		t.Parallel()
		key := seal(t, keys, connection()).Reveal()
		for cut := range len(key) {
			wantRefused(t, keys, key[:cut])
		}
		for _, other := range []string{key + "A", key + "=", key + "\n", " " + key, key + key, "RGK_" + key[4:], key[4:]} {
			wantRefused(t, keys, other)
		}
	})

	t.Run("over the bound are neither made nor read", func(t *testing.T) {
		t.Parallel()
		c := connection()
		c.AppToken = strings.Repeat("x", tenant.MaxKeyBytes)
		if _, err := keys.Seal(c); code(err) != problem.BadParameter {
			t.Errorf("Seal: %v", err)
		}
		wantRefused(t, keys, tenant.KeyPrefix+strings.Repeat("A", tenant.MaxKeyBytes+1))
	})

	t.Run("die at their expiry", func(t *testing.T) {
		t.Parallel()
		c := connection()
		key := seal(t, keys, c)
		if _, err := keys.Open(key, c.ExpiresAt.Add(-time.Nanosecond)); err != nil {
			t.Errorf("just before: %v", err)
		}
		_, err := keys.Open(key, c.ExpiresAt)
		if code(err) != problem.BadConnectionKey || !strings.Contains(err.Error(), "2026-03-04T06:06:07Z") {
			t.Errorf("at its expiry: %v", err)
		}
	})

	t.Run("die with their passphrase", func(t *testing.T) {
		t.Parallel()
		key := seal(t, keys, connection()).Reveal()
		changed := tenant.Keys{Passphrases: team("changed"), Ring: keys.Ring}
		wantRefused(t, changed, key)
		removed := tenant.Keys{Passphrases: team("passphrase")[:1], Ring: keys.Ring}
		wantRefused(t, removed, key)
		renamed := tenant.Keys{Ring: keys.Ring, Passphrases: tenant.Passphrases{tenant.NewPassphrase("renamed", secret.New("passphrase"))}}
		wantRefused(t, renamed, key)
	})

	t.Run("outlive a restart and a change of the other passphrases", func(t *testing.T) {
		t.Parallel()
		key := seal(t, keys, connection())
		later := tenant.Keys{Passphrases: team("passphrase")[1:], Ring: keys.Ring}
		if _, err := later.Open(key, now); err != nil {
			t.Error(err)
		}
	})

	t.Run("outlive a rotation as long as the old key is in the ring", func(t *testing.T) {
		t.Parallel()
		before, after := secret.GenerateKey(), secret.GenerateKey()
		key := seal(t, tenant.Keys{Passphrases: keys.Passphrases, Ring: ring(t, before)}, connection())
		rotated := tenant.Keys{Passphrases: keys.Passphrases, Ring: ring(t, after, before)}
		if _, err := rotated.Open(key, now); err != nil {
			t.Errorf("rotated: %v", err)
		}
		wantRefused(t, tenant.Keys{Passphrases: keys.Passphrases, Ring: ring(t, after)}, key.Reveal())
	})

	t.Run("are not made for a passphrase that does not exist", func(t *testing.T) {
		t.Parallel()
		c := connection()
		c.Name = "nobody"
		if key, err := keys.Seal(c); code(err) != problem.BadConnectionKey || !key.IsZero() {
			t.Errorf("Seal: %v", err)
		}
	})

	t.Run("are not opened as what was sealed for another purpose", func(t *testing.T) {
		t.Parallel()
		other := tenant.Keys{Passphrases: keys.Passphrases, Ring: ring(t)}
		wantRefused(t, other, seal(t, keys, connection()).Reveal())
	})
}

// fataler is what *testing.T and *rapid.T share.
type fataler interface {
	Helper()
	Errorf(format string, args ...any)
}

// wantRefused fails unless opening key is bad_connection_key, in both languages, and shows neither key nor secret.
func wantRefused(t fataler, keys tenant.Keys, key string) {
	t.Helper()
	c, err := keys.Open(secret.New(key), now)
	if code(err) != problem.BadConnectionKey || c != (tenant.Connection{}) {
		t.Errorf("Open = %+v, %v", c, err)
		return
	}
	detail := problem.From(err).Detail
	if detail.ZH == "" || detail.EN == "" || strings.Contains(err.Error(), canary) || len(key) > 8 && strings.Contains(err.Error(), key) {
		t.Errorf("detail %+v", detail)
	}
}

func code(err error) problem.Code {
	if err == nil {
		return ""
	}
	return problem.From(err).Code
}
