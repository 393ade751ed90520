package main

import (
	"encoding/json"
	"net/url"
)

// rewritten is typical model output: quotes, newlines, a fence, braces, a Windows path, a pipe.
const rewritten = "别再喊“随便”了！\n今晚就做《葱油拌面》：\n```text\n葱 3 根 | 酱油 2 勺\n```\n\"火要小\"，{葱} 要焦黄；成片在 C:\\new\\video.mp4。\n"

// demoCall is one request as a workflow sends it, and what it shows.
type demoCall struct {
	says        string
	saysZH      string
	contentType string
	body        string
	query       string
	rows        int // that this call adds to the table
}

// demoCalls are the requests of the demo, in the formats that callers use.
func demoCalls(channel string) []demoCall {
	return []demoCall{
		{
			says:        "three rows from a workflow: dates, numbers and selects as text",
			saysZH:      "工作流产生的三行：日期、数字、选项都是文本",
			contentType: "application/json",
			rows:        3,
			body: object{"records": []any{
				object{
					"标题": "葱油拌面", "平台": "抖音", "标签": "美食、家常菜", "发布日期": "2026年3月24日", "播放量": "12,800", "完播率": "46%",
					"已发布": "是", "负责人": "ou_example", "原视频": "[原视频](https://video.example.com/v/1)", "频道": channel, "改写文案": rewritten,
				},
				object{
					"标题": "番茄炒蛋", "平台": "b站", "标签": []string{"美食", "新手"}, "发布日期": "2026-03-25 20:30", "播放量": 3051, "完播率": 0.58,
					"已发布": false, "原视频": "https://video.example.com/v/2", "频道": []string{channel}, "改写文案": "先炒蛋还是先炒番茄？评论区见。",
				},
				object{
					"标题": "可乐鸡翅", "平台": "小红书", "标签": "", "发布日期": 1774454400, "播放量": "1.2e4", "已发布": "True",
					"原视频": object{"text": "小红书", "link": "https://video.example.com/v/3"}, "改写文案": "",
				},
			}}.json(),
		},
		{
			says:        "a form, as Dify's HTTP node sends it: model text needs no escaping",
			saysZH:      "表单，和 Dify 的 HTTP 节点一样：模型写的文本不用转义",
			contentType: "application/x-www-form-urlencoded",
			rows:        1,
			body: url.Values{
				"fields.标题": {"手打柠檬茶"}, "fields.平台": {"抖音"}, "fields.标签": {"饮品"}, "fields.发布日期": {"2026/3/26"},
				"fields.播放量": {"980"}, "fields.改写文案": {rewritten},
			}.Encode(),
		},
		{
			says:        "a model's answer to a request for JSON: thoughts, a fence, a trailing comma",
			saysZH:      "要求模型输出 JSON 时它的回答：思考过程、代码块、多余的逗号",
			contentType: "text/plain",
			rows:        1,
			body: "<think>用户要一行数据。</think>\n好的，结果如下：\n```json\n" +
				`{"records":[{"标题":"凉拌黄瓜","平台":"抖音","发布日期":"2026-03-27T08:00:00+08:00","播放量":"¥1,024",}]}` + "\n```\n",
		},
	}
}

type object map[string]any

func (o object) json() string {
	data, _ := json.Marshal(o) // texts, numbers and lists always marshal
	return string(data)
}
