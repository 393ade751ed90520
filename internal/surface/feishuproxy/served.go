package feishuproxy

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/feishu"
)

// The paths of the calls that are passed on, as routes: all of a base, and what else an SDK needs for the rows of one.
const (
	pathProxied = pathOpenAPIs + "/bitable/*"
	pathMedia   = pathOpenAPIs + "/drive/v1/medias/*"
	pathNode    = pathOpenAPIs + "/wiki/v2/spaces/get_node"
	pathPeople  = pathOpenAPIs + "/contact/v3/users/batch_get_id"
)

// beside are the calls that are passed on beside those of a base. A call that another part of the service makes is not served by that.
func beside() []*feishu.API {
	return []*feishu.API{
		feishu.APIUploadAll, feishu.APIUploadPrepare, feishu.APIUploadPart, feishu.APIUploadFinish, feishu.APIDownload, feishu.APITmpURLs,
		feishu.APIGetNode, feishu.APIBatchGetID,
	}
}

// isServed reports whether a call is passed on.
func isServed(api *feishu.API) bool {
	return strings.HasPrefix(api.Path, versioned) || slices.Contains(beside(), api)
}

// served lists the calls that are passed on, as "METHOD path".
func served() []string {
	var list []string
	for api := range feishu.Endpoints() {
		if isServed(api) {
			list = append(list, api.Method+" "+pathOpenAPIs+api.Path)
		}
	}
	return append(list, http.MethodPost+" "+pathToken, http.MethodPost+" "+pathAppToken)
}
