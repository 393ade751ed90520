package openapi

import (
	"embed"
	"strings"
)

// What a sample does first, so that it can be pasted as it stands: it names a row, a job or a column of its own making.
const (
	needsRow    = "row"
	needsJob    = "job"
	needsColumn = "column"
	needsImport = "import"
)

// pageSample is the request of a tool's sample on the page.
type pageSample struct {
	needs string // what it does first; "" for nothing
	body  string // $RECORD_ID and $JOB_ID stand for what was made first
}

// pageSamples are requests that the table of the demo and of the simulator takes, whose columns are 标题, 平台, 发布日期 and more.
// A tool without one shows the example of its description.
var pageSamples = map[string]pageSample{
	"write_records":       {body: `{"records":[{"标题":"第一集","平台":"抖音","发布日期":"2026-03-04","播放量":"1,024"}]}`},
	"update_records":      {needs: needsRow, body: `{"records":[{"record_id":"$RECORD_ID","fields":{"播放量":2048}}]}`},
	"delete_records":      {needs: needsRow, body: `{"record_ids":["$RECORD_ID"]}`},
	"get_records":         {needs: needsRow, body: `{"record_ids":["$RECORD_ID"]}`},
	"search_records":      {body: `{"where":{"平台":"抖音","播放量":{">=":1000}},"sort":["-发布日期"]}`},
	"get_job":             {needs: needsJob, body: `{"job_id":"$JOB_ID"}`},
	"cancel_job":          {needs: needsImport, body: `{"job_id":"$JOB_ID"}`},
	"describe_table":      {body: `{}`},
	"list_tables":         {body: `{}`},
	"list_views":          {body: `{}`},
	"create_table":        {body: `{"name":"新表","sample_rows":[{"标题":"第一集","日期":"2026-03-04","时长":12.5}]}`},
	"create_fields":       {body: `{"fields":[{"name":"备注","type":"text"}]}`},
	"delete_field":        {needs: needsColumn, body: `{"field":"临时列"}`},
	"update_field":        {body: `{"field":"平台","options":[{"name":"小红书"}]}`},
	"create_view":         {body: `{"name":"抖音","where":{"平台":"抖音"}}`},
	"resolve_link":        {body: `{}`},
	"upload_attachment":   {body: `{"url":"data:text/plain;base64,5L2g5aW9","name":"hello.txt"}`},
	"diagnose_connection": {body: `{}`},
	"create_connection":   {body: `{}`},
}

// pageAnswers are what the samples answer in the simulator: internal/e2e pastes them and, with -update, rewrites these files.
//
//go:embed page_answers/*.json
var pageAnswers embed.FS

// answerOf returns the answer to a tool's sample; "" if there is none.
func answerOf(name string) string {
	answer, err := pageAnswers.ReadFile("page_answers/" + name + ".json")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(answer))
}

// sampleOf returns the shell commands of a tool's sample. Credentials and the table are variables that the page explains.
func sampleOf(url, name, path, example string) string {
	sample, ok := pageSamples[name]
	if !ok {
		sample.body = example
	}
	made := ""
	switch sample.needs {
	case needsRow:
		made = `RECORD_ID=$(` + curlCommand(url+"/v1/records", `{"fields":{"标题":"试一试"}}`) + " \\\n" +
			`  | sed 's/.*"record_id":"\([^"]*\)".*/\1/')` + "\n"
	case needsJob:
		made = `JOB_ID=$(` + curlCommand(url+"/v1/records", `{"fields":{"标题":"试一试"},"async":true}`) + " \\\n" +
			`  | sed 's/.*"job_id":"\([^"]*\)".*/\1/')` + "\n"
	case needsImport: // of more rows than one call takes, so that some are left to be dropped
		made = `JOB_ID=$(seq 5000 | sed 's/.*/{"标题":"试一试 &"}/' | ` +
			strings.Replace(curlTo("'"+url+"/v1/records?async=true'"), "application/json", "application/x-ndjson", 1) + " \\\n" +
			`  --data-binary @- | sed 's/.*"job_id":"\([^"]*\)".*/\1/')` + "\n"
	case needsColumn:
		made = curlCommand(url+"/v1/fields", `{"fields":[{"name":"临时列","type":"text"}]}`) + "\n"
	}
	return made + curlCommand(url+path, sample.body)
}

func curlCommand(address, body string) string {
	for _, name := range []string{"$RECORD_ID", "$JOB_ID"} {
		body = strings.ReplaceAll(body, name, `'"`+name+`"'`)
	}
	return curlTo(address) + ` \
  -d '` + body + `'`
}

// curlTo is the command without its body.
func curlTo(address string) string {
	return "curl -s " + address + ` \
  -H "Authorization: Bearer $PASSPHRASE" -H "X-App-Id: $APP_ID" -H "X-App-Secret: $APP_SECRET" \
  -H "X-App-Token: $TABLE_LINK" -H 'Content-Type: application/json'`
}
