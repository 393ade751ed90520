package bitable

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestDate(t *testing.T) {
	t.Parallel()
	const day = "1772553600000" // 2026-03-04 00:00 in Shanghai
	cases := []cellCase{
		{name: "takes milliseconds", in: `1774281600000`, sent: `1774281600000`},
		{name: "takes 12 digits as milliseconds", in: `170000000000`, sent: `170000000000`},
		{name: "takes 11 digits as milliseconds", in: `17000000000`, sent: `17000000000`},
		{name: "takes a negative number as milliseconds", in: `-1000`, sent: `-1000`},
		{name: "reads 10 digits as seconds", in: `1774281600`, sent: `1774281600000`, rules: "date_number"},
		{name: "reads 16 digits as microseconds", in: `1774281600000123`, sent: `1774281600000`, rules: "date_number"},
		{name: "reads 8 digits as a day", in: `20260304`, sent: day, rules: "date_number"},
		{name: "reads 12 digits of text as a time", in: `"202603241504"`, sent: `1774335840000`, rules: "date_number"},
		{name: "reads 12 digits of 2006", in: `"200612312359"`, sent: `1167580740000`, rules: "date_number"},
		{name: "reads 12 digits of 1980", in: `"198001011200"`, sent: `315547200000`, rules: "date_number"},
		{name: "reads 14 digits of text as a time", in: `"20260324150405"`, sent: `1774335845000`, rules: "date_number"},
		{name: "reads full-width 14 digits", in: `"２０２６０３２４１５０４０５"`, sent: `1774335845000`, rules: "date_number"},
		{name: "takes 12 digits of text that are no time as milliseconds", in: `"170000000000"`, sent: `170000000000`, rules: "date_text"},
		{name: "takes a number of 12 digits with invalid parts as milliseconds", in: `202613241504`, sent: `202613241504`},
		{
			name:       "refuses a number of 12 digits with two readings",
			in:         `202603241504`,
			code:       problem.RowValueMismatch,
			suggestion: "2026-03-24 15:04 / 1976-06-03T06:40:41+08:00",
		},
		{
			name:       "refuses the same with a fraction of zero",
			in:         `202603241504.0`,
			code:       problem.RowValueMismatch,
			suggestion: "2026-03-24 15:04 / 1976-06-03T06:40:41+08:00",
		},
		{name: "refuses a number of 14 digits", in: `20260324150405`, code: problem.RowValueMismatch, reason: reasonDateNumber},
		{
			name:       "refuses text of 10 digits with two readings",
			in:         `"2026032415"`,
			code:       problem.RowValueMismatch,
			suggestion: "2026-03-24 15:00 / 2034-03-15T18:46:55+08:00",
		},
		{name: "reads a number of the same 10 digits as seconds", in: `2026032415`, sent: `2026032415000`, rules: "date_number"},
		{name: "reads text of 10 digits of 2040 as seconds", in: `"2040032415"`, sent: `2040032415000`, rules: "date_number"},
		{name: "reads a fraction of seconds", in: `1774281600.5`, sent: `1774281600500`, rules: "date_number"},
		{name: "reads a fraction of seconds in text", in: `"1774281600.123456"`, sent: `1774281600123`, rules: "date_number"},
		{name: "refuses 12 digits in a gap", in: `"202603080230"`, code: problem.RowValueMismatch, reason: reasonGap, with: newYork},
		{
			name:  "takes the earlier of two instants in 12 digits",
			in:    `"202511020130"`,
			sent:  `1762061400000`,
			rules: "date_number dst_overlap",
			with:  newYork,
		},
		{name: "reads digits in text", in: `"1774281600000"`, sent: `1774281600000`, rules: "date_text"},
		{name: "reads full-width digits", in: `"２０２６０３０４"`, sent: day, rules: "date_number"},
		{name: "reads a whole number with a fraction of zero", in: `1774281600.0`, sent: `1774281600000`, rules: "date_number"},
		{name: "respells a whole number", in: `1.7742816e12`, sent: `1774281600000`, rules: "date_text"},
		{name: "leaves out white space", in: `" "`, rules: "empty_skipped"},
		{name: "clears by null", in: `null`, sent: `null`, with: updating},
		{
			name:  "uses the zone of the options",
			in:    `"2026-03-04"`,
			sent:  `1772582400000`,
			rules: "date_text",
			with:  func(o *Options) { o.TimeZone = time.UTC },
		},
		{
			name:  "takes the earlier of two instants",
			in:    `"2025-11-02 01:30"`,
			sent:  `1762061400000`,
			rules: "date_text dst_overlap",
			with:  newYork,
		},
		{name: "refuses a zero with a sign", in: `-0`, code: problem.RowValueMismatch, reason: reasonDateNumber},
		{name: "refuses a zero with a sign in text", in: `"-0"`, code: problem.RowValueMismatch, reason: reasonDateNumber},
		{name: "refuses a skipped time", in: `"2026-03-08 02:30"`, code: problem.RowValueMismatch, reason: reasonGap, with: newYork},
		{
			name:  "takes a skipped time with an offset",
			in:    `"2026-03-08T02:30:00-05:00"`,
			sent:  `1772955000000`,
			rules: "date_text",
			with:  newYork,
		},
		{name: "refuses a skipped time of Shanghai", in: `"1986-05-04 02:30"`, code: problem.RowValueMismatch, reason: reasonGap},
		{
			name:  "takes the first instant of a day without midnight",
			in:    `"2018-11-04"`,
			sent:  `1541300400000`,
			rules: "date_text dst_day_start",
			with:  saoPaulo,
		},
		{name: "refuses a day that is skipped", in: `"2011-12-30"`, code: problem.RowValueMismatch, reason: reasonGap, with: apia},
		{name: "takes the day after it", in: `"2011-12-31"`, sent: `1325239200000`, rules: "date_text", with: apia},
		{name: "refuses a midnight that is skipped", in: `"2018-11-04 00:00"`, code: problem.RowValueMismatch, reason: reasonGap, with: saoPaulo},
	}
	for _, in := range []string{
		"2026-03-04", "2026-3-4", "2026/03/04", "2026/3/4", "2026.03.04", "2026.3.4", "2026年3月4日", "2026年03月04日", "２０２６－０３－０４", " 2026-03-04 ",
		"2026-03-04T00:00", "2026-03-04 00:00:00", "2026/3/4  00:00:00.000", "2026年3月4日00:00", "2026年3月4日 00时00分", "2026年3月4日00时0分00秒",
		"2026-03-04 12:00 AM",
		"2026-03-04 12:00am", "2026-03-04 上午12:00", "2026年3月4日上午12时00分", "2026-03-03T16:00:00Z", "2026-03-03T16:00:00.000000Z",
		"2026-03-04T00:00:00+08:00",
		"2026-03-04t00:00:00+0800", "2026-03-03 11:00 -05", "2026-03-03 16:00 UTC", "2026-03-03 16:00:00 GMT", "20260303T160000Z",
		"20260304T0000", "Tue, 03 Mar 2026 16:00:00 GMT",
		"Wed, 04 Mar 2026 00:00:00 +0800", "March 4, 2026", "Mar 4 2026", "mar 4, 2026, 12:00 AM", "4 March 2026", "4 Mar 2026 00:00",
		"04-Mar-2026", "Wednesday, March 4, 2026", "4 March, 2026",
	} {
		cases = append(cases, cellCase{name: "reads " + in, in: quote(in), sent: day, rules: "date_text"})
	}
	for in, sent := range map[string]string{
		"2026-03-04 15:04": "1772607840000", "2026-03-04 3:04 PM": "1772607840000", "2026-03-04 下午3:04": "1772607840000",
		"2026年3月4日下午3时04分":   "1772607840000",
		"2026年3月4日15时04分05秒": "1772607845000", "2026-03-04 15:04:05.678": "1772607845678", "2026-03-04 15:04:05.6": "1772607845600",
		"2026-03-04 12:04 PM":                 "1772597040000",
		"2026-03-04T15:04:05.123456789+09:00": "1772604245123", "1900-01-01": "-2209017943000", "2200-12-31": "7289539200000",
		"2024-02-29": "1709136000000",
	} {
		cases = append(cases, cellCase{name: "reads " + in, in: quote(in), sent: sent, rules: "date_text"})
	}
	for in, want := range map[string]string{
		"03/04/2025": "2025-04-03 / 2025-03-04", "25/12/2025": "2025-12-25",
		"12-25-2025": "2025-12-25", "25.12.2025": "2025-12-25", "4/4/2025": "", "45/45/2025": "",
	} {
		cases = append(
			cases,
			cellCase{name: "refuses " + in, in: quote(in), code: problem.RowValueMismatch, reason: reasonDayFirst, suggestion: want},
		)
	}
	for reason, values := range map[problem.Text][]string{
		reasonNoSuchDay: {
			"2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "20260231", "202602301504", "20261324150405",
			"2026年4月31日", "31 Apr 2026",
		},
		reasonNoSuchTime: {
			"2026-03-04 24:00", "2026-03-04 23:60", "2026-03-04 23:59:60", "2026-03-04 13:00 PM", "2026-03-04 0:30 AM",
			"2026-03-04 下午15:04", "202603242504", "20260324156005",
		},
		reasonYear:       {"1899-12-31", "2201-01-01", "18991231", "9999999999"},
		reasonZoneName:   {"2026-03-04 15:04 CST", "2026-03-04 15:04:05 EST", "2026-03-04 15:04 PMX"},
		reasonWeekday:    {"Mon, 04 Mar 2026 00:00:00 GMT"},
		reasonDateNumber: {"123", "123456789", "12345678901234", "12345678901234567", "99999999999999999999"},
		reasonDate: {
			"tomorrow", "今天", "2026-03", "2026年3月", "26-03-04", "2026-03/04", "2026 03 04", "2026-03-04-05", "2026-03-04T", "2026-03-04 15",
			"2026-03-0415:04", "2026-W10-3", "2026-063",
			"2026-03-04 15:04 +25:00", "2026-03-04 15:04 +8", "2026-03-04,15:04", "2026-03-04 15:4", "2026-03-04 15:04:05,1", "Foo 4, 2026",
			"March 2026", "Mar 4 26",
			"2026年3月4号", "2026-03-04 15:04:05.1234567890", "2026-03-04 15时", "2026-03-04 T15:04", "20260304T15", "上午", "2026-03-04 at 15:04",
		},
	} {
		for _, in := range values {
			cases = append(cases, cellCase{name: "refuses " + in, in: quote(in), code: problem.RowValueMismatch, reason: reason})
		}
	}
	for _, in := range []string{`true`, `["2026-03-04","2026-03-05"]`, `[["2026-03-04"]]`, `{"date":"2026-03-04"}`, `1774281600000.5`, `0.5`} {
		cases = append(cases, cellCase{name: "refuses " + in, in: in, code: problem.RowValueMismatch})
	}
	runCells(t, feishu.Field{Type: feishu.TypeDateTime}, cases)
}

// The standard prints of languages and people, and their near misses.
func TestDatePrints(t *testing.T) {
	t.Parallel()
	cases := []cellCase{
		{name: "takes a list of one", in: `["2026-03-24"]`, sent: `1774281600000`, rules: "list_unwrapped date_text"},
		{name: "takes a list of one as text", in: quote(`["2026-03-24"]`), sent: `1774281600000`, rules: "json_text list_unwrapped date_text"},
		{name: "takes a list of one instant", in: `[1774281600000]`, sent: `1774281600000`, rules: "list_unwrapped"},
		{name: "takes a list of nothing for nothing", in: `[" "]`, rules: "list_unwrapped empty_skipped"},
	}
	for sent, values := range map[string][]string{
		"1774335845000": {
			"Tue Mar 24 2026 15:04:05 GMT+0800 (China Standard Time)", "Tue Mar 24 2026 15:04:05 GMT+0800 (中国标准时间)",
			"Tue Mar 24 2026 15:04:05 GMT+0800",
			"2026-03-24 15:04:05 +0800 CST", "2026-03-24 15:04:05 +0800 CST m=+0.012345", "2026-03-24 07:04:05 +0000 UTC",
			"2026-03-24 15:04:05 +0800 +08",
			"Tue Mar 24 15:04:05 2026", "2026-03-24 15:04:05+08:00", "2026-03-24T15:04:05+08:00[Asia/Shanghai]", "2026-03-24T07:04:05Z[UTC]",
			"2026-03-24T15:04:05+08:00[!Asia/Shanghai][u-ca=gregory]", "2026-03-24 15:04:05 UTC+8", "2026-03-24 15:04:05 GMT+08:00",
			"2026-03-24 15:04:05 UTC+08",
			"2026-03-24 01:34:05 UTC-0530", "Tue, 24 Mar 2026 07:04:05 +0000 (UTC)", "2026/3/24 周二 15:04:05", "2026年3月24日星期二15:04:05",
			"2026-03-24 Tue 15:04:05",
			"星期二 2026-03-24 15:04:05", "2026-03-24 (Tuesday) 15:04:05", "2026年3月24日（星期二） 15:04:05",
		},
		"1774281600000": {"2026年3月24日 星期二", "2026-03-24 周二", "Tue Mar 24 2026", "Tuesday, 2026-03-24", "2026-03-24+08:00", "2026-03-24 +0800"},
		"1774224000000": {"2026-03-23Z"},
		"1774335600000": {"2026年3月24日 下午3点", "2026-03-24 下午3点00分", "2026-03-24 15点"},
		"1774108800000": {"2026年3月22日 星期天", "2026年3月22日 周日"},
		"1772553600000": {"Wed Mar  4 00:00:00 2026"},
	} {
		for _, in := range values {
			cases = append(cases, cellCase{name: "reads " + in, in: quote(in), sent: sent, rules: "date_text"})
		}
	}
	for reason, values := range map[problem.Text][]string{
		reasonWeekday:    {"2026年3月24日 星期三", "2026/3/24 周三 15:04", "Wed Mar 24 2026 15:04:05 GMT+0800", "2026-03-24 Mon"},
		reasonNoSuchTime: {"2026-03-24 下午13点", "2026-03-24 24点"},
		reasonZoneName:   {"2026-03-24 15:04:05 CST"},
		reasonDate: {
			"2026-03-24T15:04:05+09:00[Asia/Shanghai]", "2026-03-24T15:04:05+08:00[Nowhere/City]", "2026-03-24T15:04:05+08:00[u-ca=hebrew]",
			"2026-03-24T15:04:05+08:00[Asia/Shanghai", "2026-03-24T15:04:05[Asia/Shanghai]", "Tue Mar 24 15:04:05 CST 2026",
			"2026-03-24 15:04:05 UTC+15",
			"2026-03-24 周二 周二", "2026-03-24 周八", "2026-03-24 (Tue 15:04", "2026-03-24 15:04:05 (CST)", "2026-03-24 15:04:05 +0800 CST x",
			"2026-03-24 15:04:05 +0800 m=+1", "2026-03-24 15:04:05 UTC ()", "周二", "2026-03-24-05", "2026-03-24 下午3点5",
		},
	} {
		for _, in := range values {
			cases = append(cases, cellCase{name: "refuses " + in, in: quote(in), code: problem.RowValueMismatch, reason: reason})
		}
	}
	runCells(t, feishu.Field{Type: feishu.TypeDateTime}, cases)
}

func newYork(o *Options)  { o.TimeZone = mustLoad("America/New_York") }
func apia(o *Options)     { o.TimeZone = mustLoad("Pacific/Apia") }
func saoPaulo(o *Options) { o.TimeZone = mustLoad("America/Sao_Paulo") }

// Every instant that a zone has, written in any of the accepted forms with its offset or without, comes back as itself;
// without one, as itself or as the earlier instant of an overlap.
func TestDateRoundTrip(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{
		shanghai,
		time.UTC,
		mustLoad("America/New_York"),
		mustLoad("America/Sao_Paulo"),
		mustLoad("Australia/Lord_Howe"),
		mustLoad("Asia/Kathmandu"),
	}
	forms := []string{
		"2006-01-02T15:04:05", "2006/1/2 15:04:05", "2006.01.02 3:04:05 PM", "2006年1月2日15:04:05", "2006年01月02日 15时04分05秒",
		"2 Jan 2006 15:04:05", "January 2, 2006 3:04:05 pm",
		"Mon, 02 Jan 2006 15:04:05", "20060102T150405",
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(-2_100_000_000, 7_250_000_000).Draw(t, "unix"), 0).In(zone)
		form := rapid.SampledFrom(forms).Draw(t, "form")
		k := clock{zone: zone}
		k.instant(civil{year: 2026, month: 3, day: 4}) // warm: the remembered period must not leak into others

		d, fault := parseDate(at.Format(form))
		if !fault.reason.IsZero() {
			t.Fatalf("%s: %s", at.Format(form), fault.reason.EN)
		}
		ms, m := k.instant(d)
		switch {
		case m == plain && ms != at.UnixMilli(), m == inGap, m == dayStart:
			t.Fatalf("%s in %s: %d (%d), want %d", at.Format(form), zone, ms, m, at.UnixMilli())
		case m == overlap && (ms > at.UnixMilli() || time.UnixMilli(ms).In(zone).Format(form) != at.Format(form)):
			t.Fatalf("%s in %s: %d is not the earlier instant", at.Format(form), zone, ms)
		}
		if _, offset := at.Zone(); offset%60 != 0 {
			return // local mean time has no offset that can be written
		}
		d, fault = parseDate(at.Format("2006-01-02T15:04:05Z07:00"))
		if ms, _ := k.instant(d); !fault.reason.IsZero() || ms != at.UnixMilli() {
			t.Fatalf("%s: %d, want %d", at.Format(time.RFC3339), ms, at.UnixMilli())
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, seed := range []string{
		"2026-03-04", "2026年3月4日下午3时04分05秒", "Wed, 04 Mar 2026 00:00:00 +0800", "20260304T150405.5Z", "03/04/2025", "１７７４２８１６００",
		"2026-03-08 02:30", "-5", "4 Sept 2026, 3:04 PM",
	} {
		f.Add(seed)
	}
	s := NewSchema([]feishu.Field{{Name: "c", Type: feishu.TypeDateTime}})
	o := defaults()
	newYork(&o)
	f.Fuzz(func(t *testing.T, in string) {
		text, err := json.Marshal(strings.ToValidUTF8(in, "?"))
		if err != nil {
			t.Fatal(err)
		}
		plan := s.Coerce([]json.RawMessage{json.RawMessage(fmt.Sprintf(`{"c":%s}`, text))}, o)
		rows := plan.Rows()
		if len(rows)+plan.ErrorCount() != 1 {
			t.Fatalf("%q: %d rows and %d errors", in, len(rows), plan.ErrorCount())
		}
		if len(rows) == 0 {
			return
		}
		var sent struct {
			C int64 `json:"c"`
		}
		if err := json.Unmarshal(rows[0].Fields, &sent); err != nil {
			t.Fatalf("%q: %s: %v", in, rows[0].Fields, err)
		}
		if year := time.UnixMilli(sent.C).UTC().Year(); year < minYear-1 || year > maxYear+1 {
			t.Fatalf("%q: year %d", in, year)
		}
	})
}
