// Package admin seeds the simulator, shows what it holds and scripts faults, in Go and as JSON over /sandbox/.
package admin
