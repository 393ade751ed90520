package tool

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

func familyCatalogue() Catalogue {
	return Catalogue{
		{Meta: Meta{Name: "write", Family: Records}},
		{Meta: Meta{Name: "job", Family: Records, EveryFamily: true}},
		{Meta: Meta{Name: "view", Family: Tables}},
	}
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	c := familyCatalogue()
	for asked, want := range map[string]string{
		"": "records: write job", "records": "records: write job", " , ": "records: write job", "tables": "tables: job view",
		"tables,records,tables": "records,tables: write job view", "all": "records,tables: write job view",
		"records, all": "records,tables: write job view",
	} {
		t.Run("shows what is asked for by "+asked, func(t *testing.T) {
			t.Parallel()
			families, err := c.ParseFamilies(asked)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, one := range c.Select(families) {
				names = append(names, one.Name)
			}
			if got := families + ": " + strings.Join(names, " "); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	t.Run("refuses a family that there is none of, and lists those that there are", func(t *testing.T) {
		t.Parallel()
		_, err := c.ParseFamilies("records,views")
		if err == nil || problem.From(err).Code != problem.BadParameter || !strings.Contains(err.Error(), "records, tables, all") {
			t.Errorf("%v", err)
		}
	})
}

func TestSets(t *testing.T) {
	t.Parallel()
	var c Catalogue
	for i := range MaxFamilySets + 1 {
		c = append(c, Tool{Meta: Meta{Name: fmt.Sprint("tool", i), Family: Family(fmt.Sprint("family", i))}})
	}
	var built []string
	sets := NewSets(c, func(tools Catalogue) (string, error) {
		built = append(built, tools[0].Name)
		return tools[0].Name, nil
	})
	for i := range MaxFamilySets + 1 {
		for range 2 {
			if got, err := sets.Get(fmt.Sprint("family", i)); err != nil || got != fmt.Sprint("tool", i) {
				t.Errorf("%s %v", got, err)
			}
		}
	}
	if len(built) != MaxFamilySets+1 || len(sets.kept) != MaxFamilySets {
		t.Errorf("built %v, kept %d", built, len(sets.kept))
	}
	if _, err := sets.Get("family0"); err != nil || len(built) != MaxFamilySets+2 || !slices.Contains(built[1:], "tool0") {
		t.Errorf("what was not kept is not made again: %v, %v", built, err)
	}
}
