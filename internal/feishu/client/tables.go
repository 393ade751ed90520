package client

import (
	"context"
	"strconv"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Bounds of the lists: a table has at most 300 columns and 200 views, a base 100 tables.
const (
	listPageSize = 100
	maxListPages = 20
)

// ListFields returns every column of the table.
func (c *Client) ListFields(ctx context.Context, table feishu.TableRef) ([]feishu.Field, error) {
	return list[feishu.Field](ctx, c, table.App, feishu.APIListFields, table.AppToken, table.TableID)
}

// ListViews returns every view of the table.
func (c *Client) ListViews(ctx context.Context, table feishu.TableRef) ([]feishu.View, error) {
	return list[feishu.View](ctx, c, table.App, feishu.APIListViews, table.AppToken, table.TableID)
}

// ListTables returns every table of the base.
func (c *Client) ListTables(ctx context.Context, app feishu.App, appToken string) ([]feishu.Table, error) {
	return list[feishu.Table](ctx, c, app, feishu.APIListTables, appToken)
}

// list reads all pages. Only has_more ends a list: a last page may carry a page_token.
func list[T any](ctx context.Context, c *Client, app feishu.App, api *feishu.API, params ...string) ([]T, error) {
	var all []T
	token := ""
	for range maxListPages {
		var page struct {
			Items     []T    `json:"items"`
			HasMore   bool   `json:"has_more"`
			PageToken string `json:"page_token"`
		}
		call := feishu.Call{API: api, Params: params, Query: query("page_size", strconv.Itoa(listPageSize), "page_token", token), Out: &page}
		if err := c.Do(ctx, app, call); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if !page.HasMore {
			return all, nil
		}
		token = page.PageToken
	}
	return nil, api.NewError(feishu.ClassCapacity, "the list has too many pages", nil)
}

// CreateField adds a column and returns it as Feishu made it. With a clientToken (uuid v4) a repeat makes no second one.
func (c *Client) CreateField(ctx context.Context, table feishu.TableRef, field feishu.Field, clientToken string) (feishu.Field, error) {
	var data struct {
		Field feishu.Field `json:"field"`
	}
	err := c.Do(ctx, table.App, tableCall(table, feishu.APICreateField, mustJSON(newField(field)), query("client_token", clientToken), &data))
	return data.Field, err
}

// DeleteField deletes a column with its values.
func (c *Client) DeleteField(ctx context.Context, table feishu.TableRef, fieldID string) error {
	return c.Do(ctx, table.App, feishu.Call{API: feishu.APIDeleteField, Params: []string{table.AppToken, table.TableID, fieldID}})
}

// CreateTable makes a table of these columns, the first of them the primary one; it returns the ids of both, in order.
func (c *Client) CreateTable(
	ctx context.Context, app feishu.App, appToken, name string, fields []feishu.Field,
) (tableID string, fieldIDs []string, err error) {
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
	err = c.Do(ctx, app, feishu.Call{
		API: feishu.APICreateTable, Params: []string{appToken}, Body: mustJSON(map[string]any{"table": body}), Out: &data,
	})
	return data.TableID, data.FieldIDs, err
}

// fieldDef is the part of a Field that a new column is made of.
type fieldDef struct {
	Name     string                `json:"field_name"`
	Type     feishu.FieldType      `json:"type"`
	UIType   string                `json:"ui_type,omitempty"`
	Property *feishu.FieldProperty `json:"property,omitempty"`
}

func newField(f feishu.Field) fieldDef { return fieldDef{f.Name, f.Type, f.UIType, f.Property} }

// GetApp returns the name, time zone and revision of a base.
func (c *Client) GetApp(ctx context.Context, app feishu.App, appToken string) (feishu.AppInfo, error) {
	var data struct {
		App feishu.AppInfo `json:"app"`
	}
	err := c.Do(ctx, app, feishu.Call{API: feishu.APIGetApp, Params: []string{appToken}, Out: &data})
	return data.App, err
}

// GetNode resolves the token of a wiki link: a base's app_token is the node's ObjToken if its ObjType is bitable.
func (c *Client) GetNode(ctx context.Context, app feishu.App, token string) (feishu.Node, error) {
	var data struct {
		Node feishu.Node `json:"node"`
	}
	err := c.Do(ctx, app, feishu.Call{API: feishu.APIGetNode, Query: query("token", token), Out: &data})
	return data.Node, err
}

// MaxContacts bounds the emails, and the mobiles, of one BatchGetID.
const MaxContacts = 50

// BatchGetID looks up people by email and mobile; a Contact without UserID is nobody's.
func (c *Client) BatchGetID(ctx context.Context, app feishu.App, emails, mobiles []string, userIDType string) ([]feishu.Contact, error) {
	body := mustJSON(struct {
		Emails  []string `json:"emails,omitempty"`
		Mobiles []string `json:"mobiles,omitempty"`
	}{emails, mobiles})
	var data struct {
		Users []feishu.Contact `json:"user_list"`
	}
	err := c.Do(ctx, app, feishu.Call{API: feishu.APIBatchGetID, Query: query("user_id_type", userIDType), Body: body, Out: &data})
	return data.Users, err
}
