package secret

import (
	"crypto/rand"
	"encoding/hex"
)

const (
	purposeNames = "name key" // of the sealed name key
	purposeID    = "key id"
	idBytes      = 8
)

// SealNames makes a name key: the root of MACs that outlives the keys of the ring. It is random, or, for data that was named
// before there were name keys, the last key of the ring, which made those names. It is sealed by the first key.
func (k *Keyring) SealNames(inherit bool) []byte {
	root := make([]byte, KeyBytes)
	_, _ = rand.Read(root) // never fails since Go 1.24
	if inherit {
		root = k.keys[len(k.keys)-1]
	}
	return k.Seal(purposeNames, root)
}

// OpenNames returns a ring of the same keys whose MACs are made with the name key that SealNames made. It also returns the name
// key sealed by the first key: sealed itself if that did. The error is ErrSealed if no key of the ring opens it.
func (k *Keyring) OpenNames(sealed []byte) (named *Keyring, fresh []byte, err error) {
	root, err := k.Open(purposeNames, sealed)
	if err != nil || len(root) != KeyBytes {
		return nil, nil, ErrSealed
	}
	if fresh, err = k.Reseal(purposeNames, sealed); err != nil {
		return nil, nil, err
	}
	return &Keyring{keys: k.keys, names: root}, fresh, nil
}

// Reseal returns what Seal made for the purpose, sealed by the first key: sealed itself if that did. The error is ErrSealed if
// no key of the ring opens it.
func (k *Keyring) Reseal(purpose string, sealed []byte) ([]byte, error) {
	first := &Keyring{keys: k.keys[:1]}
	if _, err := first.Open(purpose, sealed); err == nil {
		return sealed, nil
	}
	plain, err := k.Open(purpose, sealed)
	if err != nil {
		return nil, err
	}
	return k.Seal(purpose, plain), nil
}

// IDs names the keys of the ring, the first first. A name reveals nothing of its key.
func (k *Keyring) IDs() []string {
	ids := make([]string, len(k.keys))
	for i := range k.keys {
		id := macOf(k, i, purposeID, []string(nil))
		ids[i] = hex.EncodeToString(id[:idBytes])
	}
	return ids
}
