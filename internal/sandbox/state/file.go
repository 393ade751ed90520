package state

import (
	"cmp"
	"mime"
	"path/filepath"
	"sync"
)

// MaxKeptBytes bounds the content of uploaded files that is kept for downloads; beyond it the oldest content is dropped.
const MaxKeptBytes = 64 << 20

// FileStore holds what is known of uploaded files, and the content of the newest. It is safe for concurrent use.
type FileStore struct {
	mu    sync.Mutex
	files map[string]*Media
	order []*Media
	kept  map[string][]byte // content by file token
	queue []string          // tokens in kept, oldest first
	bytes int               // of kept
}

// Media is an uploaded file. It does not change once it is in the store.
type Media struct {
	Token, Name, Base, SHA256 string
	Size                      int64
}

// File is an uploaded file, as the admin side shows it.
type File struct {
	Token    string `json:"file_token"`
	Name     string `json:"name"`
	AppToken string `json:"app_token"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"` // hex; "" when blocks came out of order
}

// List returns what was uploaded, in order.
func (m *FileStore) List() []File {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]File, len(m.order))
	for i, f := range m.order {
		out[i] = File{f.Token, f.Name, f.Base, f.Size, f.SHA256}
	}
	return out
}

func (m *FileStore) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files, m.order = map[string]*Media{}, nil
	m.kept, m.queue, m.bytes = map[string][]byte{}, nil, 0
}

// Find returns the file of that token; nil if there is none.
func (m *FileStore) Find(token string) *Media {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[token]
}

// Content returns what a file holds; false when it was not kept. The caller does not change it.
func (m *FileStore) Content(token string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.kept[token]
	return content, ok
}

// Add stores a file and, unless content is nil or longer than MaxKeptBytes, what it holds. It keeps content as it is.
func (m *FileStore) Add(f *Media, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[f.Token] = f
	m.order = append(m.order, f)
	if content == nil || len(content) > MaxKeptBytes {
		return
	}
	m.kept[f.Token] = content
	m.queue = append(m.queue, f.Token)
	m.bytes += len(content)
	for m.bytes > MaxKeptBytes {
		oldest := m.queue[0]
		m.queue = m.queue[1:]
		m.bytes -= len(m.kept[oldest])
		delete(m.kept, oldest)
	}
}

// Show is the file in the read shape of an attachment cell.
func (f *Media) Show() map[string]any {
	kind := mime.TypeByExtension(filepath.Ext(f.Name))
	kind = cmp.Or(kind, "application/octet-stream")
	const medias = "https://open.feishu.cn/open-apis/drive/v1/medias/"
	return map[string]any{
		"file_token": f.Token, "name": f.Name, "type": kind, "size": f.Size,
		"url": medias + f.Token + "/download", "tmp_url": medias + "batch_get_tmp_download_url?file_tokens=" + f.Token,
	}
}
