package tool_test

import (
	"context"
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
)

// oneTable admits the passphrase "<right>" and knows one table, named "$right".
type oneTable struct{}

func (oneTable) Admit(_ context.Context, claim tenant.Claim) (tenant.Identity, error) {
	if claim.Passphrase.Reveal() != "<right>" {
		return tenant.Identity{}, problem.New(problem.BadPassphrase, problem.Text{})
	}
	return tenant.Identity{Name: "default", AppID: claim.AppID, AppSecret: claim.AppSecret}, nil
}

func (oneTable) Base(_ context.Context, _ feishu.App, link bitable.Link) (string, error) {
	return link.AppToken, nil
}

func (oneTable) Tables(context.Context, feishu.App, string) ([]feishu.Table, error) {
	return []feishu.Table{{ID: "tblExample", Name: "视频"}}, nil
}

func (oneTable) TableID(_ context.Context, _ feishu.App, _, idOrName string) (string, error) {
	if idOrName != "$right" {
		return "", problem.New(problem.TableNotFound, problem.Text{})
	}
	return "tblExample", nil
}

func TestAccessUnrendered(t *testing.T) {
	t.Parallel()
	access := &tool.Access{Authenticator: oneTable{}, Directory: oneTable{}, Digest: func(app feishu.App) string { return app.ID }}
	for name, tc := range map[string]struct {
		change func(*tool.Connection)
		want   problem.Code // "" for admitted
	}{
		"a right passphrase and table of such a form": {change: func(*tool.Connection) {}},
		"a wrong passphrase": {
			change: func(c *tool.Connection) { c.Passphrase = secret.New("wrong") },
			want:   problem.BadPassphrase,
		},
		"an app_id":               {change: func(c *tool.Connection) { c.AppID = "env.app_id" }, want: problem.UnrenderedTemplate},
		"an app_secret":           {change: func(c *tool.Connection) { c.AppSecret = secret.New("%SECRET%") }, want: problem.UnrenderedTemplate},
		"an app_token":            {change: func(c *tool.Connection) { c.AppToken = "1700000000001.link" }, want: problem.UnrenderedTemplate},
		"an app_token of angles":  {change: func(c *tool.Connection) { c.AppToken = "<app token>" }, want: problem.UnrenderedTemplate},
		"a table":                 {change: func(c *tool.Connection) { c.TableID = "{{#start.table#}}" }, want: problem.UnrenderedTemplate},
		"a table that is missing": {change: func(c *tool.Connection) { c.TableID = "视频" }, want: problem.TableNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := &tool.Connection{
				Passphrase: secret.New(
					"<right>",
				), AppID: "cli_example", AppSecret: secret.New("secretExample"), AppToken: "bascnExample00000000000000000", TableID: "$right",
			}
			tc.change(conn)
			_, err := access.Table(t.Context(), conn)
			var got problem.Code
			if err != nil {
				got = problem.From(err).Code
			}
			if got != tc.want {
				t.Errorf("got %q, want %q: %v", got, tc.want, err)
			}
		})
	}
}
