package intake

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// body reads the body by its content type.
func (p *parser) body(in Input) error {
	media, rest, _ := strings.Cut(in.ContentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if media == "multipart/form-data" {
		_, params, err := mime.ParseMediaType(in.ContentType)
		if err != nil || params["boundary"] == "" {
			return p.refuse("", &misread{fault: fault{why: badMultipart}, text: in.Body})
		}
		return p.multipart(in.Body, params["boundary"])
	}
	if at := invalidAt(in.Body); at >= 0 {
		invalid := p.refuse("", &misread{fault: fault{at: at, why: invalidUTF8}, text: in.Body})
		if media == "text/csv" {
			return p.legacyCSV(in.Body, charsetOf(rest), invalid)
		}
		return invalid
	}
	if charset := charsetOf(rest); charset != "" && !isASCII(in.Body) {
		return problem.New(problem.BadBody, problem.Text{
			ZH: fmt.Sprintf("内容类型写的是 %s；请用 UTF-8。", quote(charset)),
			EN: fmt.Sprintf("The content type declares %s; send UTF-8.", quote(charset)),
		})
	}
	trimmed := bytes.TrimLeft(in.Body, " \t\r\n\uFEFF")
	if len(trimmed) == 0 {
		return nil
	}
	switch {
	case media == "application/json", media == "text/json", strings.HasSuffix(media, "+json"),
		media == "application/x-ndjson", media == "text/plain":
		return p.text(reading{text: in.Body})
	case media == "text/csv", media == "text/tab-separated-values":
		return p.text(reading{text: in.Body, csv: true, tabs: media != "text/csv"})
	case media == "application/x-www-form-urlencoded" && trimmed[0] != '{' && trimmed[0] != '[':
		return p.urlencoded(in.Body)
	case media == "", media == "application/octet-stream", media == "application/x-www-form-urlencoded":
		p.repairs.add(RuleSniffed, 1)
		if p.looksForm(trimmed) {
			return p.urlencoded(in.Body)
		}
		return p.text(reading{text: in.Body})
	}
	return problem.New(problem.BadBody, problem.Text{
		ZH: fmt.Sprintf("不支持内容类型 %s；请用 application/json、表单、text/plain 或 text/csv。", quote(media)),
		EN: fmt.Sprintf("The content type %s is not supported; use application/json, a form, text/plain or text/csv.", quote(media)),
	})
}

// invalidAt returns the offset of the first byte that is not UTF-8, -1 if all is.
func invalidAt(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	at := 0
	for {
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
}

// charsetOf returns the charset among a content type's parameters, "" if it is UTF-8, ASCII or none.
func charsetOf(params string) string {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		value = strings.Trim(value, `"' `)
		if !strings.EqualFold(name, "charset") || fold(value) == "utf8" || fold(value) == "usascii" {
			continue
		}
		return value
	}
	return ""
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// text reads a body that is one text: JSON in any wrapping, a Markdown table or CSV.
func (p *parser) text(r reading) error {
	r.rowsKey, r.repairs, r.chooses = p.spec.Rows, &p.repairs, p.spec.FlatRow
	doc, miss := r.read()
	if miss != nil {
		return p.refuse("", miss)
	}
	rows := p.place(p.spec.Rows)
	switch doc.root() {
	case 0:
		return nil
	case 'n':
		if rows < 0 {
			return p.refuse("", r.miss(r.afterSpace(0), notAnObject))
		}
		return nil
	case '{':
		return p.members(doc)
	case '[':
		if rows >= 0 {
			p.chooseCSV("", &doc, nil)
			p.give(rows, doc.array(doc.out, doc.elems, doc.itemCount))
			return nil
		}
		return p.refuse("", r.miss(r.afterSpace(0), notAnObject))
	}
	return p.refuse("", r.miss(r.afterSpace(0), nothingFound))
}

// array makes a value of one of the document's arrays.
func (d *document) array(raw []byte, elems []span, count int) value {
	return value{raw: raw, doc: d.out, elems: elems, count: count, depth: d.depth, layer: d.layer}
}
