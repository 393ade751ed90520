package sandbox

import (
	"slices"
	"time"
	"unicode/utf8"
)

const (
	maxAppNameChars = 255
	defaultRows     = 5 // blank rows of the table that a new base begins with; community figure
)

func createApp(c *call) (any, *failure) {
	var body struct {
		Name        string `json:"name"`
		FolderToken string `json:"folder_token"`
		TimeZone    string `json:"time_zone"`
	}
	if len(c.body) > 0 {
		if f := c.decode(&body); f != nil {
			return nil, f
		}
	}
	if utf8.RuneCountInString(body.Name) > maxAppNameChars {
		return nil, fail(1254031)
	}
	if _, err := time.LoadLocation(body.TimeZone); err != nil {
		return nil, violation("time_zone", body.TimeZone, "time_zone is not an IANA name")
	}
	end, f := c.begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	made, err := c.store.addBase(BaseSpec{Name: body.Name, TimeZone: body.TimeZone, Collaborators: []string{c.appID}})
	if err != nil {
		return nil, fail(1254002)
	}
	made.mu.Lock()
	defer made.mu.Unlock()
	t, f := newTable(c.store, made, TableSpec{Name: "数据表", Fields: []FieldSpec{
		{Name: "文本", Type: typeText}, {Name: "单选", Type: typeSingleSelect}, {Name: "日期", Type: typeDate}, {Name: "附件", Type: typeAttachment},
	}}, "", true)
	if f != nil {
		return nil, f
	}
	made.insert(t)
	t.addBlankRows(c.store, defaultRows)
	made.revision++
	c.committed = true
	return map[string]any{"app": map[string]any{
		"app_token": made.spec.Token, "name": body.Name, "folder_token": body.FolderToken, "default_table_id": t.id,
		"time_zone": made.spec.TimeZone, "url": "https://example.feishu.cn/base/" + made.spec.Token,
	}}, nil
}

func getApp(c *call) (any, *failure) {
	b, f := openBase(c, false)
	if f != nil {
		return nil, f
	}
	end, f := c.begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.mu.RLock()
	defer b.mu.RUnlock()
	return map[string]any{"app": map[string]any{
		"app_token": b.spec.Token, "name": b.name, "revision": b.revision, "is_advanced": b.spec.Advanced,
		"time_zone": b.spec.TimeZone, "formula_type": 1, "advance_version": "v2",
	}}, nil
}

// updateApp renames a base. Turning advanced permissions on or off is not simulated: seed it with BaseSpec.Advanced.
func updateApp(c *call) (any, *failure) {
	var body struct {
		Name string `json:"name"`
	}
	if f := c.decode(&body); f != nil {
		return nil, f
	}
	return changeBase(c, func(b *base) (any, *failure) {
		if body.Name == "" || utf8.RuneCountInString(body.Name) > maxAppNameChars {
			return nil, fail(1254031)
		}
		b.name = body.Name
		b.revision++
		return map[string]any{"app": map[string]any{"app_token": b.spec.Token, "name": b.name, "is_advanced": b.spec.Advanced}}, nil
	})
}

// getNode resolves a wiki page, or a base's own token with obj_type=bitable.
func getNode(c *call) (any, *failure) {
	params := c.req.URL.Query()
	token, kind := params.Get("token"), params.Get("obj_type")
	if token == "" {
		return nil, violation("token", "", "token is required")
	}
	end, f := c.begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	var b *base
	switch kind {
	case "", "wiki":
		b = c.store.node(token)
	case "bitable":
		b = c.store.base(token)
	case "doc", "docx", "sheet", "mindnote", "file", "slides":
	default:
		return nil, fail(131002)
	}
	switch {
	case b == nil || b.spec.WikiNode == "":
		return nil, fail(131005)
	case !slices.Contains(b.spec.Collaborators, c.appID) && !slices.Contains(b.spec.Readers, c.appID):
		return nil, fail(131006)
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return map[string]any{"node": map[string]any{
		"space_id": "7000000000000000001", "node_token": b.spec.WikiNode, "obj_token": b.spec.Token, "obj_type": "bitable",
		"parent_node_token": "", "node_type": "origin", "origin_node_token": b.spec.WikiNode, "origin_space_id": "7000000000000000001",
		"has_child": false, "title": b.name, "obj_create_time": "1700000000", "creator": "ou_sandbox", "owner": "ou_sandbox",
	}}, nil
}
