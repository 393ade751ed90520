package bitable

import "bytes"

// addNamedFile takes {"url","name"} in an attachment cell: the file at an address, or of a data: URI, under a name of the caller's.
// taken is false for an object of another shape, and where there is a file_token, which is the file. ok is as of addEntry.
func (c *run) addNamedFile(col *column, kind listKind, object []byte) (taken, ok bool) {
	address, name := memberOf(object, "url"), memberOf(object, "name")
	if !isString(address) || isString(memberOf(object, attachmentMember)) || !isString(name) {
		return false, false
	}
	text := c.trimmed(address)
	if _, lookup, v := kind.entry(c, text); v != isLookup || lookup != PendingURL && lookup != PendingData {
		c.mismatch(nil, col, reasonURL, "")
		return true, false
	}
	c.note(RuleIDWrapped)
	if !hasOnly(object, "url", "name") {
		c.note(RuleMembersDropped)
	}
	if !c.addEntry(col, kind, text) {
		return true, false
	}
	c.elements[len(c.elements)-1].lookup.Name = string(bytes.TrimSpace(content(name)))
	return true, true
}
