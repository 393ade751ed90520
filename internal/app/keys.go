package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/secret"
)

// RetiredKeyFor is how long a key must stay in ROWGATE_KEY after another came first: what it sealed of answers is kept for
// outbox.KeepFor, and is sealed anew meanwhile.
const RetiredKeyFor = outbox.KeepFor + time.Hour

// Names of what the database keeps of its keys.
const (
	metaNames = "names" // the sealed name key, which is also the proof that a ring opens the database
	metaKeys  = "keys"  // a keyState, in clear: it holds no key
)

// keyState is which keys sealed the database.
type keyState struct {
	First   string       `json:"first"` // id of the key that seals
	Retired []retiredKey `json:"retired,omitempty"`
}

// retiredKey is a key that sealed before and may have sealed what is still kept.
type retiredKey struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"` // it must stay until then,
	Anew  bool      `json:"anew"`  // and until all that it sealed is sealed anew
}

// KeyError says why the keys of a configuration do not fit the database.
type KeyError struct{ Text problem.Text }

// Error implements error, in both languages.
func (e *KeyError) Error() string { return "ROWGATE_KEY: " + e.Text.EN + " " + e.Text.ZH }

// errForeignKeys: nothing of what is stored can be read.
var errForeignKeys = &KeyError{problem.Text{
	ZH: "没有一个密钥能打开此数据库。请恢复原来的 ROWGATE_KEY（或数据库旁边的 key 文件）；轮换时把新密钥放在旧密钥前面，用逗号分隔。",
	EN: "None of the keys opens the database. Restore the key that it was made with (or the file key beside it); to rotate, put the new " +
		"key before the old one, separated by a comma.",
}}

// errEarly: a key is missing that may have sealed what is kept.
func errEarly(until time.Time) *KeyError {
	when := until.UTC().Format(time.RFC3339)
	return &KeyError{problem.Text{
		ZH: fmt.Sprintf("旧密钥移除得太早：它加密的数据可能还在。请把它放回列表末尾，%s 之后并且服务带着它运行过才能移除。", when),
		EN: fmt.Sprintf("The old key was removed too early: data that it encrypted may still be kept. Put it back at the end of the list; it "+
			"may be removed after %s, once the service has run with it.", when),
	}}
}

// errMixed: another instance is running that cannot open what this one would seal, or the other way round.
var errMixed = &KeyError{problem.Text{
	ZH: "另一个运行中的实例没有此列表的第一个密钥，或此列表里没有它的第一个密钥。轮换分两步：先让所有实例用“旧,新”启动，再逐个改为“新,旧”。",
	EN: "Another running instance does not have the first key of this list, or this list does not have its first key. Rotate in two steps: " +
		"start all instances with old,new, and then one after the other with new,old.",
}}

// fitting returns errMixed unless each of the other instances opens what this one seals, and the other way round.
func fitting(ids []string, others []postgres.Instance) error {
	for _, other := range others {
		if len(other.Keys) > 0 && (!slices.Contains(other.Keys, ids[0]) || !slices.Contains(ids, other.Keys[0])) {
			return errMixed
		}
	}
	return nil
}

// next returns the state after a start at now with a ring of these keys, or the error that refuses the start.
func (s keyState) next(ids []string, now time.Time) (keyState, error) {
	out := keyState{First: ids[0]}
	for _, key := range s.Retired {
		if !slices.Contains(ids, key.ID) && (now.Before(key.Until) || !key.Anew) {
			return s, errEarly(key.Until)
		}
		if key.ID != out.First && (now.Before(key.Until) || !key.Anew) {
			out.Retired = append(out.Retired, key)
		}
	}
	if s.First == "" || s.First == out.First {
		return out, nil
	}
	if until := now.Add(RetiredKeyFor); slices.Contains(ids, s.First) {
		out.Retired = append(out.Retired, retiredKey{ID: s.First, Until: until.UTC().Truncate(time.Second)})
	} else {
		return s, errEarly(until)
	}
	return out, nil
}

// sealing returns the state while an instance seals by the key id although another key is first by now: its key has to stay for as long
// as if it were retired now. changed is false if that is known already.
func (s keyState) sealing(id string, now time.Time) (out keyState, changed bool) {
	if s.First == id {
		return s, false
	}
	fresh := retiredKey{ID: id, Until: now.Add(RetiredKeyFor).UTC().Truncate(time.Second)}
	out = keyState{First: s.First, Retired: []retiredKey{fresh}}
	for _, key := range s.Retired {
		if key.ID != id {
			out.Retired = append(out.Retired, key)
		}
	}
	return out, true
}

// waits reports when the last retired key may go; zero if none has to stay.
func (s keyState) waits() (until time.Time) {
	for _, key := range s.Retired {
		if key.Until.After(until) {
			until = key.Until
		}
	}
	return until
}

// unlock proves that the ring opens the store, notes which key seals from now on, and returns the ring with the database's own
// name key. The error is a *KeyError if the keys do not fit.
func (a *App) unlock(ctx context.Context, ring *secret.Keyring, now time.Time) (*secret.Keyring, error) {
	sealed, err := a.store.Meta(ctx, metaNames)
	if err != nil {
		return nil, err
	}
	if sealed == nil {
		inherit, err := a.store.HasEntries(ctx) // of a version that named by the ring itself
		if err != nil {
			return nil, err
		}
		sealed = ring.SealNames(inherit)
	}
	text, err := a.store.Meta(ctx, metaKeys)
	if err != nil {
		return nil, err
	}
	opened, err := openKeys(ring, sealed, text, now)
	if err != nil {
		return nil, err
	}
	a.keys = opened.state
	return opened.ring, a.storeKeys(ctx, opened.sealed)
}

// openedKeys is what openKeys finds.
type openedKeys struct {
	ring   *secret.Keyring
	sealed []byte // the name key, by the first key
	state  keyState
}

// openKeys judges a ring by what the database keeps of its keys. The error is a *KeyError, or says that the state is not readable.
func openKeys(ring *secret.Keyring, sealed, state []byte, now time.Time) (openedKeys, error) {
	var before keyState
	if len(state) > 0 {
		if err := json.Unmarshal(state, &before); err != nil {
			return openedKeys{}, fmt.Errorf("the state of the keys: %w", err)
		}
	}
	named, fresh, err := ring.OpenNames(sealed)
	if err != nil {
		return openedKeys{}, errForeignKeys
	}
	after, err := before.next(ring.IDs(), now)
	return openedKeys{ring: named, sealed: fresh, state: after}, err
}

func (a *App) storeKeys(ctx context.Context, sealed []byte) error {
	text, err := json.Marshal(a.keys)
	if err != nil {
		return err
	}
	values := map[string][]byte{metaKeys: text}
	if sealed != nil {
		values[metaNames] = sealed
	}
	return a.store.SetMeta(ctx, values)
}

// sealAnew seals by the first key what retired keys sealed, and notes that they are not needed for it any more. Of several instances
// each does so at its start, since the others may have sealed by the old key until theirs.
func (a *App) sealAnew(ctx context.Context, ring *secret.Keyring) {
	waits := func(key retiredKey) bool { return !key.Anew || a.owner != nil }
	if !slices.ContainsFunc(a.keys.Retired, waits) {
		return
	}
	err := a.store.Reseal(ctx, func(kind outbox.Sealed, data []byte) ([]byte, error) { return outbox.Reseal(ring, kind, data) })
	if err == nil {
		err = a.jobs.Reseal(ctx, ring)
	}
	if err == nil {
		err = a.log.Reseal(ctx)
	}
	if err == nil {
		err = a.store.Exclusive(ctx, a.noteAnew)
	}
	switch {
	case err == nil:
		a.logger.InfoContext(ctx, "sealed anew with the first key", slog.Time("old_keys_until", a.keys.waits()))
	case !errors.Is(err, context.Canceled): // the next start tries again
		a.logger.ErrorContext(ctx, "what an old key sealed cannot be sealed anew", slog.Any("error", err))
	}
}

// keepKeyEvery is how often an instance says that it still seals by a key that is not the first any more.
const keepKeyEvery = time.Hour

// keepKey sees to it until ctx ends that the key by which this instance seals counts as in use, although others seal by another one by
// now: the last instance may be restarted long after the first.
func (a *App) keepKey(ctx context.Context, id string) {
	ticker := time.NewTicker(keepKeyEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if err := a.store.Exclusive(ctx, func(ctx context.Context) error { return a.noteSealing(ctx, id) }); err != nil {
			a.logger.WarnContext(ctx, "the database cannot be told that a key is in use", slog.Any("error", err))
		}
	}
}

// noteSealing notes that this instance seals by the key id.
func (a *App) noteSealing(ctx context.Context, id string) error {
	text, err := a.store.Meta(ctx, metaKeys)
	if err != nil {
		return err
	}
	var now keyState
	if err := json.Unmarshal(text, &now); err != nil {
		return fmt.Errorf("the state of the keys: %w", err)
	}
	now, changed := now.sealing(id, time.Now())
	if !changed {
		return nil
	}
	if text, err = json.Marshal(now); err != nil {
		return err
	}
	return a.store.SetMeta(ctx, map[string][]byte{metaKeys: text})
}

// noteAnew notes that the keys that were retired when this instance began are not needed any more; others may have been since.
func (a *App) noteAnew(ctx context.Context) error {
	text, err := a.store.Meta(ctx, metaKeys)
	if err != nil {
		return err
	}
	var now keyState
	if err := json.Unmarshal(text, &now); err != nil {
		return fmt.Errorf("the state of the keys: %w", err)
	}
	if now.First != a.keys.First { // another instance seals by another key by now
		return nil
	}
	for i := range now.Retired {
		now.Retired[i].Anew = now.Retired[i].Anew || slices.ContainsFunc(a.keys.Retired, func(key retiredKey) bool {
			return key.ID == now.Retired[i].ID
		})
	}
	a.keys = now
	return a.storeKeys(ctx, nil)
}
