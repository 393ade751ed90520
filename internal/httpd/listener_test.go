package httpd

import (
	"net"
	"testing"
)

// from is a connection that comes from an address.
type from struct {
	net.Conn
	address net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.address }

func TestConnectionsPerAddress(t *testing.T) {
	t.Parallel()
	inner := pipes{make(chan net.Conn), make(chan struct{})}
	listener := boundConnections(inner, 10, 2)
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	dial := func(address net.Addr) (ours net.Conn) {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { _ = ours.Close() })
		inner.conns <- from{theirs, address}
		return ours
	}
	isClosed := func(conn net.Conn) bool {
		_, err := conn.Read(make([]byte, 1))
		return err != nil
	}
	one, mapped := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, &net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 2}
	other, neighbour := &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}, &net.TCPAddr{IP: net.ParseIP("2001:db8::2"), Port: 1}

	dial(one)
	first := <-accepted
	dial(mapped)
	<-accepted
	if !isClosed(dial(one)) {
		t.Error("a third connection of one address was taken")
	}
	dial(other)
	if conn := <-accepted; conn.RemoteAddr() != other {
		t.Errorf("%v came in place of the other address", conn.RemoteAddr())
	}
	dial(neighbour)
	<-accepted
	if !isClosed(dial(other)) {
		t.Error("a third connection of one IPv6 network was taken")
	}
	_ = first.Close()
	_ = first.Close() // gives one place back, not two
	dial(one)
	<-accepted
	if !isClosed(dial(mapped)) {
		t.Error("a place was given back twice")
	}
	for range 5 {
		dial(&net.UnixAddr{})
		<-accepted
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	for range accepted { // until Accept has ended
		t.Error("a connection came after the end")
	}
	if len(listener.byAddress) != 3 {
		t.Errorf("%d addresses are remembered", len(listener.byAddress))
	}
}
