package intake

import (
	"slices"

	"github.com/rowgate/rowgate/internal/nearest"
)

// foreignNames are names, folded, that other systems have for our parameters.
var foreignNames = map[string]string{
	"rows": "records", "items": "records", "data": "records", "list": "records", "record": "fields", "values": "fields",
	"ids": "record_ids", "pagesize": "limit", "perpage": "limit", "maxrecords": "limit", "pagetoken": "cursor", "offset": "cursor",
	"performupsert": "key_fields", "fieldstomergeon": "key_fields", "uniquekeys": "key_fields", "upsert": "key_fields",
	"baseid": "app_token", "base": "app_token", "tablename": "table_id", "table": "table_id", "viewname": "view_id",
	"timezone": "time_zone", "timeout": "timeout_ms", "condition": "where",
}

// nearestParameter returns the parameter that is meant by a name of another system, else the one that is spelled most like it, ""
// if none is near.
func nearestParameter(name string, params []Param) string {
	names := make([]string, len(params))
	for i := range params {
		names[i] = params[i].Name
	}
	if own := foreignNames[fold(name)]; slices.Contains(names, own) {
		return own
	}
	if near := nearest.Names(name, slices.Values(names)); len(near) > 0 {
		return near[0]
	}
	return ""
}
