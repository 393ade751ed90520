package snippet

import (
	"bytes"
	"encoding/json"
	"strings"
	"text/template"
)

// Paths of the generators of programs.
const (
	PathPowerShell = "/connect/powershell"
	PathPython     = "/connect/python"
	PathGo         = "/connect/go"
)

// program is what the templates of programs are made of. Secrets are read from the environment.
type program struct {
	URL     string
	Headers []programHeader
	Body    string // indented JSON without apostrophes and backquotes
}

// programHeader is a header whose value is Prefix and the environment variable.
type programHeader struct{ Name, Prefix, Variable string }

// Templates of the programs. Each holds the row as a raw string, in which JSON needs no second escaping.
var (
	powerShellTemplate = template.Must(template.New("powershell").Parse(`$body = @'
{{.Body}}
'@
$headers = @{
{{range .Headers}}  '{{.Name}}' = "{{.Prefix}}$env:{{.Variable}}"
{{end}}}
Invoke-RestMethod -Method Post -Uri '{{.URL}}' -Headers $headers -ContentType 'application/json; charset=utf-8' ` + "`" + `
  -Body ([Text.Encoding]::UTF8.GetBytes($body))
`))
	pythonTemplate = template.Must(template.New("python").Parse(`import os
import urllib.request

body = r'''
{{.Body}}
'''
request = urllib.request.Request(
    '{{.URL}}',
    data=body.encode('utf-8'),
    headers={
        'Content-Type': 'application/json',
{{range .Headers}}        '{{.Name}}': '{{.Prefix}}' + os.environ['{{.Variable}}'],
{{end}}    },
)
with urllib.request.urlopen(request) as response:
    print(response.read().decode('utf-8'))
`))
	goTemplate = template.Must(template.New("go").Parse("package main\n\n" + `import (
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

const body = ` + "`{{.Body}}`" + `

func main() {
	request, err := http.NewRequest(http.MethodPost, "{{.URL}}", strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
{{range .Headers}}	request.Header.Set("{{.Name}}", "{{.Prefix}}"+os.Getenv("{{.Variable}}"))
{{end}}	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		log.Fatal(err)
	}
}
`))
)

func powerShell(t *table) ([]byte, error) { return t.program(powerShellTemplate) }

func python(t *table) ([]byte, error) { return t.program(pythonTemplate) }

func golang(t *table) ([]byte, error) { return t.program(goTemplate) }

// program generates a program that writes one sample row.
func (t *table) program(as *template.Template) ([]byte, error) {
	body, err := sampleBody(t)
	if err != nil {
		return nil, err
	}
	var indented, out bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		return nil, err
	}
	// Escapes of JSON's own in place of the characters that end a raw string of PowerShell, Python or Go.
	text := strings.NewReplacer("'", `\u0027`, "`", `\u0060`).Replace(indented.String())
	address := strings.NewReplacer("'", "%27", `"`, "%22").Replace(t.url)
	err = as.Execute(&out, program{URL: address, Headers: t.programHeaders(), Body: text})
	return out.Bytes(), err
}

// programHeaders returns the headers that say who calls. The variables are named as those of the cURL command.
func (t *table) programHeaders() []programHeader {
	switch t.Auth {
	case authKey:
		return []programHeader{{"Authorization", "Bearer ", "ROWGATE_CONNECTION_KEY"}}
	case authPersonal:
		return []programHeader{{"Authorization", "Bearer ", "PASSPHRASE"}, {"X-Personal-Base-Token", "", "PERSONAL_BASE_TOKEN"}}
	default:
		return []programHeader{{"Authorization", "Bearer ", "PASSPHRASE"}, {"X-App-Id", "", "APP_ID"}, {"X-App-Secret", "", "APP_SECRET"}}
	}
}
