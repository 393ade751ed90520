package nearest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/nearest"
)

func TestNames(t *testing.T) {
	t.Parallel()
	known := []string{"客户", "学习记录", "学习计划表", "orders", "app_token", "table_id", "on_error"}
	for name, c := range map[string]struct {
		given string
		want  []string
	}{
		"another character":                  {"学习纪录", []string{"学习记录"}},
		"a missing letter":                   {"oders", []string{"orders"}},
		"swapped letters":                    {"odrers", []string{"orders"}},
		"other case, width and separators":   {"Ａpp－Token", []string{"app_token"}},
		"one of two runes":                   {"客人", []string{"客户"}},
		"nothing like any":                   {"zzzzzzzz", nil},
		"little like any":                    {"callback_url", nil},
		"more than half of it to be changed": {"ordxyzw", nil},
		"no letter at all":                   {"-_ ", nil},
		"the empty name":                     {"", nil},
		"a long text that begins like one":   {"orders" + strings.Repeat("x", 5000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := nearest.Names(c.given, slices.Values(known)); !slices.Equal(got, c.want) {
				t.Errorf("%q: %q, want %q", c.given, got, c.want)
			}
		})
	}

	t.Run("the nearest stands first, equal ones in their order", func(t *testing.T) {
		t.Parallel()
		got := nearest.Names("total", slices.Values([]string{"totals2", "totem", "total1", "tota", "total"}))
		if want := []string{"total", "total1", "tota"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestNames_is_bounded(t *testing.T) {
	t.Parallel()
	names := slices.Repeat([]string{"abcdefgh"}, nearest.MaxNames)
	if got := nearest.Names("abcdefgx", slices.Values(names)); len(got) != nearest.MaxFound {
		t.Errorf("%d names, want %d", len(got), nearest.MaxFound)
	}
	names = append(make([]string, nearest.MaxNames), "abcdefgh")
	if got := nearest.Names("abcdefgx", slices.Values(names)); len(got) != 0 {
		t.Errorf("%q was found beyond the bound", got)
	}
}
