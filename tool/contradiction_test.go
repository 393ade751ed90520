package tool_test

import (
	"context"
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/tool"
)

// wikiDown is a directory that answers the look-up of a wiki link with a problem.
type wikiDown struct {
	oneTable

	says problem.Code
}

func (d wikiDown) Base(_ context.Context, _ feishu.App, link bitable.Link) (string, error) {
	if link.WikiToken != "" {
		return "", problem.New(d.says, problem.Text{})
	}
	return link.AppToken, nil
}

func TestContradiction(t *testing.T) {
	t.Parallel()
	const wiki = "https://example.feishu.cn/wiki/wikcnExample"
	conn := tool.Connection{
		Passphrase: secret.New("<right>"), AppID: "cli_example", AppSecret: secret.New("secretExample"), AppToken: "bascnExample",
		TableID: "$right",
	}
	against := func(says problem.Code) *tool.Access {
		return &tool.Access{
			Authenticator: oneTable{}, Directory: wikiDown{says: says}, Digest: func(app feishu.App) string { return app.ID },
		}
	}
	access := against(problem.UpstreamUnavailable)
	ctx := intake.WithResult(t.Context(), &intake.Result{Named: intake.Named{Body: named("bascnExample", ""), Header: named(wiki, "")}})
	t.Run("is_claimed_only_where_Feishu_says_that_there_is_no_such_base", func(t *testing.T) {
		t.Parallel()
		for _, one := range [][2]problem.Code{
			{problem.UpstreamUnavailable, problem.UpstreamUnavailable},
			{problem.RateLimited, problem.RateLimited},
			{problem.BadAppCredentials, problem.BadAppCredentials},
			{problem.ScopeMissing, problem.ScopeMissing},
			{problem.BaseNotFound, problem.BadParameter},
			{problem.AppNotCollaborator, problem.BadParameter},
		} {
			says, want := one[0], one[1]
			if _, err := against(says).Table(ctx, &conn); err == nil || problem.From(err).Code != want {
				t.Errorf("%s: %v", says, err)
			}
		}
	})
	t.Run("of_a_base_is_found_where_no_table_is_asked_for", func(t *testing.T) {
		t.Parallel()
		ctx := intake.WithResult(t.Context(), &intake.Result{Named: intake.Named{
			Body: named("bascnExample", ""), Header: named("bascnAnother", "x"),
		}})
		if _, err := access.Base(ctx, &conn); err == nil || problem.From(err).Code != problem.BadParameter {
			t.Errorf("got %v", err)
		}
	})
	t.Run("is_judged_by_the_text_where_nothing_is_looked_up", func(t *testing.T) {
		t.Parallel()
		const link = "https://example.feishu.cn/base/bascnExample"
		base, table := named("bascnExample", ""), named("", "a")
		for name, tc := range map[string]struct {
			body, header map[string]string
			refused      bool
		}{
			"no header":       {named("bascnExample", "a"), nil, false},
			"the same":        {named("bascnExample", "a"), named("bascnExample", "a"), false},
			"a link to it":    {base, named(link, ""), false},
			"another base":    {base, named("bascnAnother", ""), true},
			"a wiki link":     {base, named(wiki, ""), true},
			"no link":         {base, named("{{x}}", ""), true},
			"another table":   {table, named("", "b"), true},
			"a link's table":  {named(link+"?table=tblExample", ""), named("", "tblOther"), true},
			"a header's link": {table, named(link+"?table=tblExample", ""), false},
		} {
			ctx := intake.WithResult(t.Context(), &intake.Result{Named: intake.Named{Body: tc.body, Header: tc.header}})
			if err := tool.Contradiction(ctx); (err != nil) != tc.refused {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func named(base, table string) map[string]string {
	return map[string]string{"app_token": base, "table_id": table}
}
