package attachment

import (
	"fmt"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// Failure says why one file cannot be fetched or is not accepted. The cause is the file, its address or its server; nothing
// else in the request is affected. Reason is for the caller; it names no address, so that it reveals nothing of an internal network.
type Failure struct {
	Reason problem.Text
	Denied bool          // the address is one that may not be fetched at all
	cause  *feishu.Error // Feishu's error for the file; nil if Feishu was not called
}

// Error implements error.
func (f *Failure) Error() string { return f.Reason.EN }

// Unwrap returns Feishu's error for the file, a *feishu.Error; nil if Feishu was not called.
func (f *Failure) Unwrap() error {
	if f.cause == nil {
		return nil
	}
	return f.cause
}

// reasons are the messages of those kinds of refusals that have a message of their own for a file.
var reasons = map[egress.Kind]problem.Text{ //nolint:exhaustive // the other kinds keep the message of egress
	egress.NotAllowed: {
		ZH: "不会访问这个网址：只访问公网上存在的 https 网址（端口 443），以及运维人员在 " + egress.Variable + " 里放行的地址。" +
			"请换一个网址，或直接上传文件。",
		EN: "The address is not fetched: only https addresses (port 443) that exist on the public internet are, and those that the operator " +
			"allows in " + egress.Variable + ". Give another one, or send the file itself.",
	},
	egress.TooSlow: {
		ZH: "没有在时限内取完文件（最多 30 秒，且不超过 timeout_ms）。请换更快的地址，或直接上传文件。",
		EN: "The file did not arrive in time (30 seconds at most, and within timeout_ms). Give a faster address, or send the file itself.",
	},
	egress.BrokenOff: {
		ZH: "传输中断，文件没有取全。请稍后重试。",
		EN: "The transfer broke off before the file was complete. Try again later.",
	},
}

// The reasons that concern the file or its server's answer.
var (
	encoded = problem.Text{
		ZH: "对方服务器返回的是压缩编码的内容，无法得到原文件。",
		EN: "The server sent the content compressed although it was asked not to, so the original file cannot be read.",
	}
	emptyFile = problem.Text{
		ZH: "文件是空的，飞书不接受空文件。",
		EN: "The file is empty; Feishu does not accept empty files.",
	}
	badDataURI = problem.Text{
		ZH: "data: 网址写法不对：应是 data:image/png;base64,… 或百分号编码的内容，不含空格。",
		EN: "The data: URI is malformed: write data:image/png;base64,… or percent-encoded content, without spaces.",
	}
)

func badStatus(status int) *Failure {
	return &Failure{Reason: problem.Text{
		ZH: fmt.Sprintf("对方服务器回答 HTTP %d，没有给出文件。请确认网址无需登录即可打开。", status),
		EN: fmt.Sprintf("The server answered HTTP %d instead of the file. Make sure that the address opens without signing in.", status),
	}}
}

func tooLarge(limit int64) *Failure {
	return &Failure{Reason: problem.Text{
		ZH: fmt.Sprintf("文件超过 %d MB。", limit>>20),
		EN: fmt.Sprintf("The file is larger than %d MB.", limit>>20),
	}}
}
