package secret_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/secret"
)

func ring(t *testing.T, keys ...string) *secret.Keyring {
	t.Helper()
	ring, err := secret.ParseKeyring(strings.Join(keys, ","))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestKeyring(t *testing.T) {
	t.Parallel()
	first, second := secret.GenerateKey(), secret.GenerateKey()

	t.Run("opens what any of its keys sealed", func(t *testing.T) {
		t.Parallel()
		sealed := ring(t, first).Seal("payload", []byte("rows"))
		plain, err := ring(t, second, first).Open("payload", sealed)
		if err != nil || string(plain) != "rows" {
			t.Errorf("Open = %q, %v after rotation", plain, err)
		}
	})

	t.Run("opens nothing of another key or another purpose", func(t *testing.T) {
		t.Parallel()
		sealed := ring(t, first).Seal("payload", []byte("rows"))
		if _, err := ring(t, second).Open("payload", sealed); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("another key: %v, want ErrSealed", err)
		}
		if _, err := ring(t, first).Open("connection", sealed); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("another purpose: %v, want ErrSealed", err)
		}
	})

	t.Run("tells apart parts that join to the same text", func(t *testing.T) {
		t.Parallel()
		keys := ring(t, first)
		if keys.MAC("p", "a", "bc") == keys.MAC("p", "ab", "c") {
			t.Error("MAC(a, bc) equals MAC(ab, c)")
		}
		if keys.MAC("p", "a", "", "bc") != keys.MACBytes("p", []byte("a"), nil, []byte("bc")) {
			t.Error("MACBytes differs from MAC")
		}
		if keys.MAC("p", "a") == keys.MAC("q", "a") {
			t.Error("the purpose does not change the MAC")
		}
		if keys.MAC("p", "a") == ring(t, second, first).MAC("p", "a") {
			t.Error("the first key does not change the MAC of a ring without a name key")
		}
		old := keys.MAC("p", "a")
		if !ring(t, first, second).HasMAC(old[:], "p", "a") || ring(t, second).HasMAC(old[:], "p", "a") || keys.HasMAC(old[:8], "p", "a") {
			t.Error("HasMAC is not what any key of the ring makes")
		}
	})

	t.Run("refuses keys of a wrong length and text that is no base64", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{"", "c2hvcnQ=", "not base64 at all!", first + ",c2hvcnQ="} {
			if _, err := secret.ParseKeyring(text); err == nil {
				t.Errorf("ParseKeyring(%q) takes it", text)
			}
		}
		if _, err := secret.NewKeyring(); err == nil {
			t.Error("a ring without keys is accepted")
		}
	})

	t.Run("any altered byte is refused and nothing of the plain text shows", func(t *testing.T) {
		t.Parallel()
		keys := ring(t, first)
		rapid.Check(t, func(t *rapid.T) {
			plain := rapid.SliceOfN(rapid.Byte(), 16, 200).Draw(t, "plain")
			sealed := keys.Seal("payload", plain)
			if bytes.Contains(sealed, plain) {
				t.Fatal("the plain text stands in the sealed data")
			}
			at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
			sealed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
			if _, err := keys.Open("payload", sealed); !errors.Is(err, secret.ErrSealed) {
				t.Fatalf("altered data opens: %v", err)
			}
			if _, err := keys.Open("payload", sealed[:at]); !errors.Is(err, secret.ErrSealed) {
				t.Fatalf("cut data opens: %v", err)
			}
		})
	})
}
