package problem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/rowgate/rowgate/internal/problem"
)

// contract is the table of the HTTP contract, with what a server says of itself.
var contract = map[int][]problem.Code{
	http.StatusBadRequest: {
		"bad_body", "unknown_parameter", "bad_parameter", "no_rows", "secret_in_query", "bad_link", "missing_connection",
		"unrendered_template", "wrapper",
	},
	http.StatusUnauthorized: {"bad_passphrase", "bad_app_credentials", "bad_connection_key"},
	http.StatusForbidden: {
		"app_not_collaborator", "scope_missing", "advanced_permission", "ip_not_allowed", "key_scope", "wrong_origin",
	},
	http.StatusNotFound:              {"base_not_found", "table_not_found", "record_not_found", "job_not_found", "not_found"},
	http.StatusMethodNotAllowed:      {"method_not_allowed"},
	http.StatusConflict:              {"idempotency_conflict", "in_flight", "wrong_state"},
	http.StatusRequestEntityTooLarge: {"body_too_large", "too_many_rows"},
	http.StatusMisdirectedRequest:    {"wrong_host"},
	http.StatusUnprocessableEntity: {
		"invalid_rows", "field_not_found", "bad_key_field", "table_full", "quota_exhausted", "upstream_rejected", "target_not_allowed",
	},
	http.StatusTooManyRequests:     {"rate_limited", "too_many_failures"},
	http.StatusInternalServerError: {"internal_error"},
	http.StatusServiceUnavailable:  {"upstream_unavailable", "overloaded", "draining"},
	http.StatusGatewayTimeout:      {"outcome_unknown"},
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	t.Run("holds the contract's codes with their statuses and no other", func(t *testing.T) {
		t.Parallel()
		count := 0
		for status, codes := range contract {
			for _, code := range codes {
				count++
				if entry := problem.Lookup(code); entry.Code != code || entry.Status != status {
					t.Errorf("%s: got %s %d, want status %d", code, entry.Code, entry.Status, status)
				}
			}
		}
		if got := len(problem.Codes()); got != count {
			t.Errorf("the catalogue has %d codes, the contract %d", got, count)
		}
	})
	t.Run("has an entry for every code constant", func(t *testing.T) {
		t.Parallel()
		for _, value := range constants(t, "Code") {
			if !slices.Contains(problem.Codes(), problem.Code(value)) {
				t.Errorf("%s is not in the catalogue", value)
			}
		}
		for _, value := range constants(t, "RowCode") {
			if !slices.Contains(problem.RowCodes(), problem.RowCode(value)) {
				t.Errorf("row code %s is not in the catalogue", value)
			}
		}
	})
	t.Run("lists codes by status without repeats", func(t *testing.T) {
		t.Parallel()
		codes := problem.Codes()
		if !slices.IsSortedFunc(codes, func(a, b problem.Code) int { return problem.Lookup(a).Status - problem.Lookup(b).Status }) {
			t.Errorf("not sorted: %v", codes)
		}
		slices.Sort(codes)
		if len(slices.Compact(codes)) != len(problem.Codes()) {
			t.Errorf("repeats in %v", codes)
		}
	})
	t.Run("says everything in both languages", func(t *testing.T) {
		t.Parallel()
		for _, code := range problem.Codes() {
			entry := problem.Lookup(code)
			for name, text := range map[string]problem.Text{"title": entry.Title, "fix": entry.Fix, "explanation": entry.Explanation} {
				checkText(t, string(code)+" "+name, text)
			}
		}
		for _, code := range problem.RowCodes() {
			entry, _ := problem.LookupRow(code)
			checkText(t, string(code)+" meaning", entry.Meaning)
			checkText(t, string(code)+" fix", entry.Fix)
		}
	})
	t.Run("asks for a repeat only where one is right, and then says when", func(t *testing.T) {
		t.Parallel()
		for _, code := range problem.Codes() {
			entry := problem.Lookup(code)
			repeat := slices.Contains([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, entry.Status)
			if want := repeat || code == problem.InFlight; entry.Retryable != want {
				t.Errorf("%s: retryable is %v", code, entry.Retryable)
			}
			if entry.Retryable != (entry.RetryAfter > 0) {
				t.Errorf("%s: retryable %v with Retry-After %v", code, entry.Retryable, entry.RetryAfter)
			}
		}
	})
	t.Run("claims not_written only where nothing can have been written", func(t *testing.T) {
		t.Parallel()
		unknown := []problem.Code{problem.InFlight, problem.InternalError, problem.UnknownOutcome}
		for _, code := range problem.Codes() {
			want := problem.NotWritten
			if slices.Contains(unknown, code) {
				want = problem.OutcomeUnknown
			}
			if got := problem.Lookup(code).Outcome; got != want {
				t.Errorf("%s: outcome %s, want %s", code, got, want)
			}
		}
	})
	t.Run("names the menu for each permission", func(t *testing.T) {
		t.Parallel()
		for _, menu := range []struct {
			code   problem.Code
			zh, en string
		}{
			{problem.AppNotCollaborator, "添加文档应用", "Add document app"},
			{problem.AdvancedPermission, "高级权限", "Advanced permissions"},
			{problem.ScopeMissing, "权限管理", "Permissions & Scopes"},
			{problem.IPNotAllowed, "安全设置", "Security Settings"},
			{problem.BadAppCredentials, "凭证与基础信息", "Credentials & Basic Info"},
		} {
			fix := problem.Lookup(menu.code).Fix
			if !strings.Contains(fix.ZH, menu.zh) || !strings.Contains(fix.EN, menu.en) {
				t.Errorf("%s: %q does not name the menu", menu.code, fix)
			}
		}
	})
	t.Run("takes a code it does not know for an internal error", func(t *testing.T) {
		t.Parallel()
		if got := problem.Lookup("made_up").Code; got != problem.InternalError {
			t.Errorf("got %s", got)
		}
		if _, ok := problem.LookupRow("made_up"); ok {
			t.Error("a row code that is none was found")
		}
	})
}

func TestRetryIn(t *testing.T) {
	t.Parallel()
	own := problem.New(problem.RateLimited, problem.Text{})
	own.RetryAfter = 52e9
	useless := problem.New(problem.QuotaExhausted, problem.Text{})
	useless.RetryAfter = 52e9
	if got := own.RetryIn(); got != 52e9 {
		t.Errorf("what the error says does not count: %v", got)
	}
	if got := useless.RetryIn(); got != 0 {
		t.Errorf("a problem that a repeat cannot mend asks for one in %v", got)
	}
	if got := problem.New(problem.Draining, problem.Text{}).RetryIn(); got != problem.Lookup(problem.Draining).RetryAfter {
		t.Errorf("the catalogue's time is not used: %v", got)
	}
}

func checkText(t *testing.T, name string, text problem.Text) {
	t.Helper()
	if !strings.ContainsFunc(text.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Errorf("%s: no Chinese in %q", name, text.ZH)
	}
	if text.EN == "" || strings.ContainsFunc(text.EN, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Errorf("%s: no English in %q", name, text.EN)
	}
}

// constants returns the values of every constant of the named type in codes.go.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if ident, ok := spec.Type.(*ast.Ident); ok && ident.Name == typeName {
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is no literal", spec.Names[0])
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("no constants of type %s", typeName)
	}
	return values
}
