package memory

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// DefaultLimit is taken where neither GOMEMLIMIT nor a control group says how much memory there is, in bytes.
	DefaultLimit = 1 << 30
	// LeastLimit is what the largest request needs, in bytes: a smaller limit is taken for this.
	LeastLimit = 384 << 20
	// MostLimit is what the parts are made of where there is more, in bytes: more does not make anything faster.
	MostLimit = 4 << 30

	partsIn = 96 // what Plan's parts are counted in
)

// Plan is how the memory of a process is divided: each part is a bound, in bytes.
type Plan struct {
	Limit int64

	Process     int64 // the program itself, documents, goroutines that always run
	Connections int64 // open connections of callers
	Bodies      int64 // bodies of requests, and the rows read from them
	Handling    int64 // what a request makes of its body until the write path has it
	Waiting     int64 // rows of writes that are not stored: their callers wait
	Near        int64 // rows of stored writes whose turn is near
	Entries     int64 // what is in memory of every write, with or without its rows
	Sealing     int64 // payloads while they are sealed and stored
	Sending     int64 // calls to Feishu that carry rows
	Answers     int64 // Feishu's answers while they are read
	Searches    int64 // rows that searches have found
	Proxied     int64 // bodies that the proxy keeps to send them again
	Caches      int64 // columns, tables, tokens, people, files, failures and requests that are remembered

	Answer int64 // the largest answer of Feishu's that is read: no part, one of Answers goes beyond it
}

// Divide divides so many bytes, within LeastLimit and MostLimit.
func Divide(limit int64) Plan {
	limit = min(max(limit, LeastLimit), MostLimit)
	part := func(n int64) int64 { return limit / partsIn * n }
	return Plan{
		Limit: limit, Process: part(8), Connections: part(11), Bodies: part(11), Handling: part(11), Waiting: part(5), Near: part(3),
		Entries: part(4), Sealing: part(2), Sending: part(2), Answers: part(3), Searches: part(2), Proxied: part(1), Caches: part(7),
		Answer: part(5),
	}
}

// Sum adds the parts up.
func (p Plan) Sum() int64 {
	return p.Process + p.Connections + p.Bodies + p.Handling + p.Waiting + p.Near + p.Entries + p.Sealing + p.Sending + p.Answers +
		p.Searches + p.Proxied + p.Caches
}

// Limit returns the bytes that the process may use: GOMEMLIMIT, else three quarters of what its control group has, else DefaultLimit.
func Limit() int64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return limit
	}
	if limit := groupBytes(); limit > 0 {
		return limit
	}
	return DefaultLimit
}

// groupBytes is three quarters of what the process's control group has; 0 if it has none, or no limit.
func groupBytes() int64 {
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(name) //nolint:gosec // one of the two names above
		if err != nil {
			continue
		}
		if limit := groupLimit(string(text)); limit > 0 {
			return limit / 4 * 3
		}
	}
	return 0
}

// groupLimit reads the limit of a control group; 0 if it has none. Version 1 writes none as a number near the largest.
func groupLimit(text string) int64 {
	limit, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || limit > math.MaxInt64/2 {
		return 0
	}
	return limit
}
