package intake

import "slices"

// The rules of Repair.Rule, which problem.LookupRule explains. A name never changes once it has landed.
const (
	RuleBOM           = "bom"
	RuleThinkBlock    = "think_block"
	RuleFence         = "markdown_fence"
	RuleProse         = "prose"
	RuleStringLayer   = "json_in_string"
	RuleLines         = "json_lines"
	RulePython        = "python_repr"
	RuleTrailingComma = "trailing_comma"
	RuleRawControl    = "raw_control_character"
	RuleNoBreakSpace  = "no_break_space"
	RuleSingleObject  = "single_object"
	RuleRowsAsText    = "records_as_text"
	RuleNestedRows    = "nested_records"
	RuleSniffed       = "sniffed_content_type"
	RuleCSV           = "csv"
	RuleGB18030       = "gb18030"
	RuleTable         = "markdown_table"
	RuleKeySelector   = "unresolved_key"
	RuleCutLink       = "cut_link"
	RuleWrapper       = "wrapper"
	RuleEscaped       = "escaped_quotes"
)

// tally counts repairs in the order of their first use.
type tally []Repair

func (t *tally) add(rule string, n int) {
	if n == 0 {
		return
	}
	if i := slices.IndexFunc(*t, func(r Repair) bool { return r.Rule == rule }); i >= 0 {
		(*t)[i].Count += n
		return
	}
	*t = append(*t, Repair{Rule: rule, Count: n})
}
