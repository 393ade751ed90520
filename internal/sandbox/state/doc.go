// Package state is what the simulated tenant holds: apps and their tokens, bases with tables, columns and rows, people and files. It
// knows nothing of HTTP and of Feishu's codes: what a call may do is decided by the family that changes it. Everything about a base is
// guarded by the lock of that base.
package state
