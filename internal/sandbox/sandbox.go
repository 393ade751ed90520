package sandbox

import (
	"github.com/rowgate/rowgate/internal/sandbox/admin"
	"github.com/rowgate/rowgate/internal/sandbox/base"
	"github.com/rowgate/rowgate/internal/sandbox/contact"
	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/drive"
	"github.com/rowgate/rowgate/internal/sandbox/record"
	"github.com/rowgate/rowgate/internal/sandbox/state"
	"github.com/rowgate/rowgate/internal/sandbox/wiki"
)

// Sandbox is a simulated Feishu: an http.Handler for the open platform under /open-apis and for the admin API under
// /sandbox. It keeps everything in memory and is safe for concurrent use.
type Sandbox struct {
	*Server // serves, and holds options, faults, tokens and journal
	*Admin  // seeds, and looks at what has been stored
	store   *state.Store
}

// families returns all families that the sandbox serves under /open-apis. A new family is one line here.
func families() []core.Family {
	return []core.Family{
		core.Auth(),
		base.Family(record.CheckViewFilter),
		record.Family(),
		wiki.Family(),
		contact.Family(),
		drive.Family(),
	}
}

// New makes an empty sandbox; it fails only for Options that contradict themselves.
func New(options Options) (*Sandbox, error) {
	store := state.New()
	server, err := core.New(options, store, families()...)
	if err != nil {
		return nil, err
	}
	return &Sandbox{Server: server, Admin: admin.New(server, store), store: store}, nil
}

// Endpoints returns what the sandbox serves under /open-apis.
func Endpoints() []Endpoint { return core.Endpoints(families()) }
