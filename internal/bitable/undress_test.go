package bitable

import (
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestDressingOfOptions(t *testing.T) {
	t.Parallel()
	const created, taken = "option_undressed option_created", "option_undressed"
	var cases []cellCase
	for _, in := range []string{
		"“抖音”", `"抖音"`, "'抖音'", "「抖音」", "**抖音**", "*抖音*", "`抖音`", "抖音。", "#抖音", "# 抖音", "- 抖音", "* 抖音", "1. 抖音", "12. 抖音", "1. **抖音**。",
		`"**抖音**"`,
	} {
		cases = append(cases, cellCase{name: "takes the option in " + in, in: quote(in), sent: `"抖音"`, rules: taken})
	}
	for in, sent := range map[string]string{`"新的"`: "新的", "**新的**": "新的", "- 新的": "新的", "3. 新的": "新的", "`new`": "new"} {
		cases = append(cases, cellCase{name: "makes an option of what is inside " + in, in: quote(in), sent: quote(sent), rules: created})
	}
	for _, in := range []string{
		"C#", "U.S.", `27"`, "#1", "# 1", "新的。", "#新的", `"a" 和 "b"`, "**a** b **c**", "'s", "1.5", "-5", "*", `""`, "1.", "1234. x",
		"a*b*", "抖音。。", "##抖音",
	} {
		cases = append(cases, cellCase{name: "leaves alone " + in, in: quote(in), sent: quote(in), rules: "option_created"})
	}
	cases = append(
		cases,
		cellCase{name: "takes a dressed option exactly", in: quote("#话题"), sent: quote("#话题")},
		cellCase{
			name:  "matches without regard to case inside",
			in:    quote(`"TIKTOK"`),
			sent:  `"TikTok"`,
			rules: "option_undressed option_matched",
		},
		cellCase{name: "refuses twins inside", in: quote(`"Twin"`), code: problem.RowValueMismatch, reason: reasonTwins},
		cellCase{
			name:   "makes no option of a word for nothing inside",
			in:     quote(`"null"`),
			code:   problem.RowValueMismatch,
			reason: reasonNothing,
		},
		cellCase{name: "makes no option of template text inside", in: quote(`"{{x}}"`), code: problem.RowValueMismatch, reason: reasonTemplate},
		cellCase{
			name:       "reaches no option where new ones are refused",
			in:         quote("**抖引**"),
			code:       problem.RowOptionNotFound,
			suggestion: "抖音",
			with:       rejecting,
		},
		cellCase{name: "reaches an option where new ones are refused", in: quote("抖音。"), sent: `"抖音"`, rules: taken, with: rejecting},
	)
	runCells(t, selectField(feishu.TypeSingleSelect, "抖音", "#话题", "TikTok", "twin", "TWIN"), cases)
}

func TestHashtags(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("#a ", MaxChosenOptions+1)
	runCells(t, selectField(feishu.TypeMultiSelect, "美食", "家常菜", "Go 语言"), []cellCase{
		{name: "splits at spaces", in: `"#美食 #家常菜"`, sent: `["美食","家常菜"]`, rules: "text_split option_undressed"},
		{name: "splits at both", in: `"#美食, #家常菜"`, sent: `["美食","家常菜"]`, rules: "text_split option_undressed"},
		{name: "keeps the sign of a new option", in: `"#美食 #旅行"`, sent: `["美食","#旅行"]`, rules: "text_split option_undressed option_created"},
		{name: "splits nothing where a word has no sign", in: `"#Go 语言"`, sent: `["Go 语言"]`, rules: "text_split option_undressed"},
		{name: "reads quoted parts", in: quote(`"美食","家常菜"`), sent: `["美食","家常菜"]`, rules: "text_split option_undressed"},
		{name: "reads a quoted list", in: quote(`“美食、家常菜”`), sent: `["美食","家常菜"]`, rules: "text_split option_undressed"},
		{name: "reads a list of lines", in: quote("- 美食\n- 家常菜"), sent: `["美食","家常菜"]`, rules: "text_split option_undressed"},
		{name: "reads dressed elements", in: `["**美食**"]`, sent: `["美食"]`, rules: "option_undressed"},
		{name: "refuses more than a cell holds", in: quote(many), code: problem.RowTooLarge},
	})
}
