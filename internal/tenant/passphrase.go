package tenant

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/rowgate/rowgate/internal/secret"
)

// DefaultName is the name of a passphrase without a name of its own.
const DefaultName = "default"

// Passphrase is one call passphrase of the configuration. Only its hash is kept, and it prints as its name.
type Passphrase struct {
	Name string
	Hash [sha256.Size]byte // SHA-256 of the passphrase
}

// NewPassphrase names a passphrase.
func NewPassphrase(name string, value secret.Text) Passphrase {
	return Passphrase{Name: name, Hash: sha256.Sum256([]byte(value.Reveal()))}
}

// Format implements fmt.Formatter: the hash of a weak passphrase can be reversed, so no verb shows it.
func (p Passphrase) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.Name) }

// MarshalText implements encoding.TextMarshaler, so that no JSON shows the hash.
func (p Passphrase) MarshalText() ([]byte, error) { return []byte(p.Name), nil }

// Passphrases are all valid passphrases.
type Passphrases []Passphrase

// Match returns the passphrase that has this value; false if there is none. It compares value with all of them in constant time.
func (p Passphrases) Match(value secret.Text) (Passphrase, bool) {
	hash := sha256.Sum256([]byte(value.Reveal()))
	found := -1
	for i := range p {
		if subtle.ConstantTimeCompare(p[i].Hash[:], hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Passphrase{}, false
	}
	return p[found], true
}

// Named returns the passphrase of that name; false if there is none.
func (p Passphrases) Named(name string) (Passphrase, bool) {
	for _, passphrase := range p {
		if passphrase.Name == name {
			return passphrase, true
		}
	}
	return Passphrase{}, false
}
