package feishu

import "github.com/rowgate/rowgate/internal/problem"

// NeedsApp returns the refusal of a call that a PersonalBaseToken does not open; it was not made.
func (a *API) NeedsApp() *Error {
	e := a.NewError(ClassAccess, "a PersonalBaseToken does not open this call", nil)
	e.Personal, e.needsApp = true, true
	return e
}

// OfPersonal marks the error as that of a call made with a PersonalBaseToken. There is no other token to get for it, so that a refused one
// is the caller's to correct.
func (e *Error) OfPersonal() {
	e.Personal = true
	if e.Class == ClassToken {
		e.Class = ClassAccess
	}
}

// explainPersonal puts the words of a PersonalBaseToken in the place of those of an app, where there is no app to look at.
func (e *Error) explainPersonal(p *problem.Error) {
	switch p.Code {
	case problem.BadAppCredentials:
		p.Detail = problem.Text{ZH: "飞书拒绝了这个授权码（personal_base_token）。", EN: "Feishu refused the personal_base_token."}
		p.Fix = problem.Text{
			ZH: "回到该多维表格里获取授权码的地方重新复制一次（它可能已重新生成或被停用），并检查前后空格；国际版请选择 brand=lark。",
			EN: "Copy the token (授权码) again where the base shows it: it may have been made anew or switched off. Check for stray spaces; " +
				"use brand=lark for a base of Lark.",
		}
	case problem.AppNotCollaborator:
		p.Detail = problem.Text{
			ZH: "飞书不允许用这个授权码访问该多维表格：授权码只能用于生成它的那一个多维表格。",
			EN: "Feishu does not let this personal_base_token into the base: such a token is for the one base that it was made in.",
		}
		p.Fix = problem.Text{
			ZH: "检查 app_token 是不是授权码所属的多维表格，并确认生成授权码的人可以编辑它；或改用该多维表格自己的授权码。",
			EN: "Check that app_token is the base of the token and that the person who made the token can edit it, or send the token of that base.",
		}
	case problem.KeyScope:
		p.Detail = problem.Text{
			ZH: "授权码（personal_base_token）只能调用一个多维表格自己的接口，不能打开知识库链接、上传附件、按邮箱和手机号查人或新建多维表格。",
			EN: "A personal_base_token opens only the calls of one base: no wiki links, no uploads, no look-up of people by email or mobile, " +
				"no new base.",
		}
		p.Fix = problem.Text{
			ZH: "知识库里的多维表格请给它自己的 /base/ 链接或 app_token；附件列请填已有的 file_token，人员列请填 open_id；或改用 app_id 和 app_secret。",
			EN: "For a base in a wiki give its own /base/ link or app_token; for attachments a file_token that exists, for people an open_id; " +
				"or send app_id and app_secret in place of it.",
		}
	default:
	}
}
