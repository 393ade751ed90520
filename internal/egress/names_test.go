package egress

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
)

// names is a name server that resolves every name: to the first address, then to the second, and so on; the last one stays. Without
// addresses no name exists.
type names struct {
	mu        sync.Mutex
	addresses []netip.Addr
	count     int
}

func newNames(addresses ...string) *names {
	n := &names{}
	for _, address := range addresses {
		n.addresses = append(n.addresses, netip.MustParseAddr(address))
	}
	return n
}

func (n *names) asked() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.count
}

func (n *names) next() netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count++
	return n.addresses[min(n.count, len(n.addresses))-1]
}

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go n.answer(ours)
		return theirs, nil
	}}
}

// answer speaks DNS over a stream (RFC 1035 §4.2.2): one A record for a question of type A, none for any other.
func (n *names) answer(conn net.Conn) {
	defer conn.Close()
	for {
		var length uint16
		if binary.Read(conn, binary.BigEndian, &length) != nil {
			return
		}
		query := make([]byte, length)
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		const header = 12
		end := header + bytes.IndexByte(query[header:], 0) + 1 + 4 // labels, type, class
		question := query[header:end]
		isA := binary.BigEndian.Uint16(question[len(question)-4:]) == 1
		reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
		if isA && len(n.addresses) > 0 {
			reply[7] = 1
			address := n.next().As4()
			reply = append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // name, type A, class IN, TTL 0, four bytes
			reply = append(reply, address[:]...)
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}
