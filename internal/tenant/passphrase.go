package tenant

import (
	"crypto/sha256"
	"crypto/subtle"

	"github.com/rowgate/rowgate/internal/secret"
)

// Passphrase is one call passphrase of the configuration. Only its hash is kept.
type Passphrase struct {
	Name string
	Hash [sha256.Size]byte // SHA-256 of the passphrase
}

// NewPassphrase names a passphrase.
func NewPassphrase(name string, value secret.Text) Passphrase {
	return Passphrase{Name: name, Hash: sha256.Sum256([]byte(value.Reveal()))}
}

// Passphrases are all that are valid.
type Passphrases []Passphrase

// Match returns the passphrase that value is. It compares with every one of them in constant time.
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

// Named returns the passphrase of that name.
func (p Passphrases) Named(name string) (Passphrase, bool) {
	for _, passphrase := range p {
		if passphrase.Name == name {
			return passphrase, true
		}
	}
	return Passphrase{}, false
}
