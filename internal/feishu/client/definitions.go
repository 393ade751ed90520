package client

import (
	"context"
	"encoding/json"

	"github.com/rowgate/rowgate/internal/feishu"
)

// ListDefinitions returns every column of the table as UpdateField takes it.
func (c *Client) ListDefinitions(ctx context.Context, table feishu.TableRef) ([]feishu.FieldDefinition, error) {
	return list[feishu.FieldDefinition](ctx, c, table.App, feishu.APIListFields, table.AppToken, table.TableID)
}

// UpdateField replaces the definition of the column field.ID and returns the column as it is then. A description goes along as it is
// and leaves the questions of forms alone.
func (c *Client) UpdateField(ctx context.Context, table feishu.TableRef, field *feishu.FieldDefinition) (feishu.Field, error) {
	type description struct {
		DisableSync bool                    `json:"disable_sync"`
		Text        feishu.FieldDescription `json:"text"`
	}
	body := struct {
		Name        string           `json:"field_name"`
		Type        feishu.FieldType `json:"type"`
		UIType      string           `json:"ui_type,omitempty"`
		Property    json.RawMessage  `json:"property,omitempty"`
		Description *description     `json:"description,omitempty"`
	}{Name: field.Name, Type: field.Type, UIType: field.UIType}
	if string(field.Property) != "null" {
		body.Property = field.Property
	}
	if field.Description != "" {
		body.Description = &description{DisableSync: true, Text: field.Description}
	}
	var data struct {
		Field feishu.Field `json:"field"`
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return feishu.Field{}, feishu.APIUpdateField.NewError(feishu.ClassAccess, "the property is not valid JSON", err)
	}
	params := []string{table.AppToken, table.TableID, field.ID}
	err = c.Do(ctx, table.App, feishu.Call{API: feishu.APIUpdateField, Params: params, Body: encoded, Out: &data})
	return data.Field, err
}

// CreateView makes a view of a kind (grid, kanban, gallery, gantt, form) that shows every row. It takes no client token: names of views
// are unique in a table.
func (c *Client) CreateView(ctx context.Context, table feishu.TableRef, name, kind string) (feishu.View, error) {
	body := mustJSON(struct {
		Name string `json:"view_name"`
		Type string `json:"view_type"`
	}{name, kind})
	var data struct {
		View feishu.View `json:"view"`
	}
	err := c.Do(ctx, table.App, tableCall(table, feishu.APICreateView, body, nil, &data))
	return data.View, err
}

// FilterView gives a view a filter in place of the one that it has.
func (c *Client) FilterView(ctx context.Context, table feishu.TableRef, viewID string, filter *feishu.ViewFilter) error {
	type property struct {
		Filter *feishu.ViewFilter `json:"filter_info"`
	}
	body := mustJSON(struct {
		Property property `json:"property"`
	}{property{filter}})
	params := []string{table.AppToken, table.TableID, viewID}
	return c.Do(ctx, table.App, feishu.Call{API: feishu.APIUpdateView, Params: params, Body: body})
}

// DeleteView deletes a view; the rows that it showed stay.
func (c *Client) DeleteView(ctx context.Context, table feishu.TableRef, viewID string) error {
	return c.Do(ctx, table.App, feishu.Call{API: feishu.APIDeleteView, Params: []string{table.AppToken, table.TableID, viewID}})
}

// CreateApp makes a base with one table in a folder of the app's own; "" is its root folder. It takes no client token: after a lost
// answer nobody can tell whether there is one more base.
func (c *Client) CreateApp(ctx context.Context, app feishu.App, name, folderToken string) (feishu.NewApp, error) {
	body := mustJSON(struct {
		Name        string `json:"name"`
		FolderToken string `json:"folder_token,omitempty"`
	}{name, folderToken})
	var data struct {
		App feishu.NewApp `json:"app"`
	}
	err := c.Do(ctx, app, feishu.Call{API: feishu.APICreateApp, Body: body, Out: &data})
	return data.App, err
}
