package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/problem"
)

// fault is why a text cannot be read, and where.
type fault struct {
	at  int // byte offset in the text
	why *reason
}

// reason is one kind of fault. With form set, text that a template pasted into JSON is the likely cause, and the refusal
// advises a form body, which needs no escaping.
type reason struct {
	text problem.Text
	form bool
	fix  problem.Text // what to do; the catalogue's if zero
}

// The reasons, as the end of a sentence that begins with the position.
var (
	truncated = &reason{text: problem.Text{
		ZH: "内容在这里中断，结尾缺少引号或括号", EN: "the text ends here, with a quote or bracket still open",
	}, fix: problem.Text{
		ZH: "内容不完整：补上缺少的引号或括号。若是模型的输出，多半是长度到了上限，请调大输出上限或分批；若文字是模板填入的，请用 JSON 序列化，或改用表单。",
		EN: "The text is incomplete: add the quote or bracket that is missing. If a model wrote it, it probably reached its length " +
			"limit: raise the limit or ask for fewer rows. If a template filled in text, build the JSON with a serializer or send a form.",
	}}
	unescapedQuote = &reason{form: true, text: problem.Text{
		ZH: "字符串后面应是逗号、冒号或右括号；很可能文本里有未转义的引号",
		EN: "a comma, colon or closing bracket is expected after this string; a quote inside the text is probably not escaped",
	}}
	commaExpected = &reason{form: true, text: problem.Text{
		ZH: "这里应是逗号或右括号", EN: "a comma or closing bracket is expected here",
	}}
	unexpected = &reason{form: true, text: problem.Text{
		ZH: "这里应是一个 JSON 值", EN: "a JSON value is expected here",
	}}
	keyExpected = &reason{form: true, text: problem.Text{
		ZH: "这里应是带双引号的键名", EN: "a key in double quotes is expected here",
	}}
	templateLeft = &reason{text: problem.Text{
		ZH: "这里像是没有被替换的模板变量 {{…}}", EN: "this looks like a template variable, {{…}}, that was not filled in",
	}}
	bareKey = &reason{text: problem.Text{
		ZH: "键名没有加双引号", EN: "the key has no quotes",
	}}
	wideSign = &reason{text: problem.Text{
		ZH: "这里用了全角标点，JSON 只认半角的 : , { } [ ] \"", EN: "this is a full-width sign; JSON allows only the ASCII signs : , { } [ ] \"",
	}}
	invisible = &reason{text: problem.Text{
		ZH: "这里有一个看不见的字符（全角空格、零宽空格之类），请删掉它", EN: "there is an invisible character here (such as an ideographic or zero-width space); delete it",
	}}
	curlyQuote = &reason{text: problem.Text{
		ZH: "这里用了弯引号（“ ” ‘ ’），JSON 只认直引号 \"", EN: "this is a curly quote; JSON allows only the straight quote \"",
	}}
	singleQuote = &reason{text: problem.Text{
		ZH: "这里用了单引号，整段又不是完整的 Python 写法", EN: "this is a single quote, and the text is not valid Python repr either",
	}}
	comment = &reason{text: problem.Text{
		ZH: "JSON 里不能写注释", EN: "JSON does not allow comments",
	}}
	badEscape = &reason{form: true, text: problem.Text{
		ZH: "反斜杠后面不是合法的转义；反斜杠本身要写成 \\\\", EN: "the backslash does not begin a valid escape; write a backslash itself as \\\\",
	}}
	loneSurrogate = &reason{text: problem.Text{
		ZH: "这里是半个代理对（\\ud800 到 \\udfff），不是完整的字符", EN: "half of a surrogate pair (\\ud800 to \\udfff) is not a character",
	}}
	nul = &reason{text: problem.Text{
		ZH: "不能含有空字符 U+0000", EN: "the character U+0000 is not allowed",
	}}
	badNumber = &reason{text: problem.Text{
		ZH: "这不是合法的 JSON 数字", EN: "this is not a valid JSON number",
	}}
	notFinite = &reason{text: problem.Text{
		ZH: "数字必须有限：NaN、Infinity 或过大的指数都不行", EN: "a number must be finite: NaN, Infinity and exponents out of range are not allowed",
	}}
	duplicateKey = &reason{text: problem.Text{
		ZH: "同一个对象里这个键名出现了两次", EN: "this key appears twice in the same object",
	}}
	tooManyKeys = &reason{text: problem.Text{
		ZH: "一个对象最多 10000 个键", EN: "an object may have at most 10,000 keys",
	}}
	tooDeep = &reason{text: problem.Text{
		ZH: "嵌套超过 32 层（字符串里的 JSON 也算一层）", EN: "the nesting is deeper than 32 levels (JSON inside a string counts as one)",
	}}
	tooManyLayers = &reason{text: problem.Text{
		ZH: "JSON 套在字符串里超过 3 层", EN: "JSON is wrapped in more than 3 layers of strings",
	}}
	invalidUTF8 = &reason{text: problem.Text{
		ZH: "这里不是 UTF-8 编码；请把内容存成 UTF-8（不是 GBK 或 UTF-16）", EN: "this is not UTF-8; send the text as UTF-8 (not GBK or UTF-16)",
	}}
	twoFences = &reason{text: problem.Text{
		ZH: "有两个代码块，不知道该用哪个", EN: "there is a second fenced block; it is unclear which one is meant",
	}}
	unclosedThink = &reason{text: problem.Text{
		ZH: "思考块没有结束标签（</think> 或 </details>）", EN: "the thinking block is not closed (</think> or </details> is missing)",
	}}
	tooManyThoughts = &reason{text: problem.Text{
		ZH: "思考块超过 8 个", EN: "there are more than 8 thinking blocks",
	}}
	strayBrace = &reason{text: problem.Text{
		ZH: "JSON 前后的文字里还有括号，不能确定数据到哪里为止", EN: "the text around the JSON contains another bracket, so it is unclear where the data ends",
	}, fix: problem.Text{
		ZH: "删掉多余的括号；有几行时，把它们放进一个数组 [{…},{…}]，或每行一个对象。",
		EN: "Remove the bracket that is too much; put several rows into one array [{…},{…}], or each object on a line of its own.",
	}}
	secondObject = &reason{text: problem.Text{
		ZH: "文字里不止一个 JSON，不知道该用哪个", EN: "the text contains more than one JSON value; it is unclear which one is meant",
	}}
	fragment = &reason{text: problem.Text{
		ZH: "JSON 只有一段，缺少最外层的括号", EN: "this is a piece of a JSON object without its outer braces",
	}}
	nothingFound = &reason{text: problem.Text{
		ZH: "没有找到 JSON 对象、行数组、Markdown 表格或带表头的 CSV", EN: "no JSON object, array of rows, Markdown table or CSV with a header was found",
	}}
	notAnObject = &reason{text: problem.Text{
		ZH: "最外层应是 JSON 对象", EN: "the top level must be a JSON object",
	}}
	lineNoObject = &reason{text: problem.Text{
		ZH: "JSON Lines 的每一行都应是一个对象，各占一行", EN: "in JSON Lines every line must be one object, and every object must be on a line of its own",
	}}
	extraCell = &reason{text: problem.Text{
		ZH: "这一行的单元格比表头多", EN: "this line has more cells than the header",
	}}
	headerName = &reason{text: problem.Text{
		ZH: "表头里有空的或重复的列名，或者列太多", EN: "the header has an empty or repeated column name, or too many columns",
	}}
	csvQuote = &reason{text: problem.Text{
		ZH: "CSV 的引号不成对；含引号的单元格要整个加引号，里面的引号写两次",
		EN: "the quotes in the CSV do not match; put quotes around the whole cell and write each quote inside it twice",
	}}
	tableTooLarge = &reason{text: problem.Text{
		ZH: "表格太大：每行都重复表头后超过 38 MiB；请缩短列名或分批",
		EN: "the table is too large: with the header repeated in each row it exceeds 38 MiB; shorten the column names or split the table",
	}}
	secondTable = &reason{text: problem.Text{
		ZH: "有第二个表格，不知道该用哪个", EN: "there is a second table; it is unclear which one is meant",
	}}
	jsonAsCSV = &reason{text: problem.Text{
		ZH: "内容类型是 CSV，内容却像 JSON", EN: "the content type says CSV but this looks like JSON",
	}}
	badPercent = &reason{text: problem.Text{
		ZH: "百分号转义不完整；% 本身要写成 %25", EN: "the percent escape is incomplete; write % itself as %25",
	}}
	repeatedKey = &reason{text: problem.Text{
		ZH: "这个参数出现了两次", EN: "this parameter appears twice",
	}}
	tooManyParts = &reason{text: problem.Text{
		ZH: "表单最多 1000 个键", EN: "a form may have at most 1,000 keys",
	}}
	badMultipart = &reason{text: problem.Text{
		ZH: "multipart 内容不完整，或与内容类型里的 boundary 不符", EN: "the multipart body is incomplete or does not match the boundary in its content type",
	}}
)

// failAt refuses the character at pos, with the reason that is known for it, else with the given one.
func (s *scanner) failAt(why *reason) bool {
	rest := s.src[s.pos:]
	switch {
	case len(rest) == 0:
		why = truncated
	case isComment(rest):
		why = comment
	case lookalike(rest) != nil:
		why = lookalike(rest)
	case rest[0] == '\'' && !s.python:
		why = singleQuote
	}
	return s.fail(s.pos, why)
}

// failKey refuses what is found where a key belongs.
func (s *scanner) failKey() bool {
	if s.src[s.pos] == '{' && s.src[s.pos-1] == '{' {
		return s.fail(s.pos, templateLeft)
	}
	if c := s.src[s.pos]; isWord(c) && c != '.' && c != '+' || c >= 0x80 && lookalike(s.src[s.pos:]) == nil {
		return s.fail(s.pos, bareKey)
	}
	return s.failAt(keyExpected)
}

// failAfterString refuses what follows a string: nearly always text whose own quote ended the string early.
func (s *scanner) failAfterString() bool {
	rest := s.src[s.pos:]
	why := unescapedQuote
	if isComment(rest) {
		why = comment
	} else if sign := lookalike(rest); sign == invisible || sign == wideSign && isBeforeToken(rest) {
		why = sign
	}
	return s.fail(s.pos, why)
}

func isComment(b []byte) bool {
	return b[0] == '#' || len(b) > 1 && b[0] == '/' && (b[1] == '/' || b[1] == '*')
}

// lookalike returns the reason for a character that looks like one of JSON's punctuation marks, or is invisible; nil for all
// other characters.
func lookalike(b []byte) *reason {
	switch r, _ := utf8.DecodeRune(b); {
	case strings.ContainsRune("“”‘’", r):
		return curlyQuote
	case strings.ContainsRune("：，｛｝［］＂", r):
		return wideSign
	case r >= utf8.RuneSelf && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)):
		return invisible
	}
	return nil
}

// isBeforeToken reports whether a JSON token follows the full-width sign that b begins with: in text whose own quote ended
// the string early, words do.
func isBeforeToken(b []byte) bool {
	_, size := utf8.DecodeRune(b)
	rest := strings.TrimLeft(string(b[size:min(len(b), size+MaxExcerptRunes)]), " \t\r\n")
	return rest != "" && strings.ContainsRune("\"'{[]}-0123456789tfn", rune(rest[0]))
}
