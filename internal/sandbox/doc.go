// Package sandbox is a strict, stateful Feishu simulator: it refuses what Feishu refuses, with the same codes, statuses, headers and
// messages, and stores what it accepts. It is written from the documented facts alone and imports nothing of the client, so that a
// misunderstanding of Feishu cannot be the same on both sides. What Feishu does not document is a switch in Options with a stated default.
//
// In a test:
//
//	sb, err := sandbox.New(sandbox.Options{})
//	err = sb.AddApp(sandbox.AppSpec{ID: "cli_example", Secret: "…"})
//	base, err := sb.AddBase(sandbox.BaseSpec{Name: "示例", Collaborators: []string{"cli_example"}})
//	tableID, err := base.AddTable("视频", sandbox.FieldSpec{Name: "标题", Type: 1},
//		sandbox.FieldSpec{Name: "状态", Type: 3, Options: []string{"完成"}})
//	url, err := sb.Start() // or sb.Transport() for a client inside a testing/synctest bubble
//
// # What it serves
//
// Under /open-apis: the tenant and app token endpoints of custom apps; bitable/v1 apps (create, get, update), tables, fields, views and
// records (all calls); wiki get_node; contact batch_get_id; drive medias uploads (one call and blocks), downloads and
// temporary URLs. Anything else is the gateway's 404 "404 page not found" in plain text; where Feishu has the path (base/v3, roles, forms,
// messages, …), more lines say that the gap is the simulator's. A base's PersonalBaseToken opens the bitable/v1 calls of that base.
//
// A call is checked in this order: token, address, scopes, rate, monthly quota, fault script, parameters, base, collaborator, table, the
// one-write-at-a-time rule; then its latency passes; then it is checked against the data and commits, all of it or nothing. The latency
// goes on when the client hangs up, and the write lands: as at Feishu, a client that gives up does not know the outcome.
//
// # Packages
//
// Every group of endpoints is a family, a package beneath this one with a Family function, its codes.tsv and its own state:
//
//	state     what the simulated tenant holds: apps, bases, tables, rows, people, files
//	core      what all families share: routing, tokens, limits, faults, answers, journal
//	base      bases, tables, columns, views
//	record    records
//	wiki      wiki pages that hold a base
//	contact   look-ups of people
//	drive     uploads and temporary addresses
//	admin     seeding and inspection, in Go and under /sandbox/
//
// A new family is a new package and one line in families (sandbox.go).
//
// # Admin API
//
// On the same listener, JSON in and out; errors are {"error": "…"} with 400, or 404 for what is not there. It has no authentication: serve
// the sandbox on loopback only. Names and shapes are those of the Go types; durations are text such as "300ms".
//
//	GET    /sandbox/health
//	POST   /sandbox/reset                        forget everything but the options
//	GET    /sandbox/options                      Options in snake_case
//	PATCH  /sandbox/options                      change those that are named
//	GET    /sandbox/endpoints                    {"endpoints": [Endpoint]}: the names that faults and counters use
//	GET    /sandbox/codes                        {"codes": [AnswerCode]}: what each endpoint can answer
//	POST   /sandbox/apps                         AppSpec
//	POST   /sandbox/bases                        BaseSpec, with "tables": [TableSpec] → {"app_token", "table_ids"}
//	POST   /sandbox/bases/{app_token}/tables     TableSpec → {"table_id"}
//	POST   /sandbox/people                       PersonSpec
//	GET    /sandbox/bases/{app_token}/tables/{table_id}/rows   {"rows": [Row]}
//	POST   /sandbox/bases/{app_token}/tables/{table_id}/rows   {"rows": [{column: value}]} in the write shape → {"record_ids"}
//	GET    /sandbox/bases/{app_token}/tables/{table_id}/counts?column=…   {"counts": {value: rows}}
//	GET    /sandbox/files                        {"files": [File]}
//	GET    /sandbox/verify                       400 with the first broken invariant
//	GET    /sandbox/calls                        {"calls": [Count]}: counters by endpoint, app, status and code
//	GET    /sandbox/journal                      {"journal": [Call]}: the newest calls, without content
//	DELETE /sandbox/calls                        empty counters and journal
//	GET    /sandbox/faults                       {"faults": [Fault with seen and struck]}
//	POST   /sandbox/faults                       Fault → {"id"}
//	DELETE /sandbox/faults                       and /sandbox/faults/{id}
//	POST   /sandbox/tokens/expire                {"app_id", "left": "10m"}; left "0s" revokes; no app_id: every app
//	POST   /sandbox/client_tokens/forget         forget every client_token: a repeated create creates again
//
// For people, "/" and /sandbox/ are an index page, and /sandbox/pages/{app_token} shows the newest rows of a base's tables, in Chinese or
// English (Accept-Language, ?lang=). The pages have no script.
//
// A script that loses the answer of the third batch of an app, after it has landed:
//
//	{"endpoint":"record.batch_create","app_id":"cli_example","skip":2,"count":1,"action":"cut","when":"after"}
//
// With this one beside it, Feishu also forgets the batch's client_token 2 seconds later, so that a resend writes it again:
//
//	{"endpoint":"record.batch_create","app_id":"cli_example","skip":2,"count":1,"action":"forget_client_token","delay":"2s"}
//
// A search that does not see what was written in the last 5 seconds:
//
//	{"endpoint":"record.search","rate":0.1,"action":"stale","delay":"5s"}
package sandbox
