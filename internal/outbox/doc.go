// Package outbox is the one write path: every write is a durable entry in a lane, merged with its neighbours into the
// largest batch that Feishu takes, sent once, and answered with one result a row.
//
// # Words
//
// A lane is the queue of one base (brand, app_token); at most one write of it is under way. An entry is one caller's submission. A
// batch is one call to Feishu; it is stored before it is made, with its rows, their order and its client token. A round is one
// wait for an answer. A mark is the stored note that an entry is parked. One verb stands for one thing everywhere:
//
//	admit, withdraw  an entry gets its key and its place under the bounds, or gives them back
//	queue, run       rows wait in the lane, or are in a batch
//	defer, resume    Feishu cannot be reached: rows or a batch wait outside the queue; they are taken up again
//	park, resume     an entry is answered although rows of it are open; a repeat or the janitor takes it up again
//	give up, queue   a batch's outcome is unknown for now; it is queued to be sent again as it is
//	settle, answer   every row is decided; the answer is stored and given
//	release          the key becomes free
//	cancel           nothing more of an entry is sent, by its caller's wish; a stored note says so, and what is under way is seen through
//	shed, bring      a stored entry that is far back in its lane keeps no rows in memory; they are read again when it is near
//	hand over        another instance runs the lane of the entry; take over is the opposite
//
// # Parts
//
// The files are named after them, and each is a type:
//
//	accept   acceptor: submissions, replays, jobs, tickets, bounds; at any instance
//	journal  journal: the one writer to the store, and what is sealed how
//	runner   runner: lanes, composing, sending, settling; at the instance that owns the lane. The next full batch of imports is
//	         stored while one is under way (runner_ahead.go)
//	find     finder: look-ups by key and read-back; changes nothing
//	owner    Owner, Lease: who runs a lane; LocalOwner shares the lanes of one process
//	core     core: the entries in memory, what their rows take up, and the lock that guards them
//
// accept knows running only by the interface lanes (accept.go). An entry whose lane is run here goes to it in memory, and is stored
// with its first batch. An entry whose lane another instance runs is stored at once; the owner loads it when it is told, and the
// answer comes back by the store. Each change that a runner makes carries the fencing token of its lease, and the store
// refuses those of an older one: an owner that does not know yet that it has lost the lane cannot begin a call. A new owner shows
// its token to the store before it reads the lane, so that nothing of an older lease arrives behind its back.
//
// # Locks
//
// core.mu, Outbox.mu in comments, guards every entry, batch and lane but for fields that are marked as never changing. While a batch
// is sending, its items belong to the goroutine of its lane. The journal has a lock of its own, which is taken last. No
// function that takes Outbox.mu depends on an argument for that; "mu is held" in a comment means by every caller.
//
// # States of an entry
//
// transition performs these steps and refuses all others.
//
//	new        admit      admitting
//	new        replay     done
//	new        take over  queued
//	new        hand over  elsewhere
//	admitting  withdraw   released
//	admitting  queue      queued
//	admitting  hand over  elsewhere
//	queued     run        running
//	queued     settle     settling
//	queued     park       parking
//	queued     hand over  elsewhere
//	queued     cancel     queued
//	running    run        running
//	running    queue      queued
//	running    defer      deferred
//	running    settle     settling
//	running    park       parking
//	running    hand over  elsewhere
//	running    cancel     running
//	deferred   defer      deferred
//	deferred   resume     queued
//	deferred   hand over  elsewhere
//	deferred   cancel     deferred
//	elsewhere  take over  queued
//	elsewhere  park       parked
//	elsewhere  answer     done
//	elsewhere  release    released
//	settling   answer     done
//	settling   hand over  elsewhere
//	settling   release    released
//	parking    answer     parked
//	parking    resume     queued
//	parking    hand over  elsewhere
//	parked     resume     queued
//	parked     settle     settling
//	parked     release    released
//	parked     hand over  elsewhere
//	parked     cancel     parked
//	done       release    released
//
// # States of a batch
//
// transitionBatch performs these steps and refuses all others.
//
//	composed   start      started
//	composed   queue      queued
//	composed   end        ended
//	started    send       sending
//	started    end        ended
//	sending    defer      deferred
//	sending    give up    unknown
//	sending    end        ended
//	deferred   queue      queued
//	unknown    queue      queued
//	queued     send       sending
//	queued     end        ended
package outbox
