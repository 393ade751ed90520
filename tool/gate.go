package tool

import (
	"context"
	"fmt"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/telemetry"
	"github.com/rowgate/rowgate/internal/tenant"
)

// Admission checks passphrases and opens connection keys. *tenant.Door is one. The errors are problems.
type Admission interface {
	Admit(ctx context.Context, claim tenant.Claim) (tenant.Identity, error)
}

// Places finds bases and tables. *schema.Directory is one.
type Places interface {
	Base(ctx context.Context, app feishu.App, link bitable.Link) (string, error)
	TableID(ctx context.Context, app feishu.App, appToken, idOrName string) (string, error)
}

// Gate admits callers and finds the table that they mean. All its errors are problems: bad_passphrase, bad_connection_key,
// too_many_failures, missing_connection, bad_link, table_not_found, and what Feishu says of a wiki link or a table's name.
type Gate struct {
	Admission Admission
	Places    Places
	Digest    func(feishu.App) string
}

// Target is who calls and which base and table are meant, admitted and resolved.
type Target struct {
	feishu.TableRef

	Caller     string // whose turn it is in a lane: differs by passphrase and credential, reveals neither
	Tenant     string // digest of the credential
	UserIDType string // open_id, union_id or user_id
}

// reach is how far a connection has to be resolved.
type reach int

const (
	reachApp reach = iota
	reachBase
	reachTable
)

// App admits the caller and names its app; no base is needed.
func (g *Gate) App(ctx context.Context, conn *Connection) (Target, error) {
	return g.admit(ctx, conn, reachApp)
}

// Base also resolves app_token.
func (g *Gate) Base(ctx context.Context, conn *Connection) (Target, error) {
	return g.admit(ctx, conn, reachBase)
}

// Table also resolves table_id.
func (g *Gate) Table(ctx context.Context, conn *Connection) (Target, error) {
	return g.admit(ctx, conn, reachTable)
}

func (g *Gate) admit(ctx context.Context, conn *Connection, reach reach) (Target, error) {
	if IsTrue(conn.SoftErrors) {
		telemetry.CallFrom(ctx).SetSoftErrors(true)
	}
	identity, err := g.Admission.Admit(ctx, tenant.Claim{
		Passphrase: conn.Passphrase, AppID: conn.AppID, AppSecret: conn.AppSecret,
	})
	if err != nil {
		return Target{}, err
	}
	appToken, tableID := conn.AppToken, conn.TableID
	if appToken == "" {
		appToken = identity.AppToken
	}
	if tableID == "" && (conn.AppToken == "" || conn.AppToken == identity.AppToken) {
		tableID = identity.TableID
	}
	if err := missing(identity, appToken, reach); err != nil {
		return Target{}, err
	}
	var link bitable.Link
	if appToken != "" {
		if link, err = bitable.ParseLink(appToken); err != nil {
			return Target{}, err
		}
	}
	app := feishu.App{ID: identity.AppID, Secret: identity.AppSecret, Brand: brand(link, conn.Brand, identity.Brand)}
	telemetry.CallFrom(ctx).SetBrand(string(app.Brand))
	target := Target{
		TableRef: feishu.TableRef{App: app}, Tenant: g.Digest(app), UserIDType: orText(conn.UserIDType, "open_id"),
	}
	target.Caller = identity.Name + "/" + target.Tenant
	if reach == reachApp {
		return target, nil
	}
	if target.AppToken, err = g.Places.Base(ctx, app, link); err != nil {
		return Target{}, err
	}
	if err := g.within(ctx, "app_token", identity.AppToken, target.AppToken, app); err != nil {
		return Target{}, err
	}
	if reach == reachBase {
		return target, nil
	}
	if tableID == "" {
		tableID = link.TableID
	}
	if tableID == "" {
		return Target{}, missingFields("table_id")
	}
	if target.TableID, err = g.Places.TableID(ctx, app, target.AppToken, tableID); err != nil {
		return Target{}, err
	}
	if identity.TableID != "" {
		sealed, err := g.Places.TableID(ctx, app, target.AppToken, identity.TableID)
		if err != nil {
			return Target{}, err
		}
		if sealed != target.TableID {
			return Target{}, outsideKey("table_id")
		}
	}
	return target, nil
}

// within refuses a base other than the one that is sealed in the connection key: a key for one base opens no other.
func (g *Gate) within(ctx context.Context, field, sealed, asked string, app feishu.App) error {
	if sealed == "" || sealed == asked {
		return nil
	}
	link, err := bitable.ParseLink(sealed)
	if err != nil {
		return err
	}
	token, err := g.Places.Base(ctx, app, link)
	if err != nil {
		return err
	}
	if token != asked {
		return outsideKey(field)
	}
	return nil
}

func outsideKey(field string) error {
	return problem.New(problem.BadParameter, problem.Text{
		ZH: fmt.Sprintf("这个连接密钥只适用于它自己的表格，不能用于请求里的 %s。请去掉该参数或另建密钥。", field),
		EN: fmt.Sprintf("This connection key is for its own table only, not for the %s of the request. Leave it out or make another key.", field),
	})
}

func missing(identity tenant.Identity, appToken string, reach reach) error {
	var fields []string
	if identity.AppID == "" {
		fields = append(fields, "app_id")
	}
	if identity.AppSecret.IsZero() {
		fields = append(fields, "app_secret")
	}
	if appToken == "" && reach >= reachBase {
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
	return problem.New(problem.MissingConnection, problem.Text{
		ZH: fmt.Sprintf("缺少 %s。请放在请求体里，或用请求头 %s。", strings.Join(fields, "、"), strings.Join(named, "、")),
		EN: fmt.Sprintf("Missing: %s. Send them in the body or as the headers %s.", strings.Join(fields, ", "), strings.Join(named, ", ")),
	})
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
