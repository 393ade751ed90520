package bitable

import "bytes"

// url takes a link, a Markdown link, text with one link in it, and Feishu's {"text","link"} and segment.
func (c *run) url(dst []byte, col *column, text []byte, isText bool) ([]byte, result) {
	if text, isText = c.openOne(text, isText); !isText {
		return c.urlObject(dst, col)
	}
	if len(text) == 0 {
		return c.empty(dst, col)
	}
	label, link, rule := text, text, RuleURLWrapped
	if text[0] == '[' {
		if at := bytes.Index(text, []byte("](")); at > 0 && text[len(text)-1] == ')' {
			label, link, rule = text[1:at], text[at+2:len(text)-1], RuleURLMarkdown
		}
	}
	if rule == RuleURLWrapped {
		if bare := bareLink(text); len(bare) != len(text) {
			label, link, rule = bare, bare, RuleURLTrimmed
		}
		if !isURL(link) {
			if found := onlyLink(text); found != nil {
				label, link, rule = text, found, RuleURLFound
			}
		}
	}
	if !isURL(link) || rule != RuleURLMarkdown && countLinks(link) > 1 {
		return c.mismatch(dst, col, reasonURL, urlSuggestion(text))
	}
	c.note(rule)
	return appendURL(dst, label, link), written
}

// urlObject takes an object with the address in link or url, and perhaps its words in text or name.
func (c *run) urlObject(dst []byte, col *column) ([]byte, result) {
	labelName, label := firstMember(c.raw, "text", "name")
	linkName, link := firstMember(c.raw, "link", "url")
	if !isString(link) || label != nil && !isString(label) {
		return c.mismatch(dst, col, reasonShape, "")
	}
	address := bytes.TrimSpace(content(link))
	if !isURL(address) {
		return c.mismatch(dst, col, reasonURL, urlSuggestion(address))
	}
	text := address
	if label != nil {
		text = content(label)
	}
	if labelName != "text" || linkName != "link" {
		c.note(RuleURLWrapped)
	}
	if !hasOnly(c.raw, labelName, linkName) {
		c.note(RuleMembersDropped)
	}
	if len(address) != len(content(link)) {
		c.note(RuleURLWrapped)
	}
	return appendURL(dst, text, address), written
}

// firstMember is the first of the members that an object has, with its name; "" and nil if it has none.
func firstMember(object []byte, names ...string) (name string, value []byte) {
	for _, name := range names {
		if value := memberOf(object, name); value != nil {
			return name, value
		}
	}
	return "", nil
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
