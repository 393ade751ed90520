package attachment

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

// open admits everybody as the test's app.
type open struct{}

func (open) Admit(context.Context, tenant.Claim) (tenant.Identity, error) {
	return tenant.Identity{Name: "default", AppID: testApp, AppSecret: secret.New(testSecret)}, nil
}

func (open) Base(_ context.Context, _ feishu.App, link bitable.Link) (string, error) {
	return link.AppToken, nil
}

func (open) Tables(context.Context, feishu.App, string) ([]feishu.Table, error) { return nil, nil }

func (open) TableID(_ context.Context, _ feishu.App, _, id string) (string, error) { return id, nil }

// call reads a body as the transport does and runs the tool on it.
func (b *bundle) call(t *testing.T, contentType, body string) (*Uploaded, error) {
	t.Helper()
	access := &tool.Access{Authenticator: open{}, Directory: open{}, Digest: b.client.Digest}
	upload := Upload(access, b.Fetcher, b.Uploader)
	result, err := intake.Parse(upload.Spec, intake.Input{Body: []byte(body), ContentType: contentType})
	if err != nil {
		return nil, err
	}
	answer, err := upload.Call(t.Context(), result)
	if err != nil {
		return nil, err
	}
	uploaded, ok := answer.Body.(*Uploaded)
	if !ok || answer.Status != tool.StatusOK {
		t.Fatalf("answer %+v", answer)
	}
	return uploaded, nil
}

const (
	asJSON = "application/json"
	asForm = "multipart/form-data; boundary=b"
)

// form is a multipart body with the base, and a file part if there is a name for it.
func form(fileName, content, name string) string {
	body := "--b\r\nContent-Disposition: form-data; name=\"app_token\"\r\n\r\n" + testBase + "\r\n"
	if fileName != "" {
		body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + fileName + "\"\r\n\r\n" + content + "\r\n"
	}
	return body + "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n" + name + "\r\n--b--\r\n"
}

func TestUpload(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		contentType, body, name string
		size                    int64
	}{
		"a_url":               {asJSON, `{"app_token":"` + testBase + `","url":"cover"}`, "cover.txt", 16},
		"a_url_with_a_name":   {asJSON, `{"app_token":"` + testBase + `","url":"cover","name":"封面.txt"}`, "封面.txt", 16},
		"a_data_uri":          {asJSON, `{"app_token":"` + testBase + `","url":"data:text/csv,a%2Cb"}`, "file.csv", 3},
		"a_part_of_a_form":    {asForm, form("图.png", "\x89PNG\r\n\x1a\n", ""), "图.png", 8},
		"a_part_under_a_name": {asForm, form("图.png", "\x89PNG\r\n\x1a\n", "b"), "b.png", 8},
	} {
		t.Run("takes_"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				got, err := b.call(t, c.contentType, c.body)
				must(t, err)
				if !got.OK || got.Name != c.name || got.Size != c.size {
					t.Errorf("answer %+v", got)
				}
				files := b.sb.Files()
				if len(files) != 1 || files[0].Token != got.FileToken || files[0].Name != c.name || files[0].Size != c.size ||
					files[0].AppToken != testBase {
					t.Errorf("stored %+v, answered %+v", files, got)
				}
			})
		})
	}
	for name, c := range map[string]struct {
		contentType, body string
		code              problem.Code
	}{
		"no_file":                      {asJSON, `{"app_token":"` + testBase + `"}`, problem.BadParameter},
		"an_empty_url":                 {asForm, form("", "", ""), problem.BadParameter},
		"an_empty_part":                {asForm, form("a.txt", "", ""), problem.BadParameter},
		"a_file_that_cannot_be_had":    {asJSON, `{"app_token":"` + testBase + `","url":"gone"}`, problem.BadParameter},
		"a_malformed_data_uri":         {asJSON, `{"app_token":"` + testBase + `","url":"data:"}`, problem.BadParameter},
		"a_file_as_text":               {asJSON, `{"app_token":"` + testBase + `","file":"eA=="}`, problem.BadParameter},
		"a_request_without_a_base":     {asJSON, `{"url":"cover"}`, problem.MissingConnection},
		"a_parameter_that_is_not_here": {asJSON, `{"app_token":"` + testBase + `","link":"cover"}`, problem.UnknownParameter},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				b.web.fails = []string{"gone"}
				_, err := b.call(t, c.contentType, c.body)
				wantProblem(t, err, c.code)
			})
		})
	}
	t.Run("refuses_a_url_beside_a_part", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			body := "--b\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\ncover\r\n" + form("a.txt", "x", "")
			_, err := b.call(t, asForm, body)
			wantProblem(t, err, problem.BadParameter)
		})
	})
	t.Run("passes_on_what_feishu_says_of_the_file", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.fault(t, uploadAll, 1061109)
			_, err := b.call(t, asJSON, `{"app_token":"`+testBase+`","url":"cover"}`)
			wantProblem(t, err, problem.UpstreamRejected)
			if said := problem.From(err).Feishu; said == nil || said.Code != 1061109 || said.LogID == "" {
				t.Errorf("feishu = %+v", said)
			}
		})
	})
	t.Run("is_described_with_its_file_as_a_part", func(t *testing.T) {
		t.Parallel()
		upload := Upload(nil, nil, nil)
		for _, param := range upload.Spec.Params {
			if (param.Kind == intake.Upload) != (param.Name == "file") {
				t.Errorf("%s has kind %d", param.Name, param.Kind)
			}
			if param.Name == "url" && param.Query {
				t.Error("an address may hold a signature: not in the query")
			}
		}
		if len(upload.Description) > tool.MaxDescription {
			t.Errorf("the description has %d characters", len(upload.Description))
		}
	})
}
