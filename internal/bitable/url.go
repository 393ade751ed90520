package bitable

import "bytes"

// url takes a link, a Markdown link, or Feishu's {"text","link"}.
func (c *run) url(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	if !isText {
		return c.urlObject(dst, col)
	}
	label, link, rule := text, text, RuleURLWrapped
	if text[0] == '[' {
		if at := bytes.Index(text, []byte("](")); at > 0 && text[len(text)-1] == ')' {
			label, link, rule = text[1:at], text[at+2:len(text)-1], RuleURLMarkdown
		}
	}
	if !isURL(link) {
		return c.mismatch(dst, col, reasonURL, urlSuggestion(text))
	}
	c.note(rule)
	return appendURL(dst, label, link), written
}

func (c *run) urlObject(dst []byte, col *column) ([]byte, result) {
	label, link := memberOf(c.raw, "text"), memberOf(c.raw, "link")
	if !isString(link) || label != nil && !isString(label) {
		return c.mismatch(dst, col, reasonShape, "")
	}
	address := bytes.TrimSpace(content(link))
	if !isURL(address) {
		return c.mismatch(dst, col, reasonURL, urlSuggestion(address))
	}
	text := address
	if label == nil {
		c.note(RuleURLWrapped)
	} else {
		text = content(label)
	}
	if !hasOnly(c.raw, "text", "link") {
		c.note(RuleMembersDropped)
	}
	if len(address) != len(content(link)) {
		c.note(RuleURLWrapped)
	}
	return appendURL(dst, text, address), written
}

func appendURL(dst, label, link []byte) []byte {
	dst = appendQuoted(append(dst, `{"text":`...), label)
	return append(appendQuoted(append(dst, `,"link":`...), link), '}')
}

// isURL reports whether s is an http or https address with a host, or a mailto address, without white space.
func isURL(s []byte) bool {
	if bytes.ContainsFunc(s, isSpaceOrControl) {
		return false
	}
	scheme, rest, ok := bytes.Cut(s, []byte(":"))
	if !ok {
		return false
	}
	switch string(bytes.ToLower(scheme)) {
	case "http", "https":
		host, ok := bytes.CutPrefix(rest, []byte("//"))
		return ok && len(host) > 0 && host[0] != '/' && host[0] != '?' && host[0] != '#'
	case "mailto":
		at := bytes.IndexByte(rest, '@')
		return at > 0 && at < len(rest)-1
	default:
		return false
	}
}

// urlSuggestion completes a bare host name, "www.example.com/x"; else it is empty.
func urlSuggestion(s []byte) string {
	const maxSuggestedBytes = 100
	if len(s) <= maxSuggestedBytes && bytes.HasPrefix(s, []byte("www.")) && isURL(append([]byte("https://"), s...)) {
		return "https://" + string(s)
	}
	return ""
}

func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f || r == '\u3000' || r == '\u00a0' }
