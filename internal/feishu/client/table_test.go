package client

import (
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestEveryCodeFromTheSandbox lets the sandbox answer a write with each code of the table, with the HTTP status that the
// endpoint's page gives it, and checks that the code alone decides what the caller is told.
func TestEveryCodeFromTheSandbox(t *testing.T) {
	t.Parallel()
	box, err := sandbox.New(sandbox.Options{RatesOff: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	if err := box.AddApp(sandbox.AppSpec{ID: "cli_example", Secret: "right"}); err != nil {
		t.Fatal(err)
	}
	base, err := box.AddBase(sandbox.BaseSpec{Collaborators: []string{"cli_example"}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := base.AddTable("表", sandbox.FieldSpec{Name: "标题", Type: 1})
	if err != nil {
		t.Fatal(err)
	}
	table := feishu.TableRef{App: feishu.App{ID: "cli_example", Secret: secret.New("right")}, AppToken: base.Token(), TableID: id}
	for code, row := range feishu.Codes() {
		c, _ := setup(t, func(o *Options) { o.Transport = box.Transport() })
		fault, err := box.AddFault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionError, Code: code})
		if err != nil {
			t.Fatal(code, err)
		}
		_, err = c.BatchCreate(t.Context(), table, []feishu.Fields{feishu.Fields(`{"标题":"a"}`)}, feishu.WriteOptions{})
		e := asFeishu(t, err)
		if e.Code != code || e.Class != row.Class || e.RowCode() != row.Row || e.LogID == "" {
			t.Errorf("%d: got %v", code, e)
		}
		p := problem.From(err)
		want := row.Problem
		if row.Class == feishu.ClassReadBack {
			want = problem.UnknownOutcome
		}
		if p.Code != want || (p.Outcome == problem.OutcomeUnknown) != (want == problem.UnknownOutcome) {
			t.Errorf("%d: the caller is told %s, %s, want %s", code, p.Code, p.Outcome, want)
		}
		box.RemoveFault(fault)
	}
	if got := box.RowCount(base.Token(), id); got != 0 {
		t.Errorf("%d rows were written", got)
	}
}
