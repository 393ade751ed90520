package bitable

import "regexp"

// tableIDShape is what the ids of tables look like. Source: the suggested checks of the documents overview.
var tableIDShape = regexp.MustCompile(`^tbl[A-Za-z0-9]{5,47}$`)

// IsTableID reports whether text is a table's id rather than its name.
func IsTableID(text string) bool { return tableIDShape.MatchString(text) }

// FoldName returns the key under which names of columns and tables are compared: NFKC, trimmed, case folded.
func FoldName(name string) string { return foldName(name) }
