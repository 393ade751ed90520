package bitable

import (
	"maps"
	"slices"

	"github.com/rowgate/rowgate/internal/problem"
)

// The rules by which values are changed; each change is counted in a warning of that name. A value in Feishu's own write
// shape, and text for a text column, changes nothing and has no warning.
const (
	RuleColumnMatched      = "column_matched"
	RuleUnknownIgnored     = "unknown_ignored"
	RuleReadOnlyDropped    = "read_only_dropped"
	RuleNullSkipped        = "null_skipped"
	RuleEmptySkipped       = "empty_skipped"
	RuleEmptyCleared       = "empty_cleared"
	RuleTextScalar         = "text_scalar"
	RuleTextJSON           = "text_json"
	RuleTextJoined         = "text_joined"
	RuleNumberText         = "number_text"
	RuleOptionMatched      = "option_matched"
	RuleOptionCreated      = "option_created"
	RuleOptionUnwrapped    = "option_unwrapped"
	RuleTextSplit          = "text_split"
	RulePartsDropped       = "parts_dropped"
	RuleDateText           = "date_text"
	RuleDateNumber         = "date_number"
	RuleDSTOverlap         = "dst_overlap"
	RuleDSTDayStart        = "dst_day_start"
	RuleCheckboxText       = "checkbox_text"
	RuleIDWrapped          = "id_wrapped"
	RuleMembersDropped     = "members_dropped"
	RulePersonResolved     = "person_resolved"
	RulePhoneCleaned       = "phone_cleaned"
	RuleURLWrapped         = "url_wrapped"
	RuleURLMarkdown        = "url_markdown"
	RuleAttachmentUploaded = "attachment_uploaded"
	RuleLocationText       = "location_text"
	RuleLocationObject     = "location_object"
)

var ruleTexts = map[string]problem.Text{
	RuleColumnMatched:      {ZH: "列名只在大小写、全半角或首尾空白上不同，按表里的列写入。", EN: "The column name differed only by case, width or outer white space; the table's column was taken."},
	RuleUnknownIgnored:     {ZH: "表里没有这一列，按 unknown_fields=ignore 略过。", EN: "The table has no such column; it was left out because of unknown_fields=ignore."},
	RuleReadOnlyDropped:    {ZH: "只读列不能写入，这个值没有发送。", EN: "The column is read-only; the value was not sent."},
	RuleNullSkipped:        {ZH: "新建时 null 不写入。", EN: "On create a null is left out."},
	RuleEmptySkipped:       {ZH: "空值没有写入。", EN: "The empty value was left out."},
	RuleEmptyCleared:       {ZH: "空值清空了单元格。", EN: "The empty value cleared the cell."},
	RuleTextScalar:         {ZH: "数字或布尔值按原样写成文本。", EN: "The number or boolean was written as text, as it was spelled."},
	RuleTextJSON:           {ZH: "列表或对象写成了 JSON 文本。", EN: "The list or object was written as JSON text."},
	RuleTextJoined:         {ZH: "飞书的文本片段拼成了一段文本。", EN: "Feishu's text segments were joined."},
	RuleNumberText:         {ZH: "文本读成了数字。", EN: "The text was read as a number."},
	RuleOptionMatched:      {ZH: "只在大小写、全半角或空白上不同，采用已有选项。", EN: "It differed only by case, width or white space; the existing option was taken."},
	RuleOptionCreated:      {ZH: "表里没有这个选项，会新建。", EN: "The column has no such option; it is created."},
	RuleOptionUnwrapped:    {ZH: "从列表或对象里取出了选项。", EN: "The option was taken out of a list or object."},
	RuleTextSplit:          {ZH: "文本拆成了多个选项。", EN: "The text was made a list of options."},
	RulePartsDropped:       {ZH: "去掉了空的和重复的部分。", EN: "Empty and repeated parts were removed."},
	RuleDateText:           {ZH: "文本读成了日期。", EN: "The text was read as a date."},
	RuleDateNumber:         {ZH: "数字按秒、微秒或 YYYYMMDD 读成了日期。", EN: "The number was read as seconds, microseconds or YYYYMMDD."},
	RuleDSTOverlap:         {ZH: "这个时刻因夏令时结束出现两次，取较早的一次。", EN: "This local time comes twice as daylight saving ends; the earlier instant was taken."},
	RuleDSTDayStart:        {ZH: "这一天因夏令时没有零点，取当天的第一个时刻。", EN: "This day has no midnight because of daylight saving; its first instant was taken."},
	RuleCheckboxText:       {ZH: "文本或数字读成了勾选状态。", EN: "The text or number was read as checked or unchecked."},
	RuleIDWrapped:          {ZH: "编号写成了飞书要的列表形式。", EN: "The id was put into the list that Feishu takes."},
	RuleMembersDropped:     {ZH: "对象里多余的键没有发送。", EN: "Surplus members of the object were not sent."},
	RulePersonResolved:     {ZH: "邮箱或手机号查成了用户。", EN: "The email or mobile number was looked up."},
	RulePhoneCleaned:       {ZH: "电话里的空格、横线和括号去掉了，或由数字写成文本。", EN: "Spaces, dashes and parentheses were removed from the phone number, or a number became text."},
	RuleURLWrapped:         {ZH: "链接写成了飞书的 {text, link} 形式。", EN: "The link was put into Feishu's {text, link} shape."},
	RuleURLMarkdown:        {ZH: "Markdown 链接拆成了文字和链接。", EN: "The Markdown link was taken apart into text and link."},
	RuleAttachmentUploaded: {ZH: "文件已上传到多维表格。", EN: "The file was uploaded to the base."},
	RuleLocationText:       {ZH: "经纬度文本整理成了“经度,纬度”。", EN: "The coordinates were tidied to \"lng,lat\"."},
	RuleLocationObject:     {ZH: "经纬度对象写成了“经度,纬度”。", EN: "The object was written as \"lng,lat\"."},
}

// RuleText explains a rule to people; the zero Text for a name that is no rule of this package.
func RuleText(rule string) problem.Text { return ruleTexts[rule] }

// Rules lists the rules in alphabetical order.
func Rules() []string { return slices.Sorted(maps.Keys(ruleTexts)) }
