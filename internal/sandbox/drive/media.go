package drive

import (
	"hash"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/core"
)

// Limits of uploads, as documented.
const (
	MaxUploadAllBytes = 20 << 20 // one call; a larger file goes in blocks
	BlockBytes        = 4 << 20  // every block but the last
	UploadsPerSecond  = 5        // calls per app over all upload endpoints: 1061045
	UploadsPerDay     = 10_000

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
		m := c.Store.Files.Find(token)
		if m == nil {
			return nil, core.Fail(1061003)
		}
		if _, f := base.OpenBase(c, m.Base, false); f != nil {
			return nil, core.Fail(1061004)
		}
		out[i] = map[string]string{
			"file_token":       token,
			"tmp_download_url": "https://internal-api-drive-stream.feishu.cn/space/api/box/stream/download/authcode/?code=" + token,
		}
	}
	return map[string]any{"tmp_download_urls": out}, nil
}
