package openapi

import (
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// schemaMessages maps the beginnings of Huma's validation messages to ours. The rest of a message, a bound or a list, is appended.
var schemaMessages = []struct {
	huma string
	ours problem.Text
}{
	{"expected value to be one of ", problem.Text{ZH: "只能是", EN: "must be one of "}},
	{"expected number >= ", problem.Text{ZH: "不能小于 ", EN: "must be at least "}},
	{"expected number <= ", problem.Text{ZH: "不能大于 ", EN: "must be at most "}},
	{"expected length <= ", problem.Text{ZH: "太长，最多字符数：", EN: "is too long; maximum length in characters: "}},
	{"expected length >= ", problem.Text{ZH: "太短，最少字符数：", EN: "is too short; minimum length in characters: "}},
	{"expected array length <= ", problem.Text{ZH: "项数太多，最多：", EN: "has too many items; maximum: "}},
	{"expected array", problem.Text{ZH: "应为列表", EN: "must be a list"}},
	{"expected boolean", problem.Text{ZH: "应为 true 或 false", EN: "must be true or false"}},
	{"expected integer", problem.Text{ZH: "应为整数", EN: "must be an integer"}},
	{"expected number", problem.Text{ZH: "应为数字", EN: "must be a number"}},
	{"expected object", problem.Text{ZH: "应为对象", EN: "must be an object"}},
	{"unexpected property", problem.Text{ZH: "不是这里的参数", EN: "is no parameter here"}},
	{"expected string", problem.Text{ZH: "应为文本", EN: "must be a string"}},
}

// refusal says in both languages why a schema refused the parameter at a location such as body.on_error.
func refusal(location, message string) problem.Text {
	name := strings.TrimPrefix(strings.TrimPrefix(location, "body"), ".")
	for _, m := range schemaMessages {
		if rest, ok := strings.CutPrefix(message, m.huma); ok {
			return problem.Text{ZH: name + " " + m.ours.ZH + rest, EN: name + " " + m.ours.EN + rest}
		}
	}
	return problem.Text{ZH: name + "：" + message, EN: name + ": " + message}
}
