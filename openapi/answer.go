package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/httpd"
	"github.com/rowgate/rowgate/internal/problem"
)

// answer is a problem that Huma writes as a response.
type answer struct{ doc problem.Document }

func newAnswer(ctx context.Context, renderer Renderer, err error) *answer {
	return &answer{doc: renderer.Document(ctx, err)}
}

// Error implements error.
func (a *answer) Error() string { return string(a.doc.Code) }

// GetStatus implements huma.StatusError.
func (a *answer) GetStatus() int { return a.doc.HTTPStatus() }

// GetHeaders implements huma.HeadersError. Huma writes the Content-Type itself.
func (a *answer) GetHeaders() http.Header {
	header := http.Header{}
	httpd.SetProblemHeaders(header, a.doc)
	header.Del("Content-Type")
	return header
}

// ContentType implements huma.ContentTypeFilter.
func (a *answer) ContentType(string) string { return a.doc.MediaType() }

// MarshalJSON writes the document.
func (a *answer) MarshalJSON() ([]byte, error) { return json.Marshal(a.doc) }

type rendererKey struct{}

// WithRenderer puts the renderer of problems into every request's context, for the errors that Huma itself raises.
func WithRenderer(renderer Renderer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), rendererKey{}, renderer)))
		})
	}
}

func rendererFrom(ctx context.Context) Renderer {
	renderer, _ := ctx.Value(rendererKey{}).(Renderer)
	return renderer
}

// humaProblem turns an error of Huma into a problem that says where and why, without the value.
func humaProblem(status int, msg string, errs []error) *problem.Error {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return problem.New(problem.BodyTooLarge, problem.Text{})
	case http.StatusInternalServerError:
		return problem.New(problem.InternalError, problem.Text{}).Because(errors.Join(errs...))
	case http.StatusRequestTimeout:
		return problem.New(problem.BadBody, problem.Text{
			ZH: "请求体没有在时限内传完。", EN: "The request body did not arrive in time.",
		})
	}
	var zh, en []string
	for _, err := range errs {
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			text := refusal(detail.Location, detail.Message)
			zh, en = append(zh, text.ZH), append(en, text.EN)
		}
	}
	if len(en) == 0 {
		zh, en = []string{msg}, []string{msg}
	}
	return problem.New(problem.BadParameter, problem.Text{
		ZH: "参数有误：" + strings.Join(zh, "；") + "。",
		EN: "Invalid parameters: " + strings.Join(en, "; ") + ".",
	})
}
