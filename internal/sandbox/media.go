package sandbox

import (
	"cmp"
	"hash"
	"mime"
	"path/filepath"
	"sync"
	"time"
)

// Limits of uploads, as documented.
const (
	MaxUploadAllBytes = 20 << 20 // one call; a larger file goes in blocks
	BlockBytes        = 4 << 20  // every block but the last
	UploadsPerSecond  = 5        // calls per app over all upload endpoints: 1061045
	UploadsPerDay     = 10_000

	maxFileNameChars = 250
	maxTmpURLs       = 5
	uploadLife       = 24 * time.Hour // of an upload_id
)

// fileStore holds what is known of uploaded files; their content is hashed and dropped.
type fileStore struct {
	mu    sync.Mutex
	files map[string]*mediaFile
	order []*mediaFile
}

// drive is the family's own state: uploads that are under way, and how much each app has uploaded.
type drive struct {
	mu      sync.Mutex
	uploads map[string]*upload
	apps    map[string]*uploader
}

func (d *drive) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.uploads, d.apps = map[string]*upload{}, map[string]*uploader{}
}

// uploader is an app's upload traffic.
type uploader struct {
	busy   bool
	second uploadWindow
	day    uploadWindow
}

// mediaFile is an uploaded file. It does not change.
type mediaFile struct {
	token, name, base, sha256 string
	size                      int64
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

// File is an uploaded file.
type File struct {
	Token    string `json:"file_token"`
	Name     string `json:"name"`
	AppToken string `json:"app_token"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"` // hex; "" when blocks came out of order
}

// Files returns what was uploaded, in order.
func (a *Admin) Files() []File { return a.store.files.list() }

// list returns what was uploaded, in order.
func (m *fileStore) list() []File {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]File, len(m.order))
	for i, f := range m.order {
		out[i] = File{f.token, f.name, f.base, f.size, f.sha256}
	}
	return out
}

func (m *fileStore) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files, m.order = map[string]*mediaFile{}, nil
}

func (m *fileStore) find(token string) *mediaFile {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[token]
}

func (m *fileStore) add(f *mediaFile) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[f.token] = f
	m.order = append(m.order, f)
}

func (f *mediaFile) show() map[string]any {
	kind := mime.TypeByExtension(filepath.Ext(f.name))
	kind = cmp.Or(kind, "application/octet-stream")
	const medias = "https://open.feishu.cn/open-apis/drive/v1/medias/"
	return map[string]any{
		"file_token": f.token, "name": f.name, "type": kind, "size": f.size,
		"url": medias + f.token + "/download", "tmp_url": medias + "batch_get_tmp_download_url?file_tokens=" + f.token,
	}
}

func tmpURLs(c *call) (any, *failure) {
	tokens := c.req.URL.Query()["file_tokens"]
	if len(tokens) == 0 || len(tokens) > maxTmpURLs {
		return nil, fail(1061002)
	}
	if _, f := c.begin(nil, len(tokens)); f != nil {
		return nil, f
	}
	out := make([]map[string]string, len(tokens))
	for i, token := range tokens {
		m := c.store.files.find(token)
		if m == nil {
			return nil, fail(1061003)
		}
		if _, f := openBaseOf(c, m.base, false); f != nil {
			return nil, fail(1061004)
		}
		out[i] = map[string]string{
			"file_token": token, "tmp_download_url": "https://internal-api-drive-stream.feishu.cn/space/api/box/stream/download/authcode/?code=" + token,
		}
	}
	return map[string]any{"tmp_download_urls": out}, nil
}
