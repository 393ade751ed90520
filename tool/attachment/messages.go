package attachment

import (
	"errors"
	"fmt"

	"github.com/rowgate/rowgate/internal/attachment"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

var personNotFound = problem.RowError{
	Code: problem.RowPersonNotFound,
	Message: problem.Text{
		ZH: "没有找到这个邮箱或手机号的用户，或不在应用的通讯录范围内。",
		EN: "No user has this email or mobile, or the user is outside the app's contact range.",
	},
	Expected: problem.Text{
		ZH: "本企业用户的邮箱或手机号，或 open_id（ou_…）",
		EN: "the email or mobile of a user of the organisation, or an open_id (ou_…)",
	},
}

// attachmentFailed is the error of a row whose file failed.
func attachmentFailed(failure *attachment.Failure) problem.RowError {
	e := problem.RowError{
		Code:    problem.RowAttachmentFailed,
		Message: failure.Reason,
		Expected: problem.Text{
			ZH: "公网可打开的 https 网址（≤ 100 MB）、data: 网址、表单文件，或 upload_attachment 给出的 file_token",
			EN: "a public https address (up to 100 MB), a data: URI, a file part of a form, or a file_token from upload_attachment",
		},
	}
	if said, ok := errors.AsType[*feishu.Error](failure); ok {
		e.FeishuCode = said.Code
	}
	return e
}

// outOfTime is the problem of a request with more files than its time allows. A repeat makes progress: for some minutes the
// files that are uploaded already are not uploaded again.
func outOfTime(files int) *problem.Error {
	e := problem.New(problem.RateLimited, problem.Text{
		ZH: fmt.Sprintf("时限内没有传完 %d 个附件（飞书每秒只接受约 5 次上传），没有写入任何行。", files),
		EN: fmt.Sprintf("Not all of the %d attachments could be uploaded in time (Feishu accepts about 5 uploads a second); "+
			"no row was written.", files),
	})
	e.Fix = problem.Text{
		ZH: "原样重试即可：已上传的附件 10 分钟内不会再传。也可加大 timeout_ms，或分批发送。",
		EN: "Send the same request again: files that are uploaded already are not uploaded again for 10 minutes. " +
			"Or raise timeout_ms, or send fewer rows at a time.",
	}
	return e
}
