package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkbitable "github.com/larksuite/oapi-sdk-go/v3/service/bitable/v1"
	larkdrive "github.com/larksuite/oapi-sdk-go/v3/service/drive/v1"
	larkwiki "github.com/larksuite/oapi-sdk-go/v3/service/wiki/v2"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// routeToken is what a base in a wiki needs with each upload.
const routeToken = `{"drive_route_token":"` + baseName + `"}`

// TestProxyRowWork: the official Go SDK does the whole work of a row through the proxy: it finds the base behind a wiki link, uploads a
// file, writes a row with it, reads the row and downloads the file. A key that is limited to the table can do the same, and nothing else.
func TestProxyRowWork(t *testing.T) {
	t.Parallel()
	sdkTurn.Lock()
	defer sdkTurn.Unlock()
	s := setupSingle(t, options{})
	table, err := s.base.AddTable("资料",
		sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "附件", Type: 17})
	if err != nil {
		t.Fatal(err)
	}
	other := sandbox.BaseSpec{Token: "bascnElsewhere", Collaborators: []string{appID}, WikiNode: "wikcnElsewhere"}
	if _, err := s.sandbox.AddBase(other); err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("Rowgate\x00\r\n--x"), 40_000)
	for name, credential := range map[string]string{
		"the configured token": s.token, "a key of the base": s.key(baseName, ""), "a key of the table": s.key(baseName, table),
		"a key of the table behind a wiki link": s.key("https://example.feishu.cn/wiki/"+wikiNode, "资料"),
	} {
		config := s.sdkConfig(appID, credential)
		drive, wiki, base := larkdrive.New(config), larkwiki.New(config), larkbitable.New(config)
		node, err := wiki.Space.GetNode(t.Context(), larkwiki.NewGetNodeSpaceReqBuilder().Token(wikiNode).Build())
		if err != nil || !node.Success() || *node.Data.Node.ObjToken != baseName {
			t.Fatalf("%s: %+v %v", name, node, err)
		}
		upload := func(to string, body io.Reader, size int) (*larkdrive.UploadAllMediaResp, error) {
			return drive.Media.UploadAll(t.Context(), larkdrive.NewUploadAllMediaReqBuilder().Body(larkdrive.NewUploadAllMediaReqBodyBuilder().
				FileName("a.bin").ParentType("bitable_file").ParentNode(to).Size(size).
				Extra(`{"drive_route_token":"`+to+`"}`).File(body).Build()).Build())
		}
		uploaded, err := upload(baseName, bytes.NewReader(content), len(content))
		if err != nil || !uploaded.Success() {
			t.Fatalf("%s: %+v %v", name, uploaded, err)
		}
		token := *uploaded.Data.FileToken
		row := map[string]any{"标题": name, "附件": []map[string]string{{"file_token": token}}}
		made, err := base.AppTableRecord.Create(t.Context(), larkbitable.NewCreateAppTableRecordReqBuilder().AppToken(baseName).TableId(table).
			AppTableRecord(larkbitable.NewAppTableRecordBuilder().Fields(row).Build()).Build())
		if err != nil || !made.Success() {
			t.Fatalf("%s: %+v %v", name, made, err)
		}
		read, err := base.AppTableRecord.BatchGet(t.Context(), larkbitable.NewBatchGetAppTableRecordReqBuilder().
			AppToken(baseName).TableId(table).Body(
			larkbitable.NewBatchGetAppTableRecordReqBodyBuilder().RecordIds([]string{*made.Data.Record.RecordId}).Build()).Build())
		if err != nil || !read.Success() || !strings.Contains(fmt.Sprint(read.Data.Records[0].Fields["附件"]), token) {
			t.Fatalf("%s: %+v %v", name, read, err)
		}
		got, err := drive.Media.Download(t.Context(), larkdrive.NewDownloadMediaReqBuilder().FileToken(token).Build())
		if err != nil || !got.Success() {
			t.Fatalf("%s: %+v %v", name, got, err)
		}
		if file, err := io.ReadAll(got.File); err != nil || !bytes.Equal(file, content) || got.FileName != "a.bin" {
			t.Errorf("%s: %d bytes of %s, %v", name, len(file), got.FileName, err)
		}
		if credential == s.token {
			continue
		}
		if refused, err := upload("bascnElsewhere", strings.NewReader("abc"), 3); err != nil || refused.Code != 91403 {
			t.Errorf("%s, to another base: %+v %v", name, refused, err)
		}
		elsewhere, err := wiki.Space.GetNode(t.Context(), larkwiki.NewGetNodeSpaceReqBuilder().Token("wikcnElsewhere").Build())
		if err != nil || elsewhere.Code != 91403 || strings.Contains(string(elsewhere.RawBody), "bascnElsewhere") {
			t.Errorf("%s, the node of another base: %+v %v", name, elsewhere, err)
		}
	}
	t.Run("blocks", func(t *testing.T) { s.uploadInBlocks(t, s.key(baseName, table)) })
	t.Run("a largest file passes, a larger body is refused", func(t *testing.T) {
		large := make([]byte, 20<<20)
		drive := larkdrive.New(s.sdkConfig(appID, s.key(baseName, table)))
		got, err := drive.Media.UploadAll(t.Context(), larkdrive.NewUploadAllMediaReqBuilder().Body(larkdrive.NewUploadAllMediaReqBodyBuilder().
			FileName("large").ParentType("bitable_file").ParentNode(baseName).Extra(routeToken).
			Size(len(large)).File(bytes.NewReader(large)).Build()).Build())
		if err != nil || !got.Success() {
			t.Errorf("%+v %v", got, err)
		}
		refused := s.send(http.MethodPost, "/open-apis/drive/v1/medias/upload_all", s.token, strings.Repeat("x", 21<<20), nil)
		if refused.status != http.StatusRequestEntityTooLarge || !strings.HasPrefix(refused.raw, `{"code":413,`) {
			t.Errorf("%d %.200s", refused.status, refused.raw)
		}
	})
	t.Run("people are of the whole tenant", func(t *testing.T) {
		const path, body = "/open-apis/contact/v3/users/batch_get_id", `{"emails":["nobody@example.com"]}`
		if got := s.send(http.MethodPost, path, s.token, body, nil); got.status != http.StatusOK {
			t.Errorf("%d %s", got.status, got.raw)
		}
		if got := s.send(http.MethodPost, path, s.key(baseName, ""), body, nil); got.status != http.StatusForbidden {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
	t.Run("a part of a file", func(t *testing.T) {
		drive := larkdrive.New(s.sdkConfig(appID, s.token))
		up, err := drive.Media.UploadAll(t.Context(), larkdrive.NewUploadAllMediaReqBuilder().Body(larkdrive.NewUploadAllMediaReqBodyBuilder().
			FileName("j.json").ParentType("bitable_file").ParentNode(baseName).Extra(routeToken).
			Size(10).File(strings.NewReader(`{"code":1}`)).Build()).Build())
		if err != nil || !up.Success() {
			t.Fatalf("%+v %v", up, err)
		}
		path := "/open-apis/drive/v1/medias/" + *up.Data.FileToken + "/download"
		got := s.send(http.MethodGet, path, s.token, "", map[string]string{"Range": "bytes=2-5"})
		if got.status != http.StatusPartialContent || got.raw != "code" || got.header.Get("Content-Range") != "bytes 2-5/10" {
			t.Errorf("%d %v %s", got.status, got.header, got.raw)
		}
		if got := s.send(http.MethodGet, path, s.token, "", nil); got.raw != `{"code":1}` { // a file that looks like a refusal
			t.Errorf("%d %s", got.status, got.raw)
		}
		missing, err := drive.Media.Download(t.Context(), larkdrive.NewDownloadMediaReqBuilder().FileToken("boxcnNowhere").Build())
		if err != nil || missing.Code != 1061003 {
			t.Errorf("%+v %v", missing, err)
		}
	})
}

func (s single) uploadInBlocks(t *testing.T, credential string) {
	t.Helper()
	drive := larkdrive.New(s.sdkConfig(appID, credential))
	content := bytes.Repeat([]byte("b"), 5<<20)
	prepare := func(to string) (*larkdrive.UploadPrepareMediaResp, error) {
		return drive.Media.UploadPrepare(t.Context(), larkdrive.NewUploadPrepareMediaReqBuilder().MediaUploadInfo(
			larkdrive.NewMediaUploadInfoBuilder().FileName("b.bin").ParentType("bitable_file").ParentNode(to).
				Extra(`{"drive_route_token":"`+to+`"}`).Size(len(content)).Build(),
		).Build())
	}
	if refused, err := prepare("bascnElsewhere"); err != nil || refused.Code != 91403 {
		t.Errorf("%+v %v", refused, err)
	}
	begun, err := prepare(baseName)
	if err != nil || !begun.Success() {
		t.Fatalf("%+v %v", begun, err)
	}
	for seq := range *begun.Data.BlockNum {
		block := content[seq**begun.Data.BlockSize : min(len(content), (seq+1)**begun.Data.BlockSize)]
		part, err := drive.Media.UploadPart(t.Context(), larkdrive.NewUploadPartMediaReqBuilder().Body(
			larkdrive.NewUploadPartMediaReqBodyBuilder().
				UploadId(*begun.Data.UploadId).Seq(seq).Size(len(block)).File(bytes.NewReader(block)).Build(),
		).Build())
		if err != nil || !part.Success() {
			t.Fatalf("%+v %v", part, err)
		}
	}
	end, err := drive.Media.UploadFinish(t.Context(), larkdrive.NewUploadFinishMediaReqBuilder().Body(
		larkdrive.NewUploadFinishMediaReqBodyBuilder().
			UploadId(*begun.Data.UploadId).BlockNum(*begun.Data.BlockNum).Build(),
	).Build())
	if err != nil || !end.Success() || larkcore.StringValue(end.Data.FileToken) == "" {
		t.Errorf("%+v %v", end, err)
	}
}
