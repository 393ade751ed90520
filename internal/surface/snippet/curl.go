package snippet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// curl writes a command that writes one sample row. The secrets are variables of the shell; n8n imports the command, and its
// user puts a credential in their place.
func curl(t *table) ([]byte, error) {
	body, err := sampleBody(t)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "curl -X POST %s", shellText(t.url))
	for _, header := range t.shellHeaders() {
		fmt.Fprintf(&out, " \\\n  -H \"%s\"", header)
	}
	fmt.Fprintf(&out, " \\\n  -H 'Content-Type: application/json' \\\n  --data-raw %s\n", shellText(string(body)))
	return out.Bytes(), nil
}

// shellHeaders stand in double quotes, where the shell puts in the secrets. No name is one of the service's own settings, whose
// ROWGATE_PASSPHRASE holds every name and passphrase.
func (t *table) shellHeaders() []string {
	if t.Auth == authKey {
		return []string{"Authorization: Bearer $ROWGATE_CONNECTION_KEY"}
	}
	return []string{
		"Authorization: Bearer $PASSPHRASE", "X-App-Id: $APP_ID", "X-App-Secret: $APP_SECRET",
	}
}

// sampleBody is the request of one row, in the order of the table's columns.
func sampleBody(t *table) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for _, one := range t.parameters() {
		if err := appendMember(&out, one.Key, one.Value); err != nil {
			return nil, err
		}
		out.WriteByte(',')
	}
	out.WriteString(`"fields":{`)
	for i, c := range t.sampled() {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := appendMember(&out, c.name, c.example); err != nil {
			return nil, err
		}
	}
	out.WriteString("}}")
	return out.Bytes(), nil
}

func appendMember(out *bytes.Buffer, name string, value any) error {
	key, err := plainJSON(name)
	if err != nil {
		return err
	}
	text, err := plainJSON(value)
	if err != nil {
		return err
	}
	out.Write(key)
	out.WriteByte(':')
	out.Write(text)
	return nil
}

// plainJSON is json.Marshal without escapes for HTML.
func plainJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// shellText puts text in single quotes. A single quote in it is written as JSON and URLs may write it too, so that importers of
// commands, which know less of quoting than a shell, read it as well.
func shellText(text string) string {
	if strings.HasPrefix(text, "{") {
		return "'" + strings.ReplaceAll(text, "'", `\u0027`) + "'"
	}
	return "'" + strings.ReplaceAll(text, "'", "%27") + "'"
}
