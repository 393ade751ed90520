package attachment

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/egress"
	"github.com/rowgate/rowgate/internal/problem"
)

func TestFetch(t *testing.T) {
	t.Parallel()

	t.Run("gets_a_file_with_its_name_size_and_type", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, serve(png, "Content-Disposition", `attachment; filename*=UTF-8''%E5%B0%81%E9%9D%A2.png`))
		file, err := s.fetch(t, s.options(t), "/x?id=1")
		must(t, err)
		content, err := io.ReadAll(file.part(0, file.Size))
		must(t, err)
		if file.Name != "封面.png" || file.Size != int64(len(png)) || string(content) != png || file.sum != sha256.Sum256([]byte(png)) {
			t.Errorf("got %q, %d bytes", file.Name, file.Size)
		}
		if file.parent() != "bitable_image" {
			t.Errorf("parent = %s", file.parent())
		}
	})
	t.Run("sends_the_address_and_nothing_else", func(t *testing.T) {
		t.Parallel()
		var seen http.Header
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) { seen = r.Header; _, _ = w.Write([]byte("x")) })
		_, err := s.fetch(t, s.options(t), "/")
		must(t, err)
		for name := range seen {
			switch name {
			case "User-Agent", "Accept", "Accept-Encoding", "Connection":
			default:
				t.Errorf("header %s is sent", name)
			}
		}
		if seen.Get("Accept-Encoding") != "identity" {
			t.Errorf("Accept-Encoding = %q", seen.Get("Accept-Encoding"))
		}
	})
	t.Run("leaves_nothing_with_a_name_on_disk", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, serve(png))
		o := s.options(t)
		_, err := s.fetch(t, o, "/")
		must(t, err)
		left, err := os.ReadDir(o.Dir)
		must(t, err)
		if len(left) != 0 {
			t.Errorf("%d files have a name while they are in use", len(left))
		}
	})
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		reason  problem.Text
	}{
		"a_status_other_than_200":     {serveStatus(http.StatusNotFound), badStatus(404).Reason},
		"a_partial_answer":            {serveStatus(http.StatusPartialContent), badStatus(206).Reason},
		"an_empty_file":               {serve(""), emptyFile},
		"an_empty_stream":             {func(w http.ResponseWriter, _ *http.Request) { _ = http.NewResponseController(w).Flush() }, emptyFile},
		"encoded_content":             {serve("x", "Content-Encoding", "gzip"), encoded},
		"a_length_over_the_limit":     {serve("", "Content-Length", "104857601"), tooLarge(MaxFileBytes).Reason},
		"a_body_that_breaks_off":      {serve("x", "Content-Length", "100"), reasons[egress.BrokenOff]},
		"a_redirect_without_location": {serveStatus(http.StatusFound), badStatus(302).Reason},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, c.handler)
			_, err := s.fetch(t, s.options(t), "/")
			wantFailure(t, err, c.reason)
		})
	}
	t.Run("refuses_a_stream_over_the_limit_and_gives_its_room_back", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, MaxFileBytes+1) })
		fetcher := NewFetcher(s.options(t))
		_, err := fetcher.Fetch(t.Context(), "owner", s.URL)
		wantFailure(t, err, tooLarge(MaxFileBytes).Reason)
		if fetcher.shares.held != 0 {
			t.Errorf("%d bytes are still held", fetcher.shares.held)
		}
	})
	t.Run("gives_up_on_a_server_that_never_ends", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		o := s.options(t)
		o.timeout = 50 * time.Millisecond
		_, err := s.fetch(t, o, "/")
		wantFailure(t, err, reasons[egress.TooSlow])
	})
	t.Run("refuses_more_than_the_disk_share_as_overloaded", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, serve(strings.Repeat("x", spoolStep+1)))
		o := s.options(t)
		o.SpoolBytesPerApp = 3 * spoolStep
		fetcher := NewFetcher(o)
		first, err := fetcher.Fetch(t.Context(), "owner", s.URL)
		must(t, err)
		_, err = fetcher.Fetch(t.Context(), "owner", s.URL)
		wantProblem(t, err, problem.Overloaded)
		other, err := fetcher.Fetch(t.Context(), "another owner", s.URL)
		must(t, err)
		other.Close()
		first.Close()
		again, err := fetcher.Fetch(t.Context(), "owner", s.URL)
		must(t, err)
		again.Close()
	})
}

// zeros is a stream without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestSpool(t *testing.T) {
	t.Parallel()
	shares := newShares(MaxSpoolBytes, MaxSpoolBytes)
	s, err := newSpool(t.TempDir(), "owner", shares)
	must(t, err)
	content := bytes.Repeat([]byte("rows must not be legible at rest; "), 3000)
	for rest := content; len(rest) > 0; {
		n := min(len(rest), 1+len(rest)/3)
		_, err := s.Write(rest[:n])
		must(t, err)
		rest = rest[n:]
	}

	t.Run("gives_back_any_part_of_what_was_written", func(t *testing.T) {
		for _, offset := range []int64{0, 1, 15, 16, 17, 4096, 65_537, int64(len(content)) - 1} {
			for _, n := range []int{1, 16, 33} {
				got := make([]byte, n)
				read, err := s.ReadAt(got, offset)
				if want := content[offset:min(int(offset)+n, len(content))]; string(got[:read]) != string(want) {
					t.Errorf("at %d: %q (%v), want %q", offset, got[:read], err, want)
				}
			}
		}
	})
	t.Run("keeps_nothing_legible_on_disk", func(t *testing.T) {
		stored := make([]byte, len(content))
		_, err := s.file.ReadAt(stored, 0)
		must(t, err)
		if bytes.Contains(stored, []byte("rows must")) {
			t.Error("the file is in clear")
		}
	})
	t.Run("is_readable_by_its_owner_alone", func(t *testing.T) {
		info, err := s.file.Stat()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
	})
	s.Close()
	if shares.held != 0 || len(shares.owned) != 0 {
		t.Error("a closed file still holds room")
	}
}

func TestSharesBoundEachOwnerAndAll(t *testing.T) {
	t.Parallel()
	s := newShares(2, 3)
	for i, want := range []bool{true, true, false} {
		if s.take("a", 1) != want {
			t.Errorf("a's take %d: want %v", i, want)
		}
	}
	if !s.take("b", 1) || s.take("b", 1) {
		t.Error("b may take one: three are held by all then")
	}
	s.give("a", 2)
	if !s.take("b", 1) || len(s.owned) != 1 {
		t.Error("what a gave back is free again, and a is forgotten")
	}
}
