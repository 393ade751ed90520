package openapi

import (
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

func TestWithoutRefs(t *testing.T) {
	t.Parallel()
	registry := huma.NewMapRegistry(plainRefs, huma.DefaultSchemaNamer)
	registry.Map()["Known"] = &huma.Schema{Type: huma.TypeObject}
	t.Run("resolves a reference and keeps the description beside it", func(t *testing.T) {
		t.Parallel()
		got, err := whole(registry, &huma.Schema{AnyOf: []*huma.Schema{{Ref: "#/Known", Description: "one"}, {Type: typeNull}}})
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := marshalPlain(got); string(text) != `{"anyOf":[{"description":"one","type":"object"},{"type":"null"}]}` {
			t.Errorf("got %s", text)
		}
	})
	t.Run("refuses a reference to nothing, in place of null", func(t *testing.T) {
		t.Parallel()
		_, err := whole(registry, &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Ref: "#/Missing"}})
		if err == nil || !strings.Contains(err.Error(), "#/Missing") {
			t.Errorf("got %v", err)
		}
	})
}
