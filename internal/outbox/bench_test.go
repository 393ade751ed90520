package outbox_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/secret"
)

// BenchmarkSubmit is one one-row write, from Submit to Delivered, over SQLite and a Feishu that takes no time.
func BenchmarkSubmit(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "outbox.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
			if err != nil {
				b.Fatal(err)
			}
			base := newFakeBase()
			o, err := outbox.New(outbox.Options{
				Store: store, Writer: base, Reader: base, Keyring: ring, Digest: func(app feishu.App) string { return app.ID },
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := o.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			defer func() { _ = o.Stop(b.Context()) }()
			var next atomic.Int64
			b.SetParallelism((callers + 1) / 2)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				caller := fmt.Sprint("caller", next.Add(1))
				for pb.Next() {
					ticket, err := o.Submit(b.Context(), creation(caller, fmt.Sprint("行", next.Add(1))))
					if err == nil {
						_, err = ticket.Wait(b.Context())
					}
					if err != nil {
						b.Error(err)
						return
					}
					ticket.Delivered()
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(b.N)/float64(len(base.calls())), "rows/call")
		})
	}
}
