package requestlog

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rowgate/rowgate/internal/secret"
)

// Bounds of what is kept of requests' contents.
const (
	ContentsFor      = 24 * time.Hour
	MaxContentBytes  = 128 << 10 // of a request, and of an answer; a larger one is not kept
	MaxContentsBytes = 64 << 20  // sealed, in the store
	maxContentQueue  = 256       // that wait to be stored
	MaxQueuedBytes   = 1 << 20   // sealed, of those that wait; as many again may be on their way to the store
	purgeAfterBytes  = 8 << 20   // sealed: after so many the oldest go, beside the hourly purge
)

// ContentPurpose is what contents are sealed for.
const ContentPurpose = "request contents"

// Content is what a request sent and what it was answered: rows and options, never a secret.
type Content struct {
	RequestID string          `json:"-"`
	Tenant    string          `json:"tenant"` // digest of the credential: only who has it may see the rest
	Path      string          `json:"path"`
	Request   json.RawMessage `json:"request"`
	Answer    json.RawMessage `json:"answer"`
	Status    int             `json:"status"`
}

// SealedContent is a Content as the store keeps it.
type SealedContent struct {
	RequestID string
	At        time.Time
	Sealed    []byte
}

// Contents keeps sealed contents. It is safe for concurrent use.
type Contents interface {
	PutContents(ctx context.Context, contents []SealedContent) error
	// Content returns the sealed content of a request, nil if there is none.
	Content(ctx context.Context, requestID string) ([]byte, error)
	// PurgeContents deletes what is older than before, and the oldest beyond bytes.
	PurgeContents(ctx context.Context, before time.Time, bytes int64) error
}

// Keeper keeps contents. It is safe for concurrent use.
type Keeper struct {
	store   Contents
	keyring *secret.Keyring
	logger  *slog.Logger
	queue   chan SealedContent
	queued  atomic.Int64 // sealed bytes in queue
	quit    context.CancelFunc
	done    sync.WaitGroup
	said    atomic.Int64 // Unix time of the last line that the store is behind
	since   int64        // sealed bytes that were stored since the last purge; of run alone
}

// NewKeeper returns a keeper over a store. Close it.
func NewKeeper(ctx context.Context, store Contents, keyring *secret.Keyring, logger *slog.Logger) *Keeper {
	ctx, quit := context.WithCancel(context.WithoutCancel(ctx))
	k := &Keeper{store: store, keyring: keyring, logger: logger, queue: make(chan SealedContent, maxContentQueue), quit: quit}
	k.done.Go(func() { k.run(ctx) })
	return k
}

// Close stores what waits and ends the keeper.
func (k *Keeper) Close() {
	k.quit()
	k.done.Wait()
}

// Keep takes a content. One that is too large, or that the store cannot take in time, is not kept, and a log line says so of the latter.
func (k *Keeper) Keep(content Content) {
	if len(content.Request) > MaxContentBytes || len(content.Answer) > MaxContentBytes {
		return
	}
	plain, err := json.Marshal(content)
	if err != nil {
		return // an answer that is no JSON has nothing to show
	}
	one := SealedContent{content.RequestID, time.Now(), k.keyring.Seal(ContentPurpose, plain)}
	size := int64(len(one.Sealed))
	if k.queued.Add(size) <= MaxQueuedBytes {
		select {
		case k.queue <- one:
			return
		default:
		}
	}
	k.queued.Add(-size)
	k.behind(content.RequestID)
}

// behind says, at most once a minute, that a content was not kept.
func (k *Keeper) behind(id string) {
	now := time.Now().Unix()
	if last := k.said.Load(); now-last >= int64(time.Minute/time.Second) && k.said.CompareAndSwap(last, now) {
		k.logger.LogAttrs(context.Background(), slog.LevelWarn, "contents not kept: the store is behind",
			slog.String("request_id", id))
	}
}

// Find returns the content of a request for who has the credential of that digest; false if there is none, or it is another's.
func (k *Keeper) Find(ctx context.Context, requestID, tenant string) (Content, bool, error) {
	sealed, err := k.store.Content(ctx, requestID)
	if err != nil || sealed == nil {
		return Content{}, false, err
	}
	plain, err := k.keyring.Open(ContentPurpose, sealed)
	if err != nil {
		return Content{}, false, nil // a key that is gone sealed it
	}
	var content Content
	if err := json.Unmarshal(plain, &content); err != nil {
		return Content{}, false, err
	}
	content.RequestID = requestID
	return content, tenant != "" && content.Tenant == tenant, nil
}

// run stores what is kept, as many at a time as wait.
func (k *Keeper) run(ctx context.Context) {
	purge := time.NewTicker(purgeEvery)
	defer purge.Stop()
	k.purge(ctx)
	for {
		select {
		case <-ctx.Done():
			k.put(context.WithoutCancel(ctx), nil)
			return
		case <-purge.C:
			k.purge(ctx)
		case one := <-k.queue:
			k.put(ctx, []SealedContent{one})
		}
	}
}

// put stores contents and all that wait.
func (k *Keeper) put(ctx context.Context, contents []SealedContent) {
	for len(k.queue) > 0 {
		contents = append(contents, <-k.queue)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancel()
	if len(contents) == 0 {
		return
	}
	for i := range contents {
		size := int64(len(contents[i].Sealed))
		k.queued.Add(-size)
		k.since += size
	}
	if k.since > purgeAfterBytes {
		defer k.purge(ctx)
	}
	if err := k.store.PutContents(ctx, contents); err != nil {
		k.logger.LogAttrs(ctx, slog.LevelWarn, "contents not stored", slog.Int("requests", len(contents)), slog.Any("error", err))
	}
}

func (k *Keeper) purge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	k.since = 0
	if err := k.store.PurgeContents(ctx, time.Now().Add(-ContentsFor), MaxContentsBytes); err != nil && ctx.Err() == nil {
		k.logger.LogAttrs(ctx, slog.LevelWarn, "contents not purged", slog.Any("error", err))
	}
}
