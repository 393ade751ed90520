package tool

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rowgate/rowgate/internal/problem"
)

// Family groups tools: import documents and MCP clients show one family unless they are asked for more, because a model works
// better with few tools.
type Family string

// The families.
const (
	Records Family = "records" // what is shown unless more is asked for
	Tables  Family = "tables"
)

// AllFamilies stands for every family of a catalogue.
const AllFamilies = "all"

// TokenKind is a kind of token that Feishu takes for a call.
type TokenKind string

// The token kinds.
const (
	TenantToken TokenKind = "tenant_access_token"
	UserToken   TokenKind = "user_access_token"
)

// AnyToken is for what an app and a person may do alike.
func AnyToken() []TokenKind { return []TokenKind{TenantToken, UserToken} }

// Families lists the families of the catalogue, in its order.
func (c Catalogue) Families() []Family {
	var families []Family
	for _, t := range c {
		if !slices.Contains(families, t.Family) {
			families = append(families, t.Family)
		}
	}
	return families
}

// ParseFamilies reads a list of families, comma-separated: "" means records, "all" every one. It returns them without repeats in the
// catalogue's order, so that equal sets are equal texts. A family that the catalogue lacks is bad_parameter, which lists those that
// there are.
func (c Catalogue) ParseFamilies(text string) (string, error) {
	known := c.Families()
	asked := make(map[Family]bool)
	for name := range strings.SplitSeq(text, ",") {
		switch family := Family(strings.TrimSpace(name)); {
		case family == "":
		case family == AllFamilies:
			for _, one := range known {
				asked[one] = true
			}
		case slices.Contains(known, family):
			asked[family] = true
		default:
			return "", unknownFamily(family, known)
		}
	}
	if len(asked) == 0 {
		return string(Records), nil
	}
	return joinFamilies(slices.DeleteFunc(known, func(f Family) bool { return !asked[f] }), ","), nil
}

func joinFamilies(families []Family, by string) string {
	names := make([]string, 0, len(families))
	for _, family := range families {
		names = append(names, string(family))
	}
	return strings.Join(names, by)
}

func unknownFamily(family Family, known []Family) error {
	list := joinFamilies(append(slices.Clone(known), AllFamilies), ", ")
	return problem.New(problem.BadParameter, problem.Text{
		ZH: fmt.Sprintf("families 里没有“%s”这一族。可用：%s。", family, list),
		EN: fmt.Sprintf("families: there is no family %q. There are: %s.", family, list),
	})
}

// Select returns the tools of families, which ParseFamilies gave, and those that come with every family.
func (c Catalogue) Select(families string) Catalogue {
	asked := strings.Split(families, ",")
	tools := make(Catalogue, 0, len(c))
	others := slices.ContainsFunc(asked, func(family string) bool { return family != string(Records) })
	for _, t := range c {
		if t.EveryFamily || t.OtherFamilies && others || slices.Contains(asked, string(t.Family)) {
			tools = append(tools, t)
		}
	}
	return tools
}

// MaxFamilySets is how many sets of families Sets keeps.
const MaxFamilySets = 16

// Sets holds what is made of a catalogue once for each set of families that is asked for. The sets that were asked for last are kept,
// at most MaxFamilySets; another one is made again. It is safe for concurrent use.
type Sets[T any] struct {
	catalogue Catalogue
	build     func(Catalogue) (T, error)

	mu   sync.Mutex
	kept []madeSet[T] // the one used last at the end
}

type madeSet[T any] struct {
	families string
	made     T
}

// NewSets returns the sets of a catalogue; build makes what is kept of the tools of one set.
func NewSets[T any](catalogue Catalogue, build func(Catalogue) (T, error)) *Sets[T] {
	return &Sets[T]{catalogue: catalogue, build: build}
}

// Get returns what was made of these families. Errors: those of ParseFamilies and of the making.
func (s *Sets[T]) Get(families string) (T, error) {
	var none T
	families, err := s.catalogue.ParseFamilies(families)
	if err != nil {
		return none, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.kept, func(m madeSet[T]) bool { return m.families == families }); i >= 0 {
		found := s.kept[i]
		s.kept = append(slices.Delete(s.kept, i, i+1), found)
		return found.made, nil
	}
	made, err := s.build(s.catalogue.Select(families))
	if err != nil {
		return none, err
	}
	if len(s.kept) == MaxFamilySets {
		s.kept = slices.Delete(s.kept, 0, 1)
	}
	s.kept = append(s.kept, madeSet[T]{families, made})
	return made, nil
}
