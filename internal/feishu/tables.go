package feishu

import (
	"context"
	"strconv"
)

// Bounds of the lists: a table has at most 300 columns and 200 views, a base 100 tables.
const (
	listPageSize = 100
	maxListPages = 20
)

// ListFields returns every column of the table.
func (c *Client) ListFields(ctx context.Context, table TableRef) ([]Field, error) {
	return list[Field](ctx, c, table.App, apiListFields, table.AppToken, table.TableID)
}

// ListViews returns every view of the table.
func (c *Client) ListViews(ctx context.Context, table TableRef) ([]View, error) {
	return list[View](ctx, c, table.App, apiListViews, table.AppToken, table.TableID)
}

// ListTables returns every table of the base.
func (c *Client) ListTables(ctx context.Context, app App, appToken string) ([]Table, error) {
	return list[Table](ctx, c, app, apiListTables, appToken)
}

// list reads all pages. Only has_more ends a list: a last page may carry a page_token.
func list[T any](ctx context.Context, c *Client, app App, api *API, params ...string) ([]T, error) {
	var all []T
	token := ""
	for range maxListPages {
		var page struct {
			Items     []T    `json:"items"`
			HasMore   bool   `json:"has_more"`
			PageToken string `json:"page_token"`
		}
		call := Call{API: api, Params: params, Query: query("page_size", strconv.Itoa(listPageSize), "page_token", token), Out: &page}
		if err := c.Do(ctx, app, call); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if !page.HasMore {
			return all, nil
		}
		token = page.PageToken
	}
	return nil, api.fail(ClassCapacity, "the list has too many pages", nil)
}

// CreateField adds a column and returns it as Feishu made it. With a clientToken (uuid v4) a repeat makes no second one.
func (c *Client) CreateField(ctx context.Context, table TableRef, field Field, clientToken string) (Field, error) {
	var data struct {
		Field Field `json:"field"`
	}
	err := c.Do(ctx, table.App, table.call(apiCreateField, mustJSON(newField(field)), query("client_token", clientToken), &data))
	return data.Field, err
}

// CreateTable makes a table of these columns, the first of them the primary one; it returns the ids of both, in order.
func (c *Client) CreateTable(ctx context.Context, app App, appToken, name string, fields []Field) (tableID string, fieldIDs []string, err error) {
	type table struct {
		Name   string     `json:"name"`
		Fields []fieldDef `json:"fields,omitempty"`
	}
	body := table{Name: name}
	for _, field := range fields {
		body.Fields = append(body.Fields, newField(field))
	}
	var data struct {
		TableID  string   `json:"table_id"`
		FieldIDs []string `json:"field_id_list"`
	}
	err = c.Do(ctx, app, Call{API: apiCreateTable, Params: []string{appToken}, Body: mustJSON(map[string]any{"table": body}), Out: &data})
	return data.TableID, data.FieldIDs, err
}

// fieldDef is the part of a Field that a new column is made of.
type fieldDef struct {
	Name     string         `json:"field_name"`
	Type     FieldType      `json:"type"`
	UIType   string         `json:"ui_type,omitempty"`
	Property *FieldProperty `json:"property,omitempty"`
}

func newField(f Field) fieldDef { return fieldDef{f.Name, f.Type, f.UIType, f.Property} }

// GetApp returns what the base says of itself.
func (c *Client) GetApp(ctx context.Context, app App, appToken string) (AppInfo, error) {
	var data struct {
		App AppInfo `json:"app"`
	}
	err := c.Do(ctx, app, Call{API: apiGetApp, Params: []string{appToken}, Out: &data})
	return data.App, err
}

// GetNode resolves the token of a wiki link: a base's app_token is the node's ObjToken if its ObjType is bitable.
func (c *Client) GetNode(ctx context.Context, app App, token string) (Node, error) {
	var data struct {
		Node Node `json:"node"`
	}
	err := c.Do(ctx, app, Call{API: apiGetNode, Query: query("token", token), Out: &data})
	return data.Node, err
}

// MaxContacts bounds the emails, and the mobiles, of one BatchGetID.
const MaxContacts = 50

// BatchGetID looks up people by email and mobile; a Contact without UserID is nobody's.
func (c *Client) BatchGetID(ctx context.Context, app App, emails, mobiles []string, userIDType string) ([]Contact, error) {
	body := mustJSON(struct {
		Emails  []string `json:"emails,omitempty"`
		Mobiles []string `json:"mobiles,omitempty"`
	}{emails, mobiles})
	var data struct {
		Users []Contact `json:"user_list"`
	}
	err := c.Do(ctx, app, Call{API: apiBatchGetID, Query: query("user_id_type", userIDType), Body: body, Out: &data})
	return data.Users, err
}
