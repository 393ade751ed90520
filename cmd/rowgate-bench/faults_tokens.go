package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// Between two changes of what Feishu does with client tokens.
const (
	tokensLeast = 20 * time.Millisecond
	tokensMost  = 200 * time.Millisecond
)

// switchTokens changes again and again, at random, what Feishu answers to a client token that it has seen, and lets it forget those that
// it knows, until the callers have finished. No documented rule says which of these Feishu does, so a create has to land once under each.
func (f *faultRun) switchTokens(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-f.progress:
			cancel()
		case <-ctx.Done():
		}
	}()
	modes := []sandbox.ClientTokenMode{
		sandbox.ClientTokenReplay, sandbox.ClientTokenConflict, sandbox.ClientTokenRepeat, sandbox.ClientTokenForget,
	}
	for wait(ctx, tokensLeast+rand.N(tokensMost-tokensLeast)) {
		if err := f.tokens(modes[rand.N(len(modes))]); err != nil {
			return err
		}
		if rand.N(2) == 0 {
			f.environment.feishu.ForgetClientTokens()
			f.forgot++
		}
	}
	return nil
}

// tokens says what Feishu does with a client token that it has seen.
func (f *faultRun) tokens(mode sandbox.ClientTokenMode) error {
	options := f.environment.feishu.Options()
	options.ClientToken = mode
	f.switched++
	return f.environment.feishu.SetOptions(options)
}
