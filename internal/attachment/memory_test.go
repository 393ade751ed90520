package attachment

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
)

// heap notes the most memory that was in use whenever it was looked at.
type heap struct{ most uint64 }

func (h *heap) look() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	h.most = max(h.most, now.HeapAlloc)
}

// watched is a Feishu that takes blocks and looks at the heap after each.
type watched struct {
	recorded

	heap *heap
	took int64
}

func (w *watched) UploadPart(_ context.Context, _ feishu.App, _ string, _ int, size int64, block io.Reader) error {
	n, err := io.Copy(io.Discard, block)
	w.took += n
	w.heap.look()
	return err
}

// It is alone in the process while it runs: what it measures is everybody's.
func TestMemoryStaysFlatWhileTheLargestFileStreams(t *testing.T) { //nolint:paralleltest // measures the heap of the process
	const (
		mayGrow = 16 << 20 // bytes, for a file of 100 MiB; most of it is garbage that nobody has collected yet
		blocks  = MaxFileBytes / client.BlockSize
	)
	var h heap
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		for range blocks { // a stream: its length is not announced
			if _, err := io.CopyN(w, zeros{}, client.BlockSize); err != nil {
				t.Error(err)
				return
			}
			h.look()
		}
	})
	media := &watched{heap: &h, recorded: recorded{begun: client.Upload{ID: "u", BlockSize: client.BlockSize, BlockNum: blocks}}}
	uploader := NewUploader(UploaderOptions{
		Media: media, Digest: func(feishu.App) string { return "" }, AllowRetry: func(feishu.App) bool { return false },
	})
	defer uploader.Close()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)

	file, err := s.fetch(t, s.options(t), "/film.mp4")
	must(t, err)
	_, err = uploader.Upload(t.Context(), feishu.App{}, testBase, file)
	must(t, err)

	if media.took != MaxFileBytes {
		t.Errorf("%d bytes arrived, want %d", media.took, MaxFileBytes)
	}
	grown := int64(h.most) - int64(before.HeapAlloc)
	t.Logf("the heap grew by %d KiB at most", grown>>10)
	if grown > mayGrow {
		t.Errorf("the heap grew by %d bytes, more than %d", grown, mayGrow)
	}
}
