package tool

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestDefine(t *testing.T) {
	t.Parallel()
	type shared struct {
		Records Rows `json:"records,omitempty"`
	}
	type input struct {
		shared

		Name string `json:"name,omitempty"`
	}
	echo := Define[input, []string](Meta{Name: "echo"}, func(ctx context.Context, in *input) (Answer, error) {
		said := []string{in.Name}
		for _, row := range in.Records {
			said = append(said, string(row))
		}
		for _, repair := range intake.ResultFrom(ctx).Repairs {
			said = append(said, repair.Rule)
		}
		return OK(said), nil
	})
	call := func(request *intake.Result) (string, error) {
		answer, err := echo.Call(t.Context(), request)
		text, _ := json.Marshal(answer.Body)
		return string(text), err
	}
	t.Run("hands the parameters, the rows and the repairs of a request to the handler", func(t *testing.T) {
		t.Parallel()
		const body = `{"name":"a","records":[{"x": 1.0},{},]}`
		request, err := intake.Parse(echo.Spec, intake.Input{Body: []byte(body), ContentType: "application/json"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := call(request); err != nil || got != `["a","{\"x\":1.0}","{}","trailing_comma"]` {
			t.Errorf("%s %v", got, err)
		}
	})
	t.Run("takes rows from beside the parameters alone", func(t *testing.T) {
		t.Parallel()
		if got, err := call(&intake.Result{JSON: []byte(`{"records":[{"x":1}]}`)}); err != nil || got != `[""]` {
			t.Errorf("%s %v", got, err)
		}
	})
	t.Run("refuses a parameter of the wrong type", func(t *testing.T) {
		t.Parallel()
		if got, err := call(&intake.Result{JSON: []byte(`{"name":1}`)}); err == nil || problem.From(err).Code != problem.BadParameter {
			t.Errorf("%s %v", got, err)
		}
	})
	t.Run("runs on no request at all", func(t *testing.T) {
		t.Parallel()
		if got, err := call(intake.ResultFrom(t.Context())); err != nil || got != `[""]` {
			t.Errorf("%s %v", got, err)
		}
	})
}
