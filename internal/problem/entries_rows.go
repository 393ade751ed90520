package problem

// rowsEntries are the problems of the rows, of the table that takes them, and of repeated requests.
var rowsEntries = []Entry{
	{
		Code: IdempotencyConflict, Status: statusConflict, Outcome: NotWritten,
		Title: Text{ZH: "幂等键已用于另一个请求", EN: "The idempotency key was used for another request"},
		Fix: Text{
			ZH: "不同的内容请换一个 idempotency_key；要重试，请原样发送第一次的请求体。",
			EN: "Use another idempotency_key for other content; to repeat, send the first body unchanged.",
		},
		Explanation: Text{
			ZH: "同一个 idempotency_key 在保存期内（至少 24 小时）配了不同的请求体。第一次请求的结果不受影响。",
			EN: "One idempotency_key came with two different bodies within the time for which keys are kept (at least 24 hours). The first request's result is not affected.",
		},
	},
	{
		// The one problem below 429 that a repeat mends: the repeat gets the first request's answer.
		Code: InFlight, Status: statusConflict, Retryable: true, Outcome: OutcomeUnknown, RetryAfter: inFlightAfter,
		Title: Text{ZH: "同一请求仍在处理", EN: "The same request is still running"},
		Fix: Text{
			ZH: "等待 Retry-After 的秒数，再用同一个 idempotency_key 原样发送，会得到第一次的结果。",
			EN: "Wait the seconds of Retry-After and send the same request with the same idempotency_key: it gets the first one's result.",
		},
		Explanation: Text{
			ZH: "先到的同一请求还没有结束，结果未定。原样重复不会写两次。",
			EN: "An earlier copy of this request has not ended and its result is open. Repeating it unchanged writes nothing twice.",
		},
	},
	{
		Code: InvalidRows, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "有的行不合法", EN: "Some rows are invalid"},
		Fix: Text{
			ZH: "按 errors 逐行修正后重发；要先写入正确的行，请设 on_error=skip。describe_table 会给出每列可写的示例。",
			EN: "Mend the rows that errors lists and send again; to write the good ones meanwhile, set on_error=skip. describe_table shows an example for every column.",
		},
		Explanation: Text{
			ZH: "至少一行的值与列不符。on_error=abort（默认）时只要有一行不合法就什么都不写。",
			EN: "The values of at least one row do not fit their columns. Under on_error=abort, the default, nothing is written if any row is invalid.",
		},
	},
	{
		Code: FieldNotFound, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "选项中的列不存在", EN: "A column named in an option does not exist"},
		Fix: Text{
			ZH: "用 describe_table 查看列名，改正 detail 中的列。",
			EN: "Look up the column names with describe_table and correct the one in detail.",
		},
		Explanation: Text{
			ZH: "key_fields、sort、fields 或 where 等选项提到了此表没有的列。",
			EN: "An option such as key_fields, sort, fields or where names a column that the table has not.",
		},
	},
	{
		Code: BadKeyField, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "该列不能作为匹配键", EN: "This column cannot be a key"},
		Fix: Text{
			ZH: "key_fields 请选用文本、数字、单选、日期、电话、超链接、人员或复选框列。",
			EN: "For key_fields choose columns of type text, number, single select, date, phone, url, person or checkbox.",
		},
		Explanation: Text{
			ZH: "更新或新增时按键列的值查找已有行，其余类型的值无法可靠地比较。",
			EN: "An upsert finds existing rows by the values of the key columns; values of other types cannot be compared reliably.",
		},
	},
	{
		Code: TableFull, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "数据表已满", EN: "The table is full"},
		Fix: Text{
			ZH: "删除旧记录、改写另一张表，或升级飞书版本以提高上限；detail 说明是哪个上限。",
			EN: "Delete old records, write to another table, or move to a Feishu edition with a higher limit; detail says which limit it is.",
		},
		Explanation: Text{
			ZH: "飞书回答 1254103 或同类错误：记录、列、视图或选项的数量达到上限，重试没有用。",
			EN: "Feishu answers 1254103 or one of its kin: the number of records, fields, views or options has reached its limit. Repeating does not help.",
		},
	},
	{
		Code: QuotaExhausted, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "本月飞书 API 调用量已用完", EN: "This month's Feishu API quota is used up"},
		Fix: Text{
			ZH: "等到下月，或在飞书管理后台升级版本 / 购买 API 调用量。查看用量：管理后台 →「费用中心」。",
			EN: "Wait for the next month, or have an administrator upgrade the edition or buy API calls in the Feishu Admin Console, where the usage is shown under billing.",
		},
		Explanation: Text{
			ZH: "飞书回答 99991403：企业所有自建应用共用的月度额度已用完（基础版每月 10,000 次）。写入越集中成批，消耗越少。",
			EN: "Feishu answers 99991403: the monthly quota that all custom apps of the organisation share is used up (10,000 calls in the basic edition). The larger the batches, the fewer calls.",
		},
	},
	{
		Code: UpstreamRejected, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "飞书拒绝了请求", EN: "Feishu refused the request"},
		Fix: Text{
			ZH: "按 feishu.code 与 feishu.msg 查飞书文档；若不清楚，把 feishu.log_id 发给飞书技术支持。",
			EN: "Look up feishu.code and feishu.msg in Feishu's documentation; if that does not help, give feishu.log_id to Feishu's support.",
		},
		Explanation: Text{
			ZH: "飞书返回了一个没有专门代码的错误，原样重试不会成功。",
			EN: "Feishu answered with an error that has no code of its own here; the same request would fail again.",
		},
	},
}

// rowEntries are the codes of errors[], in the order of the contract.
var rowEntries = []RowEntry{
	{
		Code:    RowFieldNotFound,
		Meaning: Text{ZH: "表中没有这一列。", EN: "The table has no such column."},
		Fix: Text{
			ZH: "用 suggestion 中的列名；或设 unknown_fields=ignore 忽略、unknown_fields=create 新建。",
			EN: "Use the name in suggestion; or set unknown_fields=ignore to leave it out, unknown_fields=create to make it.",
		},
	},
	{
		Code:    RowValueMismatch,
		Meaning: Text{ZH: "值与列的类型不符。", EN: "The value does not fit the column's type."},
		Fix:     Text{ZH: "按 expected 的格式发送。", EN: "Send it in the form that expected shows."},
	},
	{
		Code:    RowReadOnlyField,
		Meaning: Text{ZH: "这一列由飞书计算，不能写入。", EN: "Feishu computes this column; it cannot be written."},
		Fix:     Text{ZH: "从行中去掉该列，或设 unknown_fields=ignore。", EN: "Leave the column out of the row, or set unknown_fields=ignore."},
	},
	{
		Code:    RowOptionNotFound,
		Meaning: Text{ZH: "这一列没有这个选项。", EN: "The column has no such option."},
		Fix:     Text{ZH: "改用已有选项，或设 unknown_options=create 新建。", EN: "Use an existing option, or set unknown_options=create to add it."},
	},
	{
		Code:    RowDuplicateColumn,
		Meaning: Text{ZH: "一行中有两个键指向同一列。", EN: "Two keys of the row mean the same column."},
		Fix:     Text{ZH: "只保留其中一个。", EN: "Keep one of them."},
	},
	{
		Code:    RowEmpty,
		Meaning: Text{ZH: "这一行没有可写的内容。", EN: "The row has nothing to write."},
		Fix:     Text{ZH: "至少给一列一个值；更新时要清空请用 null。", EN: "Give at least one column a value; to clear one on update, send null."},
	},
	{
		Code:    RowAmbiguous,
		Meaning: Text{ZH: "无法判断这一行的写法。", EN: "The row can be read in more than one way."},
		Fix: Text{
			ZH: "只用 {列: 值}，或只用 {\"fields\": {…}}；要按 record_id 更新，请用 update_records。",
			EN: "Send either {column: value} or {\"fields\": {…}} alone; to update by record_id use update_records.",
		},
	},
	{
		Code:    RowEmptyKey,
		Meaning: Text{ZH: "匹配键的列为空。", EN: "A key column is empty."},
		Fix:     Text{ZH: "给 key_fields 的每一列一个值。", EN: "Give every column of key_fields a value."},
	},
	{
		Code:    RowManyMatches,
		Meaning: Text{ZH: "有不止一条记录与键相符。", EN: "More than one record matches the key."},
		Fix: Text{
			ZH: "删除表中的重复记录，或增加 key_fields 的列，或按 record_id 更新。",
			EN: "Remove the duplicates from the table, add columns to key_fields, or update by record_id.",
		},
	},
	{
		Code:    RowAttachmentFailed,
		Meaning: Text{ZH: "附件无法取得或上传。", EN: "The attachment could not be fetched or uploaded."},
		Fix: Text{
			ZH: "确认网址公开可访问、不超过 100 MB，或先用 upload_attachment 取得 file_token。",
			EN: "See that the URL is public and the file has at most 100 MB, or get a file_token from upload_attachment first.",
		},
	},
	{
		Code:    RowPersonNotFound,
		Meaning: Text{ZH: "找不到这个人。", EN: "No such person."},
		Fix: Text{
			ZH: "确认邮箱或手机号属于本企业且在应用的通讯录范围内，或改用 open_id。",
			EN: "See that the email or mobile belongs to the organisation and lies in the app's contact range, or give an open_id.",
		},
	},
	{
		Code:    RowTooLarge,
		Meaning: Text{ZH: "这一行或这个值太大。", EN: "The row or the value is too large."},
		Fix:     Text{ZH: "按 expected 的上限缩短。", EN: "Cut it down to the limit in expected."},
	},
	{
		Code:    RowWrapper,
		Meaning: Text{ZH: "这一行外面包了一层，里面不能确定是一行。", EN: "The row is inside a wrapper, and what is inside is not clearly a row."},
		Fix:     Text{ZH: "只发送里面的行：{列: 值}。", EN: "Send only the row inside it: {column: value}."},
	},
	{
		Code:    RowRecordNotFound,
		Meaning: Text{ZH: "没有这条记录。", EN: "No such record."},
		Fix:     Text{ZH: "用 search_records 取得现有的 record_id。", EN: "Take an existing record_id from search_records."},
	},
}
