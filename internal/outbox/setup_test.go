package outbox_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is an outbox over a fake base and a store in memory.
type fixture struct {
	*outbox.Outbox

	base  *fakeBase
	store *memStore
	ring  *secret.Keyring
	steps func(kind, from, event string, legal bool) // sees every transition; nil if nobody asks
}

func setup(t *testing.T, change ...func(*outbox.Options)) *fixture {
	t.Helper()
	h := setupOnly(t)
	h.open(t, change...)
	return h
}

// setupOnly is setup without a running outbox.
func setupOnly(t *testing.T) *fixture {
	t.Helper()
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{base: newFakeBase(), store: newMemStore(), ring: ring}
}

// open starts an outbox over the store; the test's end stops it.
func (h *fixture) open(t *testing.T, change ...func(*outbox.Options)) {
	t.Helper()
	opts := outbox.Options{
		Store: h.store, Writer: h.base, Reader: h.base, Keyring: h.ring,
		Digest: func(app feishu.App) string { return "digest of " + app.ID },
	}
	for _, f := range change {
		f(&opts)
	}
	o, err := outbox.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	o.Observe(h.steps)
	if err := o.Start(t.Context()); err != nil && !errors.Is(err, errDead) { // a process may die as it starts
		t.Fatal(err)
	}
	h.Outbox = o
	t.Cleanup(func() {
		kill(o)
		if n := o.Illegal(); n > 0 {
			t.Errorf("%d illegal transitions", n)
		}
	})
}

// kill ends an outbox without draining it.
func kill(o *outbox.Outbox) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = o.Stop(ctx)
}

var columns = []feishu.Field{
	{ID: "fldTitle", Name: "标题", Type: feishu.TypeText, Primary: true},
	{ID: "fldNote", Name: "备注", Type: feishu.TypeText},
}

// creation is a submission of rows with these titles.
func creation(caller string, titles ...string) outbox.Submission {
	sub := outbox.Submission{
		Table: feishu.TableRef{
			App:      feishu.App{Brand: feishu.BrandFeishu, ID: "cli_example", Secret: secret.New("example-secret")},
			AppToken: "bascnExample", TableID: "tblExample",
		},
		Op: outbox.OpCreate, Tenant: caller, Fields: columns,
	}
	for i, title := range titles {
		sub.Rows = append(sub.Rows, bitable.Row{Index: i, Fields: row(title, "")})
	}
	return printed(sub)
}

// printed gives a submission the fingerprint of what it says.
func printed(sub outbox.Submission) outbox.Submission {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s %s %s %s %v %v", sub.Table.App.ID, sub.Table.AppToken, sub.Table.TableID, sub.Op, sub.Write, sub.KeyFields)
	for _, r := range sub.Rows {
		_, _ = fmt.Fprintf(sum, "|%s %s", r.RecordID, r.Fields)
	}
	sub.Fingerprint = [32]byte(sum.Sum(nil))
	return sub
}

func row(title, note string) json.RawMessage {
	cells := map[string]string{"标题": title}
	if note != "" {
		cells["备注"] = note
	}
	fields, _ := json.Marshal(cells)
	return fields
}

// title is the title of a row.
func title(fields json.RawMessage) string {
	var cells struct {
		Title string `json:"标题"`
	}
	_ = json.Unmarshal(fields, &cells)
	return cells.Title
}

// elapse lets d pass in a test's bubble.
func elapse(d time.Duration) { <-time.After(d) }

func titles(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return list
}

// submit submits and fails the test if that is refused.
func (h *fixture) submit(t *testing.T, sub outbox.Submission) *outbox.Ticket {
	t.Helper()
	ticket, err := h.Submit(t.Context(), sub)
	if err != nil {
		t.Fatalf("Submit: %v", err)
	}
	return ticket
}

// wait waits for the answer of a ticket.
func wait(t *testing.T, ticket *outbox.Ticket) *outbox.Result {
	t.Helper()
	result, err := waitFor(t, ticket)
	if err != nil {
		t.Fatalf("Wait: %v", err)
	}
	return result
}

// answerWithin is how long a test waits for an answer: in a bubble, where time goes on by itself, an answer that does not come is no hang.
const answerWithin = 2 * time.Hour

func waitFor(t *testing.T, ticket *outbox.Ticket) (*outbox.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerWithin)
	defer cancel()
	return ticket.Wait(ctx)
}

// write submits and waits.
func (h *fixture) write(t *testing.T, sub outbox.Submission) *outbox.Result {
	t.Helper()
	return wait(t, h.submit(t, sub))
}

// tally counts the rows of an answer by status.
func tally(r *outbox.Result) map[outbox.RowStatus]int {
	counts := make(map[outbox.RowStatus]int)
	for _, row := range r.Rows {
		counts[row.Status]++
	}
	return counts
}

// sameRow reports whether two results of a row say the same.
func sameRow(a, b outbox.RowResult) bool { return reflect.DeepEqual(a, b) }
