package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/surface/difyplugin"
)

// difyPluginCmd writes the Dify plugin of this service without starting anything.
type difyPluginCmd struct {
	Out      string `default:"rowgate.difypkg" type:"path" help:"File to write."`
	Families string `help:"Families of tools, comma-separated, or all. Default: records."`
}

func (c *difyPluginCmd) Run(_ context.Context, s streams) error {
	families, err := app.Catalogue().ParseFamilies(c.Families)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := difyplugin.Write(&packed, app.Catalogue().Select(families), difyplugin.Options{
		PublicURL: publicURL(s), Version: version(), CreatedAt: builtAt(), Service: app.Catalogue(),
	}); err != nil {
		return err
	}
	if err := os.WriteFile(c.Out, packed.Bytes(), 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: install it in Dify under Plugins → Install plugin → Local package file.\n", c.Out)
	return err
}

// builtAt is the time of the commit that this was built from; of the build, where it was built from none.
func builtAt() time.Time {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, setting := range info.Settings {
			if at, err := time.Parse(time.RFC3339, setting.Value); err == nil && setting.Key == "vcs.time" {
				return at
			}
		}
	}
	return time.Now()
}
