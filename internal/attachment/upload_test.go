package attachment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
)

// Everything here runs in a bubble: the client keeps to Feishu's 5 uploads a second, on a clock that takes no time.

func TestUpload(t *testing.T) {
	t.Parallel()

	t.Run("stores_a_small_file_in_one_call", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			token, err := b.upload(t.Context(), t, "封面", []byte(png))
			must(t, err)
			files := b.sb.Files()
			if len(files) != 1 || files[0].Token != token || files[0].Name != "封面.png" ||
				files[0].AppToken != testBase || files[0].SHA256 != hexSum([]byte(png)) {
				t.Errorf("stored %+v", files)
			}
		})
	})
	t.Run("stores_a_large_file_in_blocks_each_with_its_adler_32_in_a_base_inside_a_wiki", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			file, content := spooled(t, client.MaxUploadAll+1)
			token, err := b.uploader.Upload(t.Context(), b.app, wikiBase, file)
			must(t, err)
			files := b.sb.Files()
			if len(files) != 1 || files[0].Token != token || files[0].Size != file.Size || files[0].SHA256 != hexSum(content) {
				t.Errorf("stored %+v", files)
			}
			if b.sent.right != 6 || b.sent.wrong != 0 {
				t.Errorf("%d checksums are right and %d wrong, want those of 6 blocks of 4 MiB", b.sent.right, b.sent.wrong)
			}
		})
	})
	t.Run("stores_a_small_file_with_its_adler_32_in_a_base_inside_a_wiki", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			file, err := FromBytes("a.txt", "", []byte("hello"))
			must(t, err)
			_, err = b.uploader.Upload(t.Context(), b.app, wikiBase, file)
			must(t, err)
			if b.sent.right != 1 || b.sent.wrong != 0 {
				t.Errorf("%d checksums are right and %d wrong, want 1 and 0", b.sent.right, b.sent.wrong)
			}
		})
	})
	t.Run("says_a_picture_from_a_file", func(t *testing.T) {
		t.Parallel()
		media := &recorded{}
		uploader := media.uploader(t)
		for name, data := range map[string]string{"a.png": png, "a.txt": "x"} {
			file, err := FromBytes(name, "", []byte(data))
			must(t, err)
			_, err = uploader.Upload(t.Context(), feishu.App{}, testBase, file)
			must(t, err)
		}
		if media.parents["a.png"] != client.ParentImage || media.parents["a.txt"] != client.ParentFile {
			t.Errorf("parents %v", media.parents)
		}
	})
	t.Run("keeps_one_call_at_a_time_and_five_a_second_over_all_requests_of_an_app", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.slow(t, 50*time.Millisecond)
			var callers sync.WaitGroup
			for i := range 20 {
				callers.Go(func() {
					if _, err := b.upload(t.Context(), t, fmt.Sprintf("%d.txt", i), []byte{'a' + byte(i)}); err != nil {
						t.Error(err)
					}
				})
			}
			callers.Wait()
			for _, call := range b.sb.Calls() {
				if call.Code == 1061045 {
					t.Errorf("the sandbox refused %d calls as too many or at once", call.Calls)
				}
			}
		})
	})
	t.Run("uploads_the_same_file_once_for_ten_minutes", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			first, err := b.upload(t.Context(), t, "a.png", []byte(png))
			must(t, err)
			again, err := b.upload(t.Context(), t, "a.png", []byte(png))
			must(t, err)
			if again != first {
				t.Error("a repeat paid for the file again")
			}
			for name, data := range map[string]string{"b.png": png, "a.png": png + "!"} {
				if other, err := b.upload(t.Context(), t, name, []byte(data)); err != nil || other == first {
					t.Errorf("another name or content got the same token (%v)", err)
				}
			}
			file, err := FromBytes("a.png", "", []byte(png))
			must(t, err)
			if other, err := b.uploader.Upload(t.Context(), b.app, wikiBase, file); err != nil || other == first {
				t.Errorf("another base got the same token (%v)", err)
			}
			time.Sleep(SentFor + time.Second) // fake clock
			if later, err := b.upload(t.Context(), t, "a.png", []byte(png)); err != nil || later == first {
				t.Errorf("the file is still known after %s (%v)", SentFor, err)
			}
		})
	})
}

func TestUploadFailures(t *testing.T) {
	t.Parallel()
	const canRetry, internal, contentCheck, notFound = 1061045, 1061001, 1061109, 1061044

	for name, c := range map[string]struct{ code, count int }{
		"repeats_what_met_another_upload":      {canRetry, maxTurns - 1},
		"repeats_what_failed_inside_feishu":    {internal, maxAttempts - 1},
		"repeats_what_was_refused_for_a_token": {99991663, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				b.fault(t, "media.upload_all", c.code, c.count)
				_, err := b.upload(t.Context(), t, "a.txt", []byte("x"))
				must(t, err)
				if files := b.sb.Files(); len(files) != 1 || files[0].SHA256 != hexSum([]byte("x")) {
					t.Errorf("stored %+v", files)
				}
			})
		})
	}
	t.Run("repeats_the_one_step_of_an_upload_in_blocks_that_failed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.fault(t, "media.upload_prepare", internal, 1)
			b.fault(t, "media.upload_part", canRetry, 2)
			b.fault(t, "media.upload_finish", internal, 1)
			file, content := spooled(t, client.MaxUploadAll+1)
			_, err := b.uploader.Upload(t.Context(), b.app, testBase, file)
			must(t, err)
			if files := b.sb.Files(); len(files) != 1 || files[0].SHA256 != hexSum(content) {
				t.Errorf("stored %+v", files)
			}
			if n := b.sb.CallCount("media.upload_part", ""); n != 6+2 {
				t.Errorf("%d blocks sent, want 6 and 2 repeats", n)
			}
		})
	})
	for name, c := range map[string]struct {
		code  int
		want  problem.Code
		calls int
	}{
		"gives_up_on_a_feishu_that_keeps_failing":     {internal, problem.UpstreamUnavailable, maxAttempts},
		"gives_up_on_turns_that_never_come":           {canRetry, problem.RateLimited, maxTurns},
		"does_not_repeat_what_the_base_is_at_fault":   {notFound, problem.BaseNotFound, 1},
		"does_not_repeat_what_the_app_may_not_do":     {1061004, problem.AppNotCollaborator, 1},
		"does_not_repeat_what_a_full_storage_refuses": {1061101, problem.QuotaExhausted, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t)
				b.fault(t, "media.upload_all", c.code, 0)
				_, err := b.upload(t.Context(), t, "a.txt", []byte("x"))
				wantProblem(t, err, c.want)
				if n := b.sb.CallCount("media.upload_all", ""); n != c.calls {
					t.Errorf("%d calls, want %d", n, c.calls)
				}
			})
		})
	}
	t.Run("is_the_file's_failure_where_feishu_refuses_the_file", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.fault(t, "media.upload_all", contentCheck, 0)
			_, err := b.upload(t.Context(), t, "a.txt", []byte("x"))
			failure, ok := errors.AsType[*Failure](err)
			said, _ := errors.AsType[*feishu.Error](err)
			if !ok || said == nil || said.Code != contentCheck || failure.Reason.ZH == "" || failure.Reason.EN == "" {
				t.Errorf("err = %v", err)
			}
		})
	})
	t.Run("has_written_no_row_when_the_answer_is_lost", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			_, err := b.sb.AddFault(sandbox.Fault{Endpoint: "media.upload_all", Action: sandbox.ActionCut, When: sandbox.AfterCommit})
			must(t, err)
			_, err = b.upload(t.Context(), t, "a.txt", []byte("x"))
			wantProblem(t, err, problem.UpstreamUnavailable)
		})
	})
	t.Run("takes_no_repeat_that_the_budget_does_not_give", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.uploader.AllowRetry = func(feishu.App) bool { return false }
			b.fault(t, "media.upload_all", internal, 0)
			_, err := b.upload(t.Context(), t, "a.txt", []byte("x"))
			wantProblem(t, err, problem.UpstreamUnavailable)
			if n := b.sb.CallCount("media.upload_all", ""); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	})
	t.Run("does_not_wait_past_the_deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.fault(t, "media.upload_all", canRetry, 0)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := b.upload(ctx, t, "a.txt", []byte("x"))
			wantProblem(t, err, problem.RateLimited)
			if took := time.Since(start); took > time.Second {
				t.Errorf("took %s", took)
			}
		})
	})
	t.Run("refuses_at_once_when_too_many_wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			media := &recorded{hold: make(chan struct{})}
			uploader := media.uploader(t)
			send := func(ctx context.Context, app string, i int) error {
				file, err := FromBytes(strconv.Itoa(i), "", []byte("x"))
				if err != nil {
					return err
				}
				_, err = uploader.Upload(ctx, feishu.App{ID: app}, testBase, file)
				return err
			}
			var waiting sync.WaitGroup
			for i := range MaxUploadsPerApp {
				waiting.Go(func() {
					if err := send(t.Context(), "cli_a", i); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			wantProblem(t, send(t.Context(), "cli_a", -1), problem.Overloaded)
			waiting.Go(func() {
				if err := send(t.Context(), "cli_b", 0); err != nil {
					t.Errorf("another app is refused: %v", err)
				}
			})
			close(media.hold)
			waiting.Wait()
			must(t, send(t.Context(), "cli_a", -1))
		})
	})
	t.Run("refuses_blocks_that_do_not_add_up", func(t *testing.T) {
		t.Parallel()
		media := &recorded{begun: client.Upload{ID: "u", BlockSize: 1 << 20, BlockNum: 2}}
		_, err := media.uploader(t).Upload(t.Context(), feishu.App{}, testBase, &File{Name: "a", Size: client.MaxUploadAll + 1})
		wantProblem(t, err, problem.InternalError)
	})
}

// recorded is a Feishu that takes everything, once hold (if there is one) is closed.
type recorded struct {
	hold  chan struct{}
	begun client.Upload

	mu      sync.Mutex
	parents map[string]string
}

func (r *recorded) uploader(t *testing.T) *Uploader {
	t.Helper()
	u := NewUploader(UploaderOptions{
		Media: r, Digest: func(app feishu.App) string { return app.ID }, AllowRetry: func(feishu.App) bool { return true },
	})
	t.Cleanup(u.Close)
	return u
}

func (r *recorded) UploadAll(_ context.Context, _ feishu.App, media client.Media, file io.Reader) (string, error) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.parents == nil {
		r.parents = map[string]string{}
	}
	r.parents[media.Name] = media.ParentType
	_, err := io.Copy(io.Discard, file)
	return "boxExample" + media.Name, err
}

func (r *recorded) UploadPrepare(context.Context, feishu.App, client.Media) (client.Upload, error) {
	return r.begun, nil
}

func (r *recorded) UploadPart(_ context.Context, _ feishu.App, _ string, _ int, _ int64, block io.Reader) error {
	_, err := io.Copy(io.Discard, block)
	return err
}

func (r *recorded) UploadFinish(context.Context, feishu.App, client.Upload) (string, error) {
	return "boxExample", nil
}

// checksums compares the checksum of each upload with the file that comes with it.
type checksums struct {
	next http.RoundTripper

	mu           sync.Mutex
	right, wrong int
}

func (c *checksums) RoundTrip(req *http.Request) (*http.Response, error) {
	kind, params, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return c.next.RoundTrip(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	right, err := isChecksumRight(body, params["boundary"])
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if right {
		c.right++
	} else {
		c.wrong++
	}
	c.mu.Unlock()
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	return c.next.RoundTrip(req)
}

func isChecksumRight(body []byte, boundary string) (bool, error) {
	form, err := multipart.NewReader(bytes.NewReader(body), boundary).ReadForm(int64(len(body)))
	if err != nil {
		return false, err
	}
	file, err := form.File["file"][0].Open()
	if err != nil {
		return false, err
	}
	defer file.Close()
	sum := adler32.New()
	if _, err := io.Copy(sum, file); err != nil {
		return false, err
	}
	return form.Value["checksum"][0] == strconv.FormatUint(uint64(sum.Sum32()), 10), nil
}

// spooled is a file of size bytes on disk, and its content.
func spooled(t *testing.T, size int) (*File, []byte) {
	t.Helper()
	s, err := newSpool(t.TempDir(), "owner", newShares(MaxSpoolBytes, MaxSpoolBytes))
	must(t, err)
	t.Cleanup(s.Close)
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i >> 7)
	}
	_, err = s.Write(content)
	must(t, err)
	return &File{Name: "a.bin", Size: int64(size), sum: sha256.Sum256(content), content: s, close: func() {}}, content
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
