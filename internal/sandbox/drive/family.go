package drive

import (
	_ "embed"
	"sync"

	"github.com/rowgate/rowgate/internal/sandbox/core"
)

//go:embed codes.tsv
var codes string

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

// Family is drive/v1 medias: uploads in one call and in blocks, downloads, and temporary addresses.
func Family() core.Family {
	d := &drive{}
	scopes := []string{"docs:document.media:upload", "docs:document.media:download"}
	return core.Family{Name: "drive", Codes: codes, Scopes: scopes, Reset: d.reset, Routes: []*core.Route{
		{
			Name: "media.upload_all", Method: "POST", Path: "/drive/v1/medias/upload_all", Handle: d.uploadAll,
			Class: core.ClassUpload, Scopes: anyUpload,
		},
		{
			Name: "media.upload_prepare", Method: "POST", Path: "/drive/v1/medias/upload_prepare", Handle: d.uploadPrepare,
			Class: core.ClassUpload, Scopes: anyUpload,
		},
		{
			Name: "media.upload_part", Method: "POST", Path: "/drive/v1/medias/upload_part", Handle: d.uploadPart,
			Class: core.ClassUpload, Scopes: anyUpload,
		},
		{
			Name: "media.upload_finish", Method: "POST", Path: "/drive/v1/medias/upload_finish", Handle: d.uploadFinish,
			Class: core.ClassUpload, Scopes: anyUpload,
		},
		{
			Name: "media.download", Method: "GET", Path: "/drive/v1/medias/:file_token/download", Handle: download,
			Rates: append(core.PerSecond(5), core.PerDay(DownloadsPerDay)...), Scopes: anyFetch,
		},
		{
			Name: "media.tmp_url", Method: "GET", Path: "/drive/v1/medias/batch_get_tmp_download_url", Handle: tmpURLs,
			Rates: core.PerSecond(5), Scopes: anyFetch,
		},
	}}
}
