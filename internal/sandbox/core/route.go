package core

import "time"

// Rate is how many calls an endpoint takes per window, for each app.
type Rate struct {
	Calls int
	Per   time.Duration
}

// The documented rates of the endpoints below.
var (
	PerSecond10  = []Rate{{10, time.Second}}
	PerSecond20  = []Rate{{20, time.Second}}
	PerSecond50  = []Rate{{50, time.Second}}
	PerMinute20  = []Rate{{20, time.Minute}}
	PerMinute100 = []Rate{{100, time.Minute}}
	PerMinute1k  = []Rate{{1000, time.Minute}, {50, time.Second}}
)

type class uint8

const (
	classRead class = iota
	ClassWrite
	classAuth
	ClassUpload
)

// Route is one method and path of the open platform. Rates and scopes are those of the official pages: one of
// the scopes is enough, an empty list needs none.
type Route struct {
	Name   string // as the admin API, faults and counters name it: "record.batch_create"
	Method string
	Path   string // without /open-apis, with :name for a parameter
	Class  class
	Rates  []Rate
	Scopes []string
	Handle func(*Call) (any, *Failure)
	Locks  bool // takes part in "one write at a time"
	Token  bool // takes a client_token
}
