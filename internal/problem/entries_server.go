package problem

import (
	"time"
)

// When to repeat where the error itself does not say.
const (
	rateLimitedAfter         = 2 * time.Second
	tooManyFailuresAfter     = time.Minute
	inFlightAfter            = 2 * time.Second
	upstreamUnavailableAfter = 10 * time.Second
	overloadedAfter          = 2 * time.Second
	drainingAfter            = 5 * time.Second
	outcomeUnknownAfter      = 10 * time.Second
)

// serverEntries are the problems of this service and of Feishu as a whole.
var serverEntries = []Entry{
	{
		Code: RateLimited, Status: statusTooManyRequests, Retryable: true, Outcome: NotWritten, RetryAfter: rateLimitedAfter,
		Title: Text{ZH: "请求过于频繁", EN: "Too many requests"},
		Fix: Text{
			ZH: "按 Retry-After 给出的秒数等待后原样重试；把多行放进一次请求比逐行发送更快。",
			EN: "Wait for the number of seconds in Retry-After, then retry the same request; sending many rows in one request is faster " +
				"than one request per row.",
		},
		Explanation: Text{
			ZH: "达到了飞书对此应用的频率限制，或同一来源地址同时进行的请求过多。",
			EN: "Feishu's rate limit for this app has been reached, or too many requests from one address are running at once.",
		},
	},
	{
		// It is not known here whether anything was written before the fault.
		Code: InternalError, Status: statusInternalServerError, Outcome: OutcomeUnknown,
		Title: Text{ZH: "服务内部错误", EN: "Internal error"},
		Fix: Text{
			ZH: "把 request_id 告诉本服务的管理者。重试写入前请先查表，或使用 idempotency_key。",
			EN: "Give the request_id to the operator of this service. Before you retry a write, check the table or use an idempotency_key.",
		},
		Explanation: Text{
			ZH: "这是本服务的缺陷，原因只写在服务日志中，可用 request_id 查到。",
			EN: "This is a defect in the service. The cause is recorded only in the service's log, under the request_id.",
		},
	},
	{
		Code: UpstreamUnavailable, Status: statusServiceUnavailable, Retryable: true, Outcome: NotWritten, RetryAfter: upstreamUnavailableAfter,
		Title: Text{ZH: "飞书暂时不可用", EN: "Feishu is temporarily unavailable"},
		Fix: Text{
			ZH: "按 Retry-After 给出的秒数等待后原样重试。",
			EN: "Wait for the number of seconds in Retry-After, then retry the same request.",
		},
		Explanation: Text{
			ZH: "飞书连续超时或返回服务器错误，因此暂停向它发送请求以便其恢复；通常十秒内会再次尝试。",
			EN: "Feishu has repeatedly timed out or returned server errors, so calls to it are paused to let it recover; the next " +
				"attempt usually follows within ten seconds.",
		},
	},
	{
		Code: Overloaded, Status: statusServiceUnavailable, Retryable: true, Outcome: NotWritten, RetryAfter: overloadedAfter,
		Title: Text{ZH: "服务繁忙", EN: "The service is busy"},
		Fix: Text{
			ZH: "按 Retry-After 给出的秒数等待后原样重试；大批量写入请用 async=true。",
			EN: "Wait for the number of seconds in Retry-After, then retry the same request; for large writes, use async=true.",
		},
		Explanation: Text{
			ZH: "等待写入的行数或正在进行的请求数已达上限。请求在写入任何内容之前就被拒绝。",
			EN: "The number of waiting rows or of running requests has reached its limit. The request was refused before anything was written.",
		},
	},
	{
		Code: Draining, Status: statusServiceUnavailable, Retryable: true, Outcome: NotWritten, RetryAfter: drainingAfter,
		Title: Text{ZH: "服务正在停止", EN: "The service is stopping"},
		Fix: Text{
			ZH: "按 Retry-After 给出的秒数等待后原样重试，届时会由另一个实例或重启后的服务处理。",
			EN: "Wait for the number of seconds in Retry-After, then retry the same request; another instance, or this one after its " +
				"restart, will handle it.",
		},
		Explanation: Text{
			ZH: "此实例正在停止，不再接受新的工作；已接受的写入会完成。",
			EN: "This instance is stopping and accepts no new work; writes that it has already accepted are completed.",
		},
	},
	{
		Code: UnknownOutcome, Status: statusGatewayTimeout, Retryable: true, Outcome: OutcomeUnknown, RetryAfter: outcomeUnknownAfter,
		Title: Text{ZH: "写入结果未知", EN: "The outcome of the write is unknown"},
		Fix: Text{
			ZH: "原样重试同一请求（同一 idempotency_key 或同样的内容），不会写两次；不要改动行的内容或顺序。",
			EN: "Retry the same request unchanged, with the same idempotency_key or the same content; nothing is written twice. Do not " +
				"change the rows or their order.",
		},
		Explanation: Text{
			ZH: "请求发往飞书后连接中断或超时，无法确认是否写入。服务先查找这些行，找不到才用同一标识重发。" +
				"如果中间的代理在 timeout_ms 之前放弃，服务会以为回答已经送达：这时只有幂等键（Idempotency-Key）能防止重复。",
			EN: "The connection to Feishu broke or timed out after the call was sent, so it is not known whether the write was carried " +
				"out. The service looks for the rows, and sends what is not there again with the token of that call. If a proxy in between " +
				"gives up before timeout_ms, the answer looks delivered to the service: only an idempotency key (Idempotency-Key) protects then.",
		},
	},
}
