package snippet

import "testing"

func TestCheckText(t *testing.T) {
	t.Parallel()
	for text, taken := range map[string]bool{
		"标题": true, "C#": true, "a{{b": false, "a\nb": false, "a\uFFFEb": false, "a\uFFFFb": false, "a\uFFFDb": true,
	} {
		if err := checkText(text); (err == nil) != taken {
			t.Errorf("checkText(%q) = %v", text, err)
		}
	}
}
