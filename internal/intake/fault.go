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
}

// The reasons, as the end of a sentence that begins with the position.
var (
	truncated = &reason{form: true, text: problem.Text{
		ZH: "内容在这里中断，结尾缺少引号或括号", EN: "the text ends here, with a quote or bracket still open",
	}}
	unescapedQuote = &reason{form: true, text: problem.Text{
		ZH: "字符串后面应是逗号、冒号或右括号；很可能文本里有未转义的引号",
		EN: "after this string a comma, colon or closing bracket is expected; most likely a quote inside the text is not escaped",
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
		ZH: "这里用了全角标点，JSON 只认半角的 : , { } [ ] \"", EN: "a full-width sign stands here; JSON takes only the ASCII signs : , { } [ ] \"",
	}}
	invisible = &reason{text: problem.Text{
		ZH: "这里有一个看不见的字符（全角空格、零宽空格之类），请删掉它", EN: "an invisible character (an ideographic or zero-width space or the like) stands here; delete it",
	}}
	curlyQuote = &reason{text: problem.Text{
		ZH: "这里用了弯引号（“ ” ‘ ’），JSON 只认直引号 \"", EN: "a curly quote stands here; JSON takes only the straight quote \"",
	}}
	singleQuote = &reason{text: problem.Text{
		ZH: "这里用了单引号，整段又不是完整的 Python 写法", EN: "a single quote stands here, and the text is no Python repr either",
	}}
	comment = &reason{text: problem.Text{
		ZH: "JSON 里不能写注释", EN: "comments are no JSON",
	}}
	badEscape = &reason{form: true, text: problem.Text{
		ZH: "反斜杠后面不是合法的转义；反斜杠本身要写成 \\\\", EN: "the backslash begins no valid escape; a backslash itself is written \\\\",
	}}
	loneSurrogate = &reason{text: problem.Text{
		ZH: "这里是半个代理对（\\ud800 到 \\udfff），不是完整的字符", EN: "half of a surrogate pair (\\ud800 to \\udfff) is no character",
	}}
	nul = &reason{text: problem.Text{
		ZH: "不能含有空字符 U+0000", EN: "the character U+0000 is not taken",
	}}
	badNumber = &reason{text: problem.Text{
		ZH: "这不是合法的 JSON 数字", EN: "this is no JSON number",
	}}
	notFinite = &reason{text: problem.Text{
		ZH: "数字必须有限：NaN、Infinity 或过大的指数都不行", EN: "a number must be finite: no NaN, Infinity or exponent out of range",
	}}
	duplicateKey = &reason{text: problem.Text{
		ZH: "同一个对象里这个键名出现了两次", EN: "this key stands twice in one object",
	}}
	tooManyKeys = &reason{text: problem.Text{
		ZH: "一个对象最多 10000 个键", EN: "an object has at most 10,000 keys",
	}}
	tooDeep = &reason{text: problem.Text{
		ZH: "嵌套超过 32 层（字符串里的 JSON 也算一层）", EN: "the nesting is deeper than 32 (JSON inside a string counts as a level)",
	}}
	tooManyLayers = &reason{text: problem.Text{
		ZH: "JSON 套在字符串里超过 3 层", EN: "JSON is wrapped in more than 3 layers of strings",
	}}
	invalidUTF8 = &reason{text: problem.Text{
		ZH: "这里不是 UTF-8 编码；请把内容存成 UTF-8（不是 GBK 或 UTF-16）", EN: "this is not UTF-8; send the text as UTF-8 (not GBK or UTF-16)",
	}}
	twoFences = &reason{text: problem.Text{
		ZH: "有两个代码块，不知道该用哪个", EN: "there is a second fenced block, and only one can be meant",
	}}
	unclosedThink = &reason{text: problem.Text{
		ZH: "思考块没有结束标签（</think> 或 </details>）", EN: "the thinking block has no end (</think> or </details>)",
	}}
	tooManyThoughts = &reason{text: problem.Text{
		ZH: "思考块超过 8 个", EN: "there are more than 8 thinking blocks",
	}}
	strayBrace = &reason{form: true, text: problem.Text{
		ZH: "JSON 前后的文字里还有括号，不能确定数据到哪里为止", EN: "the text around the JSON holds another bracket, so where the data ends is uncertain",
	}}
	secondObject = &reason{text: problem.Text{
		ZH: "文字里不止一个 JSON，不知道该用哪个", EN: "the text holds more than one JSON value, and only one can be meant",
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
		ZH: "JSON Lines 的每一行都应是一个对象，各占一行", EN: "each line of JSON Lines must be one object, on a line of its own",
	}}
	extraCell = &reason{text: problem.Text{
		ZH: "这一行的单元格比表头多", EN: "this line has more cells than the header",
	}}
	headerName = &reason{text: problem.Text{
		ZH: "表头里有空的或重复的列名，或者列太多", EN: "the header has an empty or repeated column name, or too many",
	}}
	csvQuote = &reason{text: problem.Text{
		ZH: "CSV 的引号不成对；含引号的单元格要整个加引号，里面的引号写两次",
		EN: "the quotes of the CSV do not match; a cell with a quote is quoted as a whole, the quote in it written twice",
	}}
	tableTooLarge = &reason{text: problem.Text{
		ZH: "表格太大：每行都重复表头后超过 38 MiB；请缩短列名或分批",
		EN: "the table is too large: with the header repeated in each row it exceeds 38 MiB; shorten the column names or split it",
	}}
	secondTable = &reason{text: problem.Text{
		ZH: "有第二个表格，不知道该用哪个", EN: "there is a second table, and only one can be meant",
	}}
	jsonAsCSV = &reason{text: problem.Text{
		ZH: "内容类型是 CSV，内容却像 JSON", EN: "the content type says CSV but this looks like JSON",
	}}
	badPercent = &reason{text: problem.Text{
		ZH: "百分号转义不完整；% 本身要写成 %25", EN: "the percent escape is broken; % itself is written %25",
	}}
	repeatedKey = &reason{text: problem.Text{
		ZH: "这个参数出现了两次", EN: "this parameter comes twice",
	}}
	tooManyParts = &reason{text: problem.Text{
		ZH: "表单最多 1000 个键", EN: "a form has at most 1,000 keys",
	}}
	badMultipart = &reason{text: problem.Text{
		ZH: "multipart 内容不完整，或与内容类型里的 boundary 不符", EN: "the multipart body is incomplete or does not fit the boundary of its content type",
	}}
)

// failAt refuses the character at pos, for what it is if it is a known foreigner, else with the given reason.
func (s *scanner) failAt(why *reason) bool {
	rest := s.src[s.pos:]
	switch {
	case len(rest) == 0:
		why = truncated
	case isComment(rest):
		why = comment
	case foreigner(rest) != nil:
		why = foreigner(rest)
	case rest[0] == '\'' && !s.python:
		why = singleQuote
	}
	return s.fail(s.pos, why)
}

// failKey refuses what stands in place of a key.
func (s *scanner) failKey() bool {
	if s.src[s.pos] == '{' && s.src[s.pos-1] == '{' {
		return s.fail(s.pos, templateLeft)
	}
	if c := s.src[s.pos]; isWord(c) && c != '.' && c != '+' || c >= 0x80 && foreigner(s.src[s.pos:]) == nil {
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
	} else if sign := foreigner(rest); sign == invisible || sign == wideSign && isBeforeToken(rest) {
		why = sign
	}
	return s.fail(s.pos, why)
}

func isComment(b []byte) bool {
	return b[0] == '#' || len(b) > 1 && b[0] == '/' && (b[1] == '/' || b[1] == '*')
}

// foreigner returns the reason for a character that looks like one of JSON's, or like nothing, and is none; nil for all
// others.
func foreigner(b []byte) *reason {
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
