package feishuproxy

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// Bounds of a checked upload.
const (
	maxFieldBytes = 4 << 10  // bytes of one text field of the form
	maxFormParts  = 16       // parts of the form, the file included
	heldBytes     = 16 << 10 // bytes kept back until the whole form was seen: without its end Feishu takes no form
	stepBytes     = 16 << 10 // bytes of the file that are read at a time
	maxSeenBytes  = 64 << 10 // bytes read and not passed on; more is a part's header, or text before the first part
)

// checkedUpload is the multipart body of upload_all on its way to Feishu, byte for byte. It reads along: the fields that say which base
// the file is for may come behind the file, so the end of the body is held back until all of them were seen. A body for anything but the
// key's base, or one that could be read in more than one way, ends with an error in place of its end.
type checkedUpload struct {
	from   io.Reader
	target *tool.Target
	first  []byte            // the form's first line
	form   *multipart.Reader // reads u.from, through seen and lines
	seen   bytes.Buffer      // read and not passed on yet
	lines  *counter          // of lines that begin as a boundary does
	part   *multipart.Part   // the file, while it is being read
	fields fieldSet
	parts  int
	whole  bool  // all of the form was seen, and it is for the key's base
	broken error // of from

	mu  sync.Mutex
	err error // why the body is not passed on
}

// checkUpload returns the body of an upload that is checked against the target's base, to be sent in place of c.Body.
func checkUpload(c *Call, target *tool.Target) (*checkedUpload, error) {
	kind, params, err := mime.ParseMediaType(http.Header(c.Header).Get("Content-Type"))
	boundary := params["boundary"]
	if c.Body == nil || err != nil || kind != "multipart/form-data" || boundary == "" || len(c.Header["Content-Type"]) != 1 {
		return nil, badForm(err)
	}
	u := &checkedUpload{from: c.Body, target: target, fields: fieldSet{}, lines: &counter{pattern: []byte("\n--" + boundary)}}
	u.first = []byte("--" + boundary + "\r\n")
	u.lines.tail = []byte("\n") // the body begins a line
	u.form = multipart.NewReader(io.TeeReader(readerFunc(u.pull), io.MultiWriter(&u.seen, u.lines)), boundary)
	for !u.whole && u.seen.Len() <= heldBytes { // what the first bytes tell is known before anything is sent
		if err := u.advance(); err != nil {
			return nil, u.refuse(err)
		}
	}
	return u, nil
}

func badForm(cause error) error {
	return problem.New(problem.BadBody, problem.Text{
		ZH: "请求体应是 multipart/form-data 表单：每个字段一次，file 是文件。",
		EN: "The body must be a multipart/form-data form: each field once, with the file as file.",
	}).Because(cause)
}

// refusal returns why the body was not passed on to its end; nil if it was, or if its caller's connection broke. u may be nil.
func (u *checkedUpload) refusal() error {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ours := errors.AsType[*problem.Error](u.err); ours {
		return u.err
	}
	return nil
}

// Read implements io.Reader. It is called by one goroutine at a time.
func (u *checkedUpload) Read(p []byte) (int, error) {
	for !u.whole && u.seen.Len() <= heldBytes {
		if err := u.advance(); err != nil {
			return 0, u.refuse(err)
		}
	}
	if u.whole {
		return u.seen.Read(p)
	}
	return u.seen.Read(p[:min(len(p), u.seen.Len()-heldBytes)])
}

// refuse keeps err for refusal.
func (u *checkedUpload) refuse(err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err = err
	return err
}

// pull reads the caller's body and keeps the error of its connection.
func (u *checkedUpload) pull(p []byte) (int, error) {
	if u.seen.Len() > maxSeenBytes {
		return 0, errUncertain
	}
	n, err := u.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		u.broken = err
	}
	return n, err
}

// advance reads on by one field, or by a step of the file.
func (u *checkedUpload) advance() error {
	if u.part != nil {
		_, err := io.CopyN(io.Discard, u.part, stepBytes)
		if errors.Is(err, io.EOF) {
			u.part, err = nil, nil
		}
		return u.judge(err)
	}
	part, err := u.form.NextRawPart()
	if errors.Is(err, io.EOF) && u.broken == nil {
		return u.end()
	}
	if err != nil {
		return u.judge(err)
	}
	u.parts++
	name, isFile, ok := partName(part.Header)
	if !ok || u.parts > maxFormParts || u.parts == 1 && !bytes.HasPrefix(u.seen.Bytes(), u.first) {
		return badForm(errUncertain)
	}
	if isFile {
		if isChecked(name) || !u.fields.add(name, "") {
			return badForm(errUncertain)
		}
		u.part = part
		return nil
	}
	value, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
	if err != nil {
		return u.judge(err)
	}
	if len(value) > maxFieldBytes || !u.fields.add(name, string(value)) {
		return badForm(errUncertain)
	}
	if isChecked(name) {
		return checkField(name, string(value), u.target)
	}
	return nil
}

// end is reached at the form's closing boundary. What follows it is not part of the form, and there must be next to nothing.
func (u *checkedUpload) end() error {
	rest, err := io.Copy(io.MultiWriter(&u.seen, u.lines), io.LimitReader(readerFunc(u.pull), maxFieldBytes))
	if err != nil {
		return u.judge(err)
	}
	if rest == maxFieldBytes || u.lines.count != u.parts+1 {
		return badForm(errUncertain)
	}
	if err := checkParent(u.fields, u.target); err != nil {
		return err
	}
	u.whole = true
	return nil
}

// judge returns the error of the caller's connection as it is, and any other as that of a form that cannot be read.
func (u *checkedUpload) judge(err error) error {
	switch {
	case err == nil:
		return nil
	case u.broken != nil:
		return u.broken
	}
	return badForm(err)
}

// plainName are the names that a form's fields may have, so that every reader of the form sees the same one.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// partName returns the name of a part and whether it is a file. ok is false for a part that could be read in more than one way.
func partName(header textproto.MIMEHeader) (name string, isFile, ok bool) {
	for key, values := range header {
		known := key == "Content-Disposition" || key == "Content-Type" || key == "Content-Length" ||
			key == "Content-Transfer-Encoding" && slices.Contains([]string{"7bit", "8bit", "binary"}, strings.ToLower(values[0]))
		if !known || len(values) != 1 {
			return "", false, false
		}
	}
	disposition := header.Get("Content-Disposition")
	kind, params, err := mime.ParseMediaType(disposition)
	if err != nil || kind != "form-data" || !plainName.MatchString(params["name"]) ||
		strings.Contains(strings.ReplaceAll(strings.ToLower(disposition), "filename*", ""), "name*") {
		return "", false, false
	}
	_, isFile = params["filename"]
	return params["name"], isFile, true
}

// counter counts how often pattern occurs in what is written to it.
type counter struct {
	pattern []byte
	tail    []byte // the last bytes, which may begin a pattern
	count   int
}

// Write implements io.Writer. It returns no error.
func (c *counter) Write(p []byte) (int, error) {
	c.tail = append(c.tail, p...)
	c.count += bytes.Count(c.tail, c.pattern)
	if keep := len(c.pattern) - 1; len(c.tail) > keep {
		c.tail = append(c.tail[:0], c.tail[len(c.tail)-keep:]...)
	}
	return len(p), nil
}

// readerFunc is a function as an io.Reader.
type readerFunc func(p []byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
