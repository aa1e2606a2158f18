package send_test

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"jisr/internal/deliver"
	"jisr/internal/deliver/send"
	"jisr/internal/fetch/remote/remotetest"
)

func destination(s *remotetest.Server) *deliver.Destination {
	kind := deliver.FTP
	if strings.HasPrefix(s.URL, "sftp") {
		kind = deliver.SFTP
	}
	return &deliver.Destination{ID: "01JDESTINATION", Kind: kind, Address: s.URL, User: remotetest.User, Secret: remotetest.Password, HostKey: s.HostKey}
}

func exists(s *remotetest.Server, name string) bool {
	_, err := os.Stat(filepath.Join(s.Dir, name))
	return err == nil
}

func TestFilesAreStoredMediaFirstAndTheReceiptSaysWhere(t *testing.T) {
	for name, s := range remotetest.All(t) {
		t.Run(name, func(t *testing.T) {
			d, m := destination(s), message()
			for i := range m.Media {
				open := m.Media[i].Open
				m.Media[i].Open = func() (io.ReadCloser, error) {
					if exists(s, m.Name) {
						t.Error("the item can be taken before its media")
					}
					return open()
				}
			}
			receipt, err := senders(t, send.Options{})[d.Kind].Send(t.Context(), d, m)
			if err != nil || receipt.Status != "stored as 2026/нефть-3.xml, 31 bytes, after 2 media files" {
				t.Fatalf("%q: %v", receipt.Status, err)
			}
			if b, err := os.ReadFile(filepath.Join(s.Dir, m.Name)); err != nil || string(b) != string(m.Body) {
				t.Errorf("item %q: %v", b, err)
			}
			for _, f := range m.Media {
				info, err := os.Stat(filepath.Join(s.Dir, "2026", f.Name))
				if err != nil || info.Size() != f.Size {
					t.Errorf("media %v: %v", info, err)
				}
			}
		})
	}
}

func TestMediaThatAreThereAreNotSentAgain(t *testing.T) {
	s := remotetest.SFTP(t)
	d, m := destination(s), message()
	sender := senders(t, send.Options{})[d.Kind]
	opened := 0
	for i := range m.Media {
		open := m.Media[i].Open
		m.Media[i].Open = func() (io.ReadCloser, error) {
			opened++
			return open()
		}
	}
	for range 3 {
		if _, err := sender.Send(t.Context(), d, m); err != nil {
			t.Fatal(err)
		}
	}
	if opened != 2 {
		t.Errorf("media were read %d times", opened)
	}
	if err := os.Truncate(filepath.Join(s.Dir, "2026", m.Media[0].Name), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := sender.Send(t.Context(), d, m); err != nil || opened != 3 {
		t.Errorf("a damaged file was not sent again: %v", err)
	}
}

func TestItemStaysAwayWhenItsMediaFail(t *testing.T) {
	for _, s := range remotetest.All(t) {
		d, m := destination(s), message()
		m.Media[1].Open = func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("film"), &broken{})), nil
		}
		_, err := senders(t, send.Options{})[d.Kind].Send(t.Context(), d, m)
		if err == nil || errors.As(err, new(*deliver.Refusal)) || exists(s, m.Name) || exists(s, "2026/"+m.Media[1].Name) {
			t.Errorf("%s: %v", s.URL, err)
		}
	}
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, errors.New("the disk cannot be read") }

func TestMediaThatAreShorterThanTheyShouldAreNotStored(t *testing.T) {
	s := remotetest.SFTP(t)
	d, m := destination(s), message()
	m.Media[0].Size++
	_, err := senders(t, send.Options{})[d.Kind].Send(t.Context(), d, m)
	if err == nil || exists(s, m.Name) || exists(s, "2026/"+m.Media[0].Name) {
		t.Error(err)
	}
}

func TestWhatAnOperatorMustMendIsARefusal(t *testing.T) {
	for name, s := range remotetest.All(t) {
		for what, tt := range map[string]struct {
			alter func(*deliver.Destination)
			why   string
		}{
			"password": {func(d *deliver.Destination) { d.Secret = "wrong" }, "password"},
			"folder": {func(d *deliver.Destination) {
				d.Address = strings.TrimSuffix(s.URL, "?tls=explicit") + "/no/such/folder"
			}, "folder"},
			"key": {func(d *deliver.Destination) { d.HostKey = "" }, s.HostKey},
		} {
			if what == "key" && name == "ftp" || what == "folder" && name == "ftp explicit" {
				continue // nothing proves such a server; that one lets nobody in without TLS
			}
			d := destination(s)
			tt.alter(d)
			_, err := senders(t, send.Options{})[d.Kind].Send(t.Context(), d, message())
			var no *deliver.Refusal
			if !errors.As(err, &no) || no.Again || !strings.Contains(no.Reason, tt.why) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		d := destination(s)
		_, err := senders(t, send.Options{Allow: func(string) bool { return false }})[d.Kind].Send(t.Context(), d, message())
		var no *deliver.Refusal
		if !errors.As(err, &no) || !strings.Contains(no.Reason, "private network") {
			t.Errorf("%s inside a private network: %v", name, err)
		}
	}
}

func TestDeadServerIsTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, kind := range []deliver.Kind{deliver.SFTP, deliver.FTP} {
		d := &deliver.Destination{ID: "d", Kind: kind, Address: string(kind) + "://" + l.Addr().String(), User: "u"}
		_, err := senders(t, send.Options{})[kind].Send(t.Context(), d, message())
		if err == nil || errors.As(err, new(*deliver.Refusal)) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// proxy passes connections on, counts them and can cut them.
type proxy struct {
	net.Listener
	limit int64 // bytes after which it cuts a connection
	mu    sync.Mutex
	count int
	open  []net.Conn
}

func newProxy(t *testing.T, to string, limit int64) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, limit: limit}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", to)
			if err != nil {
				front.Close()
				continue
			}
			p.mu.Lock()
			p.count++
			p.open = append(p.open, front, back)
			p.mu.Unlock()
			go io.Copy(front, back) //nolint:errcheck // ends with the connection
			go func() {
				io.CopyN(back, front, p.limit) //nolint:errcheck // ends with the connection
				front.Close()
				back.Close()
			}()
		}
	}()
	return p
}

func (p *proxy) cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		c.Close()
	}
	return p.count
}

func TestConnectionIsKeptForTheNextDeliveryAndMadeAnewWhenItDied(t *testing.T) {
	s := remotetest.SFTP(t)
	host := strings.TrimPrefix(s.URL, "sftp://")
	host, folder, _ := strings.Cut(host, "/")
	p := newProxy(t, host, math.MaxInt64)
	d, m := destination(s), message()
	d.Address = "sftp://" + p.Addr().String() + "/" + folder
	sender := senders(t, send.Options{})[d.Kind]
	for range 3 {
		if _, err := sender.Send(t.Context(), d, m); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.cut(); n != 1 {
		t.Errorf("%d connections for three deliveries", n)
	}
	if _, err := sender.Send(t.Context(), d, m); err != nil {
		t.Errorf("after the connection died: %v", err)
	}
	changed := *d
	changed.Secret = "wrong"
	if _, err := sender.Send(t.Context(), &changed, m); err == nil {
		t.Error("a changed password was not tried: the open connection was used")
	}
}
