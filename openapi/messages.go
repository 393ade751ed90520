package openapi

import (
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// schemaMessages are Huma's words for what the schemas of the catalogue can refuse, and ours. The rest of the message, a
// bound or a list, follows.
var schemaMessages = []struct {
	huma string
	ours problem.Text
}{
	{"expected value to be one of ", problem.Text{ZH: "只能是", EN: "has to be one of "}},
	{"expected number >= ", problem.Text{ZH: "不能小于 ", EN: "has to be at least "}},
	{"expected number <= ", problem.Text{ZH: "不能大于 ", EN: "has to be at most "}},
	{"expected length <= ", problem.Text{ZH: "最多的字符数是 ", EN: "has too many characters; the most is "}},
	{"expected length >= ", problem.Text{ZH: "最少的字符数是 ", EN: "has too few characters; the least is "}},
	{"expected array length <= ", problem.Text{ZH: "最多的项数是 ", EN: "has too many entries; the most is "}},
	{"expected array", problem.Text{ZH: "要是列表", EN: "has to be a list"}},
	{"expected boolean", problem.Text{ZH: "要是 true 或 false", EN: "has to be true or false"}},
	{"expected integer", problem.Text{ZH: "要是整数", EN: "has to be a whole number"}},
	{"expected number", problem.Text{ZH: "要是数字", EN: "has to be a number"}},
	{"expected object", problem.Text{ZH: "要是对象", EN: "has to be an object"}},
	{"expected string", problem.Text{ZH: "要是文本", EN: "has to be text"}},
}

// refusal says in both languages what a schema refused of the parameter at a location such as body.on_error.
func refusal(location, message string) problem.Text {
	name := strings.TrimPrefix(strings.TrimPrefix(location, "body"), ".")
	for _, m := range schemaMessages {
		if rest, ok := strings.CutPrefix(message, m.huma); ok {
			return problem.Text{ZH: name + " " + m.ours.ZH + rest, EN: name + " " + m.ours.EN + rest}
		}
	}
	return problem.Text{ZH: name + "：" + message, EN: name + ": " + message}
}
