package snippet

import (
	"bytes"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool/record"
)

// automation holds the settings of a Feishu automation's action "send HTTP request". Its URL field takes no query, and later steps
// can use only members of the sample response.
type automation struct {
	Steps          []problem.Text  `json:"steps"`
	Method         string          `json:"method"`
	URL            string          `json:"url"`
	Query          []pair          `json:"query"`
	Headers        []pair          `json:"headers"`
	BodyType       string          `json:"body_type"`
	Body           []pair          `json:"body"`
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
			{
				ZH: "打开多维表格 → 自动化 → 新建流程，选择触发条件，再添加操作“发送 HTTP 请求”。",
				EN: "In the base, open Automations, create a flow, choose a trigger and add the action Send HTTP request.",
			},
			{
				ZH: "填入 method、url、query、headers；把尖括号里的内容换成自己的值。",
				EN: "Enter method, url, query and headers; replace the values in angle brackets with your own.",
			},
			{
				ZH: "请求体类型选 form-urlencoded，逐个填入 body 里的键，值用“+”引用触发记录的字段；文本不用转义。",
				EN: "Set the body type to form-urlencoded and enter the keys of body. " +
					"For each value, use + to insert a field of the triggering record; text needs no escaping.",
			},
			{
				ZH: "响应类型选 json，粘贴 sample_response；后面的步骤就可以使用 ok、record_id、message。",
				EN: "Set the response type to json and paste sample_response; later steps can then use ok, record_id and message.",
			},
		},
		Method: "POST", URL: t.url, BodyType: "form-urlencoded", ResponseType: "json",
		// An HTTP error would end the flow without a message.
		Query:          []pair{{"soft_errors", "true"}},
		Headers:        t.namedHeaders(),
		Body:           t.parameters(),
		SampleResponse: sample,
	}
	for _, c := range t.sampled() {
		a.Body = append(a.Body, pair{formKey(c.name), c.text()})
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(a)
	return out.Bytes(), err
}

// namedHeaders returns the headers with a placeholder for each secret.
func (t *table) namedHeaders() []pair {
	switch t.Auth {
	case authKey:
		return []pair{{"Authorization", "Bearer <connection_key>"}}
	case authPersonal:
		return []pair{{"Authorization", "Bearer <passphrase>"}, {"X-Personal-Base-Token", "<personal_base_token>"}}
	default:
		return []pair{{"Authorization", "Bearer <passphrase>"}, {"X-App-Id", "<app_id>"}, {"X-App-Secret", "<app_secret>"}}
	}
}

// text returns the column's example as a form value: text without quotes, the address of a link, anything else as JSON.
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

// sampleReceipt returns a receipt with all its members.
func sampleReceipt() (*record.Receipt, error) {
	receipt := &record.Receipt{}
	err := json.Unmarshal([]byte(`{"ok":true,"total":1,"created":1,"record_id":"recExample","record_ids":["recExample"],"message":"1 行：新建 1",
		"errors":[],"warnings":[],"rows":[],"request_id":"req_example","upstream_calls":1}`), receipt)
	return receipt, err
}
