package attachment

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/intake"
)

// Parts returns the file parts of the request's form that belong to rows, for bitable.Options.Files. A part's Ref is its name
// and its index in the form, "photo.png#0": Resolve finds the content by it, and it is legible in a warning.
func Parts(ctx context.Context) []bitable.File {
	var files []bitable.File
	for i, part := range intake.ResultFrom(ctx).Files {
		if part.Row >= 0 {
			files = append(files, bitable.File{Row: part.Row, Column: part.Column, Ref: refOf(part.Name, i)})
		}
	}
	return files
}

func refOf(name string, index int) string { return name + "#" + strconv.Itoa(index) }

// openPart returns the file part of a Ref.
func openPart(ctx context.Context, ref string) (*attachment.File, error) {
	parts := intake.ResultFrom(ctx).Files
	name := ref[:max(strings.LastIndexByte(ref, '#'), 0)]
	index, err := strconv.Atoi(ref[min(len(name)+1, len(ref)):])
	if err != nil || index < 0 || index >= len(parts) || parts[index].Name != name {
		return nil, errors.New("attachment: a part that is not in this request's form")
	}
	return attachment.FromBytes(name, parts[index].ContentType, parts[index].Data)
}
