// Package job is the background engine: work that is stored before anybody is told that it will be done, and is done even if the
// process dies on the way. Callbacks, deliveries, runs of workflows, schedules, scans and clean-up are jobs.
//
// # Words
//
//   - A kind is what sort of job it is: a name, a typed payload and a handler (Kind, Handle).
//   - A job is one row. It is waiting, and then done, dead or cancelled; State says how it moves.
//   - A lane is what one worker has at a time. A job with a key shares the lane of its kind and key with the jobs before and after
//     it, which are done in the order of their enqueueing; a job without a key has a lane of its own.
//   - A ticket is a lane's place in the queue (Queue: River, on SQLite or PostgreSQL). It names the lane and nothing else, so nothing of
//     a payload is ever in the queue's tables or errors. A lane names the one ticket that counts; every other is void.
//   - A run is the fence of a lane: a number that grows with every claim and every outcome.
//
// # What is promised
//
//   - A job is there if and only if the transaction that enqueued it was committed.
//   - Every job that is there is handed to its handler until that answers Done or Dead, or the retry table of its kind is at its end.
//   - The effects of a handler that are given to Outcome.With are made once: in one transaction with the end of the job, after a
//     compare-and-set of the run. A worker that was paused and has lost its lane to another changes nothing.
//   - What a handler does elsewhere (a call to a webhook) it may do again after a crash: the id of the job is the same each time.
//   - Jobs of one kind and key are done one at a time, in order. A dead one does not hold up those behind it; one that is tried again does.
//
// # What is done by hand
//
// The queue gives up a ticket of a process that died only after RescueAfter. So a start frees what an earlier process left (SQLite),
// and the instances of one PostgreSQL watch each other's heartbeats (upkeep.go). The queue also does not fence a completion, orders
// nothing by key and keeps schedules of its own only in memory: lanes, runs and schedules are rows of ours, and a lane whose ticket
// is lost gets a new one. A queue of our own making fits behind the same two interfaces.
//
// Locks: rows are locked lane first, job second. Engine.mu guards what is in memory (the handlers at work and the load).
package job
