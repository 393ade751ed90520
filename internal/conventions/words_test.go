package conventions_test

import (
	"regexp"
	"slices"
	"strings"
)

// phrase is one way of writing that a reader of the service's strings must not meet.
type phrase struct {
	pattern *regexp.Regexp // of words, whatever their case; group 1, if any, is the word before, group 2 the word after
	before  []string       // words before that make it good English
	after   []string       // words after that make it good English
	reason  string         // why it is refused
	instead string         // what to write
}

// words compiles a pattern that begins and ends at the bounds of words.
func words(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)\b(?:` + pattern + `)\b`) }

// phrases is the deny list. Each entry gives its reason; what to write instead is shown with the finding.
var phrases = []phrase{
	{
		pattern: words(`mend(?:s|ed|ing)?`),
		reason:  "it is said of clothes and roads, not of data or configuration", instead: "correct, fix",
	},
	{
		pattern: regexp.MustCompile(`(?i)\bha(?:s|ve) not(?:[.,;:!?)]|$)`),
		reason:  "have as a full verb is negated with do in present-day English", instead: "does not have, does not exist in",
	},
	{
		pattern: regexp.MustCompile(`(?i)\b(\S+) (?:is|are|was|were) no (\w+)`), before: []string{"there"}, after: []string{"longer", "more"},
		reason:  "a noun is negated with not a; is no … is an old or emphatic form",
		instead: "is not a, is not an, is not valid",
	},
	{
		pattern: words(`expected is`),
		reason:  "a member's name does not begin a sentence about the value", instead: "the expected value is, see expected",
	},
	{
		pattern: words(`furnish(?:es|ed|ing)?`),
		reason:  "a metaphor of furniture where software provides or sets up", instead: "provide, set up, fixture",
	},
	{
		pattern: words(`the house|house rule|houses`),
		reason:  "a private metaphor for the project, the service or its package", instead: "the project, the service, the package",
	},
	{
		pattern: words(`doors?`),
		reason:  "a private metaphor for what checks passphrases and keys", instead: "authenticator, authentication",
	},
	{
		pattern: words(`gates?`),
		reason:  "a private metaphor for what bounds or admits requests", instead: "limiter, authenticator, check",
	},
	{
		pattern: words(`adrift`),
		reason:  "a private metaphor for what lost its owner", instead: "orphaned, out of sync",
	},
	{
		pattern: words(`(?:put|puts|set|sets|laid|lay|leave|left) aside`),
		reason:  "a private metaphor for what is stored or skipped", instead: "stored, skipped, deferred",
	},
	{
		pattern: words(`of ours`),
		reason:  "a caller does not know who we are", instead: "of this service, issued by this service",
	},
	{
		pattern: words(`own(?:s|ed)? up(?: to)?`),
		reason:  "an API does not confess", instead: "reports, returns",
	},
	{
		pattern: words(`kin|kindred`),
		reason:  "codes have no family", instead: "related",
	},
	{
		pattern: words(`turn(?:s|ed|ing)? away`),
		reason:  "a request is refused; the metaphor is of a doorkeeper", instead: "refuse, reject",
	},
	{
		pattern: words(`whoever runs`),
		reason:  "the field has a word for this role", instead: "the operator of",
	},
	{
		pattern: words(`the seconds of`),
		reason:  "a header gives a number of seconds", instead: "the number of seconds in",
	},
	{
		pattern: words(`in silence`),
		reason:  "software does things silently", instead: "silently",
	},
	{
		pattern: words(`(?:what|who) became of`),
		reason:  "a phrase of novels", instead: "what happened to",
	},
	{
		pattern: words(`the step before`),
		reason:  "workflow tools say previous step", instead: "the previous step",
	},
	{
		pattern: words(`thereof|hereby|whereof|wherein|whence|thence|whither|hither|nought|naught|betwixt|unto|ere`),
		reason:  "an archaic or legal word", instead: "a present-day word",
	},
	{
		pattern: regexp.MustCompile(`读不出来`),
		reason:  "spoken Chinese", instead: "无法读取",
	},
	{
		pattern: regexp.MustCompile(`写不进`),
		reason:  "spoken Chinese", instead: "无法写入",
	},
	{
		pattern: regexp.MustCompile(`飞书回答`),
		reason:  "a literal translation of answers", instead: "飞书返回",
	},
	{
		pattern: regexp.MustCompile(`等待 Retry-After 的秒数`),
		reason:  "a literal translation of wait the seconds of", instead: "按 Retry-After 给出的秒数等待",
	},
}

// refused returns the advice for each phrase of the deny list that text holds.
func refused(text string) []string {
	var advice []string
	for _, one := range phrases {
		for _, match := range one.pattern.FindAllStringSubmatch(text, -1) {
			if len(match) > 1 && (contains(one.before, match[1]) || contains(one.after, match[2])) {
				continue
			}
			advice = append(advice, "says "+quoted(match[0])+" ("+one.reason+"): write "+one.instead)
		}
	}
	return advice
}

func contains(words []string, word string) bool {
	return slices.ContainsFunc(words, func(one string) bool { return strings.EqualFold(one, word) })
}
