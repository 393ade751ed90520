package core

import "time"

// Rate is how many calls an endpoint takes per window, for each app.
type Rate struct {
	Calls int
	Per   time.Duration
}

// PerSecond is a rate of so many calls a second.
func PerSecond(calls int) []Rate { return []Rate{{calls, time.Second}} }

// PerMinute is a rate of so many calls a minute.
func PerMinute(calls int) []Rate { return []Rate{{calls, time.Minute}} }

// PerDay is a rate of so many calls a day.
func PerDay(calls int) []Rate { return []Rate{{calls, 24 * time.Hour}} }

// Class says which latency, limits and checks a route has.
type Class uint8

// The classes of routes.
const (
	ClassRead   Class = iota
	ClassWrite        // changes data
	ClassAuth         // a token endpoint: it needs no token
	ClassUpload       // its handler reads the body
)

// Route is one method and path of the open platform. Rates and scopes are those of the official pages: one of
// the scopes is enough, an empty list needs none.
type Route struct {
	Name   string // as the admin API, faults and counters name it: "record.batch_create"
	Method string
	Path   string // without /open-apis, with :name for a parameter
	Class  Class
	Rates  []Rate
	Scopes []string
	Handle func(*Call) (any, *Failure)
	Locks  bool // one such call at a time in a table (Options.ConflictScope)
	Token  bool // takes a client_token
}
