package bitable

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	if !IsTableID("tblExample") || IsTableID("tbl 1") || IsTableID("tbl") || IsTableID("学习记录") {
		t.Error("ids of tables are not told from names")
	}
	if FoldName(" Ｔａｂｌｅ") != FoldName("table") || FoldName("table") == FoldName("tab le") {
		t.Error("names are not compared after NFKC, trimming and case folding")
	}
	names := []string{"客户", "学习记录", "学习计划表", "orders"}
	if got, want := NearestNames("学习纪录", names), []string{"学习记录"}; !slices.Equal(got, want) {
		t.Errorf("nearest %v: want %v", got, want)
	}
	if got, want := NearestNames("oders", names), []string{"orders"}; !slices.Equal(got, want) {
		t.Errorf("nearest %v: want %v", got, want)
	}
}

func TestNearestIsBounded(t *testing.T) {
	t.Parallel()
	names := make([]string, maxNearestNames+1)
	for i := range names {
		names[i] = "abcdefgh"
	}
	if got := NearestNames("abcdefgx", names); len(got) != maxSuggestions {
		t.Errorf("%d names: want %d", len(got), maxSuggestions)
	}
	names = append(make([]string, maxNearestNames), "abcdefgh")
	if got := NearestNames("abcdefgx", names); len(got) != 0 {
		t.Errorf("%v was found beyond the bound", got)
	}
}
