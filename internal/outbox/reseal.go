package outbox

import "github.com/rowgate/rowgate/internal/secret"

// Sealed is a kind of sealed data in a store.
type Sealed string

// The kinds of sealed data.
const (
	SealedPayload Sealed = sealPayload
	SealedPlan    Sealed = sealPlan
	SealedResult  Sealed = sealResult // of entries and of batches
)

// Reseal returns data sealed by the first key of ring: data itself if that did. It is how a store lets a retired key go. The
// error is secret.ErrSealed if no key of the ring opens data.
func Reseal(ring *secret.Keyring, kind Sealed, data []byte) ([]byte, error) {
	return ring.Reseal(string(kind), data)
}
