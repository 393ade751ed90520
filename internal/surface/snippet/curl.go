package snippet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
)

// curl generates a command that writes one sample row. Secrets are shell variables; in n8n, which imports the command, users
// replace them with a credential.
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

// shellHeaders returns headers to be double-quoted, so that the shell expands the variables. None of these is named like a setting
// of the service: ROWGATE_PASSPHRASE, for one, contains all names and passphrases.
func (t *table) shellHeaders() []string {
	switch t.Auth {
	case authKey:
		return []string{"Authorization: Bearer $ROWGATE_CONNECTION_KEY"}
	case authPersonal:
		return []string{"Authorization: Bearer $PASSPHRASE", "X-Personal-Base-Token: $PERSONAL_BASE_TOKEN"}
	default:
		return []string{"Authorization: Bearer $PASSPHRASE", "X-App-Id: $APP_ID", "X-App-Secret: $APP_SECRET"}
	}
}

// sampleBody returns a request body with one row, in the order of the table's columns. Where the table was not read, its samples may
// fit no option of a select, and must not become new ones.
func sampleBody(t *table) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	parameters := apart(t.parameters())
	if !t.read {
		parameters = append(parameters, pair{"unknown_options", "reject"})
	}
	for _, one := range parameters {
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

// apart replaces a link of a base by its app_token and table_id: some importers of cURL commands split the body at the "=" of a link.
func apart(parameters []pair) []pair {
	var out []pair
	named := slices.ContainsFunc(parameters, func(one pair) bool { return one.Key == "table_id" })
	for _, one := range parameters {
		link, err := bitable.ParseLink(one.Value)
		if one.Key != "app_token" || err != nil || link.AppToken == "" {
			out = append(out, one)
			continue
		}
		out = append(out, pair{one.Key, link.AppToken})
		if link.TableID != "" && !named {
			out = append(out, pair{"table_id", link.TableID})
		}
		if link.Brand != "" && !slices.ContainsFunc(parameters, func(one pair) bool { return one.Key == "brand" }) {
			out = append(out, pair{"brand", string(link.Brand)})
		}
	}
	return out
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

// plainJSON is json.Marshal without HTML escapes.
func plainJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// shellText puts text in single quotes. Single quotes in it are escaped in the syntax of JSON or of URLs, not of the shell, because
// importers of cURL commands do not support all of shell quoting.
func shellText(text string) string {
	if strings.HasPrefix(text, "{") {
		return "'" + strings.ReplaceAll(text, "'", `\u0027`) + "'"
	}
	return "'" + strings.ReplaceAll(text, "'", "%27") + "'"
}
