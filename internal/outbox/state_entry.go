package outbox

// EntryState is where an entry stands in memory. The package comment has the table of transitions.
type EntryState uint8

// The states of an entry.
const (
	EntryNew       EntryState = iota // made of a submission or of a stored entry; it has no key and no place under the bounds yet
	EntryAdmitting                   // has its key and its place; an earlier answer is looked for, or it is being stored
	EntryQueued                      // all its open rows wait in the lane
	EntryRunning                     // rows of it are in a batch
	EntryDeferred                    // Feishu cannot be reached: what waits of it stays out of the queue until the lane tries again
	EntryElsewhere                   // it is stored and another instance runs its lane; the answer is awaited in the store
	EntrySettling                    // every row is decided; the answer is on its way to the store
	EntryParking                     // nothing more of it is sent for now; the note of that is on its way to the store
	EntryParked                      // answered; a repeat, or the janitor for rows of unknown outcome, goes on with what is open
	EntryDone                        // the answer is stored and was given; it is not in memory any more
	EntryReleased                    // its key is free again; nothing follows
)

func (s EntryState) String() string {
	return [...]string{
		"new", "admitting", "queued", "running", "deferred", "elsewhere", "settling", "parking", "parked", "done", "released",
	}[s]
}

// EntryEvent is what happens to an entry.
type EntryEvent uint8

// The events of an entry, one verb each.
const (
	EntryAdmit    EntryEvent = iota // takes its key and its place under the bounds
	EntryWithdraw                   // gives both back: it repeats an earlier one, or cannot be stored
	EntryReplay                     // stands for a stored answer that is given again
	EntryQueue                      // its rows wait in the lane
	EntryRun                        // rows of it go into a batch
	EntryDefer                      // Feishu cannot be reached: it waits outside the queue
	EntryResume                     // it is taken up again after a deferral or a parking
	EntrySettle                     // every row of it is decided
	EntryPark                       // nothing more of it is sent until it is repeated
	EntryAnswer                     // the answer is stored and given
	EntryRelease                    // its key becomes free: nothing was written, or the answer was delivered
	EntryHandOver                   // another instance runs its lane
	EntryTakeOver                   // this instance runs its lane from now on
	EntryCancel                     // nothing more of it is to be sent, by its caller's wish
)

func (e EntryEvent) String() string {
	return [...]string{
		"admit", "withdraw", "replay", "queue", "run", "defer", "resume", "settle", "park", "answer", "release", "hand over", "take over",
		"cancel",
	}[e]
}

var entryTable = table[EntryState, EntryEvent]{
	{EntryNew, EntryAdmit}:          EntryAdmitting,
	{EntryNew, EntryReplay}:         EntryDone,
	{EntryNew, EntryTakeOver}:       EntryQueued,
	{EntryNew, EntryHandOver}:       EntryElsewhere,
	{EntryAdmitting, EntryWithdraw}: EntryReleased,
	{EntryAdmitting, EntryQueue}:    EntryQueued,
	{EntryAdmitting, EntryHandOver}: EntryElsewhere,
	{EntryQueued, EntryRun}:         EntryRunning,
	{EntryQueued, EntrySettle}:      EntrySettling,
	{EntryQueued, EntryPark}:        EntryParking,
	{EntryQueued, EntryHandOver}:    EntryElsewhere,
	{EntryQueued, EntryCancel}:      EntryQueued,
	{EntryRunning, EntryCancel}:     EntryRunning,
	{EntryDeferred, EntryCancel}:    EntryDeferred,
	{EntryParked, EntryCancel}:      EntryParked,
	{EntryRunning, EntryRun}:        EntryRunning,
	{EntryRunning, EntryQueue}:      EntryQueued,
	{EntryRunning, EntryDefer}:      EntryDeferred,
	{EntryRunning, EntrySettle}:     EntrySettling,
	{EntryRunning, EntryPark}:       EntryParking,
	{EntryRunning, EntryHandOver}:   EntryElsewhere,
	{EntryDeferred, EntryDefer}:     EntryDeferred,
	{EntryDeferred, EntryResume}:    EntryQueued,
	{EntryDeferred, EntryHandOver}:  EntryElsewhere,
	{EntryElsewhere, EntryTakeOver}: EntryQueued,
	{EntryElsewhere, EntryPark}:     EntryParked,
	{EntryElsewhere, EntryAnswer}:   EntryDone,
	{EntryElsewhere, EntryRelease}:  EntryReleased,
	{EntrySettling, EntryAnswer}:    EntryDone,
	{EntrySettling, EntryRelease}:   EntryReleased,
	{EntrySettling, EntryHandOver}:  EntryElsewhere,
	{EntryParking, EntryAnswer}:     EntryParked,
	{EntryParking, EntryResume}:     EntryQueued,
	{EntryParking, EntryHandOver}:   EntryElsewhere,
	{EntryParked, EntryResume}:      EntryQueued,
	{EntryParked, EntrySettle}:      EntrySettling,
	{EntryParked, EntryRelease}:     EntryReleased,
	{EntryParked, EntryHandOver}:    EntryElsewhere,
	{EntryDone, EntryRelease}:       EntryReleased,
}
