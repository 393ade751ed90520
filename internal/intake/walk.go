package intake

import "bytes"

// eachMember visits the members of a canonical object, key with its quotes, until visit returns false.
func eachMember(object []byte, visit func(key, value []byte) bool) {
	for at := len("{"); at < len(object)-1; at++ { // past the comma
		keyEnd := valueEnd(object, at)
		end := valueEnd(object, keyEnd+len(":"))
		if !visit(object[at:keyEnd], object[keyEnd+len(":"):end:end]) {
			return
		}
		at = end
	}
}

// eachElement visits the elements of a canonical array until visit returns false.
func eachElement(array []byte, visit func(value []byte) bool) {
	for at := len("["); at < len(array)-1; at++ { // past the comma
		end := valueEnd(array, at)
		if !visit(array[at:end:end]) {
			return
		}
		at = end
	}
}

// valueEnd returns the offset behind the canonical value that begins at an offset.
func valueEnd(b []byte, at int) int {
	for depth := 0; at < len(b); {
		switch b[at] {
		case '"':
			at = stringEnd(b, at)
		case '{', '[':
			depth++
			at++
			continue
		case '}', ']':
			depth--
			at++
		case ',', ':':
			at++
			continue
		default:
			for at < len(b) && bytes.IndexByte([]byte(",:]}"), b[at]) < 0 {
				at++
			}
		}
		if depth == 0 {
			return at
		}
	}
	return at
}

// stringEnd returns the offset behind the string that begins at an offset.
func stringEnd(b []byte, at int) int {
	for at++; at < len(b); at++ {
		switch b[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(b)
}
