package attachment

import (
	"context"
	"errors"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// fileParam is the name of the form's part with the file.
const fileParam = "file"

// UploadInput is the request of upload_attachment.
type UploadInput struct {
	tool.Connection
	tool.Deadline

	URL  string `json:"url,omitempty" example:"https://example.com/cover.png" doc:"Public https address of the file (up to 100 MB), or a data: URI."`
	File string `json:"file,omitempty" format:"binary" doc:"The file itself, as a part of a multipart form, in place of url."`
	Name string `json:"name,omitempty" in:"query" example:"cover.png" doc:"File name in the base. Default: the file's own."`
}

// Uploaded is a file in a base.
type Uploaded struct {
	OK        bool   `json:"ok" doc:"true"`
	FileToken string `json:"file_token" doc:"Put it into an attachment column of this base; in any other base it is not valid."`
	Name      string `json:"name" doc:"file name in the base"`
	Size      int64  `json:"size" doc:"bytes"`
	RequestID string `json:"request_id" doc:"this request, for support"`
}

// Upload is the tool upload_attachment: it uploads one file to a base.
func Upload(access *tool.Access, fetcher Fetcher, uploader Uploader) tool.Tool {
	return tool.Define[UploadInput, Uploaded](tool.Meta{
		Name: "upload_attachment", Path: "/v1/attachments", Family: tool.Records,
		Scopes: []string{"docs:document.media:upload"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "上传附件", EN: "Upload an attachment"},
		Description: "Upload a file to a Feishu base and get the file_token for an attachment column; write_records also takes URLs there. " +
			`Example: {"url":"https://example.com/cover.png"}`,
		Risk: tool.Additive, Errors: []problem.Code{problem.TargetNotAllowed},
	}, func(ctx context.Context, in *UploadInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		target, err := access.Base(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		file, err := openInput(ctx, fetcher, target, in)
		if err != nil {
			return tool.Answer{}, ofRequest(err)
		}
		defer file.Close()
		file.Rename(in.Name)
		token, err := uploader.Upload(ctx, target.App, target.AppToken, file)
		if err != nil {
			return tool.Answer{}, ofRequest(err)
		}
		return tool.OK(&Uploaded{
			OK: true, FileToken: token, Name: file.Name, Size: file.Size, RequestID: request.CallFrom(ctx).RequestID,
		}), nil
	})
}

// openInput returns the file of the request, given by url or as a part of its form.
func openInput(ctx context.Context, fetcher Fetcher, target tool.Target, in *UploadInput) (*attachment.File, error) {
	var parts []intake.File
	for _, part := range intake.ResultFrom(ctx).Files {
		if part.Row < 0 && part.Column == fileParam {
			parts = append(parts, part)
		}
	}
	switch {
	case in.URL == "" && len(parts) == 1:
		return attachment.FromBytes(parts[0].Name, parts[0].ContentType, parts[0].Data)
	case in.URL == "" || len(parts) > 0:
		return nil, problem.New(problem.BadParameter, problem.Text{
			ZH: "请给出一个文件：url（网址或 data: 网址），或 multipart 表单里的 file，二者选一。",
			EN: "Give one file: url (an address or a data: URI), or file as a part of a multipart form, not both.",
		})
	case attachment.IsDataURI(in.URL):
		return attachment.FromDataURI(in.URL)
	}
	return fetcher.Fetch(ctx, target.Tenant, in.URL)
}

// ofRequest turns the failure of a file into the problem of this request; write_records reports it as a row's error instead.
func ofRequest(err error) error {
	failure, ok := errors.AsType[*attachment.Failure](err)
	if !ok {
		return err
	}
	if said, ok := errors.AsType[*feishu.Error](failure); ok {
		p := said.Problem()
		p.Code = problem.UpstreamRejected
		return p
	}
	if failure.Denied {
		return problem.New(problem.TargetNotAllowed, failure.Reason).Because(failure)
	}
	return problem.New(problem.BadParameter, failure.Reason).Because(failure)
}
