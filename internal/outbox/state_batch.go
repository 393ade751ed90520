package outbox

// BatchState is where a batch stands. The package comment has the table of transitions.
type BatchState uint8

// The states of a batch.
const (
	BatchComposed BatchState = iota // its rows are chosen; it is not stored, and nothing of it was sent
	BatchStarted                    // stored; no call of it was made
	BatchSending                    // its call is made, and made again, by the goroutine of its lane
	BatchDeferred                   // Feishu cannot be reached: it comes back to the lane after a while
	BatchUnknown                    // sent, and its outcome cannot be found out for now; a repeat or the janitor goes on
	BatchQueued                     // stored and waits in the lane to be sent again as it is
	BatchEnded                      // what became of it is known, given up for good, or decided by other batches
)

func (s BatchState) String() string {
	return [...]string{"composed", "started", "sending", "deferred", "unknown", "queued", "ended"}[s]
}

// BatchEvent is what happens to a batch.
type BatchEvent uint8

// The events of a batch, one verb each.
const (
	BatchStart  BatchEvent = iota // it is stored
	BatchSend                     // its call begins
	BatchDefer                    // Feishu cannot be reached, and it is worth waiting
	BatchGiveUp                   // its outcome cannot be found out for now
	BatchQueue                    // it waits in the lane to be sent again; also what a start finds in the store
	BatchEnd                      // it is over
)

func (e BatchEvent) String() string {
	return [...]string{"start", "send", "defer", "give up", "queue", "end"}[e]
}

var batchTable = table[BatchState, BatchEvent]{
	{BatchComposed, BatchStart}: BatchStarted,
	{BatchComposed, BatchQueue}: BatchQueued,
	{BatchComposed, BatchEnd}:   BatchEnded,
	{BatchStarted, BatchSend}:   BatchSending,
	{BatchStarted, BatchEnd}:    BatchEnded,
	{BatchSending, BatchDefer}:  BatchDeferred,
	{BatchSending, BatchGiveUp}: BatchUnknown,
	{BatchSending, BatchEnd}:    BatchEnded,
	{BatchDeferred, BatchQueue}: BatchQueued,
	{BatchUnknown, BatchQueue}:  BatchQueued,
	{BatchQueued, BatchSend}:    BatchSending,
	{BatchQueued, BatchEnd}:     BatchEnded,
}
