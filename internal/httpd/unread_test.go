package httpd

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
)

// TestRefuseUnread sends whole bodies before it reads, as urllib and many others do: the answer arrives nevertheless.
func TestRefuseUnread(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newEdge(t, echo).router)
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		header       string
		length, sent int
	}{
		"a body over the limit":              {"", intake.MaxBodyBytes + 1<<20, intake.MaxBodyBytes + 1<<20},
		"a body that waits for 100 Continue": {"Expect: 100-continue\r\n", intake.MaxBodyBytes + 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n",
				toolPath, test.header, test.length)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte(strings.Repeat("a", test.sent))); err != nil {
				t.Fatalf("while the body is sent: %v", err)
			}
			got, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			defer got.Body.Close()
			var text strings.Builder
			if err := got.Write(&text); err != nil || got.StatusCode != http.StatusRequestEntityTooLarge ||
				!strings.Contains(text.String(), "body_too_large") || !got.Close {
				t.Errorf("%v, %s", err, text.String())
			}
		})
	}
}
