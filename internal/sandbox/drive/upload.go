package drive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/adler32"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// admitUpload takes the app's only upload slot; 1061045 when it is taken, or over 5 calls a second or 10,000 a day.
func (d *drive) admitUpload(c *core.Call) (leave func(), f *core.Failure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.apps[c.AppID]
	if u == nil {
		u = &uploader{}
		d.apps[c.AppID] = u
	}
	now := time.Now()
	if now.Sub(u.second.began) >= time.Second {
		u.second = uploadWindow{began: now}
	}
	if now.Sub(u.day.began) >= 24*time.Hour {
		u.day = uploadWindow{began: now}
	}
	if u.busy || !c.Options.RatesOff && (u.second.calls >= UploadsPerSecond || u.day.calls >= UploadsPerDay) {
		return nil, core.Fail(1061045)
	}
	u.busy = true
	u.second.calls++
	u.day.calls++
	return func() { d.mu.Lock(); u.busy = false; d.mu.Unlock() }, nil
}

// form is a multipart upload: its text fields, and the size and checksum of its file part.
type form struct {
	fields map[string]string
	size   int64
	adler  uint32
}

// maxFormValue bounds a text field of an upload, in bytes.
const maxFormValue = 64 << 10

// readForm streams the body; the file's bytes go to sink.
func readForm(c *core.Call, limit int64, sink io.Writer) (*form, *core.Failure) {
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return nil, core.Fail(1061002)
	}
	f := &form{fields: map[string]string{}, size: -1}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, core.Fail(1061002)
		}
		if part.FormName() != "file" {
			value, err := io.ReadAll(io.LimitReader(part, maxFormValue))
			if err != nil {
				return nil, core.Fail(1061002)
			}
			f.fields[part.FormName()] = string(value)
			continue
		}
		sum := adler32.New()
		if f.size, err = io.Copy(io.MultiWriter(sum, sink), io.LimitReader(part, limit+1)); err != nil {
			return nil, core.Fail(1061002)
		}
		if f.size > limit {
			return nil, core.Fail(1061043)
		}
		f.adler = sum.Sum32()
	}
	if f.size < 0 {
		return nil, core.Fail(1061002)
	}
	return f, f.check()
}

// check compares the declared size and checksum with what came.
func (f *form) check() *core.Failure {
	declared, err := strconv.ParseInt(f.fields["size"], 10, 64)
	if err != nil {
		return core.Fail(1061002)
	}
	if declared != f.size {
		return core.Fail(1062009)
	}
	if text := f.fields["checksum"]; text != "" && text != strconv.FormatUint(uint64(f.adler), 10) {
		return core.Fail(1062008)
	}
	return nil
}

// checkParent checks where a file goes: name, kind, a base that the app may write, and the route to it.
func checkParent(c *core.Call, name, kind, node, extra string) *core.Failure {
	switch {
	case name == "" || utf8.RuneCountInString(name) > maxFileNameChars:
		return core.Fail(1061008)
	case kind != "bitable_image" && kind != "bitable_file":
		return core.Fail(1061002)
	}
	b := c.Store.Base(node)
	if b == nil {
		return core.Fail(1061044)
	}
	if _, f := base.OpenBase(c, node, true); f != nil {
		return core.Fail(1061004)
	}
	if b.Spec.WikiNode == "" && c.Options.RouteTokenOptional {
		return nil
	}
	var route struct {
		Token string `json:"drive_route_token"`
	}
	if json.Unmarshal([]byte(extra), &route) != nil || route.Token != node {
		return core.Fail(1061004)
	}
	return nil
}

func (d *drive) uploadAll(c *core.Call) (any, *core.Failure) {
	leave, f := d.admitUpload(c)
	if f != nil {
		return nil, f
	}
	defer leave()
	sum := sha256.New()
	var content bytes.Buffer
	form, f := readForm(c, MaxUploadAllBytes, io.MultiWriter(sum, &content))
	if f != nil {
		return nil, f
	}
	if f := checkParent(c, form.fields["file_name"], form.fields["parent_type"], form.fields["parent_node"], form.fields["extra"]); f != nil {
		return nil, f
	}
	if _, f := c.Begin(nil, 1); f != nil {
		return nil, f
	}
	return storeFile(c, &state.Media{
		Name: form.fields["file_name"], Base: form.fields["parent_node"], Size: form.size, SHA256: hex.EncodeToString(sum.Sum(nil)),
	}, content.Bytes())
}

// storeFile stores a file; content is nil when it was not kept.
func storeFile(c *core.Call, m *state.Media, content []byte) (any, *core.Failure) {
	m.Token = c.Store.NewID("box") + c.Store.NewID("")
	c.Store.Files.Add(m, content)
	c.Committed = true
	return map[string]string{"file_token": m.Token}, nil
}

func (d *drive) uploadPrepare(c *core.Call) (any, *core.Failure) {
	leave, f := d.admitUpload(c)
	if f != nil {
		return nil, f
	}
	defer leave()
	var body struct {
		FileName   string `json:"file_name"`
		ParentType string `json:"parent_type"`
		ParentNode string `json:"parent_node"`
		Size       int64  `json:"size"`
		Extra      string `json:"extra"`
	}
	if c.ReadBody() != nil || c.Decode(&body) != nil || body.Size <= 0 {
		return nil, core.Fail(1061002)
	}
	if f := checkParent(c, body.FileName, body.ParentType, body.ParentNode, body.Extra); f != nil {
		return nil, f
	}
	if _, f := c.Begin(nil, 1); f != nil {
		return nil, f
	}
	u := &upload{
		name: body.FileName, base: body.ParentNode, app: c.AppID, size: body.Size, blocks: int((body.Size + BlockBytes - 1) / BlockBytes),
		began: time.Now(), got: map[int]bool{}, sum: sha256.New(),
	}
	id := c.Store.NewID("upload")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.uploads[id] = u
	return map[string]any{"upload_id": id, "block_size": BlockBytes, "block_num": u.blocks}, nil
}

// openUpload finds a running upload of this app.
func (d *drive) openUpload(c *core.Call, id string) (*upload, *core.Failure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.uploads[id]
	switch {
	case u == nil || time.Since(u.began) >= UploadLife:
		delete(d.uploads, id)
		return nil, core.Fail(1061021)
	case u.app != c.AppID:
		return nil, core.Fail(1062007)
	}
	return u, nil
}

// block is the size that block seq must have.
func (u *upload) block(seq int) int64 { return min(BlockBytes, u.size-int64(seq)*BlockBytes) }

func (d *drive) uploadPart(c *core.Call) (any, *core.Failure) {
	leave, f := d.admitUpload(c)
	if f != nil {
		return nil, f
	}
	defer leave()
	var content bytes.Buffer // one block at most
	form, f := readForm(c, BlockBytes, &content)
	if f != nil {
		return nil, f
	}
	u, f := d.openUpload(c, form.fields["upload_id"])
	if f != nil {
		return nil, f
	}
	seq, err := strconv.Atoi(form.fields["seq"])
	switch {
	case err != nil || seq < 0:
		return nil, core.Fail(1061002)
	case seq >= u.blocks:
		return nil, core.Fail(1062011)
	case form.size != u.block(seq):
		return nil, core.Fail(1062009)
	}
	if _, f := c.Begin(nil, 1); f != nil {
		return nil, f
	}
	// The app's only upload slot is held: nobody else changes u.
	if !u.got[seq] && seq == u.next {
		u.sum.Write(content.Bytes())
		u.next++
		if u.size <= state.MaxKeptBytes {
			u.content = append(u.content, content.Bytes()...)
		}
	}
	u.got[seq] = true
	return struct{}{}, nil
}

func (d *drive) uploadFinish(c *core.Call) (any, *core.Failure) {
	leave, f := d.admitUpload(c)
	if f != nil {
		return nil, f
	}
	defer leave()
	var body struct {
		UploadID string `json:"upload_id"`
		BlockNum int    `json:"block_num"`
	}
	if c.ReadBody() != nil || c.Decode(&body) != nil {
		return nil, core.Fail(1061002)
	}
	u, f := d.openUpload(c, body.UploadID)
	if f != nil {
		return nil, f
	}
	switch {
	case body.BlockNum > u.blocks:
		return nil, core.Fail(1062011)
	case body.BlockNum < u.blocks || len(u.got) < u.blocks:
		return nil, core.Fail(1062010)
	}
	if _, f := c.Begin(nil, 1); f != nil {
		return nil, f
	}
	m := &state.Media{Name: u.name, Base: u.base, Size: u.size}
	if u.next == u.blocks {
		m.SHA256 = hex.EncodeToString(u.sum.Sum(nil))
	} else {
		u.content = nil // blocks came out of order
	}
	d.mu.Lock()
	delete(d.uploads, body.UploadID)
	d.mu.Unlock()
	return storeFile(c, m, u.content)
}
