package collect

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// rebinding is a DNS server that answers with a public address first and with
// this machine after that.
type rebinding struct {
	address string
	answers atomic.Int64
}

func newRebinding(t *testing.T) *rebinding {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	r := &rebinding{address: c.LocalAddr().String()}
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			for _, q := range m.Questions {
				if q.Type == dnsmessage.TypeA {
					ip := [4]byte{127, 0, 0, 1}
					if r.answers.Add(1) == 1 {
						ip = [4]byte{93, 184, 216, 34}
					}
					m.Answers = append(m.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
						Body:   &dnsmessage.AResource{A: ip},
					})
				}
			}
			if b, err := m.Pack(); err == nil {
				c.WriteTo(b, from)
			}
		}
	}()
	return r
}

func (r *rebinding) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "udp", r.address)
}
