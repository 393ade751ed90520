package attachment

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/egress"
)

func TestFetchSaysInWordsAboutTheFileWhyAnAddressIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if hops := strings.TrimPrefix(r.URL.Path, "/"); hops != "" {
			http.Redirect(w, r, "/"+hops[1:], http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(png))
	})

	t.Run("a_private_address", func(t *testing.T) {
		t.Parallel()
		_, err := NewFetcher(FetcherOptions{Dir: t.TempDir()}).Fetch(t.Context(), "owner", "http://10.1.2.3/?token=secret")
		wantFailure(t, err, reasons[egress.NotAllowed])
	})
	for name, c := range map[string]struct{ address, en string }{
		"a_form_that_is_not_taken": {"ftp://example.com/a", "The address cannot be used: it must be https,"},
		"a_fourth_redirect":        {s.URL + "/1234", "The address redirects more than 3 times."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewFetcher(s.options(t)).Fetch(t.Context(), "owner", c.address)
			failure, ok := errors.AsType[*Failure](err)
			if !ok || !strings.HasPrefix(failure.Reason.EN, c.en) || failure.Reason.ZH == "" {
				t.Errorf("err = %v, want %s", err, c.en)
			}
		})
	}
	t.Run("follows_three_redirects_and_keeps_the_name_that_the_caller_gave", func(t *testing.T) {
		t.Parallel()
		file, err := s.fetch(t, s.options(t), "/123")
		must(t, err)
		if file.Name != "123.png" {
			t.Errorf("name = %q, want the caller's own spelling before the server's", file.Name)
		}
	})
}
