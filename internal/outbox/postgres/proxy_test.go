package postgres_test

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// proxy stands between a store and its server, and cuts connections at the worst of times.
type proxy struct {
	url string

	mu   sync.Mutex
	cut  cut
	mark string        // what the client sends when the cut is due
	held chan struct{} // closed when what was held back may go to the server
	sent chan struct{} // closed when it has gone there
}

// cut is what happens to the connection by which the mark comes.
type cut int

const (
	whole      cut = iota // nothing
	loseBefore            // the server does not get it
	loseAfter             // the client does not get the answer
	late                  // the client loses the connection, and the server gets it later
)

// newProxy returns a proxy to the server of address.
func newProxy(t *testing.T, address string) *proxy {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := target.Host
	target.Host = listener.Addr().String()
	p := &proxy{url: target.String(), held: make(chan struct{}), sent: make(chan struct{})}
	var work sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		work.Wait()
	})
	work.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := new(net.Dialer).DialContext(t.Context(), "tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			work.Go(func() { p.forward(client, upstream) })
			work.Go(func() {
				_, _ = io.Copy(client, upstream)
				_ = client.Close()
			})
		}
	})
	return p
}

// set makes the next message with mark be cut.
func (p *proxy) set(how cut, mark string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.mark = how, mark
}

// take returns what happens to a message, once.
func (p *proxy) take(message string) cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut == whole || !strings.Contains(message, p.mark) {
		return whole
	}
	how := p.cut
	p.cut = whole
	return how
}

func (p *proxy) forward(client, server net.Conn) {
	defer server.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		switch p.take(string(buffer[:n])) {
		case whole:
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		case loseBefore:
			_ = client.Close()
			return
		case loseAfter:
			_ = client.Close()
			deliver(server, buffer[:n])
			return
		case late:
			_ = client.Close()
			<-p.held
			deliver(server, buffer[:n])
			close(p.sent)
			return
		}
	}
}

// deliver sends a last message, and returns when the server has done what it says.
func deliver(server net.Conn, message []byte) {
	_, _ = server.Write(message)
	if half, ok := server.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, server)
}
