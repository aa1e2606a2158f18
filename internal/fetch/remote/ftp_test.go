package remote

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"jisr/internal/news"
)

// TestFileOverTLSIsNotEndedByAReset plays a server that, as vsftpd does, ends
// its side of TLS after the file and calls a reset of the connection a file that
// broke off.
func TestFileOverTLSIsNotEndedByAReset(t *testing.T) {
	h := httptest.NewUnstartedServer(nil)
	h.StartTLS()
	h.Close()
	config := &tls.Config{Certificates: h.TLS.Certificates}
	for _, size := range []int{0, 300_000} {
		ended := make(chan error, 1)
		g, connect := peer(t, func(c net.Conn) {
			defer c.Close()
			s := tls.Server(c, config)
			got, err := io.ReadAll(s)
			if len(got) != size {
				err = errors.Join(err, errors.New("the file is not whole"))
			}
			err = errors.Join(err, s.CloseWrite())
			_, last := c.Read(make([]byte, 1))
			if !errors.Is(last, io.EOF) {
				err = errors.Join(err, last)
			}
			ended <- err
		})
		tcp, end := connect(t.Context(), answerBytes)
		data := &secureData{Conn: tls.Client(tcp, &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(1)}), tcp: tcp}
		if size == 0 {
			if err := data.Handshake(); err != nil {
				t.Fatal(err)
			}
		} else if _, err := io.Copy(data, bytes.NewReader(make([]byte, size))); err != nil {
			t.Fatal(err)
		}
		if err := end(data.Close()); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%d bytes end with %v", size, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the server never sees the end")
		}
		g.close()
	}
}

func TestDataPortsThatAServerNamesAreItsOwnAndHigh(t *testing.T) {
	g, connect := peer(t, func(net.Conn) {})
	c, end := connect(t.Context(), answerBytes)
	d := &ftpDialer{guard: g, peer: "127.0.0.1"}
	for _, address := range []string{"127.0.0.1:22", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.2:2121", "10.0.0.1:2121", "[::1]:2121", "localhost:2121"} {
		if _, err := d.dial("tcp", address); news.KindOf(err) != news.Forbidden {
			t.Errorf("%s: %v", address, err)
		}
	}
	data, err := d.dial("tcp", c.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	data.Close()
	if err := end(nil); err != nil {
		t.Error(err)
	}
}
