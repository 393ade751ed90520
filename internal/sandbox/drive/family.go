package drive

import (
	"sync"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/core"
)

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

// The scopes of drive's endpoints.
var (
	anyUpload = []string{"bitable:app", "docs:document.media:upload", "drive:drive"}
	anyFetch  = []string{"bitable:app", "docs:document.media:download", "drive:drive", "drive:drive:readonly"}
)

// Family is drive/v1 medias: uploads in one call and in blocks, and temporary addresses.
func Family() core.Family {
	d := &drive{}
	return core.Family{Name: "drive", Scopes: []string{"docs:document.media:upload", "docs:document.media:download"}, Reset: d.reset, Endpoints: []*core.Route{
		{Name: "media.upload_all", Method: "POST", Path: "/drive/v1/medias/upload_all", Class: core.ClassUpload, Scopes: anyUpload, Handle: d.uploadAll},
		{Name: "media.upload_prepare", Method: "POST", Path: "/drive/v1/medias/upload_prepare", Class: core.ClassUpload, Scopes: anyUpload, Handle: d.uploadPrepare},
		{Name: "media.upload_part", Method: "POST", Path: "/drive/v1/medias/upload_part", Class: core.ClassUpload, Scopes: anyUpload, Handle: d.uploadPart},
		{Name: "media.upload_finish", Method: "POST", Path: "/drive/v1/medias/upload_finish", Class: core.ClassUpload, Scopes: anyUpload, Handle: d.uploadFinish},
		{Name: "media.tmp_url", Method: "GET", Path: "/drive/v1/medias/batch_get_tmp_download_url", Rates: []core.Rate{{Calls: 5, Per: time.Second}}, Scopes: anyFetch, Handle: tmpURLs},
	}}
}
