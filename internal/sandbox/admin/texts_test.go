package admin

import "testing"

func TestTextsAreInBothLanguages(t *testing.T) {
	t.Parallel()
	for name, both := range texts {
		if both.zh == "" || both.en == "" || both.zh == both.en {
			t.Errorf("%s: %+v", name, both)
		}
	}
	for _, e := range (&Admin{}).endpoints() {
		if e.zh == "" || e.en == "" || e.answer == nil {
			t.Errorf("%s %s lacks a text or an answer", e.Method, e.Path)
		}
	}
}
