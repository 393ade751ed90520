package feishu

import "github.com/rowgate/rowgate/internal/problem"

// fixKey names a piece of advice in fixes.
type fixKey string

const (
	fixAdvanced      fixKey = "advanced"
	fixAttachment    fixKey = "attachment"
	fixBase          fixKey = "base"
	fixCapacity      fixKey = "capacity"
	fixCell          fixKey = "cell"
	fixCheckbox      fixKey = "checkbox"
	fixClientToken   fixKey = "client_token"
	fixCollaborator  fixKey = "collaborator"
	fixColumn        fixKey = "column"
	fixConfiguration fixKey = "configuration"
	fixConflict      fixKey = "conflict"
	fixContent       fixKey = "content"
	fixCopying       fixKey = "copying"
	fixCredentials   fixKey = "credentials"
	fixData          fixKey = "data"
	fixDate          fixKey = "date"
	fixDuplicate     fixKey = "duplicate"
	fixEmptyRow      fixKey = "empty_row"
	fixFieldProperty fixKey = "field_property"
	fixFileName      fixKey = "file_name"
	fixFileSize      fixKey = "file_size"
	fixFileToken     fixKey = "file_token"
	fixFresh         fixKey = "fresh"
	fixIP            fixKey = "ip"
	fixLast          fixKey = "last"
	fixLess          fixKey = "less"
	fixLink          fixKey = "link"
	fixMultiSelect   fixKey = "multi_select"
	fixNumber        fixKey = "number"
	fixPermControl   fixKey = "perm_control"
	fixPerson        fixKey = "person"
	fixPhone         fixKey = "phone"
	fixPlan          fixKey = "plan"
	fixPublished     fixKey = "published"
	fixQuery         fixKey = "query"
	fixQuota         fixKey = "quota"
	fixRecord        fixKey = "record"
	fixRepeat        fixKey = "repeat"
	fixScope         fixKey = "scope"
	fixSingleSelect  fixKey = "single_select"
	fixStorage       fixKey = "storage"
	fixTable         fixKey = "table"
	fixText          fixKey = "text"
	fixToken         fixKey = "token"
	fixUnknown       fixKey = "unknown"
	fixUpload        fixKey = "upload"
	fixURL           fixKey = "url"
	fixView          fixKey = "view"
	fixWait          fixKey = "wait"
	fixWiki          fixKey = "wiki"
)

// fixes is what a person does next, side by side in both languages; menu paths are those of Feishu (zh) and Lark (en).
var fixes = map[fixKey]problem.Text{
	fixAdvanced: {
		ZH: "该多维表格开启了高级权限：在「高级权限」设置里把应用加入有编辑权限的角色，或在「…」→「更多」→「添加文档应用」里授予应用「可管理」权限。",
		EN: "The base uses advanced permissions: add the app to a role that can edit, or give it Manage access under ··· → More → " +
			"Add document app.",
	},
	fixAttachment: {
		ZH: "附件列请填 file_token 列表，例如 [{\"file_token\":\"…\"}]。",
		EN: "An attachment column takes a list of file tokens, e.g. [{\"file_token\":\"…\"}].",
	},
	fixBase: {
		ZH: "检查多维表格链接或 app_token；知识库（/wiki/）链接请直接粘贴完整链接，不要把其中的 token 当作 app_token。",
		EN: "Check the base's link or app_token; paste a wiki link in full, because the token in it is not an app_token.",
	},
	fixCapacity: {ZH: "删除不用的数据，或换一个数据表或多维表格。", EN: "Delete what is no longer needed, or use another table or base."},
	fixCell: {
		ZH: "缩短该单元格的内容（文本最多 100,000 字，附件最多 100 个）。",
		EN: "Shorten the cell (text up to 100,000 characters, up to 100 attachments).",
	},
	fixCheckbox:    {ZH: "复选框列请填 true 或 false。", EN: "A checkbox column takes true or false."},
	fixClientToken: {ZH: "client_token 必须是 UUID v4，也可以不填。", EN: "client_token must be a UUID v4, or be left out."},
	fixCollaborator: {
		ZH: "打开该多维表格，右上角「…」→「更多」→「添加文档应用」，搜索你的应用并授予「可编辑」权限。",
		EN: "Open the base, then ··· (top right) → More → Add document app, find your app and give it Can edit.",
	},
	fixColumn: {
		ZH: "检查列名（含空格和换行），或用 describe_table 查看该表的列。",
		EN: "Check the column name, white space and line breaks included, or list the columns with describe_table.",
	},
	fixConfiguration: {
		ZH: "按飞书返回的信息检查应用和文档的设置；联系飞书支持时请附上 log_id。",
		EN: "Check the settings of the app and the document against Feishu's message; include the log_id when you contact Feishu support.",
	},
	fixConflict: {
		ZH: "稍后重试；避免其他程序同时写这个多维表格。",
		EN: "Try again shortly, and avoid writing to this base from other programs at the same time.",
	},
	fixContent: {ZH: "文件没有通过飞书的内容检查，请换一个文件。", EN: "The file did not pass Feishu's content check; use another one."},
	fixCopying: {ZH: "多维表格正在复制，完成后重试。", EN: "The base is being copied; try again when that is done."},
	fixCredentials: {
		ZH: "在开发者后台 →「凭证与基础信息」核对 App ID 和 App Secret（是否重置过），国际版请选择 brand=lark。",
		EN: "Check the App ID and App Secret in the Developer Console → Credentials & Basic Info (the secret may have been reset); " +
			"use brand=lark for Lark apps.",
	},
	fixData: {ZH: "按提示改正数据后再发。", EN: "Correct the data as the message describes and send it again."},
	fixDate: {
		ZH: "日期列请填毫秒时间戳，或打开 typecast 后填 2026-03-04 15:04 这样的日期。",
		EN: "A date column takes milliseconds since 1970, or with typecast a date such as 2026-03-04 15:04.",
	},
	fixDuplicate:     {ZH: "这个名称已被使用，请换一个名称。", EN: "The name is taken; choose another one."},
	fixEmptyRow:      {ZH: "每一行至少要有一列有值。", EN: "Give every row a value in at least one column."},
	fixFieldProperty: {ZH: "检查要创建的列：名称、类型和该类型的属性。", EN: "Check the column to be created: its name, its type and the properties of that type."},
	fixFileName:      {ZH: "文件名最多 250 个字符，且不能为空。", EN: "A file name has 1 to 250 characters."},
	fixFileSize:      {ZH: "文件超过了飞书允许的大小，请压缩或拆分。", EN: "The file is larger than Feishu allows; compress or split it."},
	fixFileToken: {
		ZH: "file_token 只能在上传它的多维表格里使用：请把文件上传到这个多维表格。",
		EN: "A file_token works only in the base it was uploaded to: upload the file to this base.",
	},
	fixFresh: {ZH: "检查 ID；如果是几秒前刚创建的，稍后重试。", EN: "Check the id; if it was created seconds ago, try again shortly."},
	fixIP: {
		ZH: "在开发者后台 →「安全设置」→「IP 白名单」加入本服务的出口 IP，或关闭白名单。",
		EN: "In the Developer Console → Security Settings → IP allowlist, add this service's outbound IP address or turn the allowlist off.",
	},
	fixLast: {
		ZH: "飞书不允许删除最后一个视图、最后一个数据表或索引列。",
		EN: "Feishu does not allow deleting the last view, the last table or the primary column.",
	},
	fixLess:        {ZH: "一次少取或少写一些：减少行数或列数。", EN: "Request or send less at a time: fewer rows or columns."},
	fixLink:        {ZH: "关联列请填被关联表里的记录 ID 列表，例如 [\"rec…\"]。", EN: "A link column takes record ids of the linked table, e.g. [\"rec…\"]."},
	fixMultiSelect: {ZH: "多选列请填文本列表，例如 [\"甲\",\"乙\"]。", EN: "A multi-select column takes a list of texts, e.g. [\"A\",\"B\"]."},
	fixNumber:      {ZH: "数字列请填不带引号的数字，或打开 typecast。", EN: "A number column takes a number without quotes; or turn on typecast."},
	fixPermControl: {ZH: "文档所有者或管理员限制了此操作，请联系他们。", EN: "The document's owner or an administrator has restricted this operation; ask them."},
	fixPerson: {
		ZH: "人员列请填与 user_id_type 一致的用户 ID，且该用户在应用的可用范围内。",
		EN: "A person column takes user IDs of the type given by user_id_type, of people within the app's availability.",
	},
	fixPhone: {ZH: "电话列只能是数字，可带开头的 +，最多 64 位。", EN: "A phone column takes digits with an optional leading +, up to 64."},
	fixPlan: {
		ZH: "企业或多维表格所有者的套餐已到上限：升级套餐，或换一个多维表格。",
		EN: "The plan of the tenant or of the base's owner has reached its limit: upgrade it or use another base.",
	},
	fixPublished: {
		ZH: "在开发者后台确认应用已发布并在本企业启用（创建版本 → 发布，管理员审核通过）。",
		EN: "In the Developer Console, make sure the app is released and enabled in this tenant (create a version, release it, have " +
			"it approved).",
	},
	fixQuery: {
		ZH: "检查筛选和排序：列名、运算符、值的写法，以及长度（筛选 2,000 字符、排序 1,000 字符）。",
		EN: "Check the filter and the sort: column names, operators, the form of values, and the length (2,000 and 1,000 characters).",
	},
	fixQuota: {
		ZH: "本月的开放平台调用量已用完：次月恢复，或由管理员升级飞书套餐。",
		EN: "This month's API quota is used up: it resets next month, or an administrator can upgrade the plan.",
	},
	fixRecord: {
		ZH: "检查 record_id（以 rec 开头）是否属于这张表、是否已被删除。",
		EN: "Check that the record_id (rec…) belongs to this table and has not been deleted.",
	},
	fixRepeat: {ZH: "稍后用同样的请求重试。", EN: "Send the same request again shortly."},
	fixScope: {
		ZH: "在开发者后台 →「权限管理」开通所需权限，然后创建版本并发布。",
		EN: "In the Developer Console → Permissions & Scopes, add the scope, then create and release a version.",
	},
	fixSingleSelect: {ZH: "单选列请填一个文本。", EN: "A single-select column takes one text."},
	fixStorage:      {ZH: "企业的存储空间已满：清理文件或升级套餐。", EN: "The tenant's storage is full: delete files or upgrade the plan."},
	fixTable: {
		ZH: "检查 table_id（以 tbl 开头）是否属于这个多维表格，或用 list_tables 查看。",
		EN: "Check that the table_id (tbl…) belongs to this base, or list the tables with list_tables.",
	},
	fixText: {ZH: "文本列请填文本。", EN: "A text column takes text."},
	fixToken: {
		ZH: "飞书拒绝了刚为该应用签发的凭证：检查 brand（feishu 或 lark）和应用是否已在本企业启用。",
		EN: "Feishu refused the token it had just issued for the app: check brand (feishu or lark) and that the app is enabled in this tenant.",
	},
	fixUnknown: {
		ZH: "可能已经写入：请用相同的 idempotency_key 重试，或先在表里核对。",
		EN: "The write may have been carried out: retry with the same idempotency_key, or check the table first.",
	},
	fixUpload: {ZH: "请重新上传该文件。", EN: "Upload the file again."},
	fixURL: {
		ZH: "超链接列请填 {\"text\":\"…\",\"link\":\"https://…\"}。",
		EN: "A URL column takes {\"text\":\"…\",\"link\":\"https://…\"}.",
	},
	fixView: {ZH: "检查 view_id（以 vew 开头）是否属于这张表。", EN: "Check that the view_id (vew…) belongs to this table."},
	fixWait: {ZH: "放慢请求，按 Retry-After 给出的时间后重试。", EN: "Slow down and try again after the time given in Retry-After."},
	fixWiki: {
		ZH: "检查知识库链接，并让应用能访问它：「知识库设置」→「成员设置」加入应用所在的群，或把多维表格「添加文档应用」。",
		EN: "Check the wiki link and give the app access: under Wiki settings → Members, add a group that contains the app, or add " +
			"the app to the base itself.",
	},
}

// classFixes is the advice for a code that has none of its own.
var classFixes = map[Class]fixKey{
	ClassData:        fixData,
	ClassConflict:    fixConflict,
	ClassFresh:       fixFresh,
	ClassReadBack:    fixUnknown,
	ClassToken:       fixToken,
	ClassAccess:      fixConfiguration,
	ClassCapacity:    fixCapacity,
	ClassRate:        fixWait,
	ClassServer:      fixRepeat,
	ClassUnreachable: fixRepeat,
	ClassInterrupted: fixRepeat,
	ClassOpen:        fixRepeat,
}

// classDetails describes what happened, by class.
var classDetails = map[Class]problem.Text{
	ClassData:        {ZH: "飞书不接受这些数据", EN: "Feishu does not accept this data."},
	ClassConflict:    {ZH: "飞书暂时处理不了并发的请求", EN: "Feishu cannot handle concurrent requests right now."},
	ClassFresh:       {ZH: "飞书找不到所指的对象", EN: "Feishu cannot find the object named in the request."},
	ClassReadBack:    {ZH: "飞书没有说明是否已处理该请求", EN: "Feishu did not say whether the request was carried out."},
	ClassToken:       {ZH: "飞书拒绝了应用的凭证", EN: "Feishu refused the app's token."},
	ClassAccess:      {ZH: "飞书拒绝了请求", EN: "Feishu refused the request."},
	ClassCapacity:    {ZH: "已到飞书的上限", EN: "A Feishu limit has been reached."},
	ClassRate:        {ZH: "对飞书的请求过于频繁", EN: "Requests to Feishu are too frequent."},
	ClassServer:      {ZH: "飞书内部出错", EN: "Feishu had an internal error."},
	ClassUnreachable: {ZH: "无法连接飞书", EN: "Feishu cannot be reached."},
	ClassInterrupted: {ZH: "与飞书的连接中断或超时", EN: "The connection to Feishu broke or timed out."},
	ClassOpen:        {ZH: "飞书接连出错，已暂停请求", EN: "Feishu has failed repeatedly; requests to it are paused."},
}
