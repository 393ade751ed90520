package tool

import (
	"context"
	"fmt"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/tenant"
)

// Authenticator checks passphrases and opens connection keys. It is implemented by *tenant.Authenticator. The errors are problems.
type Authenticator interface {
	Admit(ctx context.Context, claim tenant.Claim) (tenant.Identity, error)
}

// Directory finds bases and tables. It is implemented by *directory.Directory.
type Directory interface {
	Base(ctx context.Context, app feishu.App, link bitable.Link) (string, error)
	TableID(ctx context.Context, app feishu.App, appToken, idOrName string) (string, error)
	Tables(ctx context.Context, app feishu.App, appToken string) ([]feishu.Table, error)
}

// Access admits callers and finds the table that they mean. All its errors are problems: bad_passphrase, bad_connection_key,
// too_many_failures, key_scope, missing_connection, unrendered_template, bad_link, table_not_found, and what Feishu says
// of a wiki link or a
// table's name.
type Access struct {
	Authenticator Authenticator
	Directory     Directory
	Digest        func(feishu.App) string
}

// Target is who calls and which base and table are meant, admitted and resolved.
type Target struct {
	feishu.TableRef

	Caller     string // whose turn it is in a lane: differs by passphrase and credential, reveals neither
	Tenant     string // digest of the credential
	UserIDType string // open_id, union_id or user_id
	Only       string // id of the one table that the caller's key opens; "" if it opens all of the base, or was not resolved
}

// reach is how far a connection has to be resolved.
type reach int

const (
	reachApp reach = iota
	reachBeyond
	reachScope
	reachBase
	reachWholeBase
	reachTable
)

// App admits the caller and names its app; no base is needed.
func (a *Access) App(ctx context.Context, conn *Connection) (Target, error) {
	return a.admit(ctx, conn, reachApp)
}

// Beyond is App for what reaches beyond any base: a key of one base or table is refused.
func (a *Access) Beyond(ctx context.Context, conn *Connection) (Target, error) {
	return a.admit(ctx, conn, reachBeyond)
}

// Scope is App for what belongs to a table but is not found by it, such as a job: of a key for one base or table it also resolves
// that base (Target.AppToken) and table (Target.Only). For every other caller they are "".
func (a *Access) Scope(ctx context.Context, conn *Connection) (Target, error) {
	return a.admit(ctx, conn, reachScope)
}

// Holds reports whether the target's key opens that table: always for a caller without a key, or with one for any base. It is for
// targets of Scope.
func (t *Target) Holds(appToken, tableID string) bool {
	return t.AppToken == "" || t.AppToken == appToken && (t.Only == "" || t.Only == tableID)
}

// Base also resolves app_token. A key of one table passes: what is done here must keep to Target.Only.
func (a *Access) Base(ctx context.Context, conn *Connection) (Target, error) {
	return a.admit(ctx, conn, reachBase)
}

// WholeBase is Base for what reaches further than one table: a key of one table is refused.
func (a *Access) WholeBase(ctx context.Context, conn *Connection) (Target, error) {
	return a.admit(ctx, conn, reachWholeBase)
}

// Table also resolves table_id.
func (a *Access) Table(ctx context.Context, conn *Connection) (Target, error) {
	return a.admit(ctx, conn, reachTable)
}

// WholeTable is Table for what changes the table itself: a key of one table is refused.
func (a *Access) WholeTable(ctx context.Context, conn *Connection) (Target, error) {
	target, err := a.admit(ctx, conn, reachTable)
	if err == nil && target.Only != "" {
		return Target{}, BeyondKey()
	}
	return target, err
}

func (a *Access) admit(ctx context.Context, conn *Connection, reach reach) (Target, error) {
	target, err := a.resolve(ctx, conn, reach)
	request.CallFrom(ctx).SetTarget(target.Tenant, target.TableID)
	return target, err
}

// resolve admits and resolves. The target holds what was known when an error ended it.
func (a *Access) resolve(ctx context.Context, conn *Connection, reach reach) (Target, error) {
	identity, err := a.Authenticator.Admit(ctx, tenant.Claim{
		Passphrase: conn.Passphrase, AppID: conn.AppID, AppSecret: conn.AppSecret, PersonalBaseToken: conn.PersonalBaseToken,
	})
	if err != nil {
		return Target{}, err
	}
	request.CallFrom(ctx).SetCaller(identity.Name)
	if reach == reachBeyond && identity.AppToken != "" {
		return Target{}, BeyondKey()
	}
	if err := conn.Rendered(); err != nil {
		return Target{}, err
	}
	appToken := orText(conn.AppToken, identity.AppToken)
	if err := missing(identity, appToken, reach); err != nil {
		if appToken == "" && isLink(conn.TableID) {
			return Target{}, linkAsTable(err)
		}
		return Target{}, err
	}
	var link bitable.Link
	if appToken != "" {
		if link, err = bitable.ParseLink(appToken); err != nil {
			return Target{}, unrendered(err, problem.BadLink, "app_token", appToken)
		}
	}
	app := AppOf(identity, brand(link, conn.Brand, identity.Brand))
	request.CallFrom(ctx).SetBrand(string(app.Brand))
	target := Target{
		TableRef: feishu.TableRef{App: app}, Tenant: a.Digest(app), UserIDType: orText(conn.UserIDType, "open_id"),
	}
	target.Caller = identity.Name + "/" + target.Tenant
	if reach <= reachBeyond || reach == reachScope && identity.AppToken == "" {
		return target, nil
	}
	if target.AppToken, err = a.Directory.Base(ctx, app, link); err != nil {
		return target, err
	}
	if err := a.within(ctx, "app_token", identity.AppToken, target.AppToken, app); err != nil {
		return target, err
	}
	if identity.TableID != "" {
		if reach == reachWholeBase {
			return Target{}, BeyondKey()
		}
		if appToken == identity.AppToken {
			link.TableID = "" // the key's own link: the key says which table
		}
		if target.Only, err = a.only(ctx, target, identity.TableID); err != nil {
			return Target{}, err
		}
	}
	if reach == reachTable {
		if target.TableID, err = a.table(ctx, target, orText(conn.TableID, link.TableID), link.Shows); err != nil {
			return target, err
		}
	}
	return target, a.contradiction(ctx, target, reach)
}

// only resolves the one table that a key opens. It does not tell what others there are.
func (a *Access) only(ctx context.Context, target Target, sealed string) (string, error) {
	id, err := a.Directory.TableID(ctx, target.App, target.AppToken, sealed)
	if isTableNotFound(err) {
		return "", problem.New(problem.TableNotFound, problem.Text{
			ZH: "连接密钥所限定的数据表已不在这个多维表格里。", EN: "The base no longer has the table that the connection key is for.",
		})
	}
	return id, err
}

// table resolves the table that is asked for. A key of one table opens that one, which need not be asked for, and does not
// tell what others there are. shows is what the link shows where that is no table.
func (a *Access) table(ctx context.Context, target Target, asked string, shows problem.Text) (string, error) {
	asked = orText(asked, target.Only)
	if asked == "" {
		return "", a.missingTable(ctx, target, shows)
	}
	id, err := a.Directory.TableID(ctx, target.App, target.AppToken, asked)
	if target.Only != "" && target.Only != id && (err == nil || isTableNotFound(err)) {
		return "", outsideKey("table_id")
	}
	if isTableNotFound(err) && isLink(asked) {
		return "", linkAsTable(err)
	}
	return id, unrendered(err, problem.TableNotFound, "table_id", asked)
}

// maxTablesNamed bounds the tables that a message names.
const maxTablesNamed = 10

// missingTable asks for table_id, and names the tables that there are, where the app may list them.
func (a *Access) missingTable(ctx context.Context, target Target, shows problem.Text) error {
	tables, err := a.Directory.Tables(ctx, target.App, target.AppToken)
	if err != nil || len(tables) == 0 {
		return missingFields("table_id")
	}
	var named []string
	for _, table := range tables[:min(len(tables), maxTablesNamed)] {
		named = append(named, table.Name+" ("+table.ID+")")
	}
	why := problem.Text{
		ZH: "链接里没有 ?table=…，不知道写哪张表。", EN: "The link has no ?table=…, so it does not say which table. ",
	}
	if !shows.IsZero() {
		why = problem.Text{ZH: "链接打开的是" + shows.ZH + "，不是数据表。", EN: "The link shows " + shows.EN + ", not a table. "}
	}
	return problem.New(problem.MissingConnection, problem.Text{
		ZH: "缺少 table_id：" + why.ZH + "这个多维表格里有：" + strings.Join(named, "、") +
			"。请打开那张表再复制链接，或把 table_id 设为表的名称。",
		EN: "Missing: table_id. " + why.EN + "The base has: " + strings.Join(named, ", ") +
			". Open the table and copy its link, or set table_id to the table's name.",
	})
}

// unrendered is err, or unrendered_template where err has that code and the field, which proved wrong, holds template text.
func unrendered(err error, code problem.Code, field, value string) error {
	if err == nil || problem.From(err).Code != code || !intake.IsUnrendered(value) {
		return err
	}
	return intake.Unrendered(field).Because(err)
}

// isLink reports whether a text that should name a table is the link to one.
func isLink(text string) bool {
	link, err := bitable.ParseLink(text)
	return err == nil && link.Kind != bitable.LinkToken && strings.Contains(text, "/")
}

func linkAsTable(err error) error {
	return problem.New(problem.BadLink, problem.Text{
		ZH: "table_id 里是链接。请把链接放进 app_token；table_id 只放 tbl… 或表的名称，链接带 ?table=tbl… 时可以不填。",
		EN: "table_id holds a link. Send the link as app_token; table_id takes tbl… or the table's name, and may be left out where the " +
			"link has ?table=tbl….",
	}).Because(err)
}

func isTableNotFound(err error) bool {
	return err != nil && problem.From(err).Code == problem.TableNotFound
}

// within refuses a base other than the one that is sealed in the connection key: a key for one base opens no other.
func (a *Access) within(ctx context.Context, field, sealed, asked string, app feishu.App) error {
	if sealed == "" || sealed == asked {
		return nil
	}
	link, err := bitable.ParseLink(sealed)
	if err != nil {
		return err
	}
	token, err := a.Directory.Base(ctx, app, link)
	if err != nil {
		return err
	}
	if token != asked {
		return outsideKey(field)
	}
	return nil
}

func outsideKey(field string) error {
	return problem.New(problem.KeyScope, problem.Text{
		ZH: fmt.Sprintf("这个连接密钥只适用于它自己的表格，不能用于请求里的 %s。请去掉该参数或另建密钥。", field),
		EN: fmt.Sprintf("This connection key is for its own table only, not for the %s of the request. Leave it out or make another key.", field),
	})
}

// LinkWithin refuses, for a key of one table, a link that names another one. It is for targets of Base.
func (t *Target) LinkWithin(link bitable.Link) error {
	if t.Only != "" && link.TableID != "" && link.TableID != t.Only {
		return outsideKey("link")
	}
	return nil
}

// BeyondKey refuses a key of one table, or one base, for what reaches further.
func BeyondKey() error {
	return problem.New(problem.KeyScope, problem.Text{
		ZH: "这个连接密钥只适用于它自己的表格，不能用于这个接口。",
		EN: "This connection key is for its own table only; this call reaches further.",
	})
}

// AppOf is who calls Feishu for the caller: its app, or its PersonalBaseToken.
func AppOf(identity tenant.Identity, brand feishu.Brand) feishu.App {
	if !identity.PersonalBaseToken.IsZero() {
		return feishu.App{Secret: identity.PersonalBaseToken, Brand: brand}
	}
	return feishu.App{ID: identity.AppID, Secret: identity.AppSecret, Brand: brand}
}

func missing(identity tenant.Identity, appToken string, reach reach) error {
	var fields []string
	app := identity.PersonalBaseToken.IsZero()
	if app && identity.AppID == "" {
		fields = append(fields, "app_id")
	}
	if app && identity.AppSecret.IsZero() {
		fields = append(fields, "app_secret")
	}
	if appToken == "" && reach >= reachBase { // reachScope asks for none
		fields = append(fields, "app_token")
	}
	if len(fields) == 0 {
		return nil
	}
	return missingFields(fields...)
}

func missingFields(fields ...string) error {
	headers := map[string]string{
		"app_id": "X-App-Id", "app_secret": "X-App-Secret", "app_token": "X-App-Token", "table_id": "X-Table-Id",
	}
	named := make([]string, 0, len(fields))
	for _, field := range fields {
		named = append(named, headers[field])
	}
	detail := problem.Text{
		ZH: fmt.Sprintf("缺少 %s。请放在请求体里，或用请求头 %s。", strings.Join(fields, "、"), strings.Join(named, "、")),
		EN: fmt.Sprintf("Missing: %s. Send it in the body, or in a header (%s).", strings.Join(fields, ", "), strings.Join(named, ", ")),
	}
	if len(fields) > 1 && fields[0] == "app_id" && fields[1] == "app_secret" {
		detail.ZH += "没有应用时，可以用多维表格的授权码 personal_base_token（X-Personal-Base-Token）代替 app_id 和 app_secret。"
		detail.EN += " Without an app, send the base's personal_base_token (X-Personal-Base-Token) in place of app_id and app_secret."
	}
	return problem.New(problem.MissingConnection, detail)
}

// brand is what a link's host says, else what the caller says, else what the key holds, else feishu.
func brand(link bitable.Link, asked, sealed string) feishu.Brand {
	for _, candidate := range []feishu.Brand{link.Brand, feishu.Brand(asked), feishu.Brand(sealed)} {
		if candidate != "" {
			return candidate
		}
	}
	return feishu.BrandFeishu
}

func orText(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
