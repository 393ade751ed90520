package table_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/rowgate/rowgate/internal/directory"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/table"
)

// making is the making tools in front of a sandbox with one base and one table.
type making struct {
	t         testing.TB
	box       *sandbox.Sandbox
	client    *client.Client
	directory *directory.Directory
	service   *table.Service
	maker     *table.Maker
	ref       feishu.TableRef
}

func setupMaking(t testing.TB, options sandbox.Options) *making {
	t.Helper()
	box, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	if err := box.AddApp(sandbox.AppSpec{ID: "cli_example", Secret: "right"}); err != nil {
		t.Fatal(err)
	}
	base, err := box.AddBase(sandbox.BaseSpec{Name: "示例", Collaborators: []string{"cli_example"}})
	if err != nil {
		t.Fatal(err)
	}
	tableID, err := base.AddTable("视频", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "数量", Type: 2})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	client, err := client.New(client.Options{Keyring: ring, Transport: box.Transport(), BaseURL: "http://sandbox.test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	directory := directory.New(client, client.Digest)
	t.Cleanup(directory.Close)
	authenticator := tenant.NewAuthenticator(tenant.Passphrases{tenant.NewPassphrase("default", secret.New("open"))}, ring)
	t.Cleanup(authenticator.Close)
	return &making{
		t: t, box: box, client: client, directory: directory, maker: table.NewMaker(client),
		service: &table.Service{
			Access: &tool.Access{Authenticator: authenticator, Directory: directory, Digest: client.Digest}, Directory: directory,
		},
		ref: feishu.TableRef{
			App:      feishu.App{ID: "cli_example", Secret: secret.New("right"), Brand: feishu.BrandFeishu},
			AppToken: base.Token(), TableID: tableID,
		},
	}
}

// run runs a tool on a body of options, given as JSON members.
func run[O any](m *making, t tool.Tool, options string) (*O, *problem.Error) {
	m.t.Helper()
	body := fmt.Sprintf(`{"passphrase":"open","app_id":"cli_example","app_secret":"right","app_token":%q,"table_id":%q,%s}`,
		m.ref.AppToken, m.ref.TableID, options)
	request, err := intake.Parse(t.Spec, intake.Input{Body: []byte(body), ContentType: "application/json"})
	if err != nil {
		m.t.Fatalf("the test's body %s: %v", options, err)
	}
	answer, err := t.Call(m.t.Context(), request)
	if err != nil {
		return nil, problem.From(err)
	}
	out, ok := answer.Body.(*O)
	if !ok || answer.Status != tool.StatusOK {
		m.t.Fatalf("%s answers %d with a %T", t.Name, answer.Status, answer.Body)
	}
	return out, nil
}

func (m *making) createFields(options string) (*table.FieldsMade, *problem.Error) {
	m.t.Helper()
	return run[table.FieldsMade](m, table.CreateFields(m.service, m.maker), options)
}

func (m *making) createTable(options string) (*table.NewTable, *problem.Error) {
	m.t.Helper()
	return run[table.NewTable](m, table.Create(m.service, m.maker), options)
}

// fault adds a fault to the sandbox's script.
func (m *making) fault(f sandbox.Fault) {
	m.t.Helper()
	if _, err := m.box.AddFault(f); err != nil {
		m.t.Fatal(err)
	}
}

// columns lists a table's columns as name:type, as Feishu has them.
func (m *making) columns(tableID string) []string {
	m.t.Helper()
	ref := m.ref
	ref.TableID = tableID
	fields, err := m.client.ListFields(m.t.Context(), ref)
	if err != nil {
		m.t.Fatal(err)
	}
	var names []string
	for _, field := range fields {
		names = append(names, fmt.Sprintf("%s:%d", field.Name, field.Type))
	}
	return names
}
