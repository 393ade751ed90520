package openapi

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

func TestProfile_counts_what_an_importer_does_not_take(t *testing.T) {
	t.Parallel()
	type empty struct{}
	var catalogue tool.Catalogue
	for i := range MaxActions + 1 {
		catalogue = append(catalogue, tool.Define[tool.Connection, empty](tool.Meta{
			Name: fmt.Sprint("tool_", i), Path: fmt.Sprint("/v1/", i), Family: tool.Records, Title: problem.Text{ZH: "一", EN: "One"},
		}, func(context.Context, *tool.Connection) (tool.Answer, error) { return tool.Answer{}, nil }))
	}
	for tools, whole := range map[int]bool{MaxActions: true, MaxActions + 1: false} {
		profiles, err := renderProfiles(catalogue[:tools], Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := &Documents{Profiles: profiles, Operations: tools}
		data, err := d.Profile(ProfileActions)
		if whole != (err == nil) || whole != (len(data) > 0) {
			t.Errorf("%d tools: %d bytes, %v", tools, len(data), err)
		}
		if !whole && (problem.From(err).Code != problem.BadParameter || !strings.Contains(err.Error(), "select 31 operations")) {
			t.Errorf("%d tools: %v", tools, err)
		}
		if _, err := d.Profile(ProfileDify); err != nil {
			t.Errorf("%d tools: %v", tools, err)
		}
	}
}
