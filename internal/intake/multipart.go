package intake

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
)

// multipart reads multipart/form-data; nothing is written to disk.
func (p *parser) multipart(body []byte, boundary string) error {
	f := newForm(p)
	end := 0 // of the last part, so that looking for the next one's place stays linear
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) && bytes.Contains(body, []byte("--"+boundary+"--")) {
			return f.end()
		}
		if err != nil { // io.EOF also where the body never had the boundary
			return p.refuse("", &misread{fault: fault{at: len(body), why: badMultipart}, text: body})
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return p.refuse("", &misread{fault: fault{at: len(body), why: badMultipart}, text: body})
		}
		if i := bytes.Index(body[end:], data); i >= 0 {
			end += i
		}
		if err := f.part(part, data, &misread{fault: fault{at: end}, text: body}); err != nil {
			return err
		}
		end = min(end+len(data), len(body))
	}
}

// part takes one part: a file if it has a file name, be it empty, else text.
func (f *form) part(part *multipart.Part, data []byte, at *misread) error {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil || part.FormName() == "" {
		return f.parser.refuse("", at.as(badMultipart))
	}
	if _, isFile := params["filename"]; isFile {
		return f.upload(part.FormName(), File{
			Name: part.FileName(), ContentType: part.Header.Get("Content-Type"), Data: data,
		}, at)
	}
	return f.text(part.FormName(), string(data), false, at)
}
