package feishuproxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

func limitedTo(base, table string) *tool.Target {
	return &tool.Target{TableRef: feishu.TableRef{AppToken: base}, Only: table}
}

const formType = "multipart/form-data; boundary=XXboundaryXX"

// form is the body of an upload: each part is its header's lines and its content.
func form(parts ...[2]string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("--XXboundaryXX\r\n" + part[0] + "\r\n\r\n" + part[1] + "\r\n")
	}
	return b.String() + "--XXboundaryXX--\r\n"
}

func text(name, value string) [2]string {
	return [2]string{`Content-Disposition: form-data; name="` + name + `"`, value}
}

func file(content string) [2]string {
	return [2]string{"Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: application/octet-stream", content}
}

// passed sends a body through the check and returns what of it was passed on.
func passed(t *testing.T, contentType string, body io.Reader) (string, error) {
	t.Helper()
	u, err := checkUpload(&Call{Header: http.Header{"Content-Type": {contentType}}, Body: body}, limitedTo("bascnOwn", ""))
	if err != nil {
		return "", err // before anything is sent
	}
	sent, err := io.ReadAll(u)
	if _, ours := errors.AsType[*problem.Error](err); ours && u.refusal() == nil {
		t.Error("the refusal is not kept")
	}
	return string(sent), err
}

func TestCheckedUpload(t *testing.T) {
	t.Parallel()
	kind, own, size := text("parent_type", "bitable_file"), text("parent_node", "bascnOwn"), text("size", "3")
	route := text("extra", `{"drive_route_token":"bascnOwn"}`)
	large := strings.Repeat("0123456789abcdef", 64<<10)
	for name, body := range map[string]string{
		"the file last":                form(kind, own, size, route, file("abc")),
		"the file first":               form(file(large), size, own, kind),
		"the file between":             form(kind, file(large), route, own),
		"an empty extra":               form(kind, own, text("extra", ""), file("")),
		"no line break at the end":     strings.TrimSuffix(form(kind, own, file("abc")), "\r\n"),
		"the boundary inside a line":   form(kind, own, file("a--XXboundaryXX")),
		"an encoding that is none":     form(kind, [2]string{own[0] + "\r\nContent-Transfer-Encoding: 8bit", own[1]}, file("abc")),
		"a name that is not in quotes": form(kind, [2]string{"Content-Disposition: form-data; name=parent_node", "bascnOwn"}, file("abc")),
	} {
		t.Run("passes "+name, func(t *testing.T) {
			t.Parallel()
			for _, reader := range []io.Reader{strings.NewReader(body), iotest.HalfReader(strings.NewReader(body))} {
				if sent, err := passed(t, formType, reader); err != nil || sent != body {
					t.Errorf("%d of %d bytes, %v", len(sent), len(body), err)
				}
			}
		})
	}
	other := text("parent_node", "bascnOther")
	const twoRoutes = `{"drive_route_token":"x","drive_route_token":"bascnOwn"}`
	const inside = "a\n--XXboundaryXX\nContent-Disposition: form-data; name=\"parent_node\"\n\nx\n"
	encodedName := [2]string{"Content-Disposition: form-data; name*=utf-8''parent_node", "x"}
	for name, c := range map[string]struct {
		body string
		code problem.Code
	}{
		"another base before the file":     {form(kind, other, file(large)), problem.KeyScope},
		"another base":                     {form(kind, other, file("abc")), problem.KeyScope},
		"another base behind the file":     {form(kind, file(large), other), problem.KeyScope},
		"no base":                          {form(kind, file("abc")), problem.KeyScope},
		"another kind of parent":           {form(text("parent_type", "explorer"), own, file("abc")), problem.KeyScope},
		"another route":                    {form(kind, own, text("extra", `{"drive_route_token":"x"}`), file("abc")), problem.KeyScope},
		"a route and more":                 {form(kind, own, text("extra", `{"drive_route_token":"bascnOwn","a":"b"}`)), problem.KeyScope},
		"two routes":                       {form(kind, own, text("extra", twoRoutes)), problem.KeyScope},
		"two bases":                        {form(kind, own, other, file("abc")), problem.BadBody},
		"two bases in two cases":           {form(kind, text("Parent_Node", "bascnOther"), own, file("abc")), problem.BadBody},
		"a base as a file":                 {form(kind, own, [2]string{other[0] + `; filename="x"`, other[1]}, file("abc")), problem.BadBody},
		"a base under an encoded name":     {form(kind, own, encodedName), problem.BadBody},
		"an encoded base":                  {form(kind, [2]string{own[0] + "\r\nContent-Transfer-Encoding: base64", "eA=="}), problem.BadBody},
		"a header that nobody knows":       {form(kind, [2]string{own[0] + "\r\nX-A: b", own[1]}), problem.BadBody},
		"text before the form":             {"--other\r\n\r\n" + form(kind, own, file("abc")), problem.BadBody},
		"a form after the form":            {form(kind, own, file("abc")) + form(kind, other, file("abc")), problem.BadBody},
		"a form of bare line feeds inside": {form(kind, own, file(inside)), problem.BadBody},
		"a form of bare line feeds":        {strings.ReplaceAll(form(kind, own, file("a\r")), "\r\n", "\n"), problem.BadBody},
		"a form that is cut":               {form(kind, own, file(large))[:600<<10], problem.BadBody},
		"an endless header":                {"--XXboundaryXX\r\nContent-Disposition: " + strings.Repeat("x", 1<<20), problem.BadBody},
		"a field that is too long":         {form(kind, own, text("file_name", strings.Repeat("x", maxFieldBytes+1))), problem.BadBody},
		"too many parts": {form(append([][2]string{kind, own}, func() (more [][2]string) {
			for c := range maxFormParts {
				more = append(more, text("f"+string(rune('a'+c)), ""))
			}
			return more
		}()...)...), problem.BadBody},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			sent, err := passed(t, formType, strings.NewReader(c.body))
			if codeOf(err) != c.code {
				t.Errorf("got %v", err)
			}
			if strings.Contains(name, "before") && sent != "" {
				t.Errorf("%d bytes were sent", len(sent))
			}
			if strings.HasSuffix(sent, "--XXboundaryXX--") || strings.HasSuffix(sent, "--XXboundaryXX--\r\n") {
				t.Error("the whole form was passed on")
			}
		})
	}
	t.Run("refuses what is no form", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []string{"application/json", "", "multipart/form-data", "multipart/mixed; boundary=x"} {
			if _, err := passed(t, kind, strings.NewReader("{}")); codeOf(err) != problem.BadBody {
				t.Errorf("%q: %v", kind, err)
			}
		}
	})
	t.Run("keeps the error of the caller's connection", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("broken")
		body := io.MultiReader(strings.NewReader(form(kind, own, file(large))[:600<<10]), iotest.ErrReader(broken))
		if _, err := passed(t, formType, body); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("holds little of a file", func(t *testing.T) {
		t.Parallel()
		u, err := checkUpload(&Call{
			Header: http.Header{"Content-Type": {formType}}, Body: strings.NewReader(form(kind, own, file(strings.Repeat(large, 8)))),
		}, limitedTo("bascnOwn", ""))
		if err != nil {
			t.Fatal(err)
		}
		for piece := make([]byte, copyBytes); ; {
			_, err := u.Read(piece)
			if u.seen.Len() > maxSeenBytes+2*stepBytes {
				t.Fatalf("%d bytes are held", u.seen.Len())
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestCheckPrepare(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"file_name":"a","parent_type":"bitable_image","parent_node":"bascnOwn","size":5}`:                      true,
		`{"parent_type":"bitable_file","parent_node":"bascnOwn","extra":"{\"drive_route_token\":\"bascnOwn\"}"}`: true,
		`{"parent_type":"bitable_file","parent_node":"bascnOther"}`:                                              false,
		`{"parent_type":"bitable_file","parent_node":"bascnOther","parent_node":"bascnOwn"}`:                     false,
		`{"parent_type":"bitable_file","Parent_Node":"bascnOther","parent_node":"bascnOwn"}`:                     false,
		`{"parent_type":"bitable_file","parent_node":["bascnOwn"]}`:                                              false,
		`{"parent_type":"bitable_file","parent_node":"bascnOwn","extra":{"drive_route_token":"x"}}`:              false,
		`{"parent_type":"bitable_file","parent_node":"bascnOwn"}{"parent_node":"bascnOther"}`:                    false,
		`[]`: false,
		``:   false,
		`{"parent_type":"bitable_file","parent_node":"bascnOwn","a":"` + strings.Repeat("x", maxPrepareBytes) + `"}`: false,
	} {
		c := &Call{Body: strings.NewReader(body)}
		err := checkPrepare(c, limitedTo("bascnOwn", "tblOwn"))
		if (err == nil) != want || err != nil && codeOf(err) != problem.KeyScope {
			t.Errorf("%.100s: %v", body, err)
		}
		if sent, _ := io.ReadAll(c.Body); want && !bytes.Equal(sent, []byte(body)) {
			t.Errorf("%s is sent as %s", body, sent)
		}
	}
}

func TestCheckDownload(t *testing.T) {
	t.Parallel()
	for extra, want := range map[string]bool{
		"": true,
		`{"bitablePerm":{"tableId":"tblOwn","rev":5}}`:                             true,
		`{"bitablePerm":{"tableId":"tblOwn","attachments":{"fld":{"rec":["a"]}}}}`: true,
		`{"bitablePerm":{"tableId":"tblOther"}}`:                                   false,
		`{"bitablePerm":{"tableId":"tblOther","tableId":"tblOwn"}}`:                false,
		`{"bitablePerm":{"TableID":"tblOther","tableId":"tblOwn"}}`:                false,
		`{"bitablePerm":{"table\u0049d":"tblOther","tableId":"tblOwn"}}`:           false,
		`{"drive_route_token":"x"}`:                                                false,
		`tblOwn`:                                                                   false,
	} {
		err := checkDownload([]string{extra}, limitedTo("bascnOwn", "tblOwn"))
		if (err == nil) != want {
			t.Errorf("%s: %v", extra, err)
		}
		if err := checkDownload([]string{extra}, limitedTo("bascnOwn", "")); err != nil {
			t.Errorf("%s, key of a base: %v", extra, err)
		}
	}
}

func TestCheckNode(t *testing.T) {
	t.Parallel()
	p := &Proxy{}
	for query, want := range map[string]bool{
		"token=bascnOwn&obj_type=bitable":                  true,
		"token=bascnOther&obj_type=bitable":                false,
		"token=docx1&obj_type=docx":                        false,
		"obj_type=bitable":                                 false,
		"token=bascnOwn&token=bascnOther&obj_type=bitable": false,
		"token=bascnOwn&obj_type=bitable&obj_type=wiki":    false,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		err = p.checkNode(t.Context(), values, limitedTo("bascnOwn", ""))
		if (err == nil) != want || err != nil && codeOf(err) != problem.KeyScope {
			t.Errorf("%s: %v", query, err)
		}
	}
}
