package bitable

import (
	"fmt"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
)

// What can be wrong with a whole row.
var (
	notAnObject = RowError{
		Code:     problem.RowAmbiguous,
		Message:  problem.Text{ZH: "这一行不是对象。", EN: "The row is not an object."},
		Expected: problem.Text{ZH: `{"列名": 值} 或 {"fields": {…}}`, EN: `{"column": value} or {"fields": {…}}`},
	}
	recordIDInCreate = RowError{
		Code: problem.RowAmbiguous,
		Message: problem.Text{
			ZH: "新建的行不能带 record_id。修改已有记录请用 update_records；如果 record_id 是列名，请写成 {\"fields\": {…}}。",
			EN: "A row to create cannot carry a record_id. Use update_records to change a record; if record_id is a column, write " +
				"{\"fields\": {…}}.",
		},
		Expected: problem.Text{ZH: `{"列名": 值} 或 {"fields": {…}}`, EN: `{"column": value} or {"fields": {…}}`},
	}
	fieldsBesideOthers = RowError{
		Code: problem.RowAmbiguous,
		Message: problem.Text{
			ZH: "fields 对象旁边还有别的键，分不清哪些是列。请把所有列放进 fields，或全部写在外层。修改已有记录请用 update_records。",
			EN: "There are other keys beside the fields object, so it is unclear which are columns. Put all columns into fields, or " +
				"none. Use update_records to change a record.",
		},
		Expected: problem.Text{ZH: `{"列名": 值} 或 {"fields": {…}}`, EN: `{"column": value} or {"fields": {…}}`},
	}
	noRecordID = RowError{
		Code:     problem.RowRecordNotFound,
		Message:  problem.Text{ZH: "没有 record_id，不知道要修改哪条记录。", EN: "There is no record_id, so it is unknown which record to change."},
		Expected: problem.Text{ZH: `{"record_id": "rec…", "fields": {…}}`, EN: `{"record_id": "rec…", "fields": {…}}`},
	}
	badRecordID = RowError{
		Code:     problem.RowRecordNotFound,
		Message:  problem.Text{ZH: "record_id 的写法不对。", EN: "This is not spelled like a record_id."},
		Expected: problem.Text{ZH: "rec 开头的记录编号，可从 search_records 得到", EN: "a record id that begins with rec, as search_records returns it"},
	}
	emptyRow = RowError{
		Code:     problem.RowEmpty,
		Message:  problem.Text{ZH: "这一行没有可写的内容。", EN: "Nothing is left to write in this row."},
		Expected: problem.Text{ZH: "至少一个有值的列", EN: "at least one column with a value"},
	}
	nothingFits = RowError{
		Code: problem.RowEmpty,
		Message: problem.Text{
			ZH: "这一行只有不符合列的值，按 bad_values=skip 略过后没有可写的内容。",
			EN: "The row has only values that do not fit their columns; with those left out (bad_values: skip) nothing is left to write.",
		},
		Expected: problem.Text{ZH: "至少一个符合其列的值", EN: "at least one value that fits its column"},
	}
	tooManyColumns = RowError{
		Code:     problem.RowTooLarge,
		Message:  problem.Text{ZH: "这一行的列太多。", EN: "The row has too many columns."},
		Expected: problem.Text{ZH: fmt.Sprintf("最多 %d 列", MaxColumns), EN: fmt.Sprintf("at most %d columns", MaxColumns)},
	}
	namelessColumn = RowError{
		Code:     problem.RowFieldNotFound,
		Message:  problem.Text{ZH: "这个键是空的，不能作列名。", EN: "The key is empty, which is not a column name."},
		Expected: problem.Text{ZH: "表里已有或要新建的列名", EN: "the name of a column, one of the table's or a new one"},
	}
	tooManyNewColumns = RowError{
		Code:     problem.RowTooLarge,
		Message:  problem.Text{ZH: "表里放不下这么多列，这一列不能新建。", EN: "The table cannot hold so many columns; this one cannot be created."},
		Expected: problem.Text{ZH: fmt.Sprintf("一张表最多 %d 列", MaxTableColumns), EN: fmt.Sprintf("at most %d columns in a table", MaxTableColumns)},
	}
	tooManyLookups = RowError{
		Code: problem.RowTooLarge,
		Message: problem.Text{
			ZH: "这次请求要查的人员和要上传的文件太多。请分批，或改用编号和 file_token。",
			EN: "The request has too many people to look up and files to upload. Split it, or send ids and file_tokens.",
		},
		Expected: problem.Text{ZH: fmt.Sprintf("一次最多 %d 个", MaxLookups), EN: fmt.Sprintf("at most %d in a request", MaxLookups)},
	}
	fileElsewhere = RowError{
		Code:     problem.RowValueMismatch,
		Message:  reasonFile,
		Expected: problem.Text{ZH: "名为附件列的键", EN: "a key that names an attachment column"},
	}
	readOnlyField = RowError{
		Code: problem.RowReadOnlyField,
		Message: problem.Text{
			ZH: "这一列由飞书计算或不能经接口写入。请去掉它，或用 unknown_fields=ignore 略过。",
			EN: "Feishu computes this column or lets no caller write it. Leave it out, or set unknown_fields=ignore.",
		},
		Expected: problem.Text{ZH: "不写这一列", EN: "no value for this column"},
	}
)

func duplicateColumn(column string) RowError {
	return RowError{
		Code: problem.RowDuplicateColumn,
		Message: problem.Text{
			ZH: fmt.Sprintf("这一行里有两个键都指向列“%s”。只留一个。", column),
			EN: fmt.Sprintf("Two keys of this row mean the column %q. Keep one of them.", column),
		},
		Expected: problem.Text{ZH: "每列一个值", EN: "one value for each column"},
	}
}

func unknownColumn(t *target) RowError {
	e := RowError{
		Code: problem.RowFieldNotFound,
		Message: problem.Text{
			ZH: "表里没有这一列。请改列名，或用 unknown_fields=create 新建、=ignore 略过。",
			EN: "The table has no such column. Correct the name, or set unknown_fields to create or ignore.",
		},
		Expected: problem.Text{ZH: "表里已有的列名，见 describe_table", EN: "the name of a column of the table, see describe_table"},
	}
	if len(t.near) > 0 {
		e.Suggestion = t.near[0]
		e.Expected = problem.Text{ZH: "相近的列名：" + strings.Join(t.near, "、"), EN: "similar column names: " + strings.Join(t.near, ", ")}
	}
	return e
}

func tooLarge(limit int, zh, en string) RowError {
	return RowError{
		Code:     problem.RowTooLarge,
		Message:  problem.Text{ZH: "这个值超过了飞书对一个单元格的限制。", EN: "The value is over Feishu's limit for one cell."},
		Expected: problem.Text{ZH: fmt.Sprintf("最多 %d %s", limit, zh), EN: fmt.Sprintf("at most %d %s", limit, en)},
	}
}

// Why a column does not take a value.
var (
	reasonShape    = problem.Text{ZH: "这一列不接受这种值。", EN: "The column does not take such a value."}
	reasonTemplate = problem.Text{
		ZH: "这是没有替换的模板变量，不是数据。请检查上一步的变量是否存在、模板是否已启用。",
		EN: "This is a template variable that was not filled in, not data. Check that the variable exists and that the field is a template.",
	}
	reasonNothing   = problem.Text{ZH: "这个词只表示“没有”，不能作选项。", EN: "The word only says that there is nothing; it is not an option."}
	reasonNumber    = problem.Text{ZH: "这不是一个明确的数字。", EN: "This is not plainly a number."}
	reasonPrecision = problem.Text{ZH: "超过 2^53 的数字会失去精度。请用文本列保存。", EN: "A number beyond 2^53 would lose digits. Keep it in a text column."}
	reasonTiny      = problem.Text{
		ZH: "这个数太接近 0，会存成 0。请用文本列保存。",
		EN: "The number is so close to 0 that it would be stored as 0. Keep it in a text column.",
	}
	reasonCurrency   = problem.Text{ZH: "货币符号和这一列的货币不一致。", EN: "The currency is not that of the column."}
	reasonTwoOptions = problem.Text{ZH: "单选列只能有一个选项。", EN: "A single select takes one option."}
	reasonTwins      = problem.Text{
		ZH: "有几个选项只在大小写、全半角或空白上不同，分不清是哪一个。请照原样写。",
		EN: "Several options differ only by case, width or white space. Write one of them exactly.",
	}
	reasonSingle = problem.Text{ZH: "这一列设为只能有一个值。", EN: "The column is set to hold one value."}
	reasonPrefix = problem.Text{
		ZH: "编号的类型和 user_id_type 不符，或者不是编号。姓名不能用来指定人员，请用编号、邮箱或手机号。",
		EN: "The id is not of the kind that user_id_type says, or is not an id. A name cannot stand for a person: send an id, email " +
			"or mobile number.",
	}
	reasonRange = problem.Text{
		ZH: "经度要在 ±180 以内，纬度要在 ±90 以内，经度在前。",
		EN: "Longitude must lie within ±180 and latitude within ±90, longitude first.",
	}
	reasonURL     = problem.Text{ZH: "这不是完整的链接。", EN: "This is not a complete link."}
	reasonElement = problem.Text{ZH: "列表里有这一列不接受的元素。", EN: "The list holds an element that the column does not take."}
	reasonFile    = problem.Text{ZH: "文件只能写入附件列。", EN: "A file can only go into an attachment column."}
)

// expected says what a column takes.
func (c *run) expected(col *column) problem.Text {
	expected := col.kind.expected
	if expected.IsZero() { // text takes anything but template text in a key
		return problem.Text{ZH: "变量的值本身", EN: "the value of the variable itself"}
	}
	switch {
	case c.byTitle(col):
		return ExpectedTitle()
	case col.kind.form != formPeople:
		return expected
	}
	sample := samplePerson(c.opts.UserIDType)
	return problem.Text{ZH: sample.Replace(expected.ZH), EN: sample.Replace(expected.EN)}
}

// ExpectedTitle says what a link column takes under link_by: title.
func ExpectedTitle() problem.Text {
	return problem.Text{
		ZH: `关联表中唯一一行的首列文字，或 {"id": "rec…"}`, EN: `the text of the first column of exactly one linked row, or {"id": "rec…"}`,
	}
}
