package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// KeyBytes is the length of a ROWGATE_KEY key in bytes (AES-256).
const KeyBytes = 32

// ErrSealed is returned by Open for data that no key of the ring opens: another key, another purpose, or altered bytes.
var ErrSealed = errors.New("sealed data cannot be opened with the configured keys")

// Keyring seals and opens data with AES-256-GCM and derives MAC keys. The first key seals, every key opens (rotation).
// Each purpose has a key of its own (HKDF-SHA256), so data sealed for one purpose never opens as another.
// It is safe for concurrent use.
type Keyring struct {
	keys  [][]byte
	names []byte // what MACs are derived from; nil: the first key
	// derived holds what was derived once, by key and purpose: HKDF costs more than sealing a row. Purposes are constants of
	// the program, so it stays small.
	derived sync.Map // derivedKey → cipher.AEAD or *macs
}

type derivedKey struct {
	key     int // index in keys, or nameKey
	purpose string
	seals   bool // the AEAD, else the MACs
}

// nameKey stands for Keyring.names in place of an index of keys.
const nameKey = -1

// ParseKeyring reads ROWGATE_KEY: base64 keys of 32 bytes, comma-separated, the sealing key first.
func ParseKeyring(text string) (*Keyring, error) {
	var keys [][]byte
	for i, part := range strings.Split(text, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil {
			key, err = base64.RawURLEncoding.DecodeString(strings.TrimSpace(part))
		}
		if err != nil || len(key) != KeyBytes {
			return nil, fmt.Errorf("key %d is not %d bytes in base64", i+1, KeyBytes)
		}
		keys = append(keys, key)
	}
	return NewKeyring(keys...)
}

// NewKeyring makes a ring of raw keys of KeyBytes each.
func NewKeyring(keys ...[]byte) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("a keyring needs at least one key")
	}
	for i, key := range keys {
		if len(key) != KeyBytes {
			return nil, fmt.Errorf("key %d has %d bytes, not %d", i+1, len(key), KeyBytes)
		}
	}
	return &Keyring{keys: keys}, nil
}

// GenerateKey returns a fresh random key, base64.
func GenerateKey() string {
	key := make([]byte, KeyBytes)
	_, _ = rand.Read(key) // never fails since Go 1.24
	return base64.StdEncoding.EncodeToString(key)
}

// Seal encrypts plain for purpose: nonce ‖ ciphertext ‖ tag, with the purpose as associated data.
func (k *Keyring) Seal(purpose string, plain []byte) []byte {
	gcm := k.gcm(0, purpose)
	sealed := make([]byte, gcm.NonceSize(), gcm.NonceSize()+len(plain)+gcm.Overhead())
	_, _ = rand.Read(sealed)
	return gcm.Seal(sealed, sealed, plain, []byte(purpose))
}

// Open decrypts what Seal made for the same purpose; ErrSealed if no key fits.
func (k *Keyring) Open(purpose string, sealed []byte) ([]byte, error) {
	for i := range k.keys {
		gcm := k.gcm(i, purpose)
		if len(sealed) < gcm.NonceSize() {
			break
		}
		if plain, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], []byte(purpose)); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSealed
}

// MAC returns HMAC-SHA256 over the length-prefixed parts under the purpose's key of the ring's name key, or, in a ring without
// one, of the first key. With a name key (OpenNames) it is the same whatever keys come and go.
func (k *Keyring) MAC(purpose string, parts ...string) [sha256.Size]byte {
	return macOf(k, k.macIndex(), purpose, parts)
}

// MACBytes is MAC for parts that are bytes, which are not copied: the MAC of the same parts as strings is the same.
func (k *Keyring) MACBytes(purpose string, parts ...[]byte) [sha256.Size]byte {
	return macOf(k, k.macIndex(), purpose, parts)
}

func (k *Keyring) macIndex() int {
	if k.names != nil {
		return nameKey
	}
	return 0
}

func macOf[T string | []byte](k *Keyring, key int, purpose string, parts []T) (sum [sha256.Size]byte) {
	pool := k.macs(key, purpose)
	mac := pool.take()
	defer pool.idle.Put(mac)
	for _, part := range parts {
		mac.buf = binary.BigEndian.AppendUint64(mac.buf[:0], uint64(len(part)))
		if len(part) <= cap(mac.buf)-len(mac.buf) {
			mac.buf = append(mac.buf, part...)
			_, _ = mac.hash.Write(mac.buf)
			continue
		}
		_, _ = mac.hash.Write(mac.buf)
		_, _ = mac.hash.Write([]byte(part))
	}
	mac.buf = mac.hash.Sum(mac.buf[:0])
	copy(sum[:], mac.buf)
	mac.hash.Reset()
	clear(mac.buf[:cap(mac.buf)])
	return sum
}

// HasMAC reports in constant time whether mac, or a beginning of at least MinMACBytes of it, is the MAC of the parts under
// any key of the ring: for what must outlive a rotation.
func (k *Keyring) HasMAC(mac []byte, purpose string, parts ...string) bool {
	if len(mac) < MinMACBytes || len(mac) > sha256.Size {
		return false
	}
	match := 0
	for i := range k.keys {
		want := macOf(k, i, purpose, parts)
		match |= subtle.ConstantTimeCompare(mac, want[:len(mac)])
	}
	return match == 1
}

// MinMACBytes is the shortest beginning of a MAC that HasMAC takes.
const MinMACBytes = 16

// macs makes MACs under one key and keeps the idle ones: a new one hashes the key twice before it hashes anything else.
type macs struct {
	key  []byte
	idle sync.Pool // of *mac
}

// mac is one computation of a MAC. buf gathers short parts, so that a string is not copied to the heap to be hashed.
type mac struct {
	hash hash.Hash
	buf  []byte
}

// macBufBytes is what mac.buf holds: a length, and a part that is an id, a digest, a token or a short key.
const macBufBytes = 256

func (m *macs) take() *mac {
	if idle, ok := m.idle.Get().(*mac); ok {
		return idle
	}
	return &mac{hash: hmac.New(sha256.New, m.key), buf: make([]byte, 0, macBufBytes)}
}

func (k *Keyring) macs(key int, purpose string) *macs {
	name := derivedKey{key: key, purpose: purpose}
	if known, ok := k.derived.Load(name); ok {
		return known.(*macs) //nolint:errcheck,forcetypeassert // only macs stores under seals: false
	}
	root := k.names
	if key != nameKey {
		root = k.keys[key]
	}
	known, _ := k.derived.LoadOrStore(name, &macs{key: derive(root, "mac:"+purpose)})
	return known.(*macs) //nolint:errcheck,forcetypeassert // only macs stores under seals: false
}

func (k *Keyring) gcm(key int, purpose string) cipher.AEAD {
	name := derivedKey{key: key, purpose: purpose, seals: true}
	if known, ok := k.derived.Load(name); ok {
		return known.(cipher.AEAD) //nolint:errcheck,forcetypeassert // only gcm stores under seals: true
	}
	gcm := newGCM(derive(k.keys[key], "seal:"+purpose))
	k.derived.Store(name, gcm)
	return gcm
}

func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key length is checked in NewKeyring
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only fails for a block size other than 16
	}
	return gcm
}

func derive(key []byte, purpose string) []byte {
	derived, err := hkdf.Key(sha256.New, key, nil, "rowgate "+purpose, KeyBytes)
	if err != nil {
		panic(err) // only fails for lengths over 255 × 32 bytes
	}
	return derived
}
