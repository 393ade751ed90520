package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// world is a client in front of a sandbox with two tenants, each with an app, a base and a table.
type world struct {
	*client.Client
	box         *sandbox.Sandbox
	mine, other feishu.TableRef
	wikiNode    string
}

func newWorld(t testing.TB, options sandbox.Options) *world {
	t.Helper()
	box, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	client, err := client.New(client.Options{Keyring: ring, Transport: box.Transport(), BaseURL: "http://sandbox.test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	w := &world{Client: client, box: box, wikiNode: "wikcnExample"}
	w.mine = w.table(t, "cli_mine", w.wikiNode)
	w.other = w.table(t, "cli_other", "")
	return w
}

func (w *world) table(t testing.TB, appID, wikiNode string) feishu.TableRef {
	t.Helper()
	if err := w.box.AddApp(sandbox.AppSpec{ID: appID, Secret: "right", Tenant: appID}); err != nil {
		t.Fatal(err)
	}
	base, err := w.box.AddBase(sandbox.BaseSpec{Name: appID, Collaborators: []string{appID}, WikiNode: wikiNode})
	if err != nil {
		t.Fatal(err)
	}
	id, err := base.AddTable("视频", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "日期", Type: 5},
		sandbox.FieldSpec{Name: "封面", Type: 17})
	if err != nil {
		t.Fatal(err)
	}
	return feishu.TableRef{App: feishu.App{ID: appID, Secret: secret.New("right")}, AppToken: base.Token(), TableID: id}
}

func (w *world) create(ctx context.Context, table feishu.TableRef, fields string) error {
	_, err := w.BatchCreate(ctx, table, []feishu.Fields{feishu.Fields(fields)}, feishu.WriteOptions{})
	return err
}

func code(t testing.TB, err error) int {
	t.Helper()
	e, ok := errors.AsType[*feishu.Error](err)
	if !ok {
		t.Fatalf("got %v, want a feishu error", err)
	}
	return e.Code
}

func TestAgainstTheSandbox(t *testing.T) {
	t.Parallel()
	t.Run("rows_live_a_whole_life", func(t *testing.T) {
		t.Parallel()
		w, ctx := newWorld(t, sandbox.Options{}), t.Context()
		ids, err := w.BatchCreate(ctx, w.mine, []feishu.Fields{feishu.Fields(`{"标题":"a","日期":1774281600000}`), feishu.Fields(`{"标题":"b"}`)},
			feishu.WriteOptions{})
		if err != nil || len(ids) != 2 {
			t.Fatal(ids, err)
		}
		if err := w.BatchUpdate(ctx, w.mine, []feishu.RecordUpdate{{ID: ids[0], Fields: feishu.Fields(`{"标题":"c"}`)}},
			feishu.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		page, err := w.Search(ctx, w.mine, feishu.SearchRequest{Sort: []feishu.Sort{{FieldName: "标题", Desc: true}}})
		if err != nil || page.Total != 2 || page.Items[0].ID != ids[0] {
			t.Fatal(page, err)
		}
		if err := w.BatchDelete(ctx, w.mine, ids[:1]); err != nil {
			t.Fatal(err)
		}
		found, absent, err := w.BatchGet(ctx, w.mine, ids, "open_id")
		if err != nil || len(found) != 1 || found[0].ID != ids[1] || len(absent) != 1 || absent[0] != ids[0] {
			t.Fatal(found, absent, err)
		}
	})
	t.Run("tables_and_columns_are_made_and_listed", func(t *testing.T) {
		t.Parallel()
		w, ctx := newWorld(t, sandbox.Options{}), t.Context()
		app, base := w.mine.App, w.mine.AppToken
		id, fieldIDs, err := w.CreateTable(ctx, app, base, "新表", []feishu.Field{{Name: "名称", Type: feishu.TypeText}})
		if err != nil || len(fieldIDs) != 1 {
			t.Fatal(id, fieldIDs, err)
		}
		made := feishu.TableRef{App: app, AppToken: base, TableID: id}
		field := feishu.Field{Name: "状态", Type: feishu.TypeSingleSelect, Property: &feishu.FieldProperty{Options: []feishu.Option{{Name: "完成"}}}}
		if field, err = w.CreateField(ctx, made, field, ""); err != nil || field.ID == "" {
			t.Fatal(field, err)
		}
		fields, err := w.ListFields(ctx, made)
		if err != nil || len(fields) != 2 || !fields[0].Primary || fields[1].Property.Options[0].Name != "完成" {
			t.Fatal(fields, err)
		}
		tables, err := w.ListTables(ctx, app, base)
		if err != nil || len(tables) != 2 {
			t.Fatal(tables, err)
		}
		if views, err := w.ListViews(ctx, made); err != nil || len(views) == 0 {
			t.Fatal(views, err)
		}
		if info, err := w.GetApp(ctx, app, base); err != nil || info.TimeZone != "Asia/Shanghai" {
			t.Fatal(info, err)
		}
		if node, err := w.GetNode(ctx, app, w.wikiNode); err != nil || node.ObjToken != base || node.ObjType != "bitable" {
			t.Fatal(node, err)
		}
	})
	t.Run("files_are_uploaded_whole_and_in_blocks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w, ctx := newWorld(t, sandbox.Options{}), t.Context()
			content := bytes.Repeat([]byte("0123456789abcdef"), (client.BlockSize+16)/16)
			media := client.Media{Name: "图.png", ParentType: client.ParentImage, AppToken: w.mine.AppToken, Size: int64(len(content))}
			whole, err := w.UploadAll(ctx, w.mine.App, media, bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			begun, err := w.UploadPrepare(ctx, w.mine.App, media)
			if err != nil || begun.BlockNum != 2 {
				t.Fatal(begun, err)
			}
			rest := bytes.NewReader(content)
			for seq := range begun.BlockNum {
				size := min(begun.BlockSize, int64(rest.Len()))
				if err := w.UploadPart(ctx, w.mine.App, begun.ID, seq, size, io.LimitReader(rest, size)); err != nil {
					t.Fatal(err)
				}
			}
			inBlocks, err := w.UploadFinish(ctx, w.mine.App, begun)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.create(ctx, w.mine, `{"标题":"a","封面":[{"file_token":"`+whole+`"},{"file_token":"`+inBlocks+`"}]}`); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("people_are_looked_up", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sandbox.Options{})
		if err := w.box.AddPerson(sandbox.PersonSpec{
			OpenID: "ou_example", UnionID: "on_example", UserID: "example", Name: "王",
			Email: "wang@example.com",
		}); err != nil {
			t.Fatal(err)
		}
		people, err := w.BatchGetID(t.Context(), w.mine.App, []string{"wang@example.com", "nobody@example.com"}, nil, "open_id")
		if err != nil {
			t.Fatal(err)
		}
		byEmail := make(map[string]string)
		for _, person := range people {
			byEmail[person.Email] = person.UserID
		}
		if byEmail["wang@example.com"] != "ou_example" || byEmail["nobody@example.com"] != "" {
			t.Fatal(byEmail)
		}
	})
	t.Run("the_guilty_value_is_named", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sandbox.Options{})
		e, _ := errors.AsType[*feishu.Error](w.create(t.Context(), w.mine, `{"日期":"2026-03-04"}`))
		if e == nil || e.FieldName() != "日期" || e.ValueText() != "2026-03-04" || e.RowCode() != problem.RowValueMismatch {
			t.Fatalf("%v blames %q, %q", e, e.FieldName(), e.ValueText())
		}
		e, _ = errors.AsType[*feishu.Error](w.create(t.Context(), w.mine, `{"没有":"x"}`))
		if e == nil || e.FieldName() != "没有" || e.RowCode() != problem.RowFieldNotFound {
			t.Fatalf("%v blames %q", e, e.FieldName())
		}
	})
}

func TestIsolation(t *testing.T) {
	t.Parallel()
	t.Run("a_wrong_secret_fails_at_feishu_while_the_right_one_is_warm", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sandbox.Options{})
		if err := w.create(t.Context(), w.mine, `{"标题":"a"}`); err != nil {
			t.Fatal(err)
		}
		writes := w.box.CallCount("record.batch_create", "")
		wrong := w.mine
		wrong.App.Secret = secret.New("wrong")
		err := w.create(t.Context(), wrong, `{"标题":"b"}`)
		if p := problem.From(err); p.Code != problem.BadAppCredentials {
			t.Errorf("got %v", err)
		}
		if got := w.box.CallCount("record.batch_create", ""); got != writes {
			t.Errorf("%d writes reached Feishu", got-writes)
		}
	})
	t.Run("a_thousand_bad_calls_of_one_tenant_touch_nobody_else", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, sandbox.Options{RatesOff: true})
			if err := w.create(t.Context(), w.mine, `{"标题":"warm"}`); err != nil {
				t.Fatal(err)
			}
			wrong, foreign, nowhere := w.other, w.other, w.other
			wrong.App.Secret = secret.New("wrong")
			foreign.AppToken, foreign.TableID = w.mine.AppToken, w.mine.TableID
			nowhere.TableID = "tblNowhere"
			for range 250 {
				for _, bad := range []struct {
					table  feishu.TableRef
					fields string
					code   int
				}{{wrong, `{}`, 10014}, {foreign, `{}`, 91403}, {nowhere, `{}`, 1254041}, {w.other, `{"日期":"x"}`, 1254064}} {
					if got := code(t, w.create(t.Context(), bad.table, bad.fields)); got != bad.code {
						t.Fatalf("got %d, want %d", got, bad.code)
					}
				}
			}
			start := time.Now()
			for _, table := range []feishu.TableRef{w.mine, w.other} {
				if err := w.create(t.Context(), table, `{"标题":"good"}`); err != nil {
					t.Error(err)
				}
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("good calls took %v", took)
			}
		})
	})
	t.Run("a_revoked_token_heals_with_exactly_one_repeat", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sandbox.Options{})
		if err := w.create(t.Context(), w.mine, `{"标题":"a"}`); err != nil {
			t.Fatal(err)
		}
		w.box.RevokeTokens(w.mine.App.ID)
		w.box.ResetCalls()
		if err := w.create(t.Context(), w.mine, `{"标题":"b"}`); err != nil {
			t.Fatal(err)
		}
		writes, tokens := w.box.CallCount("record.batch_create", ""), w.box.CallCount("auth.tenant_token", "")
		if writes != 2 || tokens != 1 || w.committed() != 1 {
			t.Fatalf("%d writes, %d committed, %d tokens; want 2, 1, 1", writes, w.committed(), tokens)
		}
	})
}

// committed counts the calls that changed data.
func (w *world) committed() (n int) {
	for _, call := range w.box.Journal() {
		if call.Committed {
			n++
		}
	}
	return n
}

func TestPaceAgainstTheSandbox(t *testing.T) {
	t.Parallel()
	t.Run("stays_below_feishus_limit", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, sandbox.Options{})
			var wg sync.WaitGroup
			for range 120 {
				wg.Go(func() {
					if _, err := w.Search(t.Context(), w.mine, feishu.SearchRequest{PageSize: 1}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, call := range w.box.Journal() {
				if call.Code == 99991400 {
					t.Fatal("Feishu had to refuse a call")
				}
			}
		})
	})
}

func TestOutcomesAgainstTheSandbox(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault     sandbox.Fault
		unknown   bool
		committed int
	}{
		"cut_before_the_commit":   {sandbox.Fault{Action: sandbox.ActionCut, When: sandbox.BeforeCommit}, true, 0},
		"cut_after_the_commit":    {sandbox.Fault{Action: sandbox.ActionCut, When: sandbox.AfterCommit}, true, 1},
		"a_page_after_the_commit": {sandbox.Fault{Action: sandbox.ActionHTML, When: sandbox.AfterCommit}, true, 1},
		"half_a_body":             {sandbox.Fault{Action: sandbox.ActionInvalidJSON, When: sandbox.AfterCommit}, true, 1},
		"no_answer":               {sandbox.Fault{Action: sandbox.ActionHang, When: sandbox.AfterCommit}, true, 1},
		"a_time_out_code":         {sandbox.Fault{Action: sandbox.ActionError, Code: 1255040}, true, 0},
		"a_conflict":              {sandbox.Fault{Action: sandbox.ActionError, Code: 1254291}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sandbox.Options{})
				test.fault.Endpoint, test.fault.Count = "record.batch_create", 1
				if _, err := w.box.AddFault(test.fault); err != nil {
					t.Fatal(err)
				}
				ids, err := w.BatchCreate(t.Context(), w.mine, []feishu.Fields{feishu.Fields(`{"标题":"a"}`)}, feishu.WriteOptions{
					ClientToken: "7a1f3a52-65f0-4c5e-9d28-0c8f6e5b7b11",
				})
				e, _ := errors.AsType[*feishu.Error](err)
				if e == nil || e.OutcomeUnknown() != test.unknown || w.committed() != test.committed {
					t.Fatalf("%v %v: %d committed", ids, err, w.committed())
				}
				if strings.Contains(e.Error(), "right") {
					t.Error("the error holds the secret")
				}
				ids, err = w.BatchCreate(t.Context(), w.mine, []feishu.Fields{feishu.Fields(`{"标题":"a"}`)}, feishu.WriteOptions{
					ClientToken: "7a1f3a52-65f0-4c5e-9d28-0c8f6e5b7b11",
				})
				if err != nil || len(ids) != 1 || w.committed() != 1 {
					t.Fatalf("the repeat: %v %v: %d committed", ids, err, w.committed())
				}
			})
		})
	}
}
