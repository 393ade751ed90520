// Package conventions holds the tests that guard the conventions of the whole tree which no linter knows: the words of the
// strings that callers read, the length of lines, and one context for each function. It has no code of its own.
package conventions
