package httpd

import (
	"io"
	"net/http"
	"time"

	"github.com/rowgate/rowgate/internal/intake"
)

// Bounds on what is read of a body that was refused unread.
const (
	maxDroppedBytes = 3 * intake.MaxBodyBytes // a body that is larger still loses its answer with the connection
	dropTimeout     = 10 * time.Second
)

// refuseUnread answers a request whose body is still on its way, and closes the connection once the body has been dropped, which
// takes no memory. Clients that send the whole body before they read, as Python's urllib does, would otherwise find the connection
// reset and no answer. A client that waits for 100 Continue has not sent anything.
func refuseUnread(renderer Renderer, w http.ResponseWriter, r *http.Request, err error) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // not on HTTP/2, where a body can be read after the answer anyway
	w.Header().Set("Connection", "close")
	renderer.Write(w, r, err)
	if r.Header.Get("Expect") != "" || control.Flush() != nil {
		return
	}
	_ = control.SetReadDeadline(time.Now().Add(dropTimeout))
	_, _ = io.CopyN(io.Discard, r.Body, maxDroppedBytes) // the answer is on its way; how the body ends is of no interest
}
