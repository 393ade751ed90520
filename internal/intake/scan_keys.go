package intake

import (
	"bytes"
	"hash/maphash"
)

// fewKeys is up to how many keys comparing all pairs beats hashing.
const fewKeys = 8

// checkKeys refuses an object with two equal keys. Keys are compared as canonical bytes, so "a" and "\u0061" are equal.
func (s *scanner) checkKeys(keys []node) bool {
	if len(keys) <= fewKeys {
		for i := 1; i < len(keys); i++ {
			for j := range i {
				if bytes.Equal(s.key(keys[i]), s.key(keys[j])) {
					return s.fail(keys[i].at, duplicateKey)
				}
			}
		}
		return true
	}
	size := 4 * fewKeys
	for size < 2*len(keys) {
		size *= 2
	}
	if len(s.slots) < size {
		s.slots = make([]int, size)
		s.seed = maphash.MakeSeed()
	}
	slots := s.slots[:size]
	clear(slots)
	for i := range keys {
		key := s.key(keys[i])
		mask := uint64(size - 1) //nolint:gosec // a positive power of two
		h := maphash.Bytes(s.seed, key) & mask
		for ; slots[h] != 0; h = (h + 1) & mask {
			if bytes.Equal(key, s.key(keys[slots[h]-1])) {
				return s.fail(keys[i].at, duplicateKey)
			}
		}
		slots[h] = i + 1
	}
	return true
}

func (s *scanner) key(n node) []byte { return s.out[n.key:n.keyEnd] }
