package table_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/tool/table"
)

func TestNewColumn_lists_every_type_that_can_be_made(t *testing.T) {
	t.Parallel()
	field, _ := reflect.TypeFor[table.NewColumn]().FieldByName("Type")
	var names []string
	for _, kind := range bitable.Kinds(func(k bitable.Kind) bool { return k.Creatable }) {
		names = append(names, kind.Name)
	}
	if got, want := field.Tag.Get("enum"), strings.Join(names, ","); got != want {
		t.Errorf("the document lists %s, want %s", got, want)
	}
}
