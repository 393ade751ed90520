package requestlog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/requestlog"
)

// slowContents is a store that takes nothing until it is let go.
type slowContents struct {
	entered, pass chan struct{}

	mu    sync.Mutex
	most  int // sealed bytes of one put
	count int
}

func (s *slowContents) PutContents(_ context.Context, contents []requestlog.SealedContent) error {
	select {
	case s.entered <- struct{}{}:
	default:
	}
	<-s.pass
	s.mu.Lock()
	defer s.mu.Unlock()
	bytes := 0
	for _, one := range contents {
		bytes += len(one.Sealed)
	}
	s.most, s.count = max(s.most, bytes), s.count+len(contents)
	return nil
}

func (*slowContents) Content(context.Context, string) ([]byte, error) { return nil, nil }

func (*slowContents) PurgeContents(context.Context, time.Time, int64) error { return nil }

// What waits for a slow store is bounded in bytes, and one line says that the rest is not kept.
func TestKeeperIsBounded(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	store := &slowContents{entered: make(chan struct{}, 1), pass: make(chan struct{})}
	keeper := requestlog.NewKeeper(t.Context(), store, ring(t, 1), slog.New(slog.NewTextHandler(&log, nil)))
	answer := json.RawMessage(`"` + strings.Repeat("x", requestlog.MaxContentBytes-2) + `"`)
	content := func(i int) requestlog.Content {
		return requestlog.Content{RequestID: strconv.Itoa(i), Tenant: "t", Request: json.RawMessage(`{}`), Answer: answer}
	}
	keeper.Keep(content(0))
	<-store.entered
	for i := range 100 {
		keeper.Keep(content(1 + i))
	}
	close(store.pass)
	keeper.Close()
	if store.most > requestlog.MaxQueuedBytes || store.count < 2 || store.count > 20 {
		t.Errorf("%d contents, up to %d bytes at a time", store.count, store.most)
	}
	if lines := strings.Count(log.String(), "the store is behind"); lines != 1 {
		t.Errorf("%d lines say that contents are not kept", lines)
	}
	if strings.Contains(log.String(), "xxx") {
		t.Error("the log shows contents")
	}
}
