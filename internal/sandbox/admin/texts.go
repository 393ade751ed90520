package admin

import "strings"

// text is a text of the pages in both languages.
type text struct{ zh, en string }

var texts = map[string]text{
	"title": {"Rowgate 飞书模拟器", "Rowgate's Feishu simulator"},
	"note": {
		"这里的一切都在内存里，不会发到飞书；程序停止后记录就没有了。",
		"All of this is in memory and nothing reaches Feishu. The rows are gone when the program stops.",
	},
	"bases": {"多维表格", "Bases"},
	"none": {
		"还没有多维表格。用下面的 POST /sandbox/bases 添加一个，或不带 --empty 重新启动。",
		"There is no base yet. Add one with POST /sandbox/bases below, or start again without --empty.",
	},
	"tables":  {"数据表", "Tables"},
	"rows":    {"条记录", "rows"},
	"connect": {"让 Rowgate 使用它", "Point Rowgate at it"},
	"secret":  {"app_id 和 app_secret 在启动时打印在终端里。", "The app_id and app_secret were printed in the terminal at the start."},
	"api":     {"管理接口", "Admin API"},
	"apinote": {
		"没有鉴权，只应监听本机。输入输出都是 JSON，出错时是 {\"error\": \"…\"}。",
		"It has no authentication: serve it on this machine only. JSON in and out; an error is {\"error\": \"…\"}.",
	},
	"fault": {
		"例：应用的下一次批量写入已落表，但应答丢失，而且飞书忘了它的 client_token",
		"Example: the next batch is written, its answer is lost, and Feishu forgets its client_token",
	},
	"back":     {"返回", "Back"},
	"newest":   {"只显示最新的", "Only the newest are shown:"},
	"all":      {"全部记录（JSON）", "All rows (JSON)"},
	"notable":  {"这个多维表格还没有数据表。", "This base has no table yet."},
	"norow":    {"还没有记录。", "No rows yet."},
	"record":   {"记录", "Record"},
	"created":  {"创建时间", "Created"},
	"language": {"English", "中文"},
}

// language is "zh" or "en": the query's lang, else Chinese when Accept-Language names it, else English.
func language(query, accept string) string {
	switch {
	case query == "zh" || query == "en":
		return query
	case strings.Contains(strings.ToLower(accept), "zh"):
		return "zh"
	default:
		return "en"
	}
}
