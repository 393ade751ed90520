package attachment

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/rowgate/rowgate/internal/backoff"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of uploads.
const (
	MaxUploadsPerApp = 32    // uploads of one app that run or wait for their turn
	MaxUploads       = 1_024 // uploads of all apps that run or wait for their turn
	// SentFor is how long an uploaded file is recognised by its content, name and base. A caller who repeats a request whose
	// files could not all be uploaded in time makes progress this way, and no file is uploaded twice.
	SentFor = 10 * time.Minute
	MaxSent = 5_000 // uploaded files that are recognised

	maxAttempts = 3 // of a call that failed at Feishu's side or on the way, the first included
	maxTurns    = 8 // of a call that met another upload of the app (1061045), the first included
)

var (
	betweenAttempts = backoff.Policy{Base: 200 * time.Millisecond, Cap: 2 * time.Second}
	betweenTurns    = backoff.Policy{Base: 200 * time.Millisecond, Cap: 2 * time.Second, Least: 500 * time.Millisecond} // after 1061045
)

// Media uploads files. *client.Client is one: it sends the calls of an app one at a time, at most 5 a second, each with its
// Adler-32.
type Media interface {
	UploadAll(ctx context.Context, app feishu.App, media client.Media, file io.Reader) (fileToken string, err error)
	UploadPrepare(ctx context.Context, app feishu.App, media client.Media) (client.Upload, error)
	UploadPart(ctx context.Context, app feishu.App, uploadID string, seq int, size int64, block io.Reader) error
	UploadFinish(ctx context.Context, app feishu.App, begun client.Upload) (fileToken string, err error)
}

// UploaderOptions are the dependencies of an Uploader; all are required.
type UploaderOptions struct {
	Media      Media
	Digest     func(feishu.App) string // names a credential
	AllowRetry func(feishu.App) bool   // takes one repeat from the budget of the app's host
}

// Uploader uploads files to bases. It is safe for concurrent use; Close it when no upload is running.
type Uploader struct {
	UploaderOptions

	queue *shares
	sent  *otter.Cache[sentKey, string]
}

// sentKey identifies an uploaded file; its token works only for this credential and in this base.
type sentKey struct {
	digest, appToken, name string
	sum                    [sha256.Size]byte
}

// NewUploader makes an uploader.
func NewUploader(o UploaderOptions) *Uploader {
	return &Uploader{
		UploaderOptions: o,
		queue:           newShares(MaxUploadsPerApp, MaxUploads),
		sent: otter.Must(&otter.Options[sentKey, string]{
			MaximumSize: MaxSent, ExpiryCalculator: otter.ExpiryWriting[sentKey, string](SentFor),
		}),
	}
}

// Close ends the cache's goroutines.
func (u *Uploader) Close() { u.sent.StopAllGoroutines() }

// Upload puts the file into the base and returns its file_token. A file of the same content and name that was uploaded to
// this base with this credential within SentFor is not uploaded again.
//
// Errors: a *Failure if Feishu refuses this file; the problem overloaded at once if too many uploads wait; otherwise
// Feishu's error, which concerns the app, the base or Feishu itself. No row is written with any of them.
func (u *Uploader) Upload(ctx context.Context, app feishu.App, appToken string, file *File) (fileToken string, err error) {
	key := sentKey{u.Digest(app), appToken, file.Name, file.sum}
	if fileToken, ok := u.sent.GetIfPresent(key); ok {
		return fileToken, nil
	}
	if !u.queue.take(key.digest, 1) {
		return "", overloaded()
	}
	defer u.queue.give(key.digest, 1)
	// The route token is asked for by bases inside a wiki or a document, and documented for every base.
	// https://open.feishu.cn/document/server-docs/docs/drive-v1/media/introduction
	media := client.Media{Name: file.Name, ParentType: file.parent(), AppToken: appToken, Size: file.Size}
	if file.Size <= client.MaxUploadAll {
		err = u.repeat(ctx, app, func() error {
			fileToken, err = u.Media.UploadAll(ctx, app, media, file.part(0, file.Size))
			return err
		})
	} else {
		fileToken, err = u.inBlocks(ctx, app, media, file)
	}
	if err != nil {
		return "", refused(err)
	}
	u.sent.Set(key, fileToken)
	return fileToken, nil
}

// inBlocks uploads a large file block by block; each step is repeated on its own.
func (u *Uploader) inBlocks(ctx context.Context, app feishu.App, media client.Media, file *File) (fileToken string, err error) {
	var begun client.Upload
	if err := u.repeat(ctx, app, func() error {
		begun, err = u.Media.UploadPrepare(ctx, app, media)
		return err
	}); err != nil {
		return "", err
	}
	if begun.BlockSize <= 0 || int64(begun.BlockNum) != (file.Size+begun.BlockSize-1)/begun.BlockSize {
		return "", errors.New("attachment: the blocks that Feishu asks for do not add up to the file")
	}
	for seq := range begun.BlockNum {
		offset := int64(seq) * begun.BlockSize
		size := min(begun.BlockSize, file.Size-offset)
		if err := u.repeat(ctx, app, func() error {
			return u.Media.UploadPart(ctx, app, begun.ID, seq, size, file.part(offset, size))
		}); err != nil {
			return "", err
		}
	}
	err = u.repeat(ctx, app, func() error {
		fileToken, err = u.Media.UploadFinish(ctx, app, begun)
		return err
	})
	return fileToken, err
}

// repeat makes a call until it succeeds or another attempt is not allowed. A file that was stored without acknowledgement is
// then stored twice; no row refers to the first one.
func (u *Uploader) repeat(ctx context.Context, app feishu.App, call func() error) error {
	for attempt := 1; ; attempt++ {
		err := call()
		e, ok := errors.AsType[*feishu.Error](err)
		if !ok || !e.Repeatable() || e.Class == feishu.ClassOpen {
			return err
		}
		wait := betweenAttempts.Delay(attempt)
		if e.Class == feishu.ClassConflict {
			if wait = betweenTurns.Delay(attempt); attempt >= maxTurns {
				return err
			}
		} else if attempt >= maxAttempts || ctx.Err() != nil || !u.AllowRetry(app) {
			return err
		}
		if backoff.Wait(ctx, wait) != nil {
			return err
		}
	}
}

// refused turns Feishu's refusal of this file into a Failure. An upload of unknown outcome has written no row.
func refused(err error) error {
	e, ok := errors.AsType[*feishu.Error](err)
	if !ok {
		return err
	}
	if e.RowCode() == problem.RowAttachmentFailed {
		return &Failure{Reason: e.Problem().Detail, cause: e}
	}
	if e.OutcomeUnknown() {
		p := problem.New(problem.UpstreamUnavailable, problem.Text{
			ZH: "上传附件时飞书没有回答，什么都没有写入。",
			EN: "Feishu gave no answer while an attachment was uploaded; nothing was written.",
		})
		p.Outcome = problem.NotWritten
		return p.Because(err)
	}
	return err
}
