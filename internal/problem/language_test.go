package problem_test

import (
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

func TestParseAcceptLanguage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]problem.Lang{
		"zh":                          problem.ZH,
		"zh-CN,zh;q=0.9,en;q=0.8":     problem.ZH,
		"en-US,en;q=0.9,zh-CN;q=0.8":  problem.EN,
		"fr, en;q=0.3, zh;q=0.7":      problem.ZH,
		"EN-gb":                       problem.EN,
		"en;q=0, zh;q=0.1":            problem.ZH,
		"zh;q=0.5,en;q=0.5":           problem.ZH,
		"zh;q=nonsense, en ; q = 0.2": problem.EN,
		"zh;q=NaN, en;q=0.1":          problem.EN,
		"zh;q=7, en;q=0.1":            problem.EN,
		"":                            "",
		"*":                           "",
		"fr-FR, de":                   "",
		"en;q=0":                      "",
		"english":                     "",
		";;;,,,=":                     "",
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			got, ok := problem.ParseAcceptLanguage(header)
			if got != want || ok != (want != "") {
				t.Errorf("got %q %v, want %q", got, ok, want)
			}
		})
	}
}
