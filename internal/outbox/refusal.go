package outbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// refusal is what one of Feishu's row codes means to whoever sent the row.
type refusal struct {
	types   []feishu.FieldType // of the columns that it may be about
	message problem.Text
}

var (
	linkTypes = []feishu.FieldType{feishu.TypeSingleLink, feishu.TypeDuplexLink}

	linkRefusal = refusal{linkTypes, problem.Text{
		ZH: "关联的记录不在被关联的表里，或编号写错。请用那张表的 record_id。",
		EN: "A linked record is not in the linked table, or its id is wrong. Send record ids of that table.",
	}}
)

// refusals are the row codes that say which kind of value Feishu did not take.
var refusals = map[int]refusal{
	1254060: {[]feishu.FieldType{feishu.TypeText}, problem.Text{ZH: "文本列只接受文本。", EN: "A text column takes text alone."}},
	1254061: {[]feishu.FieldType{feishu.TypeNumber}, problem.Text{ZH: "数字列只接受数字。", EN: "A number column takes numbers alone."}},
	1254062: {[]feishu.FieldType{feishu.TypeSingleSelect}, problem.Text{
		ZH: "这一列不能新建这个选项：它的选项来自另一张表或不允许新增。请用已有选项，见 describe_table。",
		EN: "The column makes no such option: its options come from another table, or new ones are not allowed. Use one of those that " +
			"describe_table shows.",
	}},
	1254063: {[]feishu.FieldType{feishu.TypeMultiSelect}, problem.Text{
		ZH: "这一列不能新建其中的选项：它的选项来自另一张表或不允许新增。请用已有选项，见 describe_table。",
		EN: "The column makes no such options: they come from another table, or new ones are not allowed. Use those that describe_table shows.",
	}},
	1254064: {[]feishu.FieldType{feishu.TypeDateTime}, problem.Text{
		ZH: "日期列只接受毫秒时间戳。请打开 typecast，或写毫秒数。",
		EN: "A date column takes milliseconds alone. Leave typecast on, or send milliseconds.",
	}},
	1254065: {
		[]feishu.FieldType{feishu.TypeCheckbox},
		problem.Text{ZH: "复选框列只接受 true 或 false。", EN: "A checkbox column takes true or false alone."},
	},
	1254066: {[]feishu.FieldType{feishu.TypeUser}, problem.Text{
		ZH: "人员编号属于另一个应用，或与 user_id_type 不符，或此人不在应用的可用范围内。",
		EN: "The id of a person is another app's, or not of the kind that user_id_type says, or the person is outside the app's availability.",
	}},
	1254067: linkRefusal,
	1254068: {[]feishu.FieldType{feishu.TypeURL}, problem.Text{ZH: "超链接列只接受 {text, link}。", EN: "A url column takes {text, link} alone."}},
	1254069: {
		[]feishu.FieldType{feishu.TypeAttachment},
		problem.Text{ZH: "附件列只接受 file_token 的列表。", EN: "An attachment column takes a list of file tokens."},
	},
	1254072: {
		[]feishu.FieldType{feishu.TypePhone},
		problem.Text{ZH: "电话只能是数字，可带开头的 +，最多 64 位。", EN: "A phone number is digits with an optional leading +, up to 64."},
	},
	1254074: linkRefusal,
	1254106: {[]feishu.FieldType{feishu.TypeAttachment}, problem.Text{
		ZH: "这一格的附件太多。请分到几行。", EN: "The cell has too many attachments. Spread them over several rows.",
	}},
	1254303: {[]feishu.FieldType{feishu.TypeAttachment}, problem.Text{
		ZH: "file_token 只能在上传它的多维表格里使用。请改传文件的 URL，或先用 upload_attachment 上传到这个多维表格。",
		EN: "A file_token works only in the base it was uploaded to. Send the file's URL, or upload it to this base with " +
			"upload_attachment first.",
	}},
}

// explain completes the row error of a code that says which kind of value Feishu did not take: its sentence, the column where Feishu
// names none and only one in the row can be meant, the value, and what the column takes.
func explain(e *problem.RowError, row json.RawMessage, fields []feishu.Field) {
	known, listed := refusals[e.FeishuCode]
	if listed {
		e.Message = known.message
	}
	var found []feishu.Field
	for _, field := range fields {
		switch {
		case e.Field != "" && field.Name == e.Field:
			found = append(found, field)
		case e.Field == "" && listed && hasType(known.types, field.Type) && bitable.Cell(row, field.Name) != nil:
			found = append(found, field)
		}
	}
	if len(found) != 1 {
		return
	}
	e.Field = found[0].Name
	if value := bitable.Cell(row, e.Field); e.Got == "" && value != nil {
		e.Got = cut(string(value))
	}
	e.Expected = expectedOf(found[0])
}

func hasType(types []feishu.FieldType, fieldType feishu.FieldType) bool {
	return slices.Contains(types, fieldType)
}

// maxShownOptions bounds the options that an error lists.
const maxShownOptions = 20

// expectedOf says what a column takes: its options, if it is a select that has some.
func expectedOf(field feishu.Field) problem.Text {
	if field.Property == nil || len(field.Property.Options) == 0 {
		return bitable.Expected(field)
	}
	var names []string
	for _, option := range field.Property.Options[:min(len(field.Property.Options), maxShownOptions)] {
		names = append(names, option.Name)
	}
	more := problem.Text{}
	if left := len(field.Property.Options) - len(names); left > 0 {
		more = problem.Text{ZH: fmt.Sprintf(" 等（另有 %d 个）", left), EN: fmt.Sprintf(" and %d more", left)}
	}
	return problem.Text{
		ZH: "选项：" + strings.Join(names, "、") + more.ZH, EN: "one of the options " + strings.Join(names, ", ") + more.EN,
	}
}
