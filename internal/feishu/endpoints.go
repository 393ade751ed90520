package feishu

import (
	"iter"
	"net/url"
	"slices"
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
	Quota     string // limits counted together with all other endpoints of this quota; "" means with none
	Serial    bool   // at most one call in flight an app
	Creates   bool   // takes client_token in its query: the same token again creates nothing twice
	File      bool   // answers a file's bytes, not JSON
}

// The methods that the Open API uses. (Only the client imports net/http.)
const (
	methodGet    = "GET"
	methodPost   = "POST"
	methodPut    = "PUT"
	methodPatch  = "PATCH"
	methodDelete = "DELETE"
)

// Call is one call of an endpoint.
type Call struct {
	API    *API
	Params []string   // values of the path parameters, in order
	Query  url.Values // nil for none
	Body   []byte     // JSON; nil for none
	Out    any        // where the answer's data goes; nil if it does not matter
}

const (
	basePath   = "/bitable/v1/apps/:app_token"
	tablePath  = basePath + "/tables/:table_id"
	recordPath = tablePath + "/records"
	mediaPath  = "/drive/v1/medias"

	// mediaQuota: all upload calls share 5 calls a second, one at a time.
	mediaQuota = "media_upload"
)

// The endpoints that have a typed call. Rates: https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
// and each endpoint's page.
var (
	APIToken       = &API{Name: "tenant_access_token", Method: methodPost, Path: "/auth/v3/tenant_access_token/internal", Read: true}
	APIBatchCreate = &API{Name: "record_batch_create", Method: methodPost, Path: recordPath + "/batch_create", PerSecond: 50, Creates: true}
	APIBatchUpdate = &API{Name: "record_batch_update", Method: methodPost, Path: recordPath + "/batch_update", PerSecond: 50}
	APIBatchDelete = &API{Name: "record_batch_delete", Method: methodPost, Path: recordPath + "/batch_delete", PerSecond: 50}
	APIBatchGet    = &API{Name: "record_batch_get", Method: methodPost, Path: recordPath + "/batch_get", PerSecond: 20, Read: true}
	APISearch      = &API{Name: "record_search", Method: methodPost, Path: recordPath + "/search", PerSecond: 20, Read: true}
	APIListFields  = &API{Name: "field_list", Method: methodGet, Path: tablePath + "/fields", PerSecond: 20, Read: true}
	APICreateField = &API{Name: "field_create", Method: methodPost, Path: tablePath + "/fields", PerSecond: 10, Creates: true}
	APIUpdateField = &API{Name: "field_update", Method: methodPut, Path: tablePath + "/fields/:field_id", PerSecond: 10}
	APIDeleteField = &API{Name: "field_delete", Method: methodDelete, Path: tablePath + "/fields/:field_id", PerSecond: 10}
	APIListTables  = &API{Name: "table_list", Method: methodGet, Path: "/bitable/v1/apps/:app_token/tables", PerSecond: 20, Read: true}
	APICreateTable = &API{Name: "table_create", Method: methodPost, Path: "/bitable/v1/apps/:app_token/tables", PerSecond: 10}
	APIListViews   = &API{Name: "view_list", Method: methodGet, Path: tablePath + "/views", PerSecond: 20, Read: true}
	APICreateView  = &API{Name: "view_create", Method: methodPost, Path: tablePath + "/views", PerSecond: 10}
	APIUpdateView  = &API{Name: "view_update", Method: methodPatch, Path: tablePath + "/views/:view_id", PerSecond: 10}
	APIDeleteView  = &API{Name: "view_delete", Method: methodDelete, Path: tablePath + "/views/:view_id", PerSecond: 10}
	APICreateApp   = &API{Name: "app_create", Method: methodPost, Path: "/bitable/v1/apps", PerMinute: 20}
	APIGetApp      = &API{Name: "app_get", Method: methodGet, Path: "/bitable/v1/apps/:app_token", PerSecond: 20, Read: true}
	APIGetNode     = &API{Name: "wiki_get_node", Method: methodGet, Path: "/wiki/v2/spaces/get_node", PerMinute: 100, Read: true}
	APIBatchGetID  = &API{
		Name: "user_batch_get_id", Method: methodPost, Path: "/contact/v3/users/batch_get_id", PerSecond: 50,
		PerMinute: 1000, Read: true,
	}

	APIUploadAll = &API{
		Name: "media_upload_all", Method: methodPost, Path: mediaPath + "/upload_all", PerSecond: 5,
		Quota: mediaQuota, Serial: true,
	}
	APIUploadPrepare = &API{
		Name: "media_upload_prepare", Method: methodPost, Path: mediaPath + "/upload_prepare", PerSecond: 5,
		Quota: mediaQuota, Serial: true,
	}
	APIUploadPart = &API{
		Name: "media_upload_part", Method: methodPost, Path: mediaPath + "/upload_part", PerSecond: 5,
		Quota: mediaQuota, Serial: true,
	}
	APIUploadFinish = &API{
		Name: "media_upload_finish", Method: methodPost, Path: mediaPath + "/upload_finish", PerSecond: 5,
		Quota: mediaQuota, Serial: true,
	}
	APIDownload = &API{
		Name: "media_download", Method: methodGet, Path: mediaPath + "/:file_token/download", PerSecond: 5, Read: true, File: true,
	}
	APITmpURLs = &API{
		Name: "media_tmp_url", Method: methodGet, Path: mediaPath + "/batch_get_tmp_download_url", PerSecond: 5, Read: true,
	}
)

// apis is every endpoint the client can send to: the typed ones, and those of the same shape that are only forwarded.
var apis = []*API{
	APIBatchCreate, APIBatchUpdate, APIBatchDelete, APIBatchGet, APISearch,
	APIListFields, APICreateField, APIUpdateField, APIDeleteField, APIListTables, APICreateTable,
	APIListViews, APICreateView, APIUpdateView, APIDeleteView, APICreateApp, APIGetApp, APIGetNode, APIBatchGetID,
	APIUploadAll, APIUploadPrepare, APIUploadPart, APIUploadFinish, APIDownload, APITmpURLs,
	{Name: "record_create", Method: methodPost, Path: recordPath, PerSecond: 50, Creates: true},
	{Name: "record_list", Method: methodGet, Path: recordPath, PerSecond: 20, Read: true},
	{Name: "record_get", Method: methodGet, Path: recordPath + "/:record_id", PerSecond: 20, Read: true},
	{Name: "record_update", Method: methodPut, Path: recordPath + "/:record_id", PerSecond: 50},
	{Name: "record_delete", Method: methodDelete, Path: recordPath + "/:record_id", PerSecond: 50},
	{Name: "table_update", Method: methodPatch, Path: tablePath, PerSecond: 10},
	{Name: "table_delete", Method: methodDelete, Path: tablePath, PerSecond: 10},
	{Name: "table_batch_create", Method: methodPost, Path: "/bitable/v1/apps/:app_token/tables/batch_create", PerSecond: 10},
	{Name: "table_batch_delete", Method: methodPost, Path: "/bitable/v1/apps/:app_token/tables/batch_delete", PerSecond: 10},
	{Name: "view_get", Method: methodGet, Path: tablePath + "/views/:view_id", PerSecond: 20, Read: true},
}

// Endpoints returns every endpoint that the client can send to.
func Endpoints() iter.Seq[*API] { return slices.Values(apis) }

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

// Expand puts values in place of the path parameters, in order; ok is false if one is missing or is not a valid Feishu token.
func (a *API) Expand(values []string) (path string, ok bool) {
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

// MaxPathValue bounds a path parameter in bytes; Feishu's own bound is 100 for an app_token and 50 for a table_id.
const MaxPathValue = 100

// isPathValue reports whether s can be a token or id of Feishu's: nothing that could change the path.
func isPathValue(s string) bool {
	if s == "" || len(s) > MaxPathValue {
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

// OfBase reports whether the endpoint is one on a base, which a PersonalBaseToken of that base may call; all others need an app
// (docs/feishu/authentication.md §1.7).
func (a *API) OfBase() bool { return strings.HasPrefix(a.Path, basePath) }

// LimitKey names what the endpoint's rate is counted under.
func (a *API) LimitKey() string {
	if a.Quota != "" {
		return a.Quota
	}
	return a.Name
}
