package egress

import "github.com/rowgate/rowgate/internal/problem"

// Refusal says why an address is not asked. Reason is for the caller.
type Refusal struct{ Reason problem.Text }

// Error implements error.
func (r *Refusal) Error() string { return r.Reason.EN }

// The reasons, in the caller's words.
var (
	BadAddress = problem.Text{
		ZH: "网址无法使用：须是 http 或 https，端口 80 或 443，不含用户名和密码，长度不超过 8 KB。",
		EN: "The address cannot be used: it must be http or https on port 80 or 443, without user name and password, at most 8 KB long.",
	}
	TooManyRedirects = problem.Text{
		ZH: "网址跳转超过 3 次。请给出最终的网址。",
		EN: "The address redirects more than 3 times. Give the one it ends at.",
	}
)
