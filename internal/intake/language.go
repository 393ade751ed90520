package intake

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// languageParam names the parameter that says in which language the request is answered.
const (
	languageParam  = "language"
	languageHeader = "X-Language"
)

// Language returns the language that query or header ask for, "" if they ask for none that messages exist in. It needs no body, so
// that it also holds for one that cannot be read.
func Language(query url.Values, header http.Header) problem.Lang {
	if text := query.Get(languageParam); text != "" {
		return languageOf(text)
	}
	return languageOf(strings.TrimSpace(header.Get(languageHeader)))
}

func languageOf(text string) problem.Lang {
	if lang := problem.Lang(text); lang == problem.ZH || lang == problem.EN {
		return lang
	}
	return ""
}

// noteLanguage notes the language of a body as soon as its top level is known, so that a refusal of what stands beside it is in that
// language. In text that had to be dug out nothing is a parameter.
func (p *parser) noteLanguage(doc *document) {
	place := p.place(languageParam)
	if place < 0 || doc.dug || p.spec.Params[place].BesideRows && !p.hasRows(doc) {
		return
	}
	for _, m := range doc.members {
		if v := (value{raw: doc.out[m.start:m.end]}); string(unquote(doc.out[m.key:m.keyEnd])) == languageParam {
			text, _ := v.asText()
			p.sayLanguage(place, text)
		}
	}
}

// sayLanguage notes the language if the parameter of that place is the one for it and its value is right.
func (p *parser) sayLanguage(place int, text string) {
	if lang := languageOf(text); lang != "" && p.spec.Params[place].Name == languageParam {
		p.language = lang
	}
}
