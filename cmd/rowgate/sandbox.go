package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// sandboxCmd runs the simulator; bases, apps, faults and latency are set over its admin API.
type sandboxCmd struct {
	Listen     string        `default:"127.0.0.1:9090" help:"Address to listen on."`
	WriteDelay time.Duration `default:"0s" help:"Latency of each writing call."`
	ReadDelay  time.Duration `default:"0s" help:"Latency of each reading call."`
	AppID      string        `name:"app-id" default:"cli_example" help:"app_id of the sample base's app."`
	AppSecret  string        `default:"sandboxSecretExample" help:"app_secret of the sample base's app."`
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
		return listenError(c.Listen, err)
	}
	says, err := c.fill(sb, "http://"+listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	_, _ = fmt.Fprint(s.out, says)
	server := &http.Server{Handler: sb, ReadHeaderTimeout: sandboxHeaderTimeout}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listenError adds to a taken address what to do about it.
func listenError(address string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	return fmt.Errorf("%w\n"+
		"%s is used by another program, perhaps another simulator: stop that one, or choose an address with --listen 127.0.0.1:0\n"+
		"%s 已被另一个程序占用（也许是另一个模拟器）：停掉它，或用 --listen 127.0.0.1:0 换一个地址", err, address, address)
}

// fill makes the sample base, unless it is not wanted, and returns what a person needs to know of the simulator at that URL.
func (c *sandboxCmd) fill(sb *sandbox.Sandbox, url string) (string, error) {
	says := fmt.Sprintf("Feishu simulator: %s  (bases, rows and admin API: %s/sandbox/)\n", url, url)
	if c.Empty {
		return says + fmt.Sprintf(`
It is empty. Add an app and a base; the answer names the app_token and the table_ids:

curl %[1]s/sandbox/apps -d '{"app_id":"cli_example","app_secret":"sandboxSecretExample"}'
curl %[1]s/sandbox/bases -d '{"name":"视频","collaborators":["cli_example"],
  "tables":[{"name":"视频","fields":[{"field_name":"标题","type":1}]}]}'

Then start the service:

export FEISHU_BASE_URL=%[1]s
%[2]s
`, url, serveCommand()), nil
	}
	sample, err := newSampleOf(sb, c.AppID, c.AppSecret)
	if err != nil {
		return "", err
	}
	return says + fmt.Sprintf(`Rows as a page:   %[1]s/sandbox/pages/%[2]s
In a wiki:        https://example.feishu.cn/wiki/%[6]s?table=%[3]s
app_token:        %[2]s
table_id:         %[3]s
personal token:   %[8]s

export FEISHU_BASE_URL=%[1]s
export APP_ID=%[4]s
export APP_SECRET=%[5]s
export TABLE_LINK='https://example.feishu.cn/base/%[2]s?table=%[3]s'
%[7]s
`, url, sampleBase, sample.videos, sample.appID, sample.secret, sampleWiki, serveCommand(), samplePersonal), nil
}

// serveCommand starts the service as the simulator was started: from the source tree or from an installed program.
func serveCommand() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/rowgate serve"
	}
	return os.Args[0] + " serve"
}
