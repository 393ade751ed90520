package client

import (
	"bytes"
	"context"
	"fmt"
	"hash/adler32"
	"io"
	"mime/multipart"
	"slices"
	"strconv"
	"sync"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Bounds of uploads, in bytes.
const (
	MaxUploadAll = 20 << 20 // one call; larger files go in blocks
	BlockSize    = 4 << 20  // Feishu's size of a block; UploadPrepare answers the one to use
)

// The parents of a file in a base.
const (
	ParentImage = "bitable_image"
	ParentFile  = "bitable_file"
)

// Media describes a file for a base.
type Media struct {
	Name       string // up to 250 characters
	ParentType string // ParentImage, ParentFile
	AppToken   string // the base it is for: its token works nowhere else
	Size       int64  // bytes, exactly
}

// extra is listed for every image and file of a base: docs/feishu/media.md §5.
func (m Media) extra() string {
	return string(mustJSON(map[string]string{"drive_route_token": m.AppToken}))
}

// UploadAll sends a file of up to MaxUploadAll in one call, streamed, and returns its file_token. A file that is an
// io.Seeker is sent with its checksum, and again if Feishu refused the token; another one is read once.
func (c *Client) UploadAll(ctx context.Context, app feishu.App, media Media, file io.Reader) (fileToken string, err error) {
	var data struct {
		FileToken string `json:"file_token"`
	}
	err = c.upload(ctx, app, feishu.Call{API: feishu.APIUploadAll, Out: &data}, &upload{
		file: file, size: media.Size, name: media.Name,
		form: [][2]string{
			{"file_name", media.Name}, {"parent_type", media.ParentType}, {"parent_node", media.AppToken}, {"extra", media.extra()},
		},
	})
	return data.FileToken, err
}

// Upload is an upload in blocks that has begun; it is good for 24 hours.
type Upload struct {
	ID        string `json:"upload_id"`
	BlockSize int64  `json:"block_size"`
	BlockNum  int    `json:"block_num"`
}

// UploadPrepare begins an upload in blocks.
func (c *Client) UploadPrepare(ctx context.Context, app feishu.App, media Media) (Upload, error) {
	body := mustJSON(struct {
		Name       string `json:"file_name"`
		ParentType string `json:"parent_type"`
		ParentNode string `json:"parent_node"`
		Size       int64  `json:"size"`
		Extra      string `json:"extra,omitempty"`
	}{media.Name, media.ParentType, media.AppToken, media.Size, media.extra()})
	var data Upload
	err := c.Do(ctx, app, feishu.Call{API: feishu.APIUploadPrepare, Body: body, Out: &data})
	return data, err
}

// UploadPart sends block seq (from 0) of size bytes. As with UploadAll, an io.Seeker is sent with its checksum.
func (c *Client) UploadPart(ctx context.Context, app feishu.App, uploadID string, seq int, size int64, block io.Reader) error {
	return c.upload(ctx, app, feishu.Call{API: feishu.APIUploadPart}, &upload{
		file: block, size: size, name: "block",
		form: [][2]string{{"upload_id", uploadID}, {"seq", strconv.Itoa(seq)}},
	})
}

// UploadFinish ends an upload in blocks and returns the file_token.
func (c *Client) UploadFinish(ctx context.Context, app feishu.App, begun Upload) (fileToken string, err error) {
	var data struct {
		FileToken string `json:"file_token"`
	}
	body := mustJSON(map[string]any{"upload_id": begun.ID, "block_num": begun.BlockNum})
	err = c.Do(ctx, app, feishu.Call{API: feishu.APIUploadFinish, Body: body, Out: &data})
	return data.FileToken, err
}

// upload is a multipart body around a stream: the form fields first, then the file.
type upload struct {
	form [][2]string
	name string
	size int64
	file io.Reader
}

// payload returns the body from its start, of known length, so that memory holds only the form around the file.
func (u *upload) payload() (payload, error) {
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	checksum, err := u.checksum()
	if err != nil {
		return payload{}, fmt.Errorf("the file cannot be read: %w", err)
	}
	fields := append(slices.Clip(u.form), [2]string{"size", strconv.FormatInt(u.size, 10)}, [2]string{"checksum", checksum})
	for _, field := range fields {
		if field[1] != "" {
			_ = form.WriteField(field[0], field[1]) // a bytes.Buffer takes everything
		}
	}
	_, _ = form.CreateFormFile("file", u.name)
	headSize := head.Len()
	_ = form.Close()
	all := head.Bytes()
	content := io.MultiReader(bytes.NewReader(all[:headSize]), io.LimitReader(u.file, u.size), bytes.NewReader(all[headSize:]))
	return payload{
		content: &uploadBody{content: content}, length: int64(len(all)) + u.size, contentType: form.FormDataContentType(),
	}, nil
}

// checksum returns the decimal Adler-32 of a seekable file and rewinds it; "" for a stream.
func (u *upload) checksum() (string, error) {
	seeker, ok := u.file.(io.Seeker)
	if !ok {
		return "", nil
	}
	sum := adler32.New()
	if _, err := seeker.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if _, err := io.CopyN(sum, u.file, u.size); err != nil {
		return "", err
	}
	_, err := seeker.Seek(0, io.SeekStart)
	return strconv.FormatUint(uint64(sum.Sum32()), 10), err
}

// uploadBody lets go of the file when it is closed: a transport may go on reading after it has answered, and the file may
// be rewound for another attempt by then.
type uploadBody struct {
	mu      sync.Mutex
	content io.Reader
}

// Read implements io.Reader.
func (b *uploadBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.content == nil {
		return 0, io.ErrClosedPipe
	}
	return b.content.Read(p)
}

// Close implements io.Closer. No Read is under way when it returns, and none reaches the file afterwards.
func (b *uploadBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.content = nil
	return nil
}
