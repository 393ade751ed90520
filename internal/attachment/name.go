package attachment

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxNameRunes      = 250 // Feishu's bound of file_name, in characters
	maxExtensionRunes = 10  // of what counts as an extension, the dot not counted
	svg               = "image/svg+xml"
)

// extensions are those of the types that are sniffed or often declared. Package mime is not used: it reads tables of the
// operating system, which differ from one container image to the next.
var extensions = map[string]string{
	"image/png":                    ".png",
	"image/jpeg":                   ".jpg",
	"image/gif":                    ".gif",
	"image/webp":                   ".webp",
	"image/bmp":                    ".bmp",
	"image/x-icon":                 ".ico",
	svg:                            ".svg",
	"application/pdf":              ".pdf",
	"application/zip":              ".zip",
	"application/x-gzip":           ".gz",
	"application/x-rar-compressed": ".rar",
	"application/json":             ".json",
	"application/xml":              ".xml",
	"application/msword":           ".doc",
	"application/vnd.ms-excel":     ".xls",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         ".xlsx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
	"text/plain":    ".txt",
	"text/html":     ".html",
	"text/xml":      ".xml",
	"text/csv":      ".csv",
	"text/markdown": ".md",
	"audio/mpeg":    ".mp3",
	"audio/wave":    ".wav",
	"audio/basic":   ".au",
	"video/mp4":     ".mp4",
	"video/webm":    ".webm",
	"video/avi":     ".avi",
}

// fileName returns the first candidate that is not empty after sanitising, else "file". It has an extension wherever the type
// is known. A picture has that of a picture, because Feishu chooses the preview by the extension.
func fileName(kind string, candidates ...string) string {
	name := "file"
	for _, candidate := range candidates {
		if clean := sanitise(candidate); clean != "" {
			name = clean
			break
		}
	}
	stem, extension := splitExtension(name)
	wanted := extensions[kind]
	if wanted != "" && (extension == "" || isPicture(wanted) && !isPicture(strings.ToLower(extension))) {
		stem, extension = name, wanted
	}
	runes := []rune(stem)
	return string(runes[:min(len(runes), maxNameRunes-utf8.RuneCountInString(extension))]) + extension
}

// sanitise removes the characters of a name that mislead a file system, a header or a reader.
func sanitise(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r): // Cf holds the marks that change the direction of text
			return -1
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	return strings.Trim(name, " ._")
}

func splitExtension(name string) (stem, extension string) {
	extension = path.Ext(name)
	if n := utf8.RuneCountInString(extension); n < 2 || n > maxExtensionRunes+1 || len(extension) == len(name) {
		return name, ""
	}
	return strings.TrimSuffix(name, extension), extension
}

// isPicture reports whether an extension, in lower case, is one by which Feishu shows a picture.
func isPicture(extension string) bool {
	switch extension {
	case ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".heic", ".tif", ".tiff", ".svg":
		return true
	}
	return false
}
