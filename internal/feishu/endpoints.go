package feishu

import (
	"net/http"
	"net/url"
	"strings"
)

// API is one endpoint of the Open API: where it is, how often one app may call it, and whether repeating it is harmless.
// The values are Feishu's documentation as data; they never change at run time.
type API struct {
	Name      string // metric label and log attribute
	Method    string
	Path      string // below /open-apis, parameters as :name
	PerSecond int    // calls an app and tenant, 0 for no such limit
	PerMinute int    // calls an app and tenant, 0 for no such limit
	Read      bool   // changes nothing, so the client itself may repeat it
	quota     string // limits counted together with all other endpoints of this quota; "" means with none
	serial    bool   // at most one call in flight an app
}

const (
	tablePath  = "/bitable/v1/apps/:app_token/tables/:table_id"
	recordPath = tablePath + "/records"
	mediaPath  = "/drive/v1/medias"

	// mediaQuota: all upload calls share 5 calls a second, one at a time.
	mediaQuota = "media_upload"
)

// The endpoints that have a typed call. Rates: https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
// and each endpoint's page.
var (
	apiToken       = &API{Name: "tenant_access_token", Method: http.MethodPost, Path: "/auth/v3/tenant_access_token/internal", Read: true}
	apiBatchCreate = &API{Name: "record_batch_create", Method: http.MethodPost, Path: recordPath + "/batch_create", PerSecond: 50}
	apiBatchUpdate = &API{Name: "record_batch_update", Method: http.MethodPost, Path: recordPath + "/batch_update", PerSecond: 50}
	apiBatchDelete = &API{Name: "record_batch_delete", Method: http.MethodPost, Path: recordPath + "/batch_delete", PerSecond: 50}
	apiBatchGet    = &API{Name: "record_batch_get", Method: http.MethodPost, Path: recordPath + "/batch_get", PerSecond: 20, Read: true}
	apiSearch      = &API{Name: "record_search", Method: http.MethodPost, Path: recordPath + "/search", PerSecond: 20, Read: true}
	apiListFields  = &API{Name: "field_list", Method: http.MethodGet, Path: tablePath + "/fields", PerSecond: 20, Read: true}
	apiCreateField = &API{Name: "field_create", Method: http.MethodPost, Path: tablePath + "/fields", PerSecond: 10}
	apiListTables  = &API{Name: "table_list", Method: http.MethodGet, Path: "/bitable/v1/apps/:app_token/tables", PerSecond: 20, Read: true}
	apiCreateTable = &API{Name: "table_create", Method: http.MethodPost, Path: "/bitable/v1/apps/:app_token/tables", PerSecond: 10}
	apiListViews   = &API{Name: "view_list", Method: http.MethodGet, Path: tablePath + "/views", PerSecond: 20, Read: true}
	apiGetApp      = &API{Name: "app_get", Method: http.MethodGet, Path: "/bitable/v1/apps/:app_token", PerSecond: 20, Read: true}
	apiGetNode     = &API{Name: "wiki_get_node", Method: http.MethodGet, Path: "/wiki/v2/spaces/get_node", PerMinute: 100, Read: true}
	apiBatchGetID  = &API{Name: "user_batch_get_id", Method: http.MethodPost, Path: "/contact/v3/users/batch_get_id", PerSecond: 50, PerMinute: 1000, Read: true}

	apiUploadAll     = &API{Name: "media_upload_all", Method: http.MethodPost, Path: mediaPath + "/upload_all", PerSecond: 5, quota: mediaQuota, serial: true}
	apiUploadPrepare = &API{Name: "media_upload_prepare", Method: http.MethodPost, Path: mediaPath + "/upload_prepare", PerSecond: 5, quota: mediaQuota, serial: true}
	apiUploadPart    = &API{Name: "media_upload_part", Method: http.MethodPost, Path: mediaPath + "/upload_part", PerSecond: 5, quota: mediaQuota, serial: true}
	apiUploadFinish  = &API{Name: "media_upload_finish", Method: http.MethodPost, Path: mediaPath + "/upload_finish", PerSecond: 5, quota: mediaQuota, serial: true}
)

// apis is every endpoint the client can send to: the typed ones, and those of the same shape that are only forwarded.
var apis = []*API{
	apiBatchCreate, apiBatchUpdate, apiBatchDelete, apiBatchGet, apiSearch,
	apiListFields, apiCreateField, apiListTables, apiCreateTable, apiListViews, apiGetApp, apiGetNode, apiBatchGetID,
	apiUploadAll, apiUploadPrepare, apiUploadPart, apiUploadFinish,
	{Name: "record_create", Method: http.MethodPost, Path: recordPath, PerSecond: 50},
	{Name: "record_list", Method: http.MethodGet, Path: recordPath, PerSecond: 20, Read: true},
	{Name: "record_get", Method: http.MethodGet, Path: recordPath + "/:record_id", PerSecond: 20, Read: true},
	{Name: "record_update", Method: http.MethodPut, Path: recordPath + "/:record_id", PerSecond: 50},
	{Name: "record_delete", Method: http.MethodDelete, Path: recordPath + "/:record_id", PerSecond: 50},
	{Name: "field_update", Method: http.MethodPut, Path: tablePath + "/fields/:field_id", PerSecond: 10},
	{Name: "field_delete", Method: http.MethodDelete, Path: tablePath + "/fields/:field_id", PerSecond: 10},
	{Name: "table_update", Method: http.MethodPatch, Path: tablePath, PerSecond: 10},
	{Name: "table_delete", Method: http.MethodDelete, Path: tablePath, PerSecond: 10},
	{Name: "table_batch_create", Method: http.MethodPost, Path: "/bitable/v1/apps/:app_token/tables/batch_create", PerSecond: 10},
	{Name: "table_batch_delete", Method: http.MethodPost, Path: "/bitable/v1/apps/:app_token/tables/batch_delete", PerSecond: 10},
	{Name: "view_create", Method: http.MethodPost, Path: tablePath + "/views", PerSecond: 10},
	{Name: "view_get", Method: http.MethodGet, Path: tablePath + "/views/:view_id", PerSecond: 20, Read: true},
	{Name: "view_update", Method: http.MethodPatch, Path: tablePath + "/views/:view_id", PerSecond: 10},
	{Name: "view_delete", Method: http.MethodDelete, Path: tablePath + "/views/:view_id", PerSecond: 10},
}

// Match finds the endpoint of method and path (below /open-apis, e.g. "/bitable/v1/apps/x/tables") and the values of its
// path parameters in order. A literal segment wins over a parameter. ok is false for an endpoint the client does not know.
func Match(method, path string) (api *API, params []string, ok bool) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for _, candidate := range apis {
		if candidate.Method != method {
			continue
		}
		if values, fits := matchPath(candidate.Path, segments); fits && (api == nil || len(values) < len(params)) {
			api, params = candidate, values
		}
	}
	return api, params, api != nil
}

func matchPath(pattern string, segments []string) (values []string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(pattern, "/"), "/")
	if len(parts) != len(segments) {
		return nil, false
	}
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, ":"):
			if !isPathValue(segments[i]) {
				return nil, false
			}
			values = append(values, segments[i])
		case part != segments[i]:
			return nil, false
		}
	}
	return values, true
}

// expand puts values in place of the path parameters, in order; ok is false if one is missing or no token of Feishu's.
func (a *API) expand(values []string) (path string, ok bool) {
	var b strings.Builder
	b.WriteString("/open-apis")
	for part := range strings.SplitSeq(strings.TrimPrefix(a.Path, "/"), "/") {
		b.WriteByte('/')
		if !strings.HasPrefix(part, ":") {
			b.WriteString(part)
			continue
		}
		if len(values) == 0 || !isPathValue(values[0]) {
			return "", false
		}
		b.WriteString(values[0])
		values = values[1:]
	}
	return b.String(), len(values) == 0
}

// maxPathValue bounds a path parameter in bytes; Feishu's own bound is 100 for an app_token and 50 for a table_id.
const maxPathValue = 100

// isPathValue reports whether s can be a token or id of Feishu's: nothing that could change the path.
func isPathValue(s string) bool {
	if s == "" || len(s) > maxPathValue {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// limitKey names what the endpoint's rate is counted under.
func (a *API) limitKey() string {
	if a.quota != "" {
		return a.quota
	}
	return a.Name
}

// query builds a query string from name, value pairs and leaves out empty values.
func query(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return values
}
