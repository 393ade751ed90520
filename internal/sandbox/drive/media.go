package drive

import (
	"encoding/json"
	"hash"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Limits of uploads, as documented.
const (
	MaxUploadAllBytes = 20 << 20 // one call; a larger file goes in blocks
	BlockBytes        = 4 << 20  // every block but the last
	UploadsPerSecond  = 5        // calls per app over all upload endpoints: 1061045
	UploadsPerDay     = 10_000

	DownloadsPerDay = 10_000 // with 5 a second

	maxFileNameChars = 250
	MaxTmpURLs       = 5
	UploadLife       = 24 * time.Hour // of an upload_id
)

// uploader is an app's upload traffic.
type uploader struct {
	busy   bool
	second uploadWindow
	day    uploadWindow
}

// uploadWindow counts an app's upload calls since began.
type uploadWindow struct {
	began time.Time
	calls int
}

// upload is a file that comes in blocks.
type upload struct {
	name, base, app string
	size            int64
	blocks          int
	began           time.Time
	got             map[int]bool
	next            int
	sum             hash.Hash
	content         []byte // of the blocks that came in order, while a download could give them back
}

func tmpURLs(c *core.Call) (any, *core.Failure) {
	tokens := c.Request.URL.Query()["file_tokens"]
	if len(tokens) == 0 || len(tokens) > MaxTmpURLs {
		return nil, core.Fail(1061002)
	}
	if _, f := c.Begin(nil, len(tokens)); f != nil {
		return nil, f
	}
	out := make([]map[string]string, len(tokens))
	for i, token := range tokens {
		if _, f := openFile(c, token); f != nil {
			return nil, f
		}
		out[i] = map[string]string{
			"file_token":       token,
			"tmp_download_url": "https://internal-api-drive-stream.feishu.cn/space/api/box/stream/download/authcode/?code=" + token,
		}
	}
	return map[string]any{"tmp_download_urls": out}, nil
}

// openFile finds a file that the app may read. In a base with advanced permissions extra must name the table.
func openFile(c *core.Call, token string) (*state.Media, *core.Failure) {
	m := c.Store.Files.Find(token)
	if m == nil {
		return nil, core.Fail(1061003)
	}
	b, f := base.OpenBase(c, m.Base, false)
	if f != nil {
		return nil, core.Fail(1061004)
	}
	if !b.Spec.Advanced {
		return m, nil
	}
	var extra struct {
		Perm struct {
			TableID string `json:"tableId"`
		} `json:"bitablePerm"`
	}
	if json.Unmarshal([]byte(c.Request.URL.Query().Get("extra")), &extra) != nil {
		return nil, core.Fail(1061004)
	}
	b.RLock()
	defer b.RUnlock()
	if b.Tables[extra.Perm.TableID] == nil {
		return nil, core.Fail(1061004)
	}
	return m, nil
}

// download answers a file's bytes, all or the Range that is asked for.
func download(c *core.Call) (any, *core.Failure) {
	m, f := openFile(c, c.Params["file_token"])
	if f != nil {
		return nil, f
	}
	content, kept := c.Store.Files.Content(m.Token)
	if !kept { // the simulator keeps state.MaxKeptBytes of files
		return nil, core.Fail(1061007)
	}
	if _, f := c.Begin(nil, 1); f != nil {
		return nil, f
	}
	return core.Attachment{Name: m.Name, Content: content}, nil
}
