// Package core is what all endpoints of the simulator share: routing, tokens and scopes, rate limits and quotas, scripted faults, the
// form of answers and errors, latency, client tokens, paging and the journal. A family of endpoints is a Family value; New makes a
// server of several.
package core
