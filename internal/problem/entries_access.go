package problem

// accessEntries are the problems of who is calling and of what the app may do. Menu names are those of the Feishu and Lark
// clients and developer consoles: https://open.feishu.cn/document/server-docs/docs/bitable-v1/faq
var accessEntries = []Entry{
	{
		Code: BadPassphrase, Status: statusUnauthorized, Outcome: NotWritten,
		Title: Text{ZH: "调用口令不正确", EN: "Wrong passphrase"},
		Fix: Text{
			ZH: "向本服务的管理者索取口令，放进 passphrase 字段或 Authorization: Bearer；配置为 name:value 时只发送 value；并检查前后空格和被模板改动的字符。",
			EN: "Ask the operator of this service for the passphrase and send it as passphrase or as Authorization: Bearer (if it was " +
				"configured as name:value, send only the value). Check for stray spaces and for characters that a template changed.",
		},
		Explanation: Text{
			ZH: "口令缺失，或与配置（ROWGATE_PASSPHRASE）中的任何一个都不一致。它保护的是本服务，与飞书无关。",
			EN: "The passphrase is missing or does not match any of those configured in ROWGATE_PASSPHRASE. It protects this service " +
				"and has nothing to do with Feishu.",
		},
	},
	{
		Code: BadAppCredentials, Status: statusUnauthorized, Outcome: NotWritten,
		Title: Text{ZH: "App ID、App Secret 或授权码不正确", EN: "Wrong App ID, App Secret or personal_base_token"},
		Fix: Text{
			ZH: "飞书开发者后台（open.feishu.cn/app）→ 你的应用 →「凭证与基础信息」，重新复制 App ID 和 App Secret，并确认应用已启用。Lark 的应用请设 brand=lark。",
			EN: "Developer Console (open.feishu.cn/app, for Lark open.larksuite.com/app) → your app → Credentials & Basic Info: copy " +
				"the App ID and App Secret again, and check that the app is enabled. For a Lark app, set brand=lark.",
		},
		Explanation: Text{
			ZH: "飞书拒绝为这组凭证签发 tenant_access_token。App Secret 可能已被重置，应用可能被停用，或者应用属于另一个品牌（飞书 / Lark）。" +
				"用 personal_base_token（授权码）时：授权码不对，或已经重新生成。",
			EN: "Feishu refused to issue a tenant_access_token for these credentials. The secret may have been reset, the app may be " +
				"disabled, or it may belong to the other brand (Feishu or Lark). Of a personal_base_token: it is wrong, or was made anew.",
		},
	},
	{
		Code: BadConnectionKey, Status: statusUnauthorized, Outcome: NotWritten,
		Title: Text{ZH: "连接密钥无效", EN: "Invalid connection key"},
		Fix: Text{
			ZH: "用 create_connection 重新生成连接密钥，并替换所有保存旧密钥的地方。",
			EN: "Create a new connection key with create_connection and replace the old one wherever it is stored.",
		},
		Explanation: Text{
			ZH: "连接密钥（rgk_…）不完整、已过期、由其他服务签发，或者其中的口令名已不再使用。",
			EN: "The connection key (rgk_…) is incomplete, has expired, was issued by another service, or refers to a passphrase that " +
				"is no longer in use.",
		},
	},
	{
		Code: AppNotCollaborator, Status: statusForbidden, Outcome: NotWritten,
		Title: Text{ZH: "应用不是该多维表格的协作者", EN: "The app is not a collaborator of the base"},
		Fix: Text{
			ZH: "打开多维表格 → 右上角「…」→「更多」→「添加文档应用」→ 搜索你的应用 → 授予「可编辑」（开启了高级权限的表格授予「可管理」）。找不到应用时，先在开发者后台发布一个含多维表格权限的版本。",
			EN: "Open the base → “…” at the top right → More → Add document app → find your app → select “Can edit” (“Can manage” if " +
				"advanced permissions are on). If the app is not listed, first release a version that has a Bitable scope.",
		},
		Explanation: Text{
			ZH: "飞书返回 91403。开通权限范围只允许应用调用接口，每个多维表格还必须单独把应用加为协作者。知识库中的多维表格请在其知识库页面上同样添加。",
			EN: "Feishu returned 91403. A scope lets the app call the API, but each base must also add the app as a collaborator. For a " +
				"base in a wiki, do the same on its wiki page.",
		},
	},
	{
		Code: ScopeMissing, Status: statusForbidden, Outcome: NotWritten,
		Title: Text{ZH: "应用缺少权限范围", EN: "The app is missing a scope"},
		Fix: Text{
			ZH: "飞书开发者后台 → 你的应用 →「开发配置」→「权限管理」→ 开通 detail 中的权限（以应用身份；写多维表格可用 bitable:app）→「版本管理与发布」→ 创建版本并发布，等待管理员审核通过。",
			EN: "Developer Console → your app → Development Configuration → Permissions & Scopes → add the scope named in detail, for " +
				"the app identity (bitable:app covers bases) → Version Management & Release → create and release a version, and have an " +
				"administrator approve it.",
		},
		Explanation: Text{
			ZH: "飞书返回 99991672 或同类错误：权限没有开通，或开通后还没有发布新版本。发布之前权限不生效。",
			EN: "Feishu returned 99991672 or a related code: the scope was not added, or no version has been released since. A scope " +
				"takes effect only with a release.",
		},
	},
	{
		Code: AdvancedPermission, Status: statusForbidden, Outcome: NotWritten,
		Title: Text{ZH: "高级权限不允许此操作", EN: "Advanced permissions do not allow this"},
		Fix: Text{
			ZH: "打开多维表格 → 右上角「…」→「更多」→「添加文档应用」→ 应用若是「可阅读」，改为「可编辑」；" +
				"开启了高级权限的表格改为「可管理」，或在「高级权限」中把应用加入对该表可编辑、可新增的角色。",
			EN: "Open the base → “…” at the top right → More → Add document app → if the app has “Can view”, set it to “Can " +
				"edit”; if the base uses advanced permissions, to “Can manage”, or, under Advanced permissions, add the app " +
				"to a role that can edit and add records in this table.",
		},
		Explanation: Text{
			ZH: "飞书返回 1254302 或同类错误：表格开启了高级权限，应用只是协作者还不够。此时搜索可能不报错，却返回空结果。",
			EN: "Feishu returned 1254302 or a related code: advanced permissions are on, and being a collaborator is not enough. A " +
				"search may then succeed but return no records.",
		},
	},
	{
		Code: IPNotAllowed, Status: statusForbidden, Outcome: NotWritten,
		Title: Text{ZH: "本服务的 IP 不在应用白名单内", EN: "This service's IP is not on the app's allow-list"},
		Fix: Text{
			ZH: "飞书开发者后台 → 你的应用 →「开发配置」→「安全设置」→「IP 白名单」，加入本服务的出口 IP，或清空白名单。",
			EN: "Developer Console → your app → Development Configuration → Security Settings → IP allow-list: add the outbound IP " +
				"address of this service, or clear the list.",
		},
		Explanation: Text{
			ZH: "飞书返回 99991401：应用设置了 IP 白名单，而请求来自名单之外的地址。",
			EN: "Feishu returned 99991401: the app has an IP allow-list and the call came from an address that is not on it.",
		},
	},
	{
		Code: KeyScope, Status: statusForbidden, Outcome: NotWritten,
		Title: Text{ZH: "密钥不适用于这个请求", EN: "The key is not for this request"},
		Fix: Text{
			ZH: "去掉请求里的 app_token 和 table_id，只用密钥自己的表格；要做别的事，请用 create_connection 另建一个不限表格或不限多维表格的密钥，或改用口令和应用凭证。",
			EN: "Leave app_token and table_id out, so that the key's own table is used. For anything else, make another key with " +
				"create_connection, without the table or without the base, or send the passphrase and the app's credentials.",
		},
		Explanation: Text{
			ZH: "连接密钥（rgk_…）可以只限于一个多维表格或其中一张数据表。限于一张表的密钥只能读取该表的记录、字段和视图，写入记录，新增列，为它上传文件，" +
				"解析它的链接，诊断它的连接，以及查询它自己的任务。授权码（personal_base_token）只能调用它那个多维表格自己的接口。",
			EN: "A connection key (rgk_…) may be for one base, or for one table of it. A table's key reads the records, fields and views of " +
				"that table, writes its records, adds columns, uploads files for it, resolves its link, diagnoses its connection and reads " +
				"its own jobs. A base's key does the same for every table of its base. A personal_base_token opens the calls of its base alone.",
		},
	},
	{
		Code: TooManyFailures, Status: statusTooManyRequests, Retryable: true, Outcome: NotWritten, RetryAfter: tooManyFailuresAfter,
		Title: Text{ZH: "错误口令次数过多", EN: "Too many wrong passphrases"},
		Fix: Text{
			ZH: "停止重复发送错误的口令，按 Retry-After 给出的秒数等待；正确的口令随时可用。",
			EN: "Stop sending the wrong passphrase and wait for the number of seconds in Retry-After; a correct one is accepted at any time.",
		},
		Explanation: Text{
			ZH: "同一来源地址连续发送了过多错误口令，之后一段时间内的错误口令会被直接拒绝。同一地址上持正确口令的调用不受影响。",
			EN: "Too many wrong passphrases came from one address, so further wrong ones are refused outright for a while. Calls from " +
				"that address with a correct passphrase are not affected.",
		},
	},
}
