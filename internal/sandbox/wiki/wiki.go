package wiki

import (
	_ "embed"
	"slices"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

//go:embed codes.tsv
var codes string

// Family is wiki/v2: which base is on a page.
func Family() core.Family {
	return core.Family{Name: "wiki", Codes: codes, Scopes: []string{"wiki:wiki:readonly"}, Routes: []*core.Route{
		{
			Name: "wiki.get_node", Method: "GET", Path: "/wiki/v2/spaces/get_node", Handle: getNode,
			Rates: core.PerMinute(100), Scopes: []string{"wiki:node:read", "wiki:wiki", "wiki:wiki:readonly"},
		},
	}}
}

// getNode resolves a wiki page, or a base's own token with obj_type=bitable.
func getNode(c *core.Call) (any, *core.Failure) {
	params := c.Request.URL.Query()
	token, kind := params.Get("token"), params.Get("obj_type")
	if token == "" {
		return nil, core.Violation("token", "", "token is required")
	}
	end, f := c.Begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	var b *state.Base
	switch kind {
	case "", "wiki":
		b = c.Store.Node(token)
	case "bitable":
		b = c.Store.Base(token)
	case "doc", "docx", "sheet", "mindnote", "file", "slides":
	default:
		return nil, core.Fail(131002)
	}
	switch {
	case b == nil || b.Spec.WikiNode == "":
		return nil, core.Fail(131005)
	case !slices.Contains(b.Spec.Collaborators, c.AppID) && !slices.Contains(b.Spec.Readers, c.AppID):
		return nil, core.Fail(131006)
	}
	b.RLock()
	defer b.RUnlock()
	return map[string]any{"node": map[string]any{
		"space_id": "7000000000000000001", "node_token": b.Spec.WikiNode, "obj_token": b.Spec.Token, "obj_type": "bitable",
		"parent_node_token": "", "node_type": "origin", "origin_node_token": b.Spec.WikiNode, "origin_space_id": "7000000000000000001",
		"has_child": false, "title": b.Name, "obj_create_time": "1700000000", "obj_edit_time": "1700000000",
		"node_create_time": "1700000000", "creator": "ou_sandbox", "owner": "ou_sandbox", "node_creator": "ou_sandbox",
	}}, nil
}
