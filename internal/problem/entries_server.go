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
			ZH: "等待 Retry-After 的秒数后原样重试；把多行放进一次请求比逐行发送更快。",
			EN: "Wait the seconds of Retry-After and repeat the same request; many rows in one request are faster than one request a row.",
		},
		Explanation: Text{
			ZH: "达到了飞书对此应用的频率限制，或同一来源地址同时进行的请求过多。",
			EN: "Feishu's rate limit for this app is reached, or one address has too many requests running at once.",
		},
	},
	{
		// Whether anything was written before our own fault cannot be known here.
		Code: InternalError, Status: statusInternalServerError, Outcome: OutcomeUnknown,
		Title: Text{ZH: "服务内部错误", EN: "Internal error"},
		Fix: Text{
			ZH: "把 request_id 告诉本服务的管理者。重试写入前请先查表，或使用 idempotency_key。",
			EN: "Give request_id to whoever runs this service. Before you repeat a write, look at the table or use an idempotency_key.",
		},
		Explanation: Text{
			ZH: "这是本服务的缺陷，原因只写在服务日志中，可用 request_id 查到。",
			EN: "This is a defect of the service. Its cause is in the service's log alone, to be found by request_id.",
		},
	},
	{
		Code: UpstreamUnavailable, Status: statusServiceUnavailable, Retryable: true, Outcome: NotWritten, RetryAfter: upstreamUnavailableAfter,
		Title: Text{ZH: "飞书暂时不可用", EN: "Feishu is not available"},
		Fix: Text{
			ZH: "等待 Retry-After 的秒数后原样重试。",
			EN: "Wait the seconds of Retry-After and repeat the same request.",
		},
		Explanation: Text{
			ZH: "飞书连续超时或返回服务器错误，暂停向它发送请求，让其恢复；通常十秒内会再次尝试。",
			EN: "Feishu has timed out or answered server errors again and again, so calls to it are paused to let it recover; another is usually tried within ten seconds.",
		},
	},
	{
		Code: Overloaded, Status: statusServiceUnavailable, Retryable: true, Outcome: NotWritten, RetryAfter: overloadedAfter,
		Title: Text{ZH: "服务繁忙", EN: "The service is busy"},
		Fix: Text{
			ZH: "等待 Retry-After 的秒数后原样重试；大批量写入请用 async=true。",
			EN: "Wait the seconds of Retry-After and repeat the same request; for large writes use async=true.",
		},
		Explanation: Text{
			ZH: "等待写入的行或正在进行的请求达到上限。请求在写入任何内容之前就被拒绝。",
			EN: "The rows that wait or the requests that run have reached their bound. The request was turned away before anything was written.",
		},
	},
	{
		Code: Draining, Status: statusServiceUnavailable, Retryable: true, Outcome: NotWritten, RetryAfter: drainingAfter,
		Title: Text{ZH: "服务正在停止", EN: "The service is stopping"},
		Fix: Text{
			ZH: "等待 Retry-After 的秒数后原样重试，届时会由另一个实例或重启后的服务处理。",
			EN: "Wait the seconds of Retry-After and repeat the same request: another instance, or this one once restarted, takes it.",
		},
		Explanation: Text{
			ZH: "此实例正在停止，不再接受新的工作；已接受的写入会完成。",
			EN: "This instance is stopping and takes no new work; writes that it has accepted are finished.",
		},
	},
	{
		Code: UnknownOutcome, Status: statusGatewayTimeout, Retryable: true, Outcome: OutcomeUnknown, RetryAfter: outcomeUnknownAfter,
		Title: Text{ZH: "写入结果未知", EN: "The outcome is unknown"},
		Fix: Text{
			ZH: "原样重试同一请求（同一 idempotency_key 或同样的内容），不会写两次；不要改动行的内容或顺序。",
			EN: "Repeat the same request unchanged, with the same idempotency_key or the same content: nothing is written twice. Do not change the rows or their order.",
		},
		Explanation: Text{
			ZH: "请求发往飞书后连接中断或超时，无法确认是否写入。服务记住了这次写入的标识，重复时用同一标识发送。",
			EN: "The connection to Feishu broke or timed out after the call was sent, so it is not known whether it was carried out. The service keeps that call's token and repeats with it.",
		},
	},
}
