package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// sandboxCmd runs the simulator; bases, apps, faults and latency are set over its admin API.
type sandboxCmd struct {
	Listen     string        `default:"127.0.0.1:9090" help:"Address to listen on."`
	WriteDelay time.Duration `default:"0s" help:"Latency of each writing call."`
	ReadDelay  time.Duration `default:"0s" help:"Latency of each reading call."`
	Empty      bool          `help:"Start without the sample base."`
}

// sandboxHeaderTimeout bounds how long a client may take over its request's header.
const sandboxHeaderTimeout = 10 * time.Second

func (c *sandboxCmd) Run(ctx context.Context, s streams) error {
	sb, err := sandbox.New(sandbox.Options{
		Write: sandbox.Latency{PerCall: c.WriteDelay}, Read: sandbox.Latency{PerCall: c.ReadDelay},
	})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	_, _ = fmt.Fprintf(s.out, "Feishu simulator: %s (admin API: %s/sandbox/)\n", base, base)
	if !c.Empty {
		sample, err := newSample(sb)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.out, "app_id %s  app_secret %s  app_token %s  table_id %s\n", sampleAppID, sample.secret, sampleBase, sample.videos)
	}
	_, _ = fmt.Fprintf(s.out, "\nFEISHU_BASE_URL=%s rowgate serve\n", base)
	server := &http.Server{Handler: sb, ReadHeaderTimeout: sandboxHeaderTimeout}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
