package intake

import (
	"slices"

	"github.com/rowgate/rowgate/internal/problem"
)

// The rules of Repair.Rule. A name never changes once it has landed.
const (
	RuleBOM           = "bom"
	RuleThinkBlock    = "think_block"
	RuleFence         = "markdown_fence"
	RuleProse         = "prose"
	RuleStringLayer   = "json_in_string"
	RuleLines         = "json_lines"
	RulePython        = "python_repr"
	RuleTrailingComma = "trailing_comma"
	RuleRawControl    = "raw_control_character"
	RuleNoBreakSpace  = "no_break_space"
	RuleSingleObject  = "single_object"
	RuleRowsAsText    = "records_as_text"
	RuleNestedRows    = "nested_records"
	RuleSniffed       = "sniffed_content_type"
	RuleCSV           = "csv"
	RuleTable         = "markdown_table"
	RuleKeySelector   = "unresolved_key"
	RuleCutLink       = "cut_link"
	RuleWrapper       = "wrapper"
	RuleEscaped       = "escaped_quotes"
)

// repairTexts says what each rule did.
var repairTexts = map[string]problem.Text{
	RuleBOM:           {ZH: "去掉了开头的 BOM。", EN: "A byte order mark at the start was removed."},
	RuleThinkBlock:    {ZH: "去掉了模型的思考过程。", EN: "The model's thinking block was removed."},
	RuleFence:         {ZH: "取出了 Markdown 代码块里的内容。", EN: "The content of the Markdown code fence was used."},
	RuleProse:         {ZH: "忽略了数据前后的文字。", EN: "The text around the data was ignored."},
	RuleStringLayer:   {ZH: "字符串里的 JSON 被解开了。", EN: "JSON inside a JSON string was unwrapped."},
	RuleLines:         {ZH: "按 JSON Lines 读取，每行一条记录。", EN: "The text was read as JSON Lines, one row a line."},
	RulePython:        {ZH: "按 Python 写法读取（单引号、True、False、None）。", EN: "The text was read as Python (single quotes, True, False, None)."},
	RuleTrailingComma: {ZH: "忽略了末尾多余的逗号。", EN: "A trailing comma was ignored."},
	RuleRawControl:    {ZH: "字符串里的换行、制表符等原样保留。", EN: "Raw line breaks, tabs or other control characters in a string were kept as they are."},
	RuleNoBreakSpace:  {ZH: "忽略了符号之间的不换行空格。", EN: "No-break spaces between tokens were ignored."},
	RuleSingleObject:  {ZH: "单个对象被当作一行。", EN: "A single object was treated as one row."},
	RuleRowsAsText:    {ZH: "行数据是文本，已解析。", EN: "The rows were sent as text and were parsed."},
	RuleNestedRows:    {ZH: "文本里又套了一层同名参数，已取出。", EN: "The text repeated the parameter's own name; the value inside was used."},
	RuleSniffed:       {ZH: "内容类型缺失或不符，按内容判断。", EN: "The content type is missing or wrong; the format was detected from the content."},
	RuleCSV:           {ZH: "按 CSV 读取，第一行是列名。", EN: "The text was read as CSV, its first line as column names."},
	RuleTable:         {ZH: "按 Markdown 表格读取。", EN: "The text was read as a Markdown table."},
	RuleCutLink:       {ZH: "链接在 & 处被截断，已接回。", EN: "A link that was cut at its & was put together again."},
	RuleWrapper:       {ZH: "去掉了数据外面的包装（例如 data、json）。", EN: "A wrapper around the rows, such as data or json, was removed."},
	RuleEscaped:       {ZH: "引号多转义了一次，已还原。", EN: "Every quote was escaped once too often; they were unescaped."},
	RuleKeySelector: {
		ZH: "幂等键像是 Dify 里不存在的变量；若它每次都相同，之后的写入会被当作重复。",
		EN: "The idempotency key looks like a variable that Dify did not find; if it is always the same, later writes count as repeats.",
	},
}

// Text says in both languages what the repair did.
func (r Repair) Text() problem.Text { return repairTexts[r.Rule] }

// tally counts repairs in the order of their first use.
type tally []Repair

func (t *tally) add(rule string, n int) {
	if n == 0 {
		return
	}
	if i := slices.IndexFunc(*t, func(r Repair) bool { return r.Rule == rule }); i >= 0 {
		(*t)[i].Count += n
		return
	}
	*t = append(*t, Repair{Rule: rule, Count: n})
}
