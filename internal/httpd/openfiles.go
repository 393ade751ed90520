package httpd

// How the files that the process may have open are divided.
const (
	// ownFiles are the process's own: the database on five connections, its lock, listeners, standard streams; an idle service has 20.
	ownFiles = 32
	// filesParts is what the others are divided by: one part each for the callers of a listener, those of the admin listener, and calls to
	// Feishu.
	filesParts = 3
	// leastConnections are open whatever the limit is.
	leastConnections = 4
)

// connectionsWithin returns how many connections a listener may have open in a process that may have so many open files. A process that
// has used up its files accepts nobody, not even the one who asks whether it lives, and can neither write nor call Feishu.
func connectionsWithin(files uint64) int {
	if files >= ownFiles+filesParts*MaxConnections {
		return MaxConnections
	}
	return max((int(files)-ownFiles)/filesParts, leastConnections)
}
