package secret_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/rowgate/rowgate/internal/secret"
)

func TestRotation(t *testing.T) {
	t.Parallel()
	first, second, third := secret.GenerateKey(), secret.GenerateKey(), secret.GenerateKey()
	named := func(t *testing.T, keys *secret.Keyring, sealed []byte) (*secret.Keyring, []byte) {
		t.Helper()
		out, fresh, err := keys.OpenNames(sealed)
		if err != nil {
			t.Fatal(err)
		}
		return out, fresh
	}

	t.Run("names outlive every key", func(t *testing.T) {
		t.Parallel()
		sealed := ring(t, first).SealNames(false)
		before, same := named(t, ring(t, first), sealed)
		if !bytes.Equal(same, sealed) {
			t.Error("what the first key sealed was sealed again")
		}
		behind, _ := named(t, ring(t, first, second), sealed)
		both, fresh := named(t, ring(t, second, first), sealed)
		after, _ := named(t, ring(t, second), fresh)
		for _, now := range []*secret.Keyring{behind, both, after} {
			if now.MAC("p", "a") != before.MAC("p", "a") || now.MACBytes("p", []byte("a")) != before.MAC("p", "a") {
				t.Error("the MAC changed with the keys")
			}
		}
		if before.MAC("p", "a") == ring(t, first).MAC("p", "a") {
			t.Error("the name key is the key itself")
		}
	})
	t.Run("names of the time before name keys are kept", func(t *testing.T) {
		t.Parallel()
		old := ring(t, first)
		now, _ := named(t, ring(t, second, first), ring(t, second, first).SealNames(true))
		if now.MAC("p", "a") != old.MAC("p", "a") {
			t.Error("the MAC changed")
		}
	})
	t.Run("another ring opens no names", func(t *testing.T) {
		t.Parallel()
		if _, _, err := ring(t, third).OpenNames(ring(t, first).SealNames(false)); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is sealed anew opens without the old key", func(t *testing.T) {
		t.Parallel()
		sealed := ring(t, first).Seal("p", []byte("rows"))
		fresh, err := ring(t, second, first).Reseal("p", sealed)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := ring(t, second).Open("p", fresh); err != nil || string(plain) != "rows" {
			t.Errorf("%q, %v", plain, err)
		}
		if again, err := ring(t, second, first).Reseal("p", fresh); err != nil || !bytes.Equal(again, fresh) {
			t.Errorf("sealed again: %v", err)
		}
		if _, err := ring(t, third).Reseal("p", fresh); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("every key has a name of its own", func(t *testing.T) {
		t.Parallel()
		ids := ring(t, first, second).IDs()
		if len(ids) != 2 || ids[0] == ids[1] || ids[1] != ring(t, second).IDs()[0] {
			t.Errorf("got %v", ids)
		}
	})
}
