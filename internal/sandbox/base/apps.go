package base

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/sandbox/core"
	"github.com/rowgate/rowgate/internal/sandbox/state"
)

// Limits of a base, and what a new one holds.
const (
	maxAppNameChars = 255
	DefaultRows     = 5 // blank rows of the table that a new base begins with; community figure
)

func createApp(c *core.Call) (any, *core.Failure) {
	var body struct {
		Name        string `json:"name"`
		FolderToken string `json:"folder_token"`
		TimeZone    string `json:"time_zone"`
	}
	if len(c.Body) > 0 {
		if f := c.Decode(&body); f != nil {
			return nil, f
		}
	}
	if utf8.RuneCountInString(body.Name) > maxAppNameChars {
		return nil, core.Fail(1254031)
	}
	if _, err := time.LoadLocation(body.TimeZone); err != nil {
		return nil, core.Violation("time_zone", body.TimeZone, "time_zone is not an IANA name")
	}
	if f := checkFolder(c, body.FolderToken); f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	made, err := c.Store.AddBase(state.BaseSpec{Name: body.Name, TimeZone: body.TimeZone, Collaborators: []string{c.AppID}})
	if err != nil {
		return nil, core.Fail(1254002)
	}
	made.Lock()
	defer made.Unlock()
	t, f := NewTable(c.Store, made, state.TableSpec{Name: "数据表", Fields: []state.FieldSpec{
		{Name: "文本", Type: state.TypeText},
		{Name: "单选", Type: state.TypeSingleSelect},
		{Name: "日期", Type: state.TypeDate},
		{Name: "附件", Type: state.TypeAttachment},
	}}, "", true)
	if f != nil {
		return nil, f
	}
	made.Insert(t)
	t.AddBlankRows(c.Store, DefaultRows)
	made.Revision++
	c.Committed = true
	return map[string]any{"app": map[string]any{
		"app_token": made.Spec.Token, "name": body.Name, "folder_token": body.FolderToken, "default_table_id": t.ID,
		"time_zone": made.Spec.TimeZone, "url": "https://example.feishu.cn/base/" + made.Spec.Token,
	}}, nil
}

// checkFolder lets an app make a base in its root folder ("") and in the folders that it has made.
func checkFolder(c *core.Call, token string) *core.Failure {
	owns := func(id string) bool {
		app := c.Store.App(id)
		return app != nil && slices.Contains(app.Spec.Load().Folders, token)
	}
	switch {
	case token == "", owns(c.AppID):
		return nil
	case slices.ContainsFunc(c.Store.AppIDs(), owns):
		return core.Fail(1254701)
	}
	return core.Fail(1254702)
}

func getApp(c *core.Call) (any, *core.Failure) {
	b, f := openBase(c, false)
	if f != nil {
		return nil, f
	}
	end, f := c.Begin(nil, 0)
	if f != nil {
		return nil, f
	}
	defer end()
	b.RLock()
	defer b.RUnlock()
	return map[string]any{"app": map[string]any{
		"app_token": b.Spec.Token, "name": b.Name, "revision": b.Revision, "is_advanced": b.Spec.Advanced,
		"time_zone": b.Spec.TimeZone, "formula_type": 1, "advance_version": "v2",
	}}, nil
}

// updateApp renames a base. Turning advanced permissions on or off is not simulated: seed it with BaseSpec.Advanced.
func updateApp(c *core.Call) (any, *core.Failure) {
	var body struct {
		Name string `json:"name"`
	}
	if f := c.Decode(&body); f != nil {
		return nil, f
	}
	return changeBase(c, func(b *state.Base) (any, *core.Failure) {
		if body.Name == "" || utf8.RuneCountInString(body.Name) > maxAppNameChars {
			return nil, core.Fail(1254031)
		}
		b.Name = body.Name
		b.Revision++
		return map[string]any{"app": map[string]any{"app_token": b.Spec.Token, "name": b.Name, "is_advanced": b.Spec.Advanced}}, nil
	})
}
