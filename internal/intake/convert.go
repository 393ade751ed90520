package intake

import (
	"bytes"
	"strconv"
	"strings"
)

// convert appends the value as the parameter's kind wants it; nothing if it is text with nothing in it.
func (p *parser) convert(out []byte, param *Param, v *value) ([]byte, error) {
	switch param.Kind {
	case Text:
		return p.textValue(out, param, v)
	case Bool, Integer:
		return p.scalar(out, param, v)
	case List:
		return p.list(out, param.Name, v)
	case Object:
		return p.structure(out, param.Name, v, '{')
	case Array:
		return p.structure(out, param.Name, v, '[')
	case Upload:
		return nil, badParameter(param.Name, "应是 multipart 表单里的文件", "a file part of a multipart form is expected")
	case Rows, Row: // beside the parameters: takeRows
	}
	return out, nil
}

// asText returns the text that a value is: a string as it is, a number or boolean as spelled; ok is false for lists and
// objects.
func (v *value) asText() (text string, ok bool) {
	switch {
	case v.raw == nil:
		return v.text, true
	case v.raw[0] == '"':
		return string(unquote(v.raw)), true
	case v.raw[0] == '{', v.raw[0] == '[':
		return "", false
	}
	return string(v.raw), true
}

func (p *parser) textValue(out []byte, param *Param, v *value) ([]byte, error) {
	text, ok := v.asText()
	switch {
	case param.OrObject && (!ok && v.raw[0] == '{' || ok && isObjectText(text)):
		return p.objectText(out, param, v)
	case !ok:
		return nil, badParameter(param.Name, "应是文本，不是列表或对象", "text is expected, not a list or an object")
	case param.Role == Keyword && IsUnrendered(text):
		return nil, Unrendered(param.Name)
	case param.Role == IdempotencyKey:
		if err := p.checkKey(param, text); err != nil {
			return nil, err
		}
	}
	if v.raw != nil && v.raw[0] == '"' {
		return append(out, v.raw...), nil
	}
	return appendString(out, text), nil
}

// isObjectText reports whether text is to be read as an object. Template text is not.
func isObjectText(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") && !IsUnrendered(text)
}

// objectText reads an object and appends its text.
func (p *parser) objectText(out []byte, param *Param, v *value) ([]byte, error) {
	object, err := p.structure(nil, param.Name, v, '{')
	if err != nil {
		return nil, err
	}
	return appendString(out, string(object)), nil
}

// scalar reads booleans and whole numbers.
func (p *parser) scalar(out []byte, param *Param, v *value) ([]byte, error) {
	text, ok := v.asText()
	text = strings.TrimSpace(text)
	if ok && text == "" {
		return out, nil
	}
	if ok && IsUnrendered(text) {
		return nil, Unrendered(param.Name)
	}
	if param.Kind == Bool {
		if b, known := boolText(text); known {
			return strconv.AppendBool(out, b), nil
		}
		return nil, badParameter(param.Name, "应是 true 或 false，不是 "+param.show(text, ok),
			"true or false is expected, not "+param.show(text, ok))
	}
	whole, fraction, _ := strings.Cut(text, ".") // Python and JavaScript callers send 500.0
	if strings.Trim(fraction, "0") == "" && !strings.HasPrefix(whole, "+") {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
			return strconv.AppendInt(out, n, 10), nil
		}
	}
	return nil, badParameter(param.Name, "应是整数，不是 "+param.show(text, ok),
		"a whole number is expected, not "+param.show(text, ok))
}

// show returns the value for a refusal; never that of a secret.
func (param *Param) show(text string, isText bool) string {
	switch {
	case param.Secret:
		return "***"
	case !isText:
		return "[…]"
	}
	return quote(text)
}

// boolText reads a boolean in any case, also as 1 or 0.
func boolText(text string) (b, ok bool) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// list reads a list of strings.
func (p *parser) list(out []byte, name string, v *value) ([]byte, error) {
	wrong := badParameter(name, "应是文本的列表，或用逗号分隔的文本", "a list of strings or comma-separated text is expected")
	if v.raw != nil && v.raw[0] == '{' {
		return nil, wrong
	}
	text, isText := v.asText()
	trimmed := strings.TrimSpace(text)
	switch {
	case isText && trimmed == "":
		return out, nil
	case isText && trimmed[0] != '[':
		var parts []string
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
		return appendList(out, parts)
	}
	given := *v
	if !isText {
		text, given.form = string(v.raw), true
	}
	doc, err := p.readText(name, &given, text, "")
	if err != nil {
		return nil, err
	}
	if doc.root() != '[' {
		return nil, wrong
	}
	if doc.itemCount > MaxRows {
		return nil, tooManyRows(doc.itemCount)
	}
	parts := make([]string, 0, len(doc.elems))
	for _, e := range doc.elems {
		element := value{raw: doc.out[e.start:e.end]}
		part, ok := element.asText()
		if !ok || string(element.raw) == "null" {
			return nil, wrong
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	return appendList(out, parts)
}

func appendList(out []byte, parts []string) ([]byte, error) {
	if len(parts) > MaxRows {
		return nil, tooManyRows(len(parts))
	}
	out = append(out, '[')
	for i, part := range parts {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, part)
	}
	return append(out, ']'), nil
}

// structure reads an object or an array, or text that holds one.
func (p *parser) structure(out []byte, name string, v *value, root byte) ([]byte, error) {
	raw := v.raw
	if raw == nil || raw[0] == '"' {
		text, _ := v.asText()
		doc, err := p.readText(name, v, text, "")
		if err != nil {
			return nil, err
		}
		if doc.root() == 0 || doc.root() == 'n' {
			return out, nil
		}
		if !v.form {
			p.repairs.add(RuleStringLayer, 1)
		}
		raw = doc.out
	}
	switch {
	case raw[0] == root:
		return append(out, raw...), nil
	case root == '{':
		return nil, badParameter(name, "应是一个 JSON 对象", "one JSON object is expected")
	}
	return nil, badParameter(name, "应是一个 JSON 数组", "a JSON array is expected")
}

// readText reads the text of a parameter.
func (p *parser) readText(where string, v *value, text, rowsKey string) (document, error) {
	r := reading{text: []byte(text), rowsKey: rowsKey, depth: v.depth, layer: v.layer, csv: v.csv, repairs: &p.repairs}
	r.chooses, r.legacy = rowsKey != "" && p.spec.FlatRow, v.odd != nil
	if !v.form { // JSON inside a string of JSON
		r.depth++
		r.layer++
	}
	if r.layer > MaxStringLayers {
		return document{}, p.refuse(where, r.miss(0, tooManyLayers))
	}
	if i := bytes.IndexByte(r.text, 0); i >= 0 {
		return document{}, p.refuse(where, r.miss(i, nul))
	}
	doc, miss := r.read()
	if miss != nil {
		return document{}, p.refuse(where, miss)
	}
	return doc, nil
}
