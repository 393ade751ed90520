package attachment

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
)

func TestResolveFiles(t *testing.T) {
	t.Parallel()

	t.Run("fetches_and_uploads_fifty_urls_once_for_a_thousand_rows", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			rows := make([]string, 1000)
			for i := range rows {
				rows[i] = picture(fmt.Sprintf("https://example.com/%d", i%50))
			}
			p := plan(t, nil, rows...)
			must(t, b.Resolve(t.Context(), b.target, p))

			good := p.Rows()
			if len(good) != 1000 || p.ErrorCount() != 0 {
				t.Fatalf("%d good rows, %d errors", len(good), p.ErrorCount())
			}
			if all, distinct := b.web.fetches(); all != 50 || distinct != 50 {
				t.Errorf("%d fetches of %d addresses, want 50 of 50", all, distinct)
			}
			b.wantCalls(t, uploadAll, 50)
			tokens := map[string]int{}
			for _, row := range good {
				for _, token := range attached(t, row) {
					tokens[token]++
				}
			}
			for _, file := range b.sb.Files() {
				if tokens[file.Token] != 20 {
					t.Errorf("%s is in %d rows, want 20", file.Name, tokens[file.Token])
				}
			}
			if b.web.most > maxFetches {
				t.Errorf("%d fetches at one time, more than %d", b.web.most, maxFetches)
			}
		})
	})
	t.Run("gives_a_file_the_name_that_the_caller_wants", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			p := plan(t, nil, strings.ReplaceAll(picture("https://example.com/1"), `"https://example.com/1"`,
				`{"url":"https://example.com/1","name":"封面.png"}`))
			must(t, b.Resolve(t.Context(), b.target, p))
			if files := b.sb.Files(); len(files) != 1 || files[0].Name != "封面.png" {
				t.Errorf("files %+v, want one of that name", files)
			}
		})
	})
	t.Run("takes_urls_data_and_parts_of_the_form_in_one_cell", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			ctx := intake.WithResult(t.Context(), &intake.Result{Files: []intake.File{
				{Row: -1, Column: "file", Name: "no row's", Data: []byte("x")},
				{Row: 0, Column: "图", Name: "合同#1.pdf", Data: []byte("%PDF-1.7")},
			}})
			p := plan(t, Parts(ctx), `{"图":["https://example.com/a","data:text/plain,hello"]}`)
			must(t, b.Resolve(ctx, b.target, p))
			var names []string
			for _, file := range b.sb.Files() {
				names = append(names, file.Name)
			}
			slices.Sort(names)
			if want := []string{"file.txt", "https___example.com_a.txt", "合同#1.pdf"}; !slices.Equal(names, want) {
				t.Errorf("stored %q, want %q", names, want)
			}
			if rows := p.Rows(); len(rows) != 1 || len(attached(t, rows[0])) != 3 {
				t.Errorf("rows %+v", rows)
			}
			isUploaded := func(w bitable.Warning) bool { return w.Rule == bitable.RuleAttachmentUploaded && w.Count == 3 }
			if !slices.ContainsFunc(p.Warnings(), isUploaded) {
				t.Errorf("warnings %+v", p.Warnings())
			}
		})
	})
	t.Run("fails_the_rows_of_a_file_that_cannot_be_had_and_no_other", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.web.fails = []string{"https://example.com/gone"}
			p := plan(t, nil,
				picture("https://example.com/a"), picture("https://example.com/gone"), picture("data:,"), picture("https://example.com/gone"))
			must(t, b.Resolve(t.Context(), b.target, p))
			if rows := p.Rows(); len(rows) != 1 || rows[0].Index != 0 {
				t.Errorf("good rows %+v", rows)
			}
			var failed []int
			for _, e := range p.Errors() {
				failed = append(failed, e.Index)
				if e.Code != problem.RowAttachmentFailed || e.Field != "图" || e.Message.ZH == "" || e.Message.EN == "" || e.Got == "" {
					t.Errorf("error %+v", e)
				}
			}
			if !slices.Equal(failed, []int{1, 2, 3}) {
				t.Errorf("rows %v failed", failed)
			}
		})
	})
	t.Run("fails_the_rows_of_a_file_that_feishu_refuses", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.fault(t, uploadAll, 1061109)
			p := plan(t, nil, picture("https://example.com/a"), `{"标题":"b"}`)
			must(t, b.Resolve(t.Context(), b.target, p))
			if e := p.Errors(); len(e) != 1 || e[0].Index != 0 || e[0].FeishuCode != 1061109 {
				t.Errorf("errors %+v", e)
			}
		})
	})
	t.Run("does_not_upload_what_only_bad_rows_want", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.web.fails = []string{"https://example.com/gone"}
			p := plan(t, nil, `{"图":["https://example.com/gone","data:,x"]}`, `{"人":"nobody@example.com","图":"https://example.com/a"}`)
			must(t, b.Resolve(t.Context(), b.target, p))
			if p.ErrorCount() != 2 {
				t.Errorf("errors %+v", p.Errors())
			}
			if all, _ := b.web.fetches(); all != 1 {
				t.Errorf("%d fetches: the file of a row without its person was fetched", all)
			}
		})
	})
	for name, c := range map[string]struct {
		code int
		want problem.Code
	}{
		"the_app_may_not_upload":    {1061004, problem.AppNotCollaborator},
		"the_app_lacks_the_scope":   {99991672, problem.ScopeMissing},
		"the_storage_is_full":       {1061101, problem.QuotaExhausted},
		"feishu_keeps_on_failing":   {1061001, problem.UpstreamUnavailable},
		"the_base_is_not_there":     {1061044, problem.BaseNotFound},
		"other_uploads_never_cease": {1061045, problem.RateLimited},
	} {
		t.Run("returns_the_request's_problem_when_"+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				b.fault(t, uploadAll, c.code)
				p := plan(t, nil, picture("https://example.com/a"), picture("https://example.com/b"))
				wantProblem(t, b.Resolve(t.Context(), b.target, p), c.want)
				if p.ErrorCount() != 0 {
					t.Errorf("the app's fault became that of rows: %+v", p.Errors())
				}
			})
		})
	}
	t.Run("asks_nobody_when_nothing_is_pending", func(t *testing.T) {
		t.Parallel()
		p := plan(t, nil, `{"标题":"a"}`)
		must(t, (&Resolver{}).Resolve(t.Context(), (&bundle{}).target, p))
	})
	t.Run("is_an_error_for_a_part_of_another_request", func(t *testing.T) {
		t.Parallel()
		for _, ref := range []string{"", "a", "a#", "a#0", "a#-1", "b#0", "a#1"} {
			ctx := intake.WithResult(t.Context(), &intake.Result{Files: []intake.File{{Name: "c", Data: []byte("x")}}})
			if _, err := openPart(ctx, ref); err == nil {
				t.Errorf("%q was found", ref)
			}
		}
	})
}

func TestResolveInTime(t *testing.T) {
	t.Parallel()

	t.Run("fails_an_address_that_hangs_and_leaves_time_for_the_write", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.web.hangs = []string{"https://example.com/slow"}
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			start := time.Now()
			p := plan(t, nil, picture("https://example.com/slow"), picture("https://example.com/a"))
			must(t, b.Resolve(ctx, b.target, p))
			if e := p.Errors(); len(e) != 1 || e[0].Index != 0 {
				t.Errorf("errors %+v", e)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s of 25 s", took)
			}
		})
	})
	t.Run("gets_to_the_other_files_when_every_place_is_taken_by_one_that_hangs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			var rows []string
			for i := range maxFetches + 4 {
				url := fmt.Sprintf("https://example.com/%d", i)
				rows = append(rows, picture(url))
				if i < maxFetches {
					b.web.hangs = append(b.web.hangs, url)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
			defer cancel()
			p := plan(t, nil, rows...)
			must(t, b.Resolve(ctx, b.target, p))
			if len(p.Rows()) != 4 || p.ErrorCount() != maxFetches {
				t.Errorf("%d good rows and %d errors, want 4 and %d", len(p.Rows()), p.ErrorCount(), maxFetches)
			}
		})
	})
	t.Run("says_so_when_there_are_too_many_files_for_the_time_and_gets_on_at_the_next_try", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			rows := make([]string, 80)
			for i := range rows {
				rows[i] = picture(fmt.Sprintf("https://example.com/%d", i))
			}
			try := func() error {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				return b.Resolve(ctx, b.target, plan(t, nil, rows...))
			}
			err := try()
			wantProblem(t, err, problem.RateLimited)
			if fix := problem.From(err).Fix; !strings.Contains(fix.EN, "timeout_ms") || !strings.Contains(fix.ZH, "timeout_ms") {
				t.Errorf("fix %+v", fix)
			}
			if n := len(b.sb.Files()); n < 20 {
				t.Errorf("%d files in 8 s", n)
			}
			wantProblem(t, try(), problem.RateLimited)
			must(t, try())
			b.wantCalls(t, uploadAll, 80)
		})
	})
	t.Run("ends_with_the_caller", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.web.hangs = []string{"https://example.com/slow"}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			wantProblem(t, b.Resolve(ctx, b.target, plan(t, nil, picture("https://example.com/slow"))), problem.RateLimited)
		})
	})
}

func TestResolvePeople(t *testing.T) {
	t.Parallel()

	t.Run("writes_ids_for_emails_and_mobiles_in_one_call", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			p := plan(t, nil, `{"人":"zhang@example.com"}`, `{"人":["13012345678","ou_other"]}`, `{"人":"nobody@example.com"}`)
			must(t, b.Resolve(t.Context(), b.target, p))
			rows := p.Rows()
			if len(rows) != 2 || string(rows[0].Fields) != `{"人":[{"id":"ou_zhang"}]}` ||
				string(rows[1].Fields) != `{"人":[{"id":"ou_zhang"},{"id":"ou_other"}]}` {
				t.Errorf("rows %+v", rows)
			}
			e := p.Errors()
			if len(e) != 1 || e[0].Index != 2 || e[0].Code != problem.RowPersonNotFound || e[0].Got != "nobody@example.com" ||
				e[0].Message.EN == "" || e[0].Message.ZH == "" {
				t.Errorf("errors %+v", e)
			}
			b.wantCalls(t, lookUp, 1)
		})
	})
	t.Run("returns_a_missing_scope_as_the_request's_problem", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			must(t, b.sb.AddApp(sandbox.AppSpec{ID: testApp, Secret: testSecret, Scopes: []string{"bitable:app"}}))
			p := plan(t, nil, `{"人":"zhang@example.com"}`)
			wantProblem(t, b.Resolve(t.Context(), b.target, p), problem.ScopeMissing)
		})
	})
}

func TestRehearseUploadsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		b.web.fails = []string{"https://example.com/gone"}
		p := plan(t, nil, `{"人":"zhang@example.com","图":"data:text/plain,hello"}`, picture("https://example.com/gone"))
		must(t, b.Rehearse(t.Context(), b.target, p))
		rows := p.Rows()
		if len(rows) != 1 || string(rows[0].Fields) != `{"人":[{"id":"ou_zhang"}],"图":[{"name":"file.txt","size":5}]}` {
			t.Errorf("rows %+v", rows)
		}
		if p.ErrorCount() != 1 {
			t.Errorf("errors %+v", p.Errors())
		}
		if n := len(b.sb.Files()); n != 0 {
			t.Errorf("%d files were uploaded", n)
		}
	})
}
