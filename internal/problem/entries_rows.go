package problem

// rowsEntries are the problems of the rows, of the table that takes them, and of repeated requests.
var rowsEntries = []Entry{
	{
		Code: IdempotencyConflict, Status: statusConflict, Outcome: NotWritten,
		Title: Text{ZH: "幂等键已用于另一个请求", EN: "The idempotency key was already used for another request"},
		Fix: Text{
			ZH: "不同的内容请换一个 idempotency_key：在循环或迭代里，键要加上这一项的序号；要重试，请原样发送第一次的请求体。",
			EN: "Use a different idempotency_key for different content: in a loop or iteration, add the item's index to the key. To retry, " +
				"send the first body unchanged.",
		},
		Explanation: Text{
			ZH: "同一个 idempotency_key 在保存期内（至少 24 小时）用于不同的请求体。第一次请求的结果不受影响。",
			EN: "The same idempotency_key was sent with a different body within its retention time (at least 24 hours). The result of " +
				"the first request is not affected.",
		},
	},
	{
		// The only retryable problem below 429: the repeat gets the first request's answer.
		Code: InFlight, Status: statusConflict, Retryable: true, Outcome: OutcomeUnknown, RetryAfter: inFlightAfter,
		Title: Text{ZH: "同一请求仍在处理", EN: "The same request is still running"},
		Fix: Text{
			ZH: "按 Retry-After 给出的秒数等待，再用同一个 idempotency_key 原样发送，会得到第一次的结果。",
			EN: "Wait for the number of seconds in Retry-After, then send the same request with the same idempotency_key to get the " +
				"result of the first one.",
		},
		Explanation: Text{
			ZH: "先到的同一请求还没有结束，结果尚未确定。原样重复不会写两次。",
			EN: "An earlier copy of this request has not finished, and its result is not known yet. Repeating it unchanged does not write twice.",
		},
	},
	{
		Code: WrongState, Status: statusConflict, Outcome: NotWritten,
		Title: Text{ZH: "任务已经不在可以这样操作的状态", EN: "The job is past the state that this needs"},
		Fix: Text{
			ZH: "用 get_job 查看任务现在的状态和结果；已经结束的任务不能再取消，需要改动时请写入新的请求。",
			EN: "Ask get_job for the job's state and result. A job that has ended cannot be cancelled any more; to change what it wrote, send " +
				"a new request.",
		},
		Explanation: Text{
			ZH: "请求要求的操作只在任务结束之前有效，或者任务已被取消，剩下的行不再写入。",
			EN: "What was asked for is only possible before a job ends; or the job was cancelled, and the rows that were left are not written.",
		},
	},
	{
		Code: InvalidRows, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "部分行不合法", EN: "Some rows are invalid"},
		Fix: Text{
			ZH: "按 errors 逐行修正后重发；要先写入正确的行，请设 on_error=skip。describe_table 会给出每列可写的示例。",
			EN: "Correct the rows listed in errors and send them again; to write the valid rows first, set on_error=skip. " +
				"describe_table shows an example for every column.",
		},
		Explanation: Text{
			ZH: "至少一行的值与列不符。on_error=abort（默认）时只要有一行不合法就什么都不写。",
			EN: "The values of at least one row do not match their columns. With on_error=abort (the default), nothing is written if " +
				"any row is invalid.",
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
			EN: "An option such as key_fields, sort, fields or where names a column that does not exist in the table.",
		},
	},
	{
		Code: BadKeyField, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "该列不能作为匹配键", EN: "This column cannot be used as a key"},
		Fix: Text{
			ZH: "key_fields 请选用文本、数字、单选、日期、电话、超链接、人员或复选框列。",
			EN: "For key_fields, choose text, number, single select, date, phone, url, person or checkbox columns.",
		},
		Explanation: Text{
			ZH: "更新或新增时按键列的值查找已有行，其余类型的值无法可靠地比较。",
			EN: "An upsert finds existing rows by the values of the key columns; values of other column types cannot be compared reliably.",
		},
	},
	{
		Code: TableFull, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "数据表已满", EN: "The table is full"},
		Fix: Text{
			ZH: "删除旧记录、改写另一张表，或升级飞书版本以提高上限；detail 说明是哪个上限。",
			EN: "Delete old records, write to another table, or upgrade to a Feishu edition with a higher limit; detail names the limit.",
		},
		Explanation: Text{
			ZH: "飞书返回 1254103 或同类错误：记录、列、视图或选项的数量达到上限，重试没有用。",
			EN: "Feishu returned 1254103 or a related code: the number of records, fields, views or options has reached its limit. " +
				"Retrying does not help.",
		},
	},
	{
		Code: QuotaExhausted, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "本月飞书 API 调用量已用完", EN: "This month's Feishu API quota is used up"},
		Fix: Text{
			ZH: "等到下月，或在飞书管理后台升级版本 / 购买 API 调用量。查看用量：管理后台 →「费用中心」。",
			EN: "Wait until next month, or have an administrator upgrade the edition or buy API calls in the Feishu Admin Console; " +
				"usage is shown there under billing.",
		},
		Explanation: Text{
			ZH: "飞书返回 99991403：企业所有自建应用共用的月度额度已用完（基础版每月 10,000 次）。批次越大，消耗的次数越少。",
			EN: "Feishu returned 99991403: the monthly quota shared by all custom apps of the organisation is used up (10,000 calls in " +
				"the basic edition). Larger batches need fewer calls.",
		},
	},
	{
		Code: UpstreamRejected, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "飞书拒绝了请求", EN: "Feishu refused the request"},
		Fix: Text{
			ZH: "按 feishu.code 与 feishu.msg 查飞书文档；若不清楚，把 feishu.log_id 发给飞书技术支持。",
			EN: "Look up feishu.code and feishu.msg in Feishu's documentation; if that does not help, send feishu.log_id to Feishu support.",
		},
		Explanation: Text{
			ZH: "飞书返回了一个没有专门代码的错误，原样重试不会成功。",
			EN: "Feishu returned an error that has no dedicated code here; retrying the same request will not succeed.",
		},
	},
	{
		Code: TargetNotAllowed, Status: statusUnprocessableEntity, Outcome: NotWritten,
		Title: Text{ZH: "不会访问这个地址", EN: "The address may not be opened"},
		Fix: Text{
			ZH: "换成公网上可以打开的 https 网址（端口 443）。内网地址或 http 网址需由运维人员写进 ROWGATE_EGRESS_ALLOW（主机名、主机名:端口或网段）。",
			EN: "Give an https address (port 443) that opens on the public internet. For a private address, or plain http, the operator adds " +
				"it to ROWGATE_EGRESS_ALLOW (hosts, host:port or CIDR ranges).",
		},
		Explanation: Text{
			ZH: "请求里的地址（附件等）由服务去访问。为了不让调用方借此访问内网，只访问公网上存在的 https 网址，" +
				"以及 ROWGATE_EGRESS_ALLOW 放行的地址；链路本地地址和本服务自己的监听地址永远不会访问。域名不存在时也是这个错误。",
			EN: "The service opens addresses that a request names, such as those of attachments. So that callers cannot reach a private " +
				"network through it, it opens only https addresses that exist on the public internet, and those that ROWGATE_EGRESS_ALLOW " +
				"allows; never link-local addresses or its own listeners. A name that does not exist is refused in the same way.",
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
			EN: "Use the name in suggestion, or set unknown_fields=ignore to leave the column out or unknown_fields=create to create it.",
		},
	},
	{
		Code:    RowValueMismatch,
		Meaning: Text{ZH: "值与列的类型不符。", EN: "The value does not match the column's type."},
		Fix:     Text{ZH: "按 expected 的格式发送。", EN: "Send it in the format shown in expected."},
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
		Meaning: Text{ZH: "一行中有两个键指向同一列。", EN: "Two keys of the row refer to the same column."},
		Fix:     Text{ZH: "只保留其中一个。", EN: "Keep only one of them."},
	},
	{
		Code:    RowEmpty,
		Meaning: Text{ZH: "这一行没有可写的内容。", EN: "The row has nothing to write."},
		Fix:     Text{ZH: "至少给一列一个值；更新时要清空请用 null。", EN: "Give at least one column a value; to clear a column in an update, send null."},
	},
	{
		Code:    RowAmbiguous,
		Meaning: Text{ZH: "无法判断这一行的写法。", EN: "The row can be read in more than one way."},
		Fix: Text{
			ZH: "只用 {列: 值}，或只用 {\"fields\": {…}}；要按 record_id 更新，请用 update_records。",
			EN: "Send only {column: value} or only {\"fields\": {…}}; to update by record_id, use update_records.",
		},
	},
	{
		Code:    RowEmptyKey,
		Meaning: Text{ZH: "匹配键的列为空。", EN: "A key column is empty."},
		Fix:     Text{ZH: "给 key_fields 的每一列一个值。", EN: "Give every column in key_fields a value."},
	},
	{
		Code:    RowManyMatches,
		Meaning: Text{ZH: "有不止一条记录与键相符。", EN: "More than one record matches the key."},
		Fix: Text{
			ZH: "删除表中的重复记录，或增加 key_fields 的列，或按 record_id 更新。",
			EN: "Remove the duplicate records from the table, add columns to key_fields, or update by record_id.",
		},
	},
	{
		Code:    RowAttachmentFailed,
		Meaning: Text{ZH: "附件无法取得或上传。", EN: "The attachment could not be fetched or uploaded."},
		Fix: Text{
			ZH: "确认网址公开可访问、不超过 100 MB，或先用 upload_attachment 取得 file_token。",
			EN: "Check that the URL is publicly accessible and the file is at most 100 MB, or get a file_token from upload_attachment first.",
		},
	},
	{
		Code:    RowPersonNotFound,
		Meaning: Text{ZH: "找不到这个人。", EN: "The person was not found."},
		Fix: Text{
			ZH: "确认邮箱或手机号属于本企业且在应用的通讯录范围内，或改用 open_id。",
			EN: "Check that the email address or mobile number belongs to the organisation and is within the app's contact scope, or " +
				"use an open_id.",
		},
	},
	{
		Code:    RowTooLarge,
		Meaning: Text{ZH: "这一行或这个值太大。", EN: "The row or the value is too large."},
		Fix:     Text{ZH: "按 expected 的上限缩短。", EN: "Shorten it to the limit given in expected."},
	},
	{
		Code:    RowWrapper,
		Meaning: Text{ZH: "这一行外面包了一层，里面不能确定是一行。", EN: "The row is inside a wrapper, and what is inside is not clearly a row."},
		Fix:     Text{ZH: "只发送里面的行：{列: 值}。", EN: "Send only the row inside it: {column: value}."},
	},
	{
		Code:    RowRecordNotFound,
		Meaning: Text{ZH: "没有这条记录。", EN: "No such record."},
		Fix:     Text{ZH: "用 search_records 取得现有的 record_id。", EN: "Get an existing record_id from search_records."},
	},
}
