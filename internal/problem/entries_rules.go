package problem

import "slices"

// RuleEntry says what a rule of warnings[] changed.
type RuleEntry struct {
	Rule    string
	Meaning Text
}

// ruleEntries are all rules, first those of the body as a whole, then those of values. A rule's name never changes once it has
// landed.
var ruleEntries = []RuleEntry{
	{"bom", Text{ZH: "去掉了开头的 BOM。", EN: "A byte order mark at the start was removed."}},
	{"think_block", Text{ZH: "去掉了模型的思考过程。", EN: "The model's thinking block was removed."}},
	{"markdown_fence", Text{ZH: "取出了 Markdown 代码块里的内容。", EN: "The content of a Markdown fence was taken."}},
	{"prose", Text{ZH: "忽略了数据前后的文字。", EN: "The text around the data was ignored."}},
	{"json_in_string", Text{ZH: "字符串里的 JSON 被解开了。", EN: "JSON inside a JSON string was unwrapped."}},
	{"json_lines", Text{ZH: "按 JSON Lines 读取，每行一条记录。", EN: "The text was read as JSON Lines, one row a line."}},
	{"python_repr", Text{ZH: "按 Python 写法读取（单引号、True、False、None）。", EN: "The text was read as Python (single quotes, True, False, None)."}},
	{"trailing_comma", Text{ZH: "忽略了末尾多余的逗号。", EN: "A trailing comma was ignored."}},
	{
		"raw_control_character",
		Text{ZH: "字符串里的换行、制表符等原样保留。", EN: "Raw line breaks, tabs or other control characters in a string were kept as they are."},
	},
	{"no_break_space", Text{ZH: "忽略了符号之间的不换行空格。", EN: "No-break spaces between tokens were ignored."}},
	{"single_object", Text{ZH: "单个对象被当作一行。", EN: "A single object was taken as one row."}},
	{"records_as_text", Text{ZH: "行数据是文本，已解析。", EN: "The rows came as text and were parsed."}},
	{"nested_records", Text{ZH: "文本里又套了一层同名参数，已取出。", EN: "The text held the parameter's own name once more; its value was taken."}},
	{
		"sniffed_content_type",
		Text{ZH: "内容类型缺失或不符，按内容判断。", EN: "The content type is missing or does not fit; the content was read for what it is."},
	},
	{"gb18030", Text{ZH: "内容不是 UTF-8，按 GB18030 读取。", EN: "The text is not UTF-8 and was read as GB18030."}},
	{"csv", Text{ZH: "按 CSV 读取，第一行是列名。", EN: "The text was read as CSV, its first line as column names."}},
	{"markdown_table", Text{ZH: "按 Markdown 表格读取。", EN: "The text was read as a Markdown table."}},
	{
		"unresolved_key",
		Text{
			ZH: "幂等键像是 Dify 里不存在的变量；若它每次都相同，之后的写入会被当作重复。",
			EN: "The idempotency key looks like a variable that Dify did not find; if it is always the same, later writes count as repeats.",
		},
	},
	{"cut_link", Text{ZH: "链接在 & 处被截断，已接回。", EN: "A link that was cut at its & was put together again."}},
	{"wrapper", Text{ZH: "去掉了数据外面的包装（例如 data、json）。", EN: "A wrapper around the rows, such as data or json, was removed."}},
	{"escaped_quotes", Text{ZH: "引号多转义了一次，已还原。", EN: "Every quote was escaped once too often; they were unescaped."}},

	{
		"column_matched",
		Text{
			ZH: "列名只在大小写、全半角或首尾空白上不同，按表里的列写入。",
			EN: "The column name differed only by case, width or outer white space; the table's column was taken.",
		},
	},
	{
		"unknown_ignored",
		Text{ZH: "表里没有这一列，按 unknown_fields=ignore 略过。", EN: "The table has no such column; it was left out because of unknown_fields=ignore."},
	},
	{"read_only_dropped", Text{ZH: "只读列不能写入，这个值没有发送。", EN: "The column is read-only; the value was not sent."}},
	{"null_skipped", Text{ZH: "新建时 null 不写入。", EN: "On create a null is left out."}},
	{"empty_skipped", Text{ZH: "空值没有写入。", EN: "The empty value was left out."}},
	{"empty_cleared", Text{ZH: "空值清空了单元格。", EN: "The empty value cleared the cell."}},
	{
		"bad_value_skipped",
		Text{
			ZH: "这个值不符合列的类型，按 bad_values=skip 没有写入，这一行的其余部分照常写入。",
			EN: "The value does not fit its column; it was left out because of bad_values=skip, and the rest of the row is written.",
		},
	},
	{"json_text", Text{ZH: "文本里的 JSON 值被取出。", EN: "The JSON value that the text holds was taken."}},
	{"computed_value", Text{ZH: "从公式或查找引用的读取结构里取出了值。", EN: "The value was taken out of the shape in which a formula or lookup is read."}},
	{"list_unwrapped", Text{ZH: "取出了列表里唯一的元素。", EN: "The only entry of the list was taken."}},
	{
		"placeholder",
		Text{
			ZH: "这个词只表示“没有”（如 null、N/A、暂无），按空值处理。",
			EN: "The word only says that there is nothing (as null, N/A, none); it was taken for an empty value.",
		},
	},
	{
		"unrendered_template",
		Text{
			ZH: "这段文本是没有替换的模板变量，照原样写入。请检查上一步的变量名和开关。",
			EN: "The text is a template variable that was not filled in; it was written as it is. Check the variable's name in the previous step.",
		},
	},
	{"text_scalar", Text{ZH: "数字或布尔值按原样写成文本。", EN: "The number or boolean was written as text, as it was spelled."}},
	{"text_json", Text{ZH: "列表或对象写成了 JSON 文本。", EN: "The list or object was written as JSON text."}},
	{"text_joined", Text{ZH: "飞书的文本片段拼成了一段文本。", EN: "Feishu's text segments were joined."}},
	{"number_text", Text{ZH: "文本读成了数字。", EN: "The text was read as a number."}},
	{"number_scaled", Text{ZH: "万、亿、万亿换算成了完整的数字。", EN: "万, 亿 or 万亿 was multiplied out."}},
	{
		"number_rounded",
		Text{
			ZH: "小数位超过飞书能保存的精度，会存成最接近的数。需要每一位都保留时请用文本列。",
			EN: "The number has more digits than Feishu keeps; the nearest one is stored. Use a text column to keep every digit.",
		},
	},
	{
		"option_matched",
		Text{ZH: "只在大小写、全半角或空白上不同，采用已有选项。", EN: "It differed only by case, width or white space; the existing option was taken."},
	},
	{"option_created", Text{ZH: "表里没有这个选项，会新建。", EN: "The column has no such option; it is created."}},
	{"option_unwrapped", Text{ZH: "从列表或对象里取出了选项。", EN: "The option was taken out of a list or object."}},
	{
		"option_undressed",
		Text{ZH: "去掉了选项外面的引号、星号、列表符号、# 或句号。", EN: "Quotes, asterisks, a list mark, # or a full stop around the option were removed."},
	},
	{"text_split", Text{ZH: "文本拆成了多个选项。", EN: "The text was made a list of options."}},
	{"parts_dropped", Text{ZH: "去掉了空的和重复的部分。", EN: "Empty and repeated parts were removed."}},
	{"date_text", Text{ZH: "文本读成了日期。", EN: "The text was read as a date."}},
	{
		"date_number",
		Text{
			ZH: "数字按秒、微秒、YYYYMMDD 或 YYYYMMDDhhmm[ss] 读成了日期。",
			EN: "The digits were read as seconds, microseconds, YYYYMMDD or YYYYMMDDhhmm[ss].",
		},
	},
	{
		"dst_overlap",
		Text{ZH: "这个时刻因夏令时结束出现两次，取较早的一次。", EN: "This local time comes twice as daylight saving ends; the earlier instant was taken."},
	},
	{
		"dst_day_start",
		Text{ZH: "这一天因夏令时没有零点，取当天的第一个时刻。", EN: "This day has no midnight because of daylight saving; its first instant was taken."},
	},
	{"checkbox_text", Text{ZH: "文本或数字读成了勾选状态。", EN: "The text or number was read as checked or unchecked."}},
	{"id_wrapped", Text{ZH: "编号写成了飞书要的列表形式。", EN: "The id was put into the list that Feishu takes."}},
	{"members_dropped", Text{ZH: "对象里多余的键没有发送。", EN: "Surplus members of the object were not sent."}},
	{"link_resolved", Text{ZH: "被关联行的标题查成了记录编号。", EN: "The title of the linked row was looked up and sent as its record id."}},
	{"person_resolved", Text{ZH: "邮箱或手机号查成了用户。", EN: "The email or mobile number was looked up."}},
	{
		"phone_cleaned",
		Text{ZH: "电话里的空格、横线和括号去掉了，或由数字写成文本。", EN: "Spaces, dashes and parentheses were removed from the phone number, or a number became text."},
	},
	{"url_wrapped", Text{ZH: "链接写成了飞书的 {text, link} 形式。", EN: "The link was put into Feishu's {text, link} shape."}},
	{"url_trimmed", Text{ZH: "去掉了链接外面的尖括号、引号或句末标点。", EN: "Angle brackets, quotes or closing punctuation around the link were removed."}},
	{"url_found", Text{ZH: "文本里有一个链接：整段文本作显示文字，这个链接作地址。", EN: "The text holds one link: the whole text is shown, that link is the address."}},
	{"url_markdown", Text{ZH: "Markdown 链接拆成了文字和链接。", EN: "The Markdown link was taken apart into text and link."}},
	{"attachment_uploaded", Text{ZH: "文件已上传到多维表格。", EN: "The file was uploaded to the base."}},
	{"location_text", Text{ZH: "经纬度文本整理成了“经度,纬度”。", EN: "The coordinates were tidied to \"lng,lat\"."}},
	{"location_object", Text{ZH: "经纬度对象写成了“经度,纬度”。", EN: "The object was written as \"lng,lat\"."}},
	{
		"column_created",
		Text{
			ZH: "表里没有这一列，按 unknown_fields=create 新建；试运行时只是会新建。",
			EN: "The table had no such column; it was created because of unknown_fields=create. In a dry run it would be.",
		},
	},
}

// LookupRule finds the entry of a rule; ok is false for a name that is no rule.
func LookupRule(rule string) (entry RuleEntry, ok bool) {
	i := slices.IndexFunc(ruleEntries, func(e RuleEntry) bool { return e.Rule == rule })
	if i < 0 {
		return RuleEntry{}, false
	}
	return ruleEntries[i], true
}

// Rules lists the rules, those of the body as a whole first.
func Rules() []string {
	rules := make([]string, len(ruleEntries))
	for i, entry := range ruleEntries {
		rules[i] = entry.Rule
	}
	return rules
}
