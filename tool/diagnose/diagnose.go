// Package diagnose holds the tool that finds out why a connection does not work, and says what to do.
package diagnose

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/tool"
)

// Client asks Feishu. It is implemented by *client.Client.
type Client interface {
	Token(ctx context.Context, app feishu.App) (secret.Text, time.Time, error)
	GetApp(ctx context.Context, app feishu.App, appToken string) (feishu.AppInfo, error)
	ListFields(ctx context.Context, table feishu.TableRef) ([]feishu.Field, error)
	Do(ctx context.Context, app feishu.App, call feishu.Call) error
}

// Tables lists the tables of a base as they are now. It is implemented by *directory.Directory.
type Tables interface {
	Tables(ctx context.Context, app feishu.App, appToken string) ([]feishu.Table, error)
}

// Service is what the tool works with.
type Service struct {
	Access *tool.Access
	Client Client
	Tables Tables
}

// ConnectionInput is the request of diagnose_connection.
type ConnectionInput struct {
	tool.Connection
	tool.Deadline
}

// Step is one thing that a connection needs.
type Step struct {
	Step   string          `json:"step" enum:"secret,scopes,base,table,fields,write" doc:"what was tested"`
	OK     bool            `json:"ok" doc:"false: it does not work, or was skipped because of a step before"`
	Detail problem.Text    `json:"detail" doc:"what was found"`
	Fix    problem.Text    `json:"fix" doc:"what to do; empty if it works or was skipped"`
	Feishu *problem.Feishu `json:"feishu" doc:"what Feishu said, for its support; null if it said nothing"`
}

// Diagnosis is the answer of diagnose_connection.
type Diagnosis struct {
	OK        bool   `json:"ok" doc:"true if every step is"`
	Steps     []Step `json:"steps" nullable:"false" doc:"in the order in which one needs the other"`
	RequestID string `json:"request_id" doc:"this request, for support"`
}

// Diagnose is the tool diagnose_connection. It answers 200 whatever it finds; only a caller without a right passphrase or key
// is refused. Nothing is changed by it.
func Diagnose(s *Service) tool.Tool {
	return tool.Define[ConnectionInput, Diagnosis](tool.Meta{
		Name: "diagnose_connection", Path: "/v1/diagnose", Family: tool.Records, EveryFamily: true,
		Scopes: []string{"base:app:read", "base:table:read", "base:field:read", "base:record:retrieve"}, TokenKinds: tool.AnyToken(),
		Title: problem.Text{ZH: "诊断连接", EN: "Diagnose a connection"},
		Description: "Find out why a Feishu Bitable connection fails: tests secret, scopes, base, table, columns and write right, each with " +
			`its fix. Changes nothing. Example: {"app_token":"https://example.feishu.cn/base/bascnExample?table=tblExample"}`,
		Risk: tool.ReadOnly,
	}, func(ctx context.Context, in *ConnectionInput) (tool.Answer, error) {
		ctx, cancel := in.Context(ctx)
		defer cancel()
		w := &walk{Service: s, connection: in.Connection}
		if err := w.admit(ctx); err != nil {
			return tool.Answer{}, err
		}
		diagnosis := w.run(ctx)
		diagnosis.RequestID = request.CallFrom(ctx).RequestID
		return tool.OK(diagnosis), nil
	})
}

// walk is one connection on its way through the steps; each finds what the next one needs.
type walk struct {
	*Service

	connection tool.Connection
	admitted   error // that the credential is not complete: the first step's to tell
	app        feishu.App
	ref        feishu.TableRef
}

// admit checks the passphrase or key and names the app, whatever is wrong with the rest. Errors: those that say who calls.
func (w *walk) admit(ctx context.Context) error {
	credential := w.connection
	if link, err := bitable.ParseLink(credential.AppToken); err == nil && link.Brand != "" {
		credential.Brand = string(link.Brand)
	}
	credential.AppToken, credential.TableID = "", ""
	target, err := w.Access.App(ctx, &credential)
	if err != nil && problem.From(err).Code != problem.MissingConnection {
		return err
	}
	w.app, w.admitted = target.App, err
	return nil
}

// run takes the steps in order. What comes after one that fails is skipped: it would fail for the same reason.
func (w *walk) run(ctx context.Context) *Diagnosis {
	d := &Diagnosis{OK: true}
	failed := ""
	for _, step := range []struct {
		name string
		test func(context.Context) (problem.Text, error)
	}{
		{"secret", w.secret}, {"scopes", w.scopes}, {"base", w.base}, {"table", w.table}, {"fields", w.fields}, {"write", w.write},
	} {
		if failed != "" {
			d.Steps = append(d.Steps, Step{Step: step.name, Detail: problem.Text{
				ZH: "跳过：先解决 " + failed + "。", EN: "Skipped: fix " + failed + " first.",
			}})
			continue
		}
		found, err := step.test(ctx)
		if err != nil {
			failed, d.OK = step.name, false
			d.Steps = append(d.Steps, w.failure(step.name, err))
			continue
		}
		d.Steps = append(d.Steps, Step{Step: step.name, OK: true, Detail: found})
	}
	return d
}

// failure says what is wrong and what to do, with a link to the page where it is done if there is one.
func (w *walk) failure(step string, err error) Step {
	p := problem.From(err)
	entry := problem.Lookup(p.Code)
	failed := Step{Step: step, Detail: p.Detail, Fix: p.Fix, Feishu: p.Feishu}
	if failed.Detail.IsZero() {
		failed.Detail = entry.Title
	}
	if failed.Fix.IsZero() {
		failed.Fix = entry.Fix
	}
	if link := consoleLink(w.app, p.Code, scopesOf(err)); link != "" && !strings.Contains(failed.Fix.EN, "https://") {
		failed.Fix.ZH += " " + link
		failed.Fix.EN += " " + link
	}
	return failed
}

// isAny reports whether err is one of these problems.
func isAny(err error, codes ...problem.Code) bool {
	return err != nil && slices.Contains(codes, problem.From(err).Code)
}
