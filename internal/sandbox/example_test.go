package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// Example seeds a base, gets a token, writes a row and looks at what landed.
func Example() {
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = sb.Close() }()
	if err := sb.AddApp(sandbox.AppSpec{ID: "cli_example", Secret: "secretExample"}); err != nil {
		panic(err)
	}
	base, err := sb.AddBase(sandbox.BaseSpec{Name: "示例", Collaborators: []string{"cli_example"}})
	if err != nil {
		panic(err)
	}
	tableID, err := base.AddTable("视频", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "状态", Type: 3})
	if err != nil {
		panic(err)
	}
	url, err := sb.Start()
	if err != nil {
		panic(err)
	}

	var token struct {
		Value string `json:"tenant_access_token"`
	}
	post(
		url+"/open-apis/auth/v3/tenant_access_token/internal",
		"",
		map[string]any{"app_id": "cli_example", "app_secret": "secretExample"},
		&token,
	)
	var written struct{ Msg string }
	post(url+"/open-apis/bitable/v1/apps/"+base.Token()+"/tables/"+tableID+"/records", token.Value,
		map[string]any{"fields": map[string]any{"标题": "开场", "状态": "完成"}}, &written)

	rows, err := sb.Rows(base.Token(), tableID)
	if err != nil {
		panic(err)
	}
	fmt.Println(written.Msg, rows[0].Write["标题"], rows[0].Write["状态"], sb.CallCount("record.create", "cli_example"))
	// Output: success 开场 完成 1
}

func post(url, token string, body, answer any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(encoded))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		panic(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		panic(err)
	}
}
