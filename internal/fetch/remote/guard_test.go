package remote

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"jisr/internal/news"
)

// peer returns a guarded connection to what serve does.
func peer(t *testing.T, serve func(net.Conn)) (*guard, func(ctx context.Context, bytes int64) (net.Conn, func(error) error)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	g := newGuard(func(string) bool { return true })
	return g, func(ctx context.Context, bytes int64) (net.Conn, func(error) error) {
		end, err := g.begin(ctx, time.Minute, bytes)
		if err != nil {
			t.Fatal(err)
		}
		c, err := g.connect(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c, end
	}
}

func TestServerThatFallsSilentIsGivenUp(t *testing.T) {
	g, connect := peer(t, func(c net.Conn) { io.WriteString(c, "220 hel") }) //nolint:errcheck // read below
	g.idle = 20 * time.Millisecond
	c, end := connect(t.Context(), 100)
	_, err := io.ReadAll(c)
	if err = end(err); news.KindOf(err) != news.Unavailable || !strings.Contains(err.Error(), "said nothing") {
		t.Fatal(err)
	}
	if _, err := g.begin(t.Context(), time.Minute, 100); news.KindOf(err) != news.Unavailable {
		t.Errorf("the connection is used again: %v", err)
	}
}

func TestServerThatSendsWithoutEndIsGivenUp(t *testing.T) {
	_, connect := peer(t, func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, "220-hello\r\n"); err != nil {
				return
			}
		}
	})
	c, end := connect(t.Context(), 1<<20)
	n, err := io.Copy(io.Discard, c)
	if err = end(err); news.KindOf(err) != news.TooLarge || n > 1<<20 {
		t.Errorf("%d bytes: %v", n, err)
	}
}

func TestCancelledOperationEnds(t *testing.T) {
	_, connect := peer(t, func(c net.Conn) {})
	ctx, cancel := context.WithCancel(t.Context())
	c, end := connect(ctx, 100)
	cancel()
	_, err := c.Read(make([]byte, 1))
	if err = end(err); err != context.Canceled {
		t.Error(err)
	}
}

func TestFoldersAreNamedAsCurlNamesThem(t *testing.T) {
	for url, want := range map[string]string{
		"ftp://h": "", "ftp://h/": "", "ftp://h/in/": "in", "ftp://h//srv/in": "/srv/in", "ftp://h/%2Fsrv": "/srv", "ftp://h//": "/",
		"sftp://h": "", "sftp://h/srv/in/": "/srv/in", "sftp://h/~/in": "in", "sftp://h/~": "", "sftp://h/~/": "",
		"ftps://h/%D0%B2": "в",
	} {
		a, err := parse(Server{URL: url, User: "u"})
		if err != nil || a.folder != want {
			t.Errorf("%s is folder %q, want %q (%v)", url, a.folder, want, err)
		}
	}
}
