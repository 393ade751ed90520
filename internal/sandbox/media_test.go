package sandbox

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"hash/adler32"
	"maps"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/drive"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

const mediaPath = "/drive/v1/medias/"

// form sends a multipart upload; an override of "-" leaves the field out.
func (b *bundle) form(path string, content []byte, fields map[string]string) reply {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		if value != "-" {
			b.must(w.WriteField(name, value))
		}
	}
	part, err := w.CreateFormFile("file", "a.png")
	b.must(err)
	_, err = part.Write(content)
	b.must(err)
	b.must(w.Close())
	r := b.request("POST", path, body.Bytes())
	r.Header.Set("Content-Type", w.FormDataContentType())
	return b.send(r)
}

func (b *bundle) uploadAll(content []byte, override map[string]string) reply {
	b.t.Helper()
	fields := map[string]string{
		"file_name": "图片.png", "parent_type": "bitable_image", "parent_node": testBase, "size": strconv.Itoa(len(content)),
		"checksum": strconv.FormatUint(uint64(adler32.Checksum(content)), 10),
	}
	fields["extra"] = routeTo(cmp.Or(override["parent_node"], testBase))
	maps.Copy(fields, override)
	return b.form(mediaPath+"upload_all", content, fields)
}

// routeTo is the extra of an upload to that base.
func routeTo(base string) string { return `{"drive_route_token":"` + base + `"}` }

type fileToken struct {
	FileToken string `json:"file_token"`
}

func TestUploadAll(t *testing.T) {
	t.Parallel()
	t.Run("gives_a_token_that_this_base_takes", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, everyField()...)
		var made fileToken
		b.uploadAll([]byte("hello"), nil).into(t, &made)
		r := b.create(map[string]any{"file": []any{map[string]string{"file_token": made.FileToken}}})
		r.wantOK(t)
		cell(t, "echo", r.Data, "file", `[{"file_token":"`+made.FileToken+`"}]`)
		shown := b.do("POST", recordsPath+"/search", nil)
		for _, part := range []string{`"name":"图片.png"`, `"size":5`, `"type":"image/png"`, `"tmp_url":"https://`, `"url":"https://`} {
			if !strings.Contains(shown.raw, part) {
				t.Errorf("%s is not in %s", part, shown.raw)
			}
		}
		sum := sha256.Sum256([]byte("hello"))
		if files := b.sb.Files(); len(files) != 1 || files[0].SHA256 != hex.EncodeToString(sum[:]) || files[0].AppToken != testBase {
			t.Errorf("files %+v", files)
		}
		urls := b.do("GET", mediaPath+"batch_get_tmp_download_url?file_tokens="+made.FileToken, nil)
		if !strings.Contains(urls.raw, `"tmp_download_url":"https://`) {
			t.Errorf("got %s", urls.raw)
		}
	})
	t.Run("gives_a_token_that_another_base_refuses", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, everyField()...)
		_, err := b.sb.AddBase(BaseSpec{Token: otherBase, Collaborators: []string{testApp}})
		b.must(err)
		var made fileToken
		b.uploadAll([]byte("x"), map[string]string{"parent_node": otherBase}).into(t, &made)
		b.create(map[string]any{"file": []any{made}}).want(t, 200, 1254303)
	})
	for name, tc := range map[string]struct {
		override     map[string]string
		status, code int
	}{
		"a_wrong_size":               {map[string]string{"size": "4"}, 400, 1062009},
		"no_size":                    {map[string]string{"size": "-"}, 400, 1061002},
		"a_wrong_checksum":           {map[string]string{"checksum": "1"}, 400, 1062008},
		"no_name":                    {map[string]string{"file_name": ""}, 400, 1061008},
		"a_name_over_250_characters": {map[string]string{"file_name": strings.Repeat("长", 251)}, 400, 1061008},
		"another_parent_type":        {map[string]string{"parent_type": "explorer"}, 400, 1061002},
		"an_unknown_base":            {map[string]string{"parent_node": "bascnUnknown01"}, 400, 1061044},
		"a_base_it_may_not_write":    {map[string]string{"parent_node": foreignBase}, 403, 1061004},
		"a_wiki_base_and_no_route":   {map[string]string{"parent_node": wikiBase, "extra": "-"}, 403, 1061004},
		"no_route":                   {map[string]string{"extra": "-"}, 403, 1061004},
		"a_route_to_another_base":    {map[string]string{"extra": routeTo(otherBase)}, 403, 1061004},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			_, err := b.sb.AddBase(BaseSpec{Token: foreignBase})
			b.must(err)
			_, err = b.sb.AddBase(BaseSpec{Token: wikiBase, WikiNode: "wikcnExample01", Collaborators: []string{testApp}})
			b.must(err)
			b.uploadAll([]byte("hello"), tc.override).want(t, tc.status, tc.code)
			if len(b.sb.Files()) != 0 {
				t.Error("a file was stored")
			}
		})
	}
	t.Run("needs_no_route_outside_a_wiki_where_that_is_set", func(t *testing.T) {
		t.Parallel()
		setup(t, Options{RouteTokenOptional: true}).uploadAll([]byte("hello"), map[string]string{"extra": "-"}).wantOK(t)
	})
	t.Run("takes_a_route_for_a_base_in_a_wiki_and_no_checksum", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		_, err := b.sb.AddBase(BaseSpec{Token: wikiBase, WikiNode: "wikcnExample01", Collaborators: []string{testApp}})
		b.must(err)
		b.uploadAll([]byte("hello"), map[string]string{
			"parent_node": wikiBase, "extra": `{"drive_route_token":"` + wikiBase + `"}`,
			"checksum": "-",
		}).
			wantOK(t)
	})
	t.Run("takes_20_MiB_and_no_byte_more", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		content := make([]byte, MaxUploadAllBytes+1)
		b.uploadAll(content, nil).want(t, 400, 1061043)
		b.uploadAll(content[1:], nil).wantOK(t)
	})
	t.Run("refuses_a_body_that_is_no_form", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.do("POST", mediaPath+"upload_all", `{}`).want(t, 400, 1061002)
		r := b.request("POST", mediaPath+"upload_all", "--x\r\nContent-Disposition: form-data; name=\"size\"\r\n\r\n1\r\n--x--\r\n")
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		b.send(r).want(t, 400, 1061002)
	})
}

func TestUploadRates(t *testing.T) {
	t.Parallel()
	t.Run("allow_5_a_second_over_all_upload_calls", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			for range UploadsPerSecond - 1 {
				b.uploadAll([]byte("a"), nil).wantOK(t)
			}
			b.do("POST", mediaPath+"upload_prepare", `{}`).want(t, 400, 1061002)
			r := b.uploadAll([]byte("a"), nil)
			r.want(t, 200, 1061045)
			<-time.After(time.Second)
			b.uploadAll([]byte("a"), nil).wantOK(t)
		})
	})
	t.Run("allow_10000_a_day", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{})
			for n := range UploadsPerDay {
				if n > 0 && n%UploadsPerSecond == 0 {
					<-time.After(time.Second)
				}
				b.uploadAll([]byte("a"), nil).wantOK(t)
			}
			<-time.After(time.Second)
			b.uploadAll([]byte("a"), nil).want(t, 200, 1061045)
			<-time.After(24 * time.Hour)
			b.token = b.login(testApp, testSecret)
			b.uploadAll([]byte("a"), nil).wantOK(t)
		})
	})
	t.Run("allow_no_two_at_once_by_one_app", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{Write: Latency{PerCall: time.Minute}})
			first := make(chan reply)
			go func() { first <- b.uploadAll([]byte("a"), nil) }()
			synctest.Wait()
			<-time.After(time.Second)
			b.uploadAll([]byte("b"), nil).want(t, 200, 1061045)
			r := <-first
			r.wantOK(t)
		})
	})
}

func TestUploadInBlocks(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), (2*BlockBytes+32)/16)
	type prepared struct {
		UploadID  string `json:"upload_id"`
		BlockSize int    `json:"block_size"`
		BlockNum  int    `json:"block_num"`
	}
	start := func(b *bundle) (p prepared) {
		b.do("POST", mediaPath+"upload_prepare", map[string]any{
			"file_name": "a.mp4", "parent_type": "bitable_file", "parent_node": testBase, "size": len(content), "extra": routeTo(testBase),
		}).into(b.t, &p)
		return p
	}
	part := func(b *bundle, id string, seq int, block []byte, checksum string) reply {
		return b.form(mediaPath+"upload_part", block, map[string]string{
			"upload_id": id, "seq": strconv.Itoa(seq), "size": strconv.Itoa(len(block)), "checksum": checksum,
		})
	}
	block := func(seq int) []byte { return content[seq*BlockBytes : min(len(content), (seq+1)*BlockBytes)] }
	finish := func(b *bundle, id string, blocks int) reply {
		return b.do("POST", mediaPath+"upload_finish", map[string]any{"upload_id": id, "block_num": blocks})
	}
	t.Run("joins_them_to_one_file", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{RatesOff: true}, everyField()...)
		p := start(b)
		if p.BlockSize != BlockBytes || p.BlockNum != 3 {
			t.Fatalf("got %+v", p)
		}
		for seq := range 3 {
			part(b, p.UploadID, seq, block(seq), strconv.FormatUint(uint64(adler32.Checksum(block(seq))), 10)).wantOK(t)
		}
		part(b, p.UploadID, 2, block(2), "").wantOK(t) // a repeat changes nothing
		var made fileToken
		finish(b, p.UploadID, 3).into(t, &made)
		sum := sha256.Sum256(content)
		if files := b.sb.Files(); files[0].SHA256 != hex.EncodeToString(sum[:]) || files[0].Size != int64(len(content)) {
			t.Errorf("files %+v", files)
		}
		b.create(map[string]any{"file": []any{made}}).wantOK(t)
		finish(b, p.UploadID, 3).want(t, 400, 1061021)
		if got := b.do("GET", mediaPath+made.FileToken+"/download", nil); got.raw != string(content) {
			t.Errorf("downloaded %d bytes, status %d", len(got.raw), got.status)
		}
	})
	t.Run("refuses_what_does_not_fit", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{RatesOff: true})
		b.must(b.sb.AddApp(AppSpec{ID: "cli_other", Secret: "s"}))
		p := start(b)
		part(b, p.UploadID, 0, block(0), "1").want(t, 400, 1062008)
		part(b, p.UploadID, 0, block(2), "").want(t, 400, 1062009)
		part(b, p.UploadID, 3, block(2), "").want(t, 400, 1062011)
		part(b, p.UploadID, -1, block(2), "").want(t, 400, 1061002)
		part(b, p.UploadID, 0, append(block(0), 'x'), "").want(t, 400, 1061043)
		part(b, "uploadUnknown", 0, block(0), "").want(t, 400, 1061021)
		part(b, p.UploadID, 0, block(0), "").wantOK(t)
		finish(b, p.UploadID, 3).want(t, 400, 1062010)
		finish(b, p.UploadID, 4).want(t, 400, 1062011)
		b.token = b.login("cli_other", "s")
		part(b, p.UploadID, 1, block(1), "").want(t, 400, 1062007)
	})
	t.Run("forgets_an_upload_after_a_day", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{RatesOff: true, TokenTTL: 48 * time.Hour})
			p := start(b)
			<-time.After(drive.UploadLife)
			part(b, p.UploadID, 0, block(0), "").want(t, 400, 1061021)
		})
	})
	t.Run("knows_no_order_hash_when_blocks_come_out_of_order", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{RatesOff: true})
		p := start(b)
		for _, seq := range []int{1, 0, 2} {
			part(b, p.UploadID, seq, block(seq), "").wantOK(t)
		}
		finish(b, p.UploadID, 3).wantOK(t)
		if files := b.sb.Files(); files[0].SHA256 != "" {
			t.Errorf("files %+v", files)
		}
	})
}

func TestTmpURLs(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{RatesOff: true})
	for query, want := range map[string][2]int{
		"": {400, 1061002},
		"?file_tokens=" + strings.Repeat("a&file_tokens=", drive.MaxTmpURLs) + "a": {400, 1061002},
		"?file_tokens=boxcnUnknown": {404, 1061003},
	} {
		b.do("GET", mediaPath+"batch_get_tmp_download_url"+query, nil).want(t, want[0], want[1])
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	upload := func(b *bundle, content string, override map[string]string) string {
		var made fileToken
		b.uploadAll([]byte(content), override).into(b.t, &made)
		return mediaPath + made.FileToken + "/download"
	}
	t.Run("gives_the_bytes_that_were_uploaded", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		r := b.do("GET", upload(b, "hello", nil), nil)
		if r.status != 200 || r.raw != "hello" || r.header.Get("Content-Type") != "image/png" || r.header.Get("X-Tt-Logid") == "" {
			t.Errorf("got %d %q %v", r.status, r.raw, r.header)
		}
	})
	t.Run("gives_a_range_with_206", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		request := b.request("GET", upload(b, "hello", nil), nil)
		request.Header.Set("Range", "bytes=1-3")
		if r := b.send(request); r.status != 206 || r.raw != "ell" || r.header.Get("Content-Range") != "bytes 1-3/5" {
			t.Errorf("got %d %q %v", r.status, r.raw, r.header)
		}
	})
	t.Run("refuses_what_is_not_there", func(t *testing.T) {
		t.Parallel()
		setup(t, Options{}).do("GET", mediaPath+"boxcnUnknown/download", nil).want(t, 404, 1061003)
	})
	t.Run("wants_the_table_in_a_base_with_advanced_permissions", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		base, err := b.sb.AddBase(BaseSpec{Token: otherBase, Advanced: true, Collaborators: []string{testApp}})
		b.must(err)
		_, err = base.AddTableSpec(TableSpec{ID: "tblOther1", Name: "a"})
		b.must(err)
		path := upload(b, "x", map[string]string{"parent_node": otherBase})
		extra := func(table string) string {
			return "?extra=" + url.QueryEscape(`{"bitablePerm":{"tableId":"`+table+`","rev":5}}`)
		}
		b.do("GET", path, nil).want(t, 403, 1061004)
		b.do("GET", path+extra("tblNone1"), nil).want(t, 403, 1061004)
		if r := b.do("GET", path+extra("tblOther1"), nil); r.status != 200 || r.raw != "x" {
			t.Errorf("got %d %q", r.status, r.raw)
		}
	})
	t.Run("keeps_64_MiB_and_drops_the_oldest", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{RatesOff: true})
		big := strings.Repeat("a", state.MaxKeptBytes/4)
		first := upload(b, "first", nil)
		for range 4 {
			upload(b, big, nil)
		}
		b.do("GET", first, nil).want(t, 404, 1061007)
	})
}
