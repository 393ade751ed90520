package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// MaxBaseNameRunes bounds the name of a base, in characters. Source: the page of the base creation.
const MaxBaseNameRunes = 255

// BaseMaker makes bases. It is implemented by *client.Client.
type BaseMaker interface {
	CreateApp(ctx context.Context, app feishu.App, name, folderToken string) (feishu.NewApp, error)
}

// CreateBaseInput is the request of create_base.
type CreateBaseInput struct {
	tool.Connection
	tool.Deadline

	Name        string `json:"name,omitempty" example:"内容库" doc:"The new base's name: 1 to 255 characters."`
	FolderToken string `json:"folder_token,omitempty" example:"fldcnExample" doc:"The folder, or a pasted link to it; the app must have made it. Default: the app's root folder."`
}

// NewBase is the answer of create_base.
type NewBase struct {
	OK        bool   `json:"ok" doc:"true"`
	AppToken  string `json:"app_token" doc:"the new base"`
	Link      string `json:"link" doc:"its address"`
	TableID   string `json:"table_id" doc:"the table that it begins with, which has blank rows"`
	RequestID string `json:"request_id" doc:"this request, for support"`
}

// CreateBase is the tool create_base. A connection key of one base or table does not open it. Feishu takes no client token for it, so
// that a call is sent once: it is repeated only where Feishu says that it was not carried out.
func CreateBase(access *tool.Access, maker *Maker, source BaseMaker) tool.Tool {
	return tool.Define[CreateBaseInput, NewBase](tool.Meta{
		Name: "create_base", Path: "/v1/bases", Family: tool.Tables,
		Scopes: []string{"base:app:create"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "新建多维表格", EN: "Create a base"},
		Description: "Make a new Feishu base, which belongs to the app, with one table. Never repeat it after an answer was lost: look for " +
			`the base first. Example: {"name":"内容库"}`,
		Risk: tool.Additive,
	}, func(ctx context.Context, in *CreateBaseInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		name := strings.TrimSpace(in.Name)
		if name == "" || utf8.RuneCountInString(name) > MaxBaseNameRunes {
			return tool.Answer{}, problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("name 应是 1 到 %d 个字符。", MaxBaseNameRunes), EN: fmt.Sprintf("name has 1 to %d characters.", MaxBaseNameRunes),
			})
		}
		target, err := access.Beyond(ctx, &in.Connection)
		if err != nil {
			return tool.Answer{}, err
		}
		made, err := maker.Base(ctx, target.App, name, folderOf(in.FolderToken), source)
		if err != nil {
			return tool.Answer{}, err
		}
		return tool.OK(&NewBase{
			OK: true, AppToken: made.AppToken, Link: made.URL, TableID: made.TableID, RequestID: requestID(ctx),
		}), nil
	})
}

// folderOf is the token of a folder that is given by its token or by its link.
func folderOf(given string) string {
	const folder = "/drive/folder/"
	given = strings.TrimSpace(given)
	if i := strings.Index(given, folder); i >= 0 {
		given = given[i+len(folder):]
		if end := strings.IndexAny(given, "/?#"); end >= 0 {
			given = given[:end]
		}
	}
	return given
}

// Base makes a base. Errors: upstream_rejected with outcome unknown, which must not be repeated, where it may have been made; not_found
// and app_not_collaborator for the folder; what Feishu answers otherwise.
func (m *Maker) Base(ctx context.Context, app feishu.App, name, folder string, source BaseMaker) (feishu.NewApp, error) {
	for attempt := 1; ; attempt++ {
		made, err := source.CreateApp(ctx, app, name, folder)
		if err == nil {
			return made, nil
		}
		e, ok := errors.AsType[*feishu.Error](err)
		switch {
		case !ok:
			return feishu.NewApp{}, err
		case e.OutcomeUnknown(), e.Class == feishu.ClassServer: // an error within Feishu does not tell either
			return feishu.NewApp{}, perhapsMade(name, e)
		case e.Code == feishu.CodeFolderNotFound, e.Code == feishu.CodeFolderForbidden:
			return feishu.NewApp{}, badFolder(folder, e)
		case !e.Repeatable() || !m.again(ctx, app, e, attempt):
			return feishu.NewApp{}, err
		}
	}
}

// perhapsMade says that there may be one more base. Its status is none that clients repeat by themselves.
func perhapsMade(name string, cause *feishu.Error) *problem.Error {
	p := problem.New(problem.UpstreamRejected, problem.Text{
		ZH: fmt.Sprintf("没有收到飞书的结果：多维表格“%s”可能已经建好，也可能没有；飞书无法查询这一次调用。", name),
		EN: fmt.Sprintf("Feishu's answer was lost: the base %q may have been made or not, and Feishu cannot be asked about this call.", name),
	}).Because(cause)
	p.Fix = problem.Text{
		ZH: "请先在飞书云文档里查看是否已有这个多维表格，没有再重复请求；直接重复可能多建一个。",
		EN: "Look in Feishu Docs whether the base is there before you repeat the request: a repeat may make a second one.",
	}
	p.Outcome, p.Feishu = problem.OutcomeUnknown, cause.Problem().Feishu
	return p
}

func badFolder(folder string, cause *feishu.Error) *problem.Error {
	code := problem.NotFound
	text := problem.Text{
		ZH: fmt.Sprintf("folder_token：没有文件夹“%s”。", folder), EN: fmt.Sprintf("folder_token: there is no folder %q.", folder),
	}
	if cause.Code == feishu.CodeFolderForbidden {
		code = problem.AppNotCollaborator
		text = problem.Text{
			ZH: fmt.Sprintf("folder_token：应用没有权限在文件夹“%s”里新建。", folder),
			EN: fmt.Sprintf("folder_token: the app may not make anything in the folder %q.", folder),
		}
	}
	p := problem.New(code, text).Because(cause)
	p.Fix = problem.Text{
		ZH: "请使用该应用自己创建的文件夹，或去掉 folder_token（建在应用的根目录）。",
		EN: "Use a folder that the app itself has made, or leave folder_token out (the app's root folder).",
	}
	p.Feishu = cause.Problem().Feishu
	return p
}
