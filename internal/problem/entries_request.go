package problem

// requestEntries are the problems of a request that cannot be read or understood.
var requestEntries = []Entry{
	{
		Code: BadBody, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "请求体无法读取", EN: "The body cannot be read"},
		Fix: Text{
			ZH: "按 detail 指出的位置修正请求体。模板里要填入任意文本时，改用 application/x-www-form-urlencoded，每列一个字段：fields.列名=值，这样引号和换行都不必转义。",
			EN: "Correct the body at the position given in detail. If a template inserts free text, send " +
				"application/x-www-form-urlencoded with one form field per column, fields.<column>=<value>, so that quotes and line breaks " +
				"need no escaping.",
		},
		Explanation: Text{
			ZH: "请求体不是完整的 JSON、表单、CSV 或 Markdown 表格，或者含有歧义内容（重复的键、被截断的结尾、值里未转义的引号）。常见的外层包装会自动去掉，但从不猜测值的内容。",
			EN: "The body is not complete JSON, form data, CSV or a Markdown table, or it contains something ambiguous: duplicate keys, " +
				"a truncated end, or an unescaped quote inside a value. Common wrappers are removed, but the content of a value is never " +
				"guessed.",
		},
	},
	{
		Code: UnknownParameter, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "未知的参数", EN: "Unknown parameter"},
		Fix: Text{
			ZH: "改正或删除 detail 中的参数名；列名要放进 records 或 fields 里面。",
			EN: "Correct or remove the parameter named in detail; column names belong inside records or fields.",
		},
		Explanation: Text{
			ZH: "顶层或查询字符串里有一个不属于此工具的参数名。模板损坏时，行里的键往往会漏到顶层，所以未知的名字不会被静默忽略。",
			EN: "A name at the top level or in the query string is not a parameter of this tool. A broken template often leaks the keys " +
				"of a row to the top level, so unknown names are never silently ignored.",
		},
	},
	{
		Code: BadParameter, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "参数的值不合法", EN: "Invalid parameter value"},
		Fix: Text{
			ZH: "按 detail 的说明改正该参数；允许的值见 /docs。",
			EN: "Correct the parameter as detail describes; /docs lists the accepted values.",
		},
		Explanation: Text{
			ZH: "某个参数的类型、范围或取值不对，或者两个互斥的参数同时出现（例如 records 与 fields）。",
			EN: "A parameter has the wrong type, range or value, or two mutually exclusive parameters were sent together, such as " +
				"records and fields.",
		},
	},
	{
		Code: NoRows, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "没有任何行", EN: "No rows"},
		Fix: Text{
			ZH: "在 records 中发送行的数组，或在 fields 中发送一行。若上一步可能没有结果，请发送空数组 []，它会返回 total 0。",
			EN: "Send an array of rows in records, or one row in fields. If the previous step may have no result, send an empty array " +
				"[]; the answer then has total 0.",
		},
		Explanation: Text{
			ZH: "records 缺失、为 null 或为空文本。通常是上一个节点的输出变量没有接上，因此会报错，而不是当作零行处理。",
			EN: "records is missing, null or an empty string. Usually the output of the previous step is not connected, so this is an " +
				"error rather than zero rows.",
		},
	},
	{
		Code: SecretInQuery, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "密钥出现在网址里", EN: "A secret in the URL"},
		Fix: Text{
			ZH: "把它移到请求体、请求头或 Authorization: Bearer 中；它可能已被沿途的日志记下，请更换该密钥。",
			EN: "Move it to the body, to a header or to Authorization: Bearer. It may have been logged on the way, so replace that secret.",
		},
		Explanation: Text{
			ZH: "查询字符串会进入代理和浏览器的日志与历史记录。名字或值像密钥的查询参数一律拒绝，即使是空值。",
			EN: "Query strings end up in the logs and histories of proxies and browsers. A query parameter whose name or value looks " +
				"like a secret is refused, even if it is empty.",
		},
	},
	{
		Code: BadLink, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "链接没有指向多维表格", EN: "The link does not point to a base"},
		Fix: Text{
			ZH: "打开目标数据表，复制浏览器地址栏的完整链接（含 ?table=tbl…）作为 app_token。",
			EN: "Open the table in the browser and copy the whole address, including ?table=tbl…, as app_token.",
		},
		Explanation: Text{
			ZH: "分享表单、分享视图、仪表盘和应用模式的链接里没有 app_token；知识库链接必须指向多维表格。",
			EN: "Links of shared forms, shared views, dashboards and app mode contain no app_token; a wiki link must point to a base.",
		},
	},
	{
		Code: MissingConnection, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "缺少连接信息", EN: "Connection fields are missing"},
		Fix: Text{
			ZH: "补上 detail 列出的字段，或用 create_connection 生成连接密钥，放进 Authorization: Bearer rgk_…。",
			EN: "Add the fields listed in detail, or create a connection key with create_connection and send it as Authorization: Bearer rgk_….",
		},
		Explanation: Text{
			ZH: "每次调用都需要知道用哪个飞书应用写哪张表：app_id、app_secret、passphrase、app_token、table_id，可放在请求体或请求头。空字符串视为缺失。",
			EN: "Each call must say which Feishu app writes to which table: app_id, app_secret, passphrase, app_token and table_id, in " +
				"the body or as headers. An empty string counts as missing.",
		},
	},
	{
		Code: UnrenderedTemplate, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "模板变量没有被替换", EN: "A template variable was not filled in"},
		Fix: Text{
			ZH: "Dify：在变量选择器里重新选择变量，确认它的节点一定会运行且没有改名。n8n：把该字段从 Fixed 切换成 Expression。其他：把占位文字换成真实的值。",
			EN: "Dify: choose the variable again in the selector, and see that its node always runs and was not renamed. n8n: switch the " +
				"field from Fixed to Expression. Elsewhere: put the real value in place of the placeholder.",
		},
		Explanation: Text{
			ZH: "连接信息、选项、幂等键或 Authorization 的整个值是模板文字（如 {{…}}、{{#…#}}、${…}、$NAME、<name>），或 Dify 在变量不存在时留下的选择器（如 sys.workflow_run_id）。",
			EN: "The whole value of a connection field, an option, an idempotency key or Authorization is template text such as {{…}}, " +
				"{{#…#}}, ${…}, $NAME or <name>, or a selector that Dify prints for a variable that does not exist, such as sys.workflow_run_id.",
		},
	},
	{
		Code: Wrapper, Status: statusBadRequest, Outcome: NotWritten,
		Title: Text{ZH: "数据外面包了一层", EN: "The rows are inside a wrapper"},
		Fix: Text{
			ZH: "只发送 detail 指出的键里面的行，放进 records；若上一步失败了，先修好上一步。",
			EN: "Send the rows inside the key that detail names, as records; if the previous step failed, repair that first.",
		},
		Explanation: Text{
			ZH: "请求体是另一个接口或节点的整个返回值（例如 {\"data\":{…}}），又不能确定里面哪些是行。能确定时会自动取出里面的行。",
			EN: "The body is the whole output of another API or node, such as {\"data\":{…}}, and it is unclear what in it are rows. " +
				"Where it is clear the rows are taken out.",
		},
	},
	{
		Code: BaseNotFound, Status: statusNotFound, Outcome: NotWritten,
		Title: Text{ZH: "找不到该多维表格", EN: "Base not found"},
		Fix: Text{
			ZH: "打开多维表格，复制地址栏的完整链接作为 app_token；Lark 的表格请设 brand=lark。",
			EN: "Open the base and copy the whole address as app_token; for a Lark base, set brand=lark.",
		},
		Explanation: Text{
			ZH: "飞书不认识这个 app_token（91402）：可能抄错、已删除，或者是知识库节点的标识。知识库里的表格请直接粘贴链接，服务会解析。",
			EN: "Feishu does not recognise this app_token (91402): it may be mistyped, deleted, or the token of a wiki node. For a base " +
				"in a wiki, paste the link; the service resolves it.",
		},
	},
	{
		Code: TableNotFound, Status: statusNotFound, Outcome: NotWritten,
		Title: Text{ZH: "找不到该数据表", EN: "Table not found"},
		Fix: Text{
			ZH: "用 list_tables 查看此多维表格的数据表，填写 tbl… 或表名。",
			EN: "List the tables of this base with list_tables and use a table_id (tbl…) or a name from there.",
		},
		Explanation: Text{
			ZH: "table_id 不属于这个多维表格，或者没有叫这个名字的数据表。",
			EN: "table_id does not belong to this base, or no table has this name.",
		},
	},
	{
		Code: RecordNotFound, Status: statusNotFound, Outcome: NotWritten,
		Title: Text{ZH: "找不到该记录", EN: "Record not found"},
		Fix: Text{
			ZH: "用 search_records 取得 record_id（rec…）。要跳过不存在的记录，请设 on_error=skip。",
			EN: "Get the record_id (rec…) from search_records. To skip records that do not exist, set on_error=skip.",
		},
		Explanation: Text{
			ZH: "记录已被删除，或 record_id 来自另一张表。分享记录链接里的标识不是 record_id。",
			EN: "The record was deleted, or the record_id belongs to another table. The token in the link of a shared record is not a record_id.",
		},
	},
	{
		Code: JobNotFound, Status: statusNotFound, Outcome: NotWritten,
		Title: Text{ZH: "找不到该任务", EN: "Job not found"},
		Fix: Text{
			ZH: "使用 202 响应里的 job_id，并用提交时的同一组凭证查询。",
			EN: "Use the job_id from the 202 answer, with the same credentials that submitted the job.",
		},
		Explanation: Text{
			ZH: "任务不存在、属于别的凭证，或已超过保存期限（至少 24 小时）。",
			EN: "The job does not exist, belongs to other credentials, or has passed its retention time (at least 24 hours).",
		},
	},
	{
		Code: NotFound, Status: statusNotFound, Outcome: NotWritten,
		Title: Text{ZH: "地址不存在", EN: "No such address"},
		Fix: Text{
			ZH: "对照 /docs 或 /openapi.json 检查路径；路径末尾没有斜杠。",
			EN: "Check the path against /docs or /openapi.json; paths have no trailing slash.",
		},
		Explanation: Text{
			ZH: "本服务没有这个路径。工具都在 /v1/ 之下，使用 POST。",
			EN: "The service has no such path. The tools are under /v1/ and use POST.",
		},
	},
	{
		Code: MethodNotAllowed, Status: statusMethodNotAllowed, Outcome: NotWritten,
		Title: Text{ZH: "请求方法不正确", EN: "Method not allowed"},
		Fix: Text{
			ZH: "改用 Allow 响应头列出的方法；所有工具都是 POST。",
			EN: "Use a method listed in the Allow header; every tool uses POST.",
		},
		Explanation: Text{
			ZH: "路径存在，但不接受这个方法。工具只接受 POST，这样凭证永远不会出现在网址里。",
			EN: "The path exists but does not accept this method. Tools accept only POST, so that credentials never appear in a URL.",
		},
	},
	{
		Code: WrongOrigin, Status: statusForbidden, Outcome: NotWritten,
		Title: Text{ZH: "不允许其他网站的网页调用", EN: "Web pages of this origin may not call"},
		Fix: Text{
			ZH: "请服务的管理者把该网页的来源（https://主机[:端口]）加入 ROWGATE_ALLOWED_ORIGINS；程序不需要发送 Origin。",
			EN: "Ask the operator to add the page's origin (https://host[:port]) to ROWGATE_ALLOWED_ORIGINS; a program need not send Origin.",
		},
		Explanation: Text{
			ZH: "浏览器替其他网站的网页发出了请求：Origin 不是本服务的地址，也不在允许的列表中。否则任何网页都能借访问者的网络使用本服务。/mcp 上不论什么方法都会拒绝。",
			EN: "A browser sent this for a page of another site: the Origin is neither this service's address nor on the allow-list. Any page " +
				"could otherwise use the service through the network of whoever visits it. At /mcp this holds for every method.",
		},
	},
	{
		Code: WrongHost, Status: statusMisdirectedRequest, Outcome: NotWritten,
		Title: Text{ZH: "主机名不是本服务的", EN: "The host name is not this service's"},
		Fix: Text{
			ZH: "用 127.0.0.1 或 localhost 访问；如果有反向代理或自己的域名，请把它设置为 ROWGATE_PUBLIC_URL。",
			EN: "Use 127.0.0.1 or localhost; if a reverse proxy or a name of your own is in use, set it as ROWGATE_PUBLIC_URL.",
		},
		Explanation: Text{
			ZH: "服务只在本机监听，而请求的 Host 是别的名称。网页可以把自己的域名指向本机（DNS 重绑定），因此这样的请求会被拒绝。",
			EN: "The service listens on this machine only, and the request's Host is another name. A web page can make its own name point to " +
				"this machine (DNS rebinding), so such requests are refused.",
		},
	},
	{
		Code: BodyTooLarge, Status: statusRequestEntityTooLarge, Outcome: NotWritten,
		Title: Text{ZH: "请求体过大", EN: "The body is too large"},
		Fix: Text{
			ZH: "把行分成几次发送，每次不超过 20 MiB；附件请用网址代替文件内容。",
			EN: "Send the rows in several requests of at most 20 MiB each; send attachments as URLs instead of file contents.",
		},
		Explanation: Text{
			ZH: "一次请求的请求体上限为 20 MiB，超出的请求不会被处理。",
			EN: "The body of a request is limited to 20 MiB; a larger request is not processed.",
		},
	},
	{
		Code: TooManyRows, Status: statusRequestEntityTooLarge, Outcome: NotWritten,
		Title: Text{ZH: "行数过多", EN: "Too many rows"},
		Fix: Text{
			ZH: "分几次发送，每次不超过 10,000 行；大文件请用 rowgate import。",
			EN: "Send at most 10,000 rows per request; for large files, use rowgate import.",
		},
		Explanation: Text{
			ZH: "一次请求最多 10,000 行。服务会自行按飞书的上限分批，不必提前切得更小。",
			EN: "A request is limited to 10,000 rows. The service splits them into batches for Feishu itself, so smaller requests gain nothing.",
		},
	},
}
