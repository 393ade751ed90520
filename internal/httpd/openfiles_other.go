//go:build !unix

package httpd

import "math"

// openFiles returns how many files this process may have open: the system has no such limit.
func openFiles() uint64 { return math.MaxUint64 }
