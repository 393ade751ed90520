package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// schema is the part of JSON Schema that these tests look at.
type schema struct {
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
}

func shapeOf(t *testing.T, one tool.Tool) (input, output schema, shape *openapi.Shape) {
	t.Helper()
	shape, err := openapi.ShapeOf(one)
	if err == nil {
		err = errors.Join(json.Unmarshal(shape.Input, &input), json.Unmarshal(shape.Output, &output))
	}
	if err != nil {
		t.Fatal(err)
	}
	return input, output, shape
}

func TestShapes(t *testing.T) {
	t.Parallel()
	// A problem, and the answer 202, stand where the tool's own answer does: their members may not mean other types there.
	others := map[string]any{}
	for _, of := range []reflect.Type{reflect.TypeFor[problem.Document](), reflect.TypeFor[tool.Accepted]()} {
		_, other, _ := shapeOf(t, tool.Tool{Input: reflect.TypeFor[tool.Connection](), Output: of})
		for name, property := range other.Properties {
			others[name] = property.Type
		}
	}
	if len(others) == 0 {
		t.Fatal("a problem has no members")
	}
	for _, one := range openapi.Importable(app.Catalogue()) {
		t.Run(one.Name+" is described as one whole, without credentials", func(t *testing.T) {
			t.Parallel()
			input, output, shape := shapeOf(t, one)
			if input.Type != "object" || output.Type != "object" || len(output.Required) != 0 {
				t.Errorf("input %v, output %v requires %v", input.Type, output.Type, output.Required)
			}
			for _, text := range []string{string(shape.Input), string(shape.Output)} {
				if strings.Contains(text, `"$ref"`) || strings.Contains(text, `"$schema"`) {
					t.Errorf("it refers elsewhere: %s", text)
				}
			}
			for _, param := range one.Spec.Params {
				if _, shown := input.Properties[param.Name]; shown && (param.Secret || param.Name == "app_id") {
					t.Errorf("it asks for %s", param.Name)
				}
			}
			for name, property := range output.Properties {
				if other, ok := others[name]; ok && property.Type != nil && !strings.Contains(fmt.Sprint(other), fmt.Sprint(property.Type)) {
					t.Errorf("%s is %v here and %v in a problem", name, property.Type, other)
				}
			}
		})
	}
}

func TestShapeCheck(t *testing.T) {
	t.Parallel()
	write, ok := app.Catalogue().Find("write_records")
	if !ok {
		t.Fatal("no write_records")
	}
	_, _, shape := shapeOf(t, write)
	for _, test := range []struct{ name, body, wrong string }{
		{"accepts what is as documented", `{"records":[{"a":1}],"on_error":"skip","timeout_ms":1000,"key_fields":["a"]}`, ""},
		{"accepts the parameters that it does not show", `{"app_id":"cli_example","app_secret":"s","soft_errors":true}`, ""},
		{"refuses a value that is none", `{"on_error":"maybe"}`, "on_error"},
		{"refuses a number out of bounds", `{"timeout_ms":1}`, "timeout_ms"},
		{"refuses another type", `{"dry_run":"yes"}`, "dry_run"},
		{"refuses what is no JSON", `{`, "JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := shape.Check([]byte(test.body))
			if test.wrong == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e, ok := errors.AsType[*problem.Error](err)
			if !ok || e.Code != problem.BadParameter || !strings.Contains(e.Detail.ZH, test.wrong) || !strings.Contains(e.Detail.EN, test.wrong) {
				t.Errorf("got %v", err)
			}
		})
	}
}
