package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/requestlog"
)

// chartMinutes is the time that the charts show.
const chartMinutes = 60

// Gauge is a number that is true now, of the whole service.
type Gauge struct {
	Name  string // of the metric
	Value float64
}

// activityView is the page of what happens: the last hour of this passphrase, and what waits in the service.
type activityView struct {
	frame

	Charts   []chart
	Codes    []codeCount
	Gauges   []gaugeView
	Requests int // within the hour
}

type codeCount struct {
	Code  string
	Count int
	Title string
}

type gaugeView struct{ Word, Value string }

// gaugeWords are what the numbers of the whole service are called.
var gaugeWords = map[string]problem.Text{
	"rowgate_outbox_entries":      {ZH: "等待或进行中的写入", EN: "Writes waiting or under way"},
	"rowgate_outbox_queued_rows":  {ZH: "其中的行", EN: "Rows of those"},
	"rowgate_outbox_lanes":        {ZH: "活动的通道（每个多维表格一条）", EN: "Lanes in memory, one a base"},
	"rowgate_outbox_memory_bytes": {ZH: "行占用的内存（字节）", EN: "Memory of rows, in bytes"},
}

// activityPage answers GET /console/activity.
func (c *Console) activityPage(w http.ResponseWriter, r *http.Request) {
	minutes, codes, err := c.options.Log.Minutes(r.Context(), sessionOf(r).name, chartMinutes)
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	view := &activityView{frame: c.frame(w, r, "activity", "运行状况", "Activity")}
	for i := range minutes {
		view.Requests += minutes[i].Requests
	}
	view.Charts = []chart{
		view.chart("请求（每分钟）", "Requests a minute", "", minutes, func(m *requestlog.Minute) float64 { return float64(m.Requests) },
			func(m *requestlog.Minute) float64 { return float64(m.Failures) }),
		view.chart("行（每分钟）", "Rows a minute", "", minutes, func(m *requestlog.Minute) float64 { return float64(m.Rows) }, nil),
		view.chart("平均耗时", "Mean time of a request", " ms", minutes, func(m *requestlog.Minute) float64 {
			return float64(m.Total.Milliseconds()) / float64(max(1, m.Requests))
		}, nil),
		view.chart("飞书调用（每分钟）", "Calls to Feishu a minute", "", minutes, func(m *requestlog.Minute) float64 { return float64(m.Calls) }, nil),
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		title, _, _ := view.explain(code)
		view.Codes = append(view.Codes, codeCount{code, codes[code], title})
	}
	slices.SortStableFunc(view.Codes, func(a, b codeCount) int { return cmp.Compare(b.Count, a.Count) })
	for _, gauge := range c.options.Gauges() {
		if word, ok := gaugeWords[gauge.Name]; ok {
			view.Gauges = append(view.Gauges, gaugeView{
				Word: word.In(view.Lang), Value: strconv.FormatFloat(gauge.Value, 'f', -1, 64),
			})
		}
	}
	c.page(w, r, http.StatusOK, "activity", view)
}

// Size of a chart's drawing, in its own units.
const (
	chartWidth  = 600
	chartHeight = 120
)

// chart is a chart of bars, one for each minute, with the numbers behind it.
type chart struct {
	Title, Most, Summary string
	From, To             string // ends of the axis
	Bars                 []bar
	Rows                 []chartRow
	Empty                bool
	Width, Height        int
}

// bar is one minute: a rectangle, and within it the part that failed.
type bar struct{ X, Y, W, H, FailedY, FailedH string }

type chartRow struct{ Time, Value, Failed string }

func (f *frame) chart(
	zh, en, unit string, minutes []requestlog.Minute, of, failed func(*requestlog.Minute) float64,
) chart {
	most := 0.0
	for i := range minutes {
		most = max(most, of(&minutes[i]))
	}
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	round := func(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }
	drawn := chart{
		Title: f.Say(zh, en), Most: number(float64(int(most+.5))) + unit, Empty: most == 0, Width: chartWidth, Height: chartHeight,
		From: f.Say("一小时前", "an hour ago"), To: f.Say("现在", "now"),
	}
	drawn.Summary = f.Say("最近一小时，最高 ", "the last hour, at most ") + drawn.Most
	step := float64(chartWidth) / float64(len(minutes))
	for i := range minutes {
		value := of(&minutes[i])
		if value == 0 {
			continue
		}
		height := value / most * chartHeight
		one := bar{X: round(float64(i)*step + 1), Y: round(chartHeight - height), W: round(step - 2), H: round(height)}
		row := chartRow{Time: clock(minutes[i].At), Value: number(float64(int(value*10)) / 10)}
		if failed != nil {
			part := failed(&minutes[i]) / most * chartHeight
			one.FailedY, one.FailedH, row.Failed = round(chartHeight-part), round(part), number(failed(&minutes[i]))
		}
		drawn.Bars, drawn.Rows = append(drawn.Bars, one), append(drawn.Rows, row)
	}
	return drawn
}

// clock is a time of day in the zone of the lists.
func clock(at time.Time) string { return at.In(zone("")).Format("15:04") }
