// Package attachment turns a caller's files and people into Feishu's ids: it fetches what a URL leads to, through
// internal/egress, uploads it to the base, and looks people up by email and mobile.
package attachment

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu/client"
)

// Bounds of a file, in bytes.
const (
	MaxFileBytes   = 100 << 20 // fetched from a URL; Feishu takes it in blocks
	MaxInlineBytes = 20 << 20  // sent in the request itself: a data: URI or a part of a form
	sniffBytes     = 512       // what http.DetectContentType looks at
)

// File is a file that is ready to be uploaded. The receiver closes it once, when no upload of it is running.
type File struct {
	Name string // sanitised, with an extension, at most maxNameRunes
	Size int64  // bytes, > 0

	kind    string // media type
	sum     [sha256.Size]byte
	content io.ReaderAt
	close   func()
}

// FromBytes makes a file of data and keeps data. name and mediaType are the sender's; both may be empty.
// Errors: a *Failure if data is empty or longer than MaxInlineBytes.
func FromBytes(name, mediaType string, data []byte) (*File, error) {
	switch {
	case len(data) == 0:
		return nil, &Failure{Reason: emptyFile}
	case len(data) > MaxInlineBytes:
		return nil, tooLarge(MaxInlineBytes)
	}
	kind := sniff(data, mediaType)
	return &File{
		Name: fileName(kind, name), Size: int64(len(data)), kind: kind, sum: sha256.Sum256(data),
		content: bytes.NewReader(data), close: func() {},
	}, nil
}

// Rename gives the file another name, sanitised as every name is; an empty one changes nothing.
func (f *File) Rename(name string) {
	if strings.TrimSpace(name) != "" {
		f.Name = fileName(f.kind, name)
	}
}

// Close releases the content.
func (f *File) Close() { f.close() }

// part returns n bytes from offset on; it can be read again from its start.
func (f *File) part(offset, n int64) io.Reader { return io.NewSectionReader(f.content, offset, n) }

// parent is the file's parent_type at Feishu: pictures and other files are stored apart.
func (f *File) parent() string {
	if strings.HasPrefix(f.kind, "image/") && f.kind != svg {
		return client.ParentImage
	}
	return client.ParentFile
}

// sniff returns the media type of a file that begins with head: the one that its bytes show, or, where they show none, the
// declared one.
func sniff(head []byte, declared string) string {
	kind := mediaType(http.DetectContentType(head[:min(len(head), sniffBytes)]))
	declared = mediaType(declared)
	switch {
	case declared == "" || strings.HasPrefix(declared, "image/") && declared != svg:
		return kind // a picture shows in its bytes
	case kind == "application/octet-stream", kind == "text/plain", kind == "text/xml", kind == "application/zip":
		return declared // Office files are zips, and formats of text all look alike
	}
	return kind
}

// mediaType is the type without its parameters, in lower case.
func mediaType(value string) string {
	kind, _, _ := strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}
