package outbox_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// site is the real thing but for the network: outbox, SQLite, Feishu client and the sandbox in one bubble.
type site struct {
	*outbox.Outbox

	sb     *sandbox.Sandbox
	client *client.Client
	store  *sqlite.Store
	ring   *secret.Keyring
	table  feishu.TableRef
	fields []feishu.Field
	path   string
}

func must[T any](t *testing.T) func(value T, err error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func newSite(t *testing.T, options sandbox.Options) *site {
	t.Helper()
	options.RatesOff = true
	s := &site{path: filepath.Join(t.TempDir(), "outbox.db")}
	s.sb = must[*sandbox.Sandbox](t)(sandbox.New(options))
	t.Cleanup(func() { _ = s.sb.Close() })
	if err := s.sb.AddApp(sandbox.AppSpec{ID: "cli_example", Secret: "example-secret"}); err != nil {
		t.Fatal(err)
	}
	base := must[*sandbox.Base](t)(s.sb.AddBase(sandbox.BaseSpec{Name: "示例", Collaborators: []string{"cli_example"}}))
	tableID := must[string](t)(base.AddTable(
		"视频",
		sandbox.FieldSpec{Name: "标题", Type: 1},
		sandbox.FieldSpec{Name: "数量", Type: 2},
		sandbox.FieldSpec{Name: "状态", Type: 3, Options: []string{"完成", "待办"}},
		sandbox.FieldSpec{Name: "日期", Type: 5},
		sandbox.FieldSpec{
			Name: "公开",
			Type: 7,
		},
		sandbox.FieldSpec{Name: "链接", Type: 15},
		sandbox.FieldSpec{Name: "标签", Type: 4, Options: []string{"甲", "乙"}},
	))
	s.ring = must[*secret.Keyring](t)(secret.NewKeyring(make([]byte, secret.KeyBytes)))
	s.client = must[*client.Client](t)(client.New(client.Options{
		Keyring: s.ring, BaseURL: "http://sandbox.example", Transport: s.sb.Transport(), WriteTimeout: 5 * time.Second,
	}))
	t.Cleanup(s.client.Close)
	app := feishu.App{Brand: feishu.BrandFeishu, ID: "cli_example", Secret: secret.New("example-secret")}
	s.table = feishu.TableRef{App: app, AppToken: base.Token(), TableID: tableID}
	s.fields = must[[]feishu.Field](t)(s.client.ListFields(t.Context(), s.table))
	s.open(t)
	return s
}

func (s *site) open(t *testing.T) {
	t.Helper()
	s.store = must[*sqlite.Store](t)(sqlite.Open(t.Context(), s.path))
	s.Outbox = must[*outbox.Outbox](t)(outbox.New(outbox.Options{
		Store: s.store, Writer: s.client, Reader: s.client, Keyring: s.ring, Digest: s.client.Digest,
	}))
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, store := s.Outbox, s.store
	t.Cleanup(func() {
		kill(o)
		_ = store.Close()
	})
}

// restart ends the outbox at once, wherever it is, and opens another on the same file.
func (s *site) restart(t *testing.T) {
	t.Helper()
	kill(s.Outbox)
	_ = s.store.Close()
	s.open(t)
}

func (s *site) fault(t *testing.T, f sandbox.Fault) {
	t.Helper()
	must[string](t)(s.sb.AddFault(f))
}

// video is a row with a value in every column.
func video(i int) json.RawMessage {
	return json.RawMessage(
		fmt.Sprintf(
			`{"标题":"视频 %d\n\"引号\"","数量":%d.5,"状态":"完成","日期":%d,"公开":true,"链接":{"text":"看","link":"https://example.com/%d"},"标签":["甲","乙"]}`,
			i,
			i,
			1774281600000+int64(i)*60000,
			i,
		),
	)
}

func (s *site) videos(op outbox.Op, numbers ...int) outbox.Submission {
	sub := outbox.Submission{Table: s.table, Op: op, Fields: s.fields, Tenant: "a"}
	if op == outbox.OpUpsert {
		sub.KeyFields = []string{"标题"}
	}
	for i, n := range numbers {
		sub.Rows = append(sub.Rows, bitable.Row{Index: i, Fields: video(n)})
	}
	return printed(sub)
}

func (s *site) write(t *testing.T, sub outbox.Submission) *outbox.Result {
	t.Helper()
	ticket := must[*outbox.Ticket](t)(s.Submit(t.Context(), sub))
	r := wait(t, ticket)
	ticket.Delivered()
	return r
}

func (s *site) titles(t *testing.T) map[string]int {
	t.Helper()
	return must[map[string]int](t)(s.sb.CountBy(s.table.AppToken, s.table.TableID, "标题"))
}

// expectOnce fails the test unless the table holds exactly the videos with these numbers, each once.
func (s *site) expectOnce(t *testing.T, numbers ...int) {
	t.Helper()
	got := s.titles(t)
	for _, n := range numbers {
		title := fmt.Sprintf("视频 %d\n\"引号\"", n)
		if got[title] != 1 {
			t.Errorf("%q is there %d times", title, got[title])
		}
	}
	if len(got) != len(numbers) {
		t.Errorf("%d titles, want %d", len(got), len(numbers))
	}
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	modes := []sandbox.ClientTokenMode{sandbox.ClientTokenReplay, sandbox.ClientTokenConflict, sandbox.ClientTokenRepeat}
	losses := map[string]sandbox.Fault{
		"cut_before_commit":          {Action: sandbox.ActionCut, When: sandbox.BeforeCommit},
		"cut_after_commit":           {Action: sandbox.ActionCut, When: sandbox.AfterCommit},
		"504_after_commit":           {Action: sandbox.ActionError, Code: 1255040, When: sandbox.AfterCommit},
		"internal_error_before":      {Action: sandbox.ActionError, Code: 1255001, When: sandbox.BeforeCommit},
		"gateway_page_after_commit":  {Action: sandbox.ActionHTML, When: sandbox.AfterCommit},
		"broken_json_after_commit":   {Action: sandbox.ActionInvalidJSON, When: sandbox.AfterCommit},
		"hang_until_the_time_is_out": {Action: sandbox.ActionHang, When: sandbox.AfterCommit},
	}
	for _, mode := range modes {
		for name, loss := range losses {
			t.Run(fmt.Sprintf("writes_once_after_%s_with_tokens_that_%s", name, mode), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t, sandbox.Options{ClientToken: mode})
					loss.Endpoint, loss.Count = "record.batch_*", 1
					for round, op := range []outbox.Op{outbox.OpCreate, outbox.OpUpsert} {
						s.fault(t, loss)
						r := s.write(t, s.videos(op, 10*round+1, 10*round+2, 10*round+3))
						if tally(r)[outbox.Created] != 3 || r.Err != nil {
							t.Fatalf("%s: %v %v", op, tally(r), r.Err)
						}
						if record := must[[]sandbox.Row](t)(s.sb.Rows(s.table.AppToken, s.table.TableID))[3*round]; record.ID != r.Rows[0].RecordID {
							t.Errorf("answered %s for %s", r.Rows[0].RecordID, record.ID)
						}
					}
					s.expectOnce(t, 1, 2, 3, 11, 12, 13)
				})
			})
		}
	}

	t.Run("an_upsert_of_every_column_type_is_unchanged_the_second_time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, sandbox.Options{})
			s.write(t, s.videos(outbox.OpUpsert, 1, 2))
			writes := s.sb.CallCount("record.batch_create", "") + s.sb.CallCount("record.batch_update", "")
			for _, key := range s.fields {
				if !bitable.KeyFieldAllowed(key) || key.Name == "状态" || key.Name == "公开" { // the same in both rows
					continue
				}
				sub := s.videos(outbox.OpUpsert, 2, 1)
				sub.KeyFields = []string{key.Name, "状态"}
				r := s.write(t, printed(sub))
				if !slices.Equal(statuses(r), []outbox.RowStatus{outbox.Unchanged, outbox.Unchanged}) {
					t.Errorf("by %s: %+v", key.Name, r.Rows)
				}
			}
			if n := s.sb.CallCount("record.batch_create", "") + s.sb.CallCount("record.batch_update", ""); n != writes {
				t.Errorf("%d writes, want %d", n, writes)
			}
		})
	})

	t.Run("names_the_row_that_the_sandbox_refuses", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, sandbox.Options{})
			sub := s.videos(outbox.OpCreate, 1, 2, 3, 4, 5, 6, 7, 8)
			sub.Rows[5].Fields = json.RawMessage(`{"标题":"x","数量":"12 个"}`)
			r := s.write(t, printed(sub))
			bad := r.Rows[5]
			if tally(r)[outbox.Created] != 7 || bad.Err == nil || bad.Err.Field != "数量" || bad.Err.FeishuCode != 1254061 || r.UpstreamCalls != 2 {
				t.Errorf("%v, %d calls, %+v", tally(r), r.UpstreamCalls, bad.Err)
			}
		})
	})

	t.Run("updates_and_deletes_are_read_back", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, sandbox.Options{RepeatWindow: time.Minute})
			made := s.write(t, s.videos(outbox.OpCreate, 1, 2))
			sub := s.videos(outbox.OpUpdate, 3, 4)
			for i := range sub.Rows {
				sub.Rows[i].RecordID = made.Rows[i].RecordID
			}
			s.fault(t, sandbox.Fault{Endpoint: "record.batch_update", Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1})
			if r := s.write(t, printed(sub)); tally(r)[outbox.Updated] != 2 || s.sb.CallCount("record.batch_update", "") != 1 {
				t.Errorf("%+v", r)
			}
			s.expectOnce(t, 3, 4)
			sub.Op = outbox.OpDelete
			s.fault(t, sandbox.Fault{Endpoint: "record.batch_delete", Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1})
			if r := s.write(t, printed(sub)); tally(r)[outbox.Deleted] != 2 {
				t.Errorf("%+v", r)
			}
			s.expectOnce(t)
		})
	})

	t.Run("faults_and_restarts_neither_lose_nor_double_a_row", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, sandbox.Options{Write: sandbox.Latency{PerCall: 300 * time.Millisecond}, Seed: 7})
			s.fault(t, sandbox.Fault{Endpoint: "record.batch_*", Action: sandbox.ActionCut, When: sandbox.AfterCommit, Rate: 0.2})
			s.fault(t, sandbox.Fault{Endpoint: "record.batch_*", Action: sandbox.ActionCut, When: sandbox.BeforeCommit, Rate: 0.2})
			s.fault(t, sandbox.Fault{Endpoint: "record.batch_*", Action: sandbox.ActionError, Code: 1254291, Rate: 0.2})
			const callers, each = 40, 3
			var numbers []int
			open := make(map[int]outbox.Submission)
			for c := range callers {
				var own []int
				for i := range each {
					own = append(own, c*each+i)
				}
				numbers = append(numbers, own...)
				sub := s.videos(outbox.OpCreate, own...)
				sub.Tenant = fmt.Sprint("caller", c)
				open[c] = keyed(fmt.Sprint("key", c), sub)
			}
			for range 6 {
				var mu sync.Mutex
				var all sync.WaitGroup
				o := s.Outbox
				for c, sub := range maps.Clone(open) {
					all.Go(func() {
						elapse(time.Duration(c) * 20 * time.Millisecond)
						ticket, err := o.Submit(t.Context(), sub)
						if err != nil {
							return
						}
						if r, err := waitFor(t, ticket); err == nil && tally(r)[outbox.Created] == each {
							mu.Lock()
							delete(open, c)
							mu.Unlock()
						}
					})
				}
				elapse(700 * time.Millisecond) // in the middle of things
				s.restart(t)
				all.Wait()
			}
			s.sb.ClearFaults()
			for _, sub := range open {
				if r := s.write(t, sub); tally(r)[outbox.Created] != each {
					t.Errorf("%+v", r)
				}
			}
			s.expectOnce(t, numbers...)
			if err := s.sb.Verify(); err != nil {
				t.Error(err)
			}
		})
	})
}
