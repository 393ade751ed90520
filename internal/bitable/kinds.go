package bitable

import (
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

// kinds are all column types that Feishu documents, in the order in which they are listed to callers. The kind without a UIType
// comes before its variants. The ids of people, groups and records in the examples are made up; the attachment is a file of seven
// bytes that really can be uploaded.
var kinds = []Kind{
	textKind("", "text", problem.Text{ZH: "文本", EN: "text"}, `"示例文本"`),
	textKind("Barcode", "barcode", problem.Text{ZH: "条码", EN: "barcode"}, `"6901234567892"`),
	textKind("Email", "email", problem.Text{ZH: "邮箱", EN: "email"}, `"name@example.com"`),
	numberKind("", "number", problem.Text{ZH: "数字", EN: "number"}, `12.5`),
	numberKind("Progress", "progress", problem.Text{ZH: "进度", EN: "progress"}, `0.25`),
	numberKind("Currency", "currency", problem.Text{ZH: "货币", EN: "currency"}, `12.5`),
	numberKind("Rating", "rating", problem.Text{ZH: "评分", EN: "rating"}, `3`),
	{
		Type: feishu.TypeSingleSelect, Name: "single_select", Label: problem.Text{ZH: "单选", EN: "single select"},
		Writable: true, Creatable: true, Key: true, KeyFilter: true, Compare: CompareOption, example: `"选项1"`,
		expected: problem.Text{ZH: `一个选项名，如 "完成"`, EN: `one option name, as "Done"`},
	},
	{
		Type: feishu.TypeMultiSelect, Name: "multi_select", Label: problem.Text{ZH: "多选", EN: "multi select"},
		Writable: true, Creatable: true, Compare: CompareSet, form: formOptions, example: `["选项1"]`,
		expected: problem.Text{ZH: `选项名的列表，如 ["A","B"] 或 "A,B"`, EN: `a list of option names, as ["A","B"] or "A,B"`},
	},
	{
		Type: feishu.TypeDateTime, Name: "date", Label: problem.Text{ZH: "日期", EN: "date"},
		Writable: true, Creatable: true, Primary: true, Key: true, KeyFilter: true, Compare: CompareDate, form: formTime,
		example: `"2026-03-24 15:04"`,
		expected: problem.Text{
			ZH: `日期，如 "2026-03-04"、"2026年3月4日 15:04"、RFC 3339，或毫秒数 1774281600000`,
			EN: `a date, as "2026-03-04", "2026-03-04 15:04", RFC 3339, or milliseconds 1774281600000`,
		},
	},
	{
		Type: feishu.TypeCheckbox, Name: "checkbox", Label: problem.Text{ZH: "复选框", EN: "checkbox"},
		Writable: true, Creatable: true, Key: true, Compare: CompareCheckbox, form: formCheckbox, example: `true`,
		expected: problem.Text{ZH: `true 或 false（也接受 1/0、是/否、yes/no）`, EN: `true or false (also 1/0, yes/no, on/off)`},
	},
	{
		Type: feishu.TypeUser, Name: "person", Label: problem.Text{ZH: "人员", EN: "person"},
		Writable: true, Creatable: true, Key: true, KeyFilter: true, Compare: CompareSet, form: formPeople, example: `["ou_example"]`,
		expected: problem.Text{ // for another user_id_type see samplePerson
			ZH: `open_id 或其列表，如 [{"id":"ou_example"}]，或邮箱、手机号`,
			EN: `an id of the kind open_id or a list of them, as [{"id":"ou_example"}], or an email or mobile number`,
		},
	},
	{
		Type: feishu.TypePhone, Name: "phone", Label: problem.Text{ZH: "电话", EN: "phone"},
		Writable: true, Creatable: true, Primary: true, Key: true, KeyFilter: true, Compare: ComparePhone, example: `"+8613800138000"`,
		expected: problem.Text{ZH: `电话号码，如 "+8613800138000"，最多 64 个字符`, EN: `a phone number, as "+8613800138000", at most 64 characters`},
	},
	{
		Type: feishu.TypeURL, Name: "url", Label: problem.Text{ZH: "超链接", EN: "url"},
		Writable: true, Creatable: true, Primary: true, Key: true, Compare: CompareText, form: formURL,
		example: `{"text":"示例","link":"https://example.com"}`,
		expected: problem.Text{
			ZH: `"https://…" 或 {"text":"名称","link":"https://…"}；http、https 或 mailto`,
			EN: `"https://…" or {"text":"name","link":"https://…"}; http, https or mailto`,
		},
	},
	{
		Type: feishu.TypeAttachment, Name: "attachment", Label: problem.Text{ZH: "附件", EN: "attachment"},
		Writable: true, Creatable: true, Compare: ComparePresence, form: formFiles, example: `["data:text/plain;base64,cm93Z2F0ZQ=="]`,
		expected: problem.Text{
			ZH: `file_token、文件的 URL、data: URI，或它们的列表`, EN: `a file_token, the URL of a file, a data: URI, or a list of these`,
		},
	},
	{
		Type: feishu.TypeLocation, Name: "location", Label: problem.Text{ZH: "地理位置", EN: "location"},
		Writable: true, Creatable: true, Primary: true, Compare: CompareAddress, form: formLocation, example: `"116.397755,39.903179"`,
		expected: problem.Text{ZH: `"经度,纬度"，如 "116.397755,39.903179"`, EN: `"longitude,latitude", as "116.397755,39.903179"`},
	},
	{
		Type: feishu.TypeGroupChat, Name: "group", Label: problem.Text{ZH: "群组", EN: "group"},
		Writable: true, Creatable: true, Compare: CompareSet, form: formGroups, example: `["oc_example"]`,
		expected: problem.Text{ZH: `群编号或其列表，如 ["oc_example"]`, EN: `a chat id or a list of them, as ["oc_example"]`},
	},
	{
		Type: feishu.TypeCreatedTime, Name: "created_time", Label: problem.Text{ZH: "创建时间", EN: "created time"},
		Creatable: true, Compare: CompareDate, ComparedAs: feishu.TypeDateTime, form: formTime,
	},
	{
		Type: feishu.TypeModifiedTime, Name: "modified_time", Label: problem.Text{ZH: "最后更新时间", EN: "modified time"},
		Creatable: true, Compare: CompareDate, ComparedAs: feishu.TypeDateTime, form: formTime,
	},
	{
		Type: feishu.TypeCreatedUser, Name: "created_by", Label: problem.Text{ZH: "创建人", EN: "created by"},
		Creatable: true, Compare: CompareSet, ComparedAs: feishu.TypeUser, form: formPeople,
	},
	{
		Type: feishu.TypeModifiedUser, Name: "modified_by", Label: problem.Text{ZH: "修改人", EN: "modified by"},
		Creatable: true, Compare: CompareSet, ComparedAs: feishu.TypeUser, form: formPeople,
	},
	{
		Type: feishu.TypeAutoNumber, Name: "auto_number", Label: problem.Text{ZH: "自动编号", EN: "auto number"},
		Creatable: true, Compare: CompareSerial,
	},
	recordLinkKind(feishu.TypeSingleLink, "link", problem.Text{ZH: "单向关联", EN: "link"}),
	recordLinkKind(feishu.TypeDuplexLink, "two_way_link", problem.Text{ZH: "双向关联", EN: "two-way link"}),
	{Type: feishu.TypeFormula, Name: "formula", Label: problem.Text{ZH: "公式", EN: "formula"}, Primary: true, form: formComputed},
	{Type: feishu.TypeLookup, Name: "lookup", Label: problem.Text{ZH: "查找引用", EN: "lookup"}, form: formComputed},
	{Type: feishu.TypeStage, Name: "stage", Label: problem.Text{ZH: "流程", EN: "stage"}},
	{Type: feishu.TypeButton, Name: "button", Label: problem.Text{ZH: "按钮", EN: "button"}},
}

func textKind(uiType, name string, label problem.Text, example string) Kind {
	return Kind{
		Type: feishu.TypeText, UIType: uiType, Name: name, Label: label, Writable: true, Creatable: true, Primary: true, Key: true,
		KeyFilter: true, Compare: CompareText, form: formSegments, example: example,
	}
}

func numberKind(uiType, name string, label problem.Text, example string) Kind {
	return Kind{
		Type: feishu.TypeNumber, UIType: uiType, Name: name, Label: label, Writable: true, Creatable: true, Primary: true, Key: true,
		KeyFilter: true, Compare: CompareNumber, form: formNumber, example: example,
		expected: problem.Text{ZH: `数字，如 12.5、"1,234.5"、"¥12"、"12%"`, EN: `a number, as 12.5, "1,234.5", "¥12", "12%"`},
	}
}

func recordLinkKind(fieldType feishu.FieldType, name string, label problem.Text) Kind {
	return Kind{
		Type: fieldType, Name: name, Label: label, Writable: true, Compare: CompareSet, form: formRecordIDs, example: `["recExample"]`,
		expected: problem.Text{
			ZH: `记录编号或其列表，如 ["recExample"]；标题要用 link_by=title`,
			EN: `a record id or a list of them, as ["recExample"]; titles with link_by: title`,
		},
	}
}
