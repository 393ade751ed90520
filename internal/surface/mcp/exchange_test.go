package mcp

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A cancellation means the call of one credential: every header that may carry a part of it tells two clients apart.
func TestClientOf(t *testing.T) {
	t.Parallel()
	seen := map[client]string{}
	for _, name := range []string{
		"", "Authorization", "X-Passphrase", "X-App-Id", "X-App-Secret", "X-Personal-Base-Token", headerSession,
	} {
		for _, value := range []string{"a", "b"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", http.NoBody)
			if name != "" {
				r.Header.Set(name, value)
			}
			of := clientOf(r)
			if other, taken := seen[of]; taken && name != "" {
				t.Errorf("%s: %s is the client of %s", name, value, other)
			}
			seen[of] = name + ": " + value
		}
	}
}
