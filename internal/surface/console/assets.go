package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"
)

//go:embed static/console.css static/console.js static/htmx.min.js
var staticFiles embed.FS

// digestChars is how much of a file's digest stands in its address.
const digestChars = 16

// assets are the static files. Their addresses hold a digest of the content, so that a browser may keep them for good.
type assets struct{ files map[string]staticFile }

type staticFile struct {
	digest, kind string
	data         []byte
}

func readAssets() assets {
	files := map[string]staticFile{}
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, entry := range entries {
		data, err := staticFiles.ReadFile("static/" + entry.Name())
		if err != nil {
			panic(err) // it is embedded
		}
		sum := sha256.Sum256(data)
		kind := "text/javascript; charset=utf-8"
		if path.Ext(entry.Name()) == ".css" {
			kind = "text/css; charset=utf-8"
		}
		files[entry.Name()] = staticFile{digest: hex.EncodeToString(sum[:])[:digestChars], kind: kind, data: data}
	}
	return assets{files}
}

func (a *assets) path(name string) string {
	return Path + "/static/" + a.files[name].digest + "/" + name
}

// asset answers GET /console/static/….
func (c *Console) asset(w http.ResponseWriter, r *http.Request) {
	file, ok := c.assets.files[chi.URLParam(r, "name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.kind)
	if chi.URLParam(r, "digest") == file.digest {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(file.data) // the reader has left; there is nobody to report to
}

// iconTable has a line for each picture: its name, and its paths on a grid of 20, drawn in the text's colour.
//
//go:embed icons.tsv
var iconTable string

var icons = readIcons()

func readIcons() map[string]string {
	read := map[string]string{}
	for line := range strings.Lines(iconTable) {
		name, paths, _ := strings.Cut(strings.TrimSpace(line), "\t")
		read[name] = paths
	}
	return read
}

// icon draws a picture that says nothing of its own: the words beside it do.
func icon(name string) template.HTML {
	drawn := `<svg class="icon ` + name + `" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">`
	return template.HTML(drawn + icons[name] + `</svg>`) //nolint:gosec // our own files
}
