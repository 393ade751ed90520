package snippet

import (
	"bytes"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool/record"
)

// automation is what is entered in a Feishu base's automation, action "send HTTP request": its address takes no query, its
// later steps know the members of the sample response and no others.
type automation struct {
	Steps          []problem.Text  `json:"steps"`
	Method         string          `json:"method"`
	URL            string          `json:"url"`
	Query          []place         `json:"query"`
	Headers        []place         `json:"headers"`
	BodyType       string          `json:"body_type"`
	Body           []place         `json:"body"`
	ResponseType   string          `json:"response_type"`
	SampleResponse *record.Receipt `json:"sample_response"`
}

func feishuAutomation(t *table) ([]byte, error) {
	sample, err := sampleReceipt()
	if err != nil {
		return nil, err
	}
	a := automation{
		Steps: []problem.Text{
			{ZH: "多维表格 → 自动化 → 新建流程，选触发条件，再加操作“发送 HTTP 请求”。", EN: "In the base: Automations → new flow, choose a trigger, add the action Send HTTP request."},
			{ZH: "填入 method、url、query、headers；尖括号里的值换成自己的。", EN: "Enter method, url, query and headers; put your own values in place of those in angle brackets."},
			{ZH: "请求体类型选 form-urlencoded，逐个填入 body 的键，值用“+”引用触发记录的字段；文本不用转义。", EN: "Body type form-urlencoded: enter the keys of body, and with + choose a field of the trigger's record as each value; text needs no escaping."},
			{ZH: "响应类型选 json，粘贴 sample_response；后面的步骤就能用 ok、record_id、message。", EN: "Response type json: paste sample_response; later steps can then use ok, record_id and message."},
		},
		Method: "POST", URL: t.url, BodyType: "form-urlencoded", ResponseType: "json",
		// One that fails would end the flow without a word of why.
		Query:          []place{{"soft_errors", "true"}},
		Headers:        t.namedHeaders(),
		Body:           t.parameters(),
		SampleResponse: sample,
	}
	for _, c := range t.sampled() {
		a.Body = append(a.Body, place{formKey(c.name), c.text()})
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(a)
	return out.Bytes(), err
}

// namedHeaders are the headers with the name of each secret in its place.
func (t *table) namedHeaders() []place {
	if t.Auth == authKey {
		return []place{{"Authorization", "Bearer <connection_key>"}}
	}
	return []place{{"Authorization", "Bearer <passphrase>"}, {"X-App-Id", "<app_id>"}, {"X-App-Secret", "<app_secret>"}}
}

// text is the column's example as a form says it: a text without its quotes, a link without its name, all else as JSON.
func (c column) text() string {
	var text string
	if json.Unmarshal(c.example, &text) == nil {
		return text
	}
	var named struct{ Link string }
	if json.Unmarshal(c.example, &named) == nil && named.Link != "" {
		return named.Link
	}
	return string(c.example)
}

// sampleReceipt is an answer with every name that an answer has.
func sampleReceipt() (*record.Receipt, error) {
	receipt := &record.Receipt{}
	err := json.Unmarshal([]byte(`{"ok":true,"total":1,"created":1,"record_id":"recExample","record_ids":["recExample"],"message":"1 行：新建 1",
		"errors":[],"warnings":[],"rows":[],"request_id":"req_example","upstream_calls":1}`), receipt)
	return receipt, err
}
