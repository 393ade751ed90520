package mcp

import (
	"context"
	"errors"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/tool/record"
)

// refusing is an outbox that takes nothing.
type refusing struct{ record.Outbox }

var errRefused = errors.New("refused")

func (refusing) Submit(context.Context, outbox.Submission) (*outbox.Ticket, error) {
	return nil, errRefused
}

func (refusing) Replay(context.Context, feishu.TableRef, string, [32]byte) (*outbox.Ticket, bool, error) {
	return nil, false, nil
}

// noJobs must not be asked.
type noJobs struct{ t *testing.T }

func (n noJobs) Job(context.Context, string, string) (*outbox.Job, error) {
	n.t.Error("a job was asked for")
	return nil, errRefused
}

// The progress of a real write is tested with an MCP session in internal/e2e.
func TestWatch(t *testing.T) {
	t.Parallel()
	watched := Watched{Outbox: refusing{}, Digest: func(feishu.App) string { return "digest" }}
	t.Run("has nothing to tell where nothing was taken", func(t *testing.T) {
		t.Parallel()
		ctx, watch := With(t.Context())
		if _, err := watched.Submit(ctx, outbox.Submission{}); !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
		if _, found, err := watched.Replay(ctx, feishu.TableRef{}, "key", [32]byte{}); found || err != nil {
			t.Errorf("got %v %v", found, err)
		}
		if _, _, ok := watch.Look(ctx, noJobs{t}); ok {
			t.Error("it tells of a write")
		}
	})
	t.Run("is not needed", func(t *testing.T) {
		t.Parallel()
		if _, err := watched.Submit(t.Context(), outbox.Submission{}); !errors.Is(err, errRefused) {
			t.Errorf("got %v", err)
		}
	})
}
