package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/problem"
)

// askFor bounds how long Check waits for a service that holds its port.
const askFor = 2 * time.Second

// instanceSuffix makes the name of the file, beside the lock, that names the instance which holds the lock.
const instanceSuffix = ".lock.instance"

// Finding is what Check finds: what would keep Start from succeeding, and what an operator should know.
type Finding struct {
	Problems []config.Problem
	Notes    []problem.Text
}

// Check looks for what would keep Start from succeeding with a configuration that is right in itself. It changes nothing. A port
// and a database that this very service holds are notes.
func Check(ctx context.Context, c *config.Config) Finding {
	var f Finding
	if !c.Database.Postgres.IsZero() {
		f.postgres(ctx, c)
		return f
	}
	own := f.addresses(ctx, c, instanceIn(c.Database.Path))
	found, err := sqlite.Inspect(ctx, c.Database.Path)
	switch {
	case err != nil:
		f.refuse("ROWGATE_DATABASE_URL", "数据库不能使用：%v。", "The database cannot be used: %v.", oneLine(err))
	case found.InUse && !own:
		f.refuse("ROWGATE_DATABASE_URL", "%v。", "%v.", sqlite.ErrInUse)
	}
	f.keys(c, found.Meta)
	return f
}

// addresses reports whether an instance of these names holds the address of the service.
func (f *Finding) addresses(ctx context.Context, c *config.Config, names []string) (own bool) {
	own = f.address(ctx, "ROWGATE_LISTEN", c.Listen, names)
	if c.AdminListen != "" && !own {
		f.address(ctx, "ROWGATE_ADMIN_LISTEN", c.AdminListen, nil)
	}
	return own
}

// instanceIn returns the name of the instance that has the SQLite file, if there is one.
func instanceIn(path string) []string {
	name, err := os.ReadFile(path + instanceSuffix) //nolint:gosec // beside the operator's database
	if err != nil || len(name) == 0 {
		return nil
	}
	return []string{strings.TrimSpace(string(name))}
}

func (f *Finding) refuse(variable, zh, en string, args ...any) {
	f.Problems = append(f.Problems, config.Problem{
		Variable: variable, Text: problem.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)},
	})
}

func (f *Finding) note(zh, en string, args ...any) {
	f.Notes = append(f.Notes, problem.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)})
}

// oneLine is the text of an error, without the line breaks of errors that were joined.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", ": ") }

// keys judges the keys by what the database keeps of them.
func (f *Finding) keys(c *config.Config, meta map[string][]byte) {
	sealed := meta[metaNames]
	if sealed == nil || c.Keyring == nil {
		return
	}
	opened, err := openKeys(c.Keyring, sealed, meta[metaKeys], time.Now())
	if wrong, ok := errors.AsType[*KeyError](err); ok {
		f.Problems = append(f.Problems, config.Problem{Variable: "ROWGATE_KEY", Text: wrong.Text})
		return
	}
	if err != nil {
		f.refuse("ROWGATE_DATABASE_URL", "无法读取密钥状态：%v。", "The state of the keys cannot be read: %v.", err)
		return
	}
	f.retiredKeys(opened.state)
}

// retiredKeys notes when a key that sealed before may be removed.
func (f *Finding) retiredKeys(state keyState) {
	if until := state.waits(); !until.IsZero() {
		when := until.UTC().Format(time.RFC3339)
		f.note("旧密钥可在 %s 之后从 ROWGATE_KEY 移除。用它加密的连接密钥随之失效，请先制作新的。",
			"The old key may be removed from ROWGATE_KEY after %s. Connection keys that it sealed end with it: make new ones first.", when)
	}
}

// address reports whether this very service, an instance of these names, holds an address; anybody else's is a problem.
func (f *Finding) address(ctx context.Context, variable, address string, names []string) (own bool) {
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", address)
	if err == nil {
		_ = listener.Close() // nothing was accepted
		return false
	}
	if len(names) > 0 && slices.Contains(names, answerOf(ctx, address)) {
		f.note("服务正在运行，地址 %s。", "The service is running at %s.", address)
		return true
	}
	f.refuse(variable, "无法监听 %s：%v。请停止占用该端口的程序，或换一个端口。",
		"%s cannot be listened on: %v. Stop the program that has the port, or choose another one.", address, err)
	return false
}

// answerOf returns the name of the instance that answers at address, "" if none does.
func answerOf(ctx context.Context, address string) string {
	host, port, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", http.NoBody)
	if err != nil {
		return ""
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	var health struct {
		Instance string `json:"instance"`
	}
	if json.NewDecoder(response.Body).Decode(&health) != nil {
		return ""
	}
	return health.Instance
}
