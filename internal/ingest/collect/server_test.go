package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/fetch/remote/remotetest"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

func call(t *testing.T, server *remotetest.Server, after ingest.After) (*desk, *clock) {
	c := newClock()
	return newDesk(t, &servers{files: testRules(c), limit: maxFiles, allow: remotetest.Allow}, &ingest.Source{Address: server.URL, User: remotetest.User,
		Secret: remotetest.Password, HostKey: server.HostKey, After: after}), c
}

func TestServersGiveEachFileOnceOldestFirst(t *testing.T) {
	for name, server := range remotetest.All(t) {
		t.Run(name, func(t *testing.T) {
			d, c := call(t, server, ingest.Leave)
			d.source.Pattern = "*.xml"
			put(t, server.Dir, "b.xml", "two", 20*time.Minute)
			put(t, server.Dir, "خبر.xml", "three", 10*time.Minute)
			put(t, server.Dir, "in/c.xml", "one", 30*time.Minute)
			put(t, server.Dir, "in/taken/d.xml", "old", 30*time.Minute)
			put(t, server.Dir, "e.xml.part", "half", time.Minute)
			put(t, server.Dir, "e.txt", "none", time.Minute)
			d.must("in/c.xml", "b.xml", "خبر.xml")
			if string(d.files[2].Data) != "three" {
				t.Errorf("kept %q", d.files[2].Data)
			}
			d.must()
			put(t, server.Dir, "b.xml", "two, corrected", 0)
			d.must("b.xml")
			c.pass(time.Hour)
			d.must()
			if state := string(d.state); true {
				os.Remove(filepath.Join(server.Dir, "b.xml"))
				d.must()
				if len(d.state) >= len(state) {
					t.Errorf("the state does not forget what the server lists no more: %s", d.state)
				}
			}
		})
	}
}

func TestServersLetGoOfFilesOnlyAfterTheyAreKept(t *testing.T) {
	for name, server := range remotetest.All(t) {
		t.Run(name, func(t *testing.T) {
			for after, there := range map[ingest.After]string{ingest.Delete: "", ingest.Move: "in/taken/a.xml"} {
				d, c := call(t, server, after)
				put(t, server.Dir, "in/a.xml", string(after), time.Hour)
				d.broken = errDisk
				if _, err := d.look(); !errors.Is(err, errDisk) || !exists(filepath.Join(server.Dir, "in/a.xml")) {
					t.Fatalf("look: %v", err)
				}
				d.broken = nil
				d.must("in/a.xml")
				c.pass(time.Hour)
				d.must()
				if exists(filepath.Join(server.Dir, "in/a.xml")) || there != "" && !exists(filepath.Join(server.Dir, there)) {
					t.Errorf("%s: the file is not where it should be", after)
				}
			}
		})
	}
}

func TestFileThatGrowsOnAServerIsLeftUntilItSettles(t *testing.T) {
	server := remotetest.SFTP(t)
	d, _ := call(t, server, ingest.Leave)
	written := "half"
	put(t, server.Dir, "a.xml", written, 0)
	d.collector.(*servers).wait = func(context.Context, time.Duration) error {
		if written += "."; len(written) < 7 {
			put(t, server.Dir, "a.xml", written, 0)
		}
		return nil
	}
	d.must()
	d.must()
	d.must("a.xml")
	if string(d.files[0].Data) != "half.." {
		t.Errorf("kept %q", d.files[0].Data)
	}
}

func TestFileRewrittenWithinTheMinuteAServerTellsIsReadAgain(t *testing.T) {
	server := remotetest.ListingFTP(t)
	d, c := call(t, server, ingest.Leave)
	put(t, server.Dir, "a.xml", "one", time.Hour)
	d.must("a.xml")
	at := time.Now().Add(-time.Hour)
	put(t, server.Dir, "a.xml", "two", time.Hour) // as long, and as old by the list
	os.Chtimes(filepath.Join(server.Dir, "a.xml"), at, at)
	d.must()
	c.pass(5 * time.Minute)
	d.must("a.xml")
	c.pass(5 * time.Minute)
	d.must()
	if d.again != 0 {
		t.Errorf("read %d times more than needed", d.again)
	}
}

// proxy passes connections on to a server and cuts them when told to.
type proxy struct {
	address string
	each    atomic.Int64 // that left is set to when a connection is opened; 0 leaves it
	left    atomic.Int64 // bytes from the server until the connection is cut
}

func cutting(t *testing.T, target string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{address: l.Addr().String()}
	p.left.Store(1 << 40)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if n := p.each.Load(); n > 0 {
				p.left.Store(n)
			}
			go p.pass(c, target)
		}
	}()
	return p
}

func (p *proxy) pass(c net.Conn, target string) {
	defer c.Close()
	s, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		io.Copy(s, c)
		s.Close()
	}()
	buf := make([]byte, 4096)
	for {
		n, err := s.Read(buf)
		if p.left.Add(-int64(n)) < 0 {
			return
		}
		if _, werr := c.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

func TestServerThatDiesHalfWayLosesNothing(t *testing.T) {
	server := remotetest.SFTP(t)
	d, _ := call(t, server, ingest.Delete)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := cutting(t, u.Host)
	u.Host = p.address
	d.source.Address = u.String()
	text := strings.Repeat("news ", 20000)
	for i := range 5 {
		put(t, server.Dir, fmt.Sprintf("%d.xml", i), fmt.Sprint(i)+text, time.Duration(10-i)*time.Minute)
	}
	p.left.Store(250 << 10) // two files and a half
	got, err := d.look()
	if news.KindOf(err) != news.Unavailable || len(got) != 2 {
		t.Fatalf("kept %q, %v", got, err)
	}
	p.left.Store(1 << 40)
	d.must("3.xml", "4.xml", "2.xml") // what failed comes last
	for _, f := range d.files {
		if f.Err != nil || len(f.Data) != len(text)+1 {
			t.Errorf("%s: %d bytes, %v", f.Name, len(f.Data), f.Err)
		}
	}
}

func TestFileThatBreaksTheConnectionHoldsUpNoOther(t *testing.T) {
	server := remotetest.SFTP(t)
	d, _ := call(t, server, ingest.Leave)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := cutting(t, u.Host)
	u.Host = p.address
	d.source.Address = u.String()
	put(t, server.Dir, "bad.xml", strings.Repeat("x", 300<<10), time.Hour)
	put(t, server.Dir, "good.xml", "news", time.Minute)
	p.each.Store(100 << 10)
	got, err := d.look()
	if news.KindOf(err) != news.Unavailable || !slices.Equal(got, []string{"good.xml"}) {
		t.Fatalf("kept %q, %v", got, err)
	}
	if !strings.Contains(err.Error(), "bad.xml") {
		t.Errorf("the failure names no file: %v", err)
	}
}

func TestSilentServerIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d, _ := call(t, &remotetest.Server{URL: "ftp://" + l.Addr().String() + "/"}, ingest.Leave)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = d.collector.Collect(ctx, ingest.Visit{Source: d.source, Keep: d.keep})
	if err == nil {
		t.Error("a look at a silent server succeeded")
	}
}

func TestServerInsideTheNetworkIsNotCalledUnlessListed(t *testing.T) {
	server := remotetest.SFTP(t)
	d, _ := call(t, server, ingest.Leave)
	d.collector.(*servers).allow = nil
	if _, err := d.look(); news.KindOf(err) != news.Forbidden {
		t.Errorf("look: %v", err)
	}
}

func TestNamesWithControlCharactersAreTakenOrReported(t *testing.T) {
	server := remotetest.SFTP(t)
	d, c := call(t, server, ingest.Move)
	put(t, server.Dir, "a\nb.xml", "news", time.Hour)
	put(t, server.Dir, "in\x1b/\u202ec.xml", "news", time.Minute)
	d.must("a%0Ab.xml", "in%1B/%E2%80%AEc.xml")
	c.pass(time.Minute)
	d.must()
	if !exists(filepath.Join(server.Dir, "taken/a%0Ab.xml")) || exists(filepath.Join(server.Dir, "a\nb.xml")) {
		t.Error("the file was not moved")
	}
	server = remotetest.FTP(t)
	d, _ = call(t, server, ingest.Delete)
	put(t, server.Dir, "a\x01b.xml", "news", time.Hour)
	put(t, server.Dir, "good.xml", "news", time.Minute)
	got, err := d.look()
	if err != nil || len(got) != 2 || !strings.HasPrefix(got[0], "a%01b.xml (") || got[1] != "good.xml" {
		t.Errorf("kept %q, %v", got, err)
	}
	d.must()
}

func TestFolderOfWhatWasTakenIsNotListed(t *testing.T) {
	for name, server := range remotetest.All(t) {
		d, _ := call(t, server, ingest.Move)
		d.collector.(*servers).limit = 2
		for i := range 5 {
			put(t, server.Dir, fmt.Sprintf("taken/%d.xml", i), "old", time.Minute)
			put(t, server.Dir, fmt.Sprintf("in/taken/%d.xml", i), "old", time.Minute)
		}
		put(t, server.Dir, "a.xml", "news", time.Hour)
		if got, err := d.look(); err != nil || !slices.Equal(got, []string{"a.xml"}) {
			t.Errorf("%s: kept %q, %v", name, got, err)
		}
	}
}
