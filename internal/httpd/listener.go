package httpd

import (
	"net"
	"net/netip"
	"sync"

	"github.com/rowgate/rowgate/internal/tenant"
)

// boundedListener accepts a connection only while fewer than its bound are open; further ones wait in the kernel's backlog. A
// connection of a peer that has its own share open is closed at once, so that one peer cannot hold them all.
type boundedListener struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	close  func() error

	maxPerAddress int
	mu            sync.Mutex
	byAddress     map[netip.Prefix]int // by tenant.Network; no entry for 0
}

func boundConnections(listener net.Listener, limit, limitPerAddress int) *boundedListener {
	l := &boundedListener{
		Listener: listener, slots: make(chan struct{}, limit), closed: make(chan struct{}),
		maxPerAddress: limitPerAddress, byAddress: map[netip.Prefix]int{},
	}
	l.close = sync.OnceValue(func() error {
		close(l.closed)
		return listener.Close()
	})
	return l
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		peer := peerOf(conn)
		if !l.enter(peer) {
			_ = conn.Close() // nothing was exchanged
			continue
		}
		return &boundedConn{Conn: conn, release: sync.OnceFunc(func() {
			l.leave(peer)
			<-l.slots
		})}, nil
	}
}

// Close implements net.Listener; it may be called more than once.
func (l *boundedListener) Close() error { return l.close() }

// enter counts a connection of peer, unless it has its share.
func (l *boundedListener) enter(peer netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if peer.IsValid() && l.byAddress[peer] >= l.maxPerAddress {
		return false
	}
	l.byAddress[peer]++
	return true
}

func (l *boundedListener) leave(peer netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byAddress[peer]--; l.byAddress[peer] <= 0 {
		delete(l.byAddress, peer)
	}
}

// peerOf returns the network of the client at the other end; the zero Prefix if conn is not a TCP connection.
func peerOf(conn net.Conn) netip.Prefix {
	if peer, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tenant.Network(peer.AddrPort().Addr())
	}
	return netip.Prefix{}
}

// boundedConn gives its slot back when it is closed.
type boundedConn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
