package client

import (
	"errors"
	"hash/adler32"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/feishu"
)

// form reads the multipart body of a request.
func form(t *testing.T, contentType, body string) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	parts := multipart.NewReader(strings.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(part)
		got[part.FormName()] = string(text)
	}
}

// stream hides every method of a reader but Read.
type stream struct{ io.Reader }

func TestUploadAll(t *testing.T) {
	t.Parallel()
	const content = "not really a picture\r\n--x"
	media := Media{Name: "图.png", ParentType: ParentImage, AppToken: "bascnExample", Size: int64(len(content))}
	stale := func(s sent) answer {
		if s.token == "t-1" {
			return answer{status: http.StatusBadRequest, body: `{"code":99991663}`}
		}
		return answer{body: `{"code":0,"data":{"file_token":"boxcnExample"}}`}
	}
	want := map[string]string{
		"file_name": "图.png", "parent_type": "bitable_image", "parent_node": "bascnExample", "size": strconv.Itoa(len(content)),
		"extra": `{"drive_route_token":"bascnExample"}`, "checksum": strconv.FormatUint(uint64(adler32.Checksum([]byte(content))), 10),
		"file": content,
	}
	t.Run("sends_a_seekable_file_with_its_checksum_and_again_after_a_stale_token", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(stale)
		token, err := c.UploadAll(t.Context(), appA, media, strings.NewReader(content))
		if err != nil || token != "boxcnExample" {
			t.Fatal(token, err)
		}
		calls := up.received(false)
		if len(calls) != 2 {
			t.Fatalf("%d calls, want 2", len(calls))
		}
		for _, call := range calls {
			if diff := cmp.Diff(want, form(t, call.contentType, call.body)); diff != "" {
				t.Error("form (-want +got):", diff)
			}
		}
	})
	t.Run("sends_a_stream_once_and_without_a_checksum", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(stale)
		_, err := c.UploadAll(t.Context(), appA, media, stream{strings.NewReader(content + "beyond its size")})
		if e := asFeishu(t, err); e.Class != feishu.ClassToken {
			t.Fatal(e)
		}
		calls := up.received(false)
		if len(calls) != 1 {
			t.Fatalf("%d calls, want 1", len(calls))
		}
		got := form(t, calls[0].contentType, calls[0].body)
		if _, has := got["checksum"]; has || got["file"] != content {
			t.Fatalf("got %v", got)
		}
	})
	t.Run("announces_the_exact_length", func(t *testing.T) {
		t.Parallel()
		c := overNetwork(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || r.ContentLength != int64(len(body)) {
				t.Errorf("announced %d bytes and sent %d, %v", r.ContentLength, len(body), err)
			}
			_, _ = io.WriteString(w, `{"code":0,"data":{"file_token":"boxcnExample"}}`)
		})
		if _, err := c.UploadAll(t.Context(), appA, media, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("fails_on_a_file_shorter_than_it_says", func(t *testing.T) {
		t.Parallel()
		c := overNetwork(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
		short := media
		short.Size++
		for _, file := range []io.Reader{strings.NewReader(content), stream{strings.NewReader(content)}} {
			if _, err := c.UploadAll(t.Context(), appA, short, file); err == nil {
				t.Errorf("%T: sent", file)
			}
		}
	})
}

func TestUploadInBlocks(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, c *Client, up *upstream) {
		up.on(func(s sent) answer {
			switch {
			case strings.HasSuffix(s.path, "/upload_prepare"):
				return answer{body: `{"code":0,"data":{"upload_id":"u1","block_size":4194304,"block_num":2}}`}
			case strings.HasSuffix(s.path, "/upload_finish"):
				return answer{body: `{"code":0,"data":{"file_token":"boxcnExample"}}`}
			}
			return answer{body: okBody}
		})
		begun, err := c.UploadPrepare(t.Context(), appA,
			Media{Name: "a.zip", ParentType: ParentFile, AppToken: "bascnExample", Size: BlockSize + 1})
		if err != nil || begun != (Upload{ID: "u1", BlockSize: BlockSize, BlockNum: 2}) {
			t.Fatal(begun, err)
		}
		if err := c.UploadPart(t.Context(), appA, begun.ID, 1, 1, strings.NewReader("z")); err != nil {
			t.Fatal(err)
		}
		token, err := c.UploadFinish(t.Context(), appA, begun)
		if err != nil || token != "boxcnExample" {
			t.Fatal(token, err)
		}
		calls := up.received(false)
		bodies := []string{calls[0].body, calls[2].body}
		want := []string{
			`{"file_name":"a.zip","parent_type":"bitable_file","parent_node":"bascnExample","size":4194305,` +
				`"extra":"{\"drive_route_token\":\"bascnExample\"}"}`,
			`{"block_num":2,"upload_id":"u1"}`,
		}
		if diff := cmp.Diff(want, bodies); diff != "" {
			t.Error("bodies (-want +got):", diff)
		}
		part := form(t, calls[1].contentType, calls[1].body)
		if diff := cmp.Diff(map[string]string{"upload_id": "u1", "seq": "1", "size": "1", "checksum": "8061051", "file": "z"}, part); diff != "" {
			t.Error("part (-want +got):", diff)
		}
	})
}

func TestUploadBody(t *testing.T) {
	t.Parallel()
	body := &uploadBody{content: strings.NewReader("abc")}
	_ = body.Close()
	if n, err := body.Read(make([]byte, 3)); n != 0 || err == nil {
		t.Fatalf("read %d bytes of a closed body, %v", n, err)
	}
}
