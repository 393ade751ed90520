package diagnose

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// secret gets a token: Feishu gives one for a right app_id and app_secret only. A PersonalBaseToken is shown to Feishu in a call on a base
// that does not exist: it looks at the token before it looks for the base.
func (w *walk) secret(ctx context.Context) (problem.Text, error) {
	if w.admitted != nil {
		return problem.Text{}, w.admitted
	}
	if w.app.IsPersonal() {
		err := w.call(ctx, needs[0].method, needs[0].path, nil, needs[0].body)
		if !isAny(err, absent...) {
			return problem.Text{}, unexpected(err)
		}
		return problem.Text{
			ZH: fmt.Sprintf("飞书认可这个授权码（%s）。", w.app.Brand), EN: fmt.Sprintf("Feishu takes the personal_base_token (%s).", w.app.Brand),
		}, nil
	}
	if _, _, err := w.Client.Token(ctx, w.app); err != nil {
		return problem.Text{}, err
	}
	return problem.Text{
		ZH: fmt.Sprintf("App ID 和 App Secret 正确（%s）。", w.app.Brand),
		EN: fmt.Sprintf("App ID and App Secret are right (%s).", w.app.Brand),
	}, nil
}

// nowhere is a table that does not exist. Feishu looks at an app's scopes before it looks for the base, so that a call to it
// tells the one without the other, and does nothing.
const nowhere = "/bitable/v1/apps/RowgateDiagnosesNowhere/tables/tblRowgateNowhere"

// need is a scope that the tools need, with a call that asks for it.
type need struct {
	scope        string
	what         problem.Text
	method, path string
	body         string
}

var needs = []need{
	{"base:field:read", problem.Text{ZH: "读取列", EN: "read columns"}, "GET", nowhere + "/fields", ""},
	{"base:record:retrieve", problem.Text{ZH: "查询记录", EN: "search records"}, "POST", nowhere + "/records/search", `{}`},
	{
		"base:record:create",
		problem.Text{ZH: "新增记录", EN: "create records"},
		"POST",
		nowhere + "/records/batch_create",
		`{"records":[{"fields":{}}]}`,
	},
	{
		"base:record:update",
		problem.Text{ZH: "更新记录", EN: "update records"},
		"POST",
		nowhere + "/records/batch_update",
		`{"records":[{"record_id":"recNowhere","fields":{}}]}`,
	},
}

// absent are the answers to a call on a table that does not exist, once nothing else is wrong.
var absent = []problem.Code{problem.BaseNotFound, problem.TableNotFound, problem.AppNotCollaborator, problem.RecordNotFound}

// scopes asks for each of the scopes that reading and writing rows need.
func (w *walk) scopes(ctx context.Context) (problem.Text, error) {
	if w.app.IsPersonal() {
		return problem.Text{
			ZH: "授权码背后没有应用，不需要开通权限。", EN: "There is no app behind a personal_base_token, so it needs no scopes.",
		}, nil
	}
	var missing []need
	var refusal *problem.Error
	for _, need := range needs {
		err := w.call(ctx, need.method, need.path, nil, need.body)
		switch {
		case isAny(err, problem.ScopeMissing):
			missing = append(missing, need)
			refusal = problem.From(err)
		case !isAny(err, absent...):
			return problem.Text{}, unexpected(err)
		}
	}
	if len(missing) == 0 {
		return problem.Text{ZH: "应用可以读取列，查询、新增和更新记录。", EN: "The app may read columns and search, create and update records."}, nil
	}
	var zh, en, names []string
	for _, need := range missing {
		zh, en = append(zh, need.what.ZH), append(en, need.what.EN)
		names = append(names, need.scope)
	}
	scopes := strings.Join(names, ",")
	e := problem.New(problem.ScopeMissing, problem.Text{
		ZH: "应用缺少权限：" + strings.Join(zh, "、") + "。", EN: "The app may not: " + strings.Join(en, ", ") + ".",
	})
	e.Fix = problem.Text{
		ZH: "在开发者后台 →「权限管理」开通 bitable:app（包含全部），或逐项开通 " + scopes + "，然后在「版本管理与发布」创建版本并发布。",
		EN: "In the Developer Console → Permissions & Scopes, add bitable:app (all in one) or " + scopes +
			"; then, under Version Management & Release, create and release a version.",
	}
	e.Feishu = refusal.Feishu
	return problem.Text{}, e
}

// unexpected is an answer that says nothing about scopes: err, or that a base which cannot exist took the call.
func unexpected(err error) error {
	if err != nil {
		return err
	}
	return problem.New(problem.UpstreamRejected, problem.Text{
		ZH: "飞书的回答不是预期的。", EN: "Feishu's answer is not the one that was expected.",
	})
}

// base resolves the link and asks for the base. An app that may not read the description of a base may still write rows.
func (w *walk) base(ctx context.Context) (problem.Text, error) {
	target, err := w.Access.Base(ctx, &w.connection)
	if err != nil {
		return problem.Text{}, err
	}
	w.ref = target.TableRef
	info, err := w.Client.GetApp(ctx, w.ref.App, w.ref.AppToken)
	switch {
	case isAny(err, problem.ScopeMissing):
		return problem.Text{
			ZH: "应用不能读取多维表格的信息（base:app:read），时区按 Asia/Shanghai；是否能访问它，由后面的步骤检查。",
			EN: "The app may not read the base's description (base:app:read), so dates are taken in Asia/Shanghai; whether it may use " +
				"the base, the next steps show.",
		}, nil
	case err != nil:
		return problem.Text{}, err
	}
	found := problem.Text{
		ZH: fmt.Sprintf("找到多维表格“%s”，时区 %s。", info.Name, info.TimeZone),
		EN: fmt.Sprintf("Found the base %q, time zone %s.", info.Name, info.TimeZone),
	}
	if info.IsAdvanced {
		found.ZH += "它开启了高级权限。"
		found.EN += " It uses advanced permissions."
	}
	return found, nil
}

// table resolves the table's name and looks for its id among the base's tables.
func (w *walk) table(ctx context.Context) (problem.Text, error) {
	target, err := w.Access.Table(ctx, &w.connection)
	if err != nil {
		return problem.Text{}, err
	}
	w.ref = target.TableRef
	tables, err := w.Tables.Tables(ctx, w.ref.App, w.ref.AppToken)
	switch {
	case isAny(err, problem.ScopeMissing):
		return problem.Text{
			ZH: "应用不能列出数据表（base:table:read）；表是否存在，由下一步检查。",
			EN: "The app may not list the tables (base:table:read); whether the table exists, the next step shows.",
		}, nil
	case err != nil:
		return problem.Text{}, err
	}
	i := slices.IndexFunc(tables, func(t feishu.Table) bool { return t.ID == w.ref.TableID })
	if i < 0 {
		missing := problem.Text{
			ZH: "这个多维表格里没有数据表 " + w.ref.TableID + "。", EN: "The base has no table " + w.ref.TableID + ".",
		}
		if target.Only == "" { // a key of one table shows no other
			missing.ZH += "现有：" + names(tables, "、") + "。"
			missing.EN += " It has: " + names(tables, ", ") + "."
		}
		return problem.Text{}, problem.New(problem.TableNotFound, missing)
	}
	return problem.Text{
		ZH: fmt.Sprintf("找到数据表“%s”（%s）。", tables[i].Name, tables[i].ID),
		EN: fmt.Sprintf("Found the table %q (%s).", tables[i].Name, tables[i].ID),
	}, nil
}

// maxNames bounds the tables that a detail names.
const maxNames = 10

func names(tables []feishu.Table, separator string) string {
	var list []string
	for _, table := range tables[:min(len(tables), maxNames)] {
		list = append(list, fmt.Sprintf("%s (%s)", table.Name, table.ID))
	}
	return strings.Join(list, separator)
}

// fields reads the columns.
func (w *walk) fields(ctx context.Context) (problem.Text, error) {
	fields, err := w.Client.ListFields(ctx, w.ref)
	if err != nil {
		return problem.Text{}, err
	}
	writable := 0
	for _, field := range fields {
		if bitable.Writable(field) {
			writable++
		}
	}
	return problem.Text{
		ZH: fmt.Sprintf("%d 列，其中 %d 列可以写入。", len(fields), writable),
		EN: fmt.Sprintf("%d columns, %d of them writable.", len(fields), writable),
	}, nil
}

// write updates a record that does not exist with no values at all. Feishu checks the app's right to edit before it looks for
// the record: RecordIdNotFound proves the right, and even if the record existed nothing would change. The id is a new one each
// time, since Feishu refuses an update that repeats the one before (1254608). ignore_consistency_check keeps the call out of the
// way of writes that are under way (1254291).
func (w *walk) write(ctx context.Context) (problem.Text, error) {
	body, _ := json.Marshal(map[string]any{ // texts always marshal
		"records": []any{map[string]any{"record_id": "rec" + rand.Text()[:11], "fields": map[string]any{}}},
	})
	path := "/bitable/v1/apps/" + w.ref.AppToken + "/tables/" + w.ref.TableID + "/records/batch_update"
	err := w.call(ctx, "POST", path, url.Values{"ignore_consistency_check": {"true"}}, string(body))
	e, _ := errors.AsType[*feishu.Error](err)
	switch {
	case err == nil, isAny(err, problem.RecordNotFound), e != nil && (e.Code == feishu.CodeEmptyValue || e.Code == feishu.CodeDataNotChange):
		if w.app.IsPersonal() {
			return problem.Text{ZH: "用这个授权码可以写入这张表。", EN: "The personal_base_token may write to the table."}, nil
		}
		return problem.Text{ZH: "应用可以写入这张表。", EN: "The app may write to the table."}, nil
	case isAny(err, problem.UnknownOutcome): // of no rows
		return problem.Text{}, problem.New(problem.UpstreamUnavailable, problem.Text{
			ZH: "飞书没有回答，写入权限未能确认。", EN: "Feishu did not answer; the right to write could not be tested.",
		}).Because(err)
	}
	return problem.Text{}, err
}

func (w *walk) call(ctx context.Context, method, path string, query url.Values, body string) error {
	api, params, ok := feishu.Match(method, path)
	if !ok {
		return fmt.Errorf("diagnose: no endpoint %s %s", method, path)
	}
	call := feishu.Call{API: api, Params: params, Query: query}
	if body != "" {
		call.Body = []byte(body)
	}
	return w.Client.Do(ctx, w.app, call)
}
