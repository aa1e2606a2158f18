package remotetest

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"goftp.io/server/v2"
	"goftp.io/server/v2/driver/file"
)

// FTP starts a plain FTP server.
func FTP(t testing.TB) *Server {
	t.Helper()
	s, _ := serveFTP(t, &server.Options{})
	return s
}

// LyingFTP starts an FTP server that speaks only PASV and answers it with
// another machine's address.
func LyingFTP(t testing.TB, address string) *Server {
	t.Helper()
	s, _ := serveFTP(t, &server.Options{PublicIP: address, Commands: without("EPSV")})
	return s
}

// ListingFTP starts an FTP server without MLSD and MLST, as old ones are.
func ListingFTP(t testing.TB) *Server {
	t.Helper()
	s, _ := serveFTP(t, &server.Options{Commands: without("MLSD", "MLST", "SIZE", "MDTM")})
	return s
}

func without(names ...string) map[string]server.Command {
	commands := maps.Clone(server.DefaultCommands())
	for _, n := range names {
		delete(commands, n)
	}
	return commands
}

// ExplicitFTPS starts an FTP server that insists on AUTH TLS.
func ExplicitFTPS(t testing.TB) *Server {
	t.Helper()
	config, print := certificate(t)
	s, _ := serveFTP(t, &server.Options{TLS: true, ExplicitFTPS: true, ForceTLS: true, TLSConfig: config})
	s.URL += "?tls=explicit"
	s.HostKey = print
	return s
}

// FTPS starts an FTP server that speaks TLS from the first byte. The FTP server
// that we use protects data connections only after AUTH TLS; so what listens here
// ends the TLS and says AUTH TLS to it.
func FTPS(t testing.TB) *Server {
	t.Helper()
	config, print := certificate(t)
	s, behind := serveFTP(t, &server.Options{TLS: true, ExplicitFTPS: true, TLSConfig: config})
	l := listen(t)
	go accept(l, func(c net.Conn) {
		front := tls.Server(c, config)
		back, greeting, err := authTLS(behind)
		if err != nil {
			return
		}
		defer back.Close()
		fmt.Fprintf(front, "%s", greeting)
		go io.Copy(back, front) //nolint:errcheck // ends with the connection
		io.Copy(front, back)    //nolint:errcheck // ends with the connection
	})
	return &Server{URL: "ftps://" + l.Addr().String() + "/", HostKey: print, Dir: s.Dir}
}

func authTLS(address string) (net.Conn, string, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, "", err
	}
	r := bufio.NewReader(c)
	greeting, err := r.ReadString('\n')
	if err != nil {
		return nil, "", err
	}
	fmt.Fprintf(c, "AUTH TLS\r\n")
	if _, err := r.ReadString('\n'); err != nil {
		return nil, "", err
	}
	return tls.Client(c, &tls.Config{InsecureSkipVerify: true}), greeting, nil
}

// certificate returns a server's configuration with a certificate that no
// authority signed, and its fingerprint.
func certificate(t testing.TB) (*tls.Config, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	s.Close()
	config := &tls.Config{Certificates: s.TLS.Certificates}
	sum := sha256.Sum256(config.Certificates[0].Certificate[0])
	return config, "sha256:" + hex.EncodeToString(sum[:])
}

func serveFTP(t testing.TB, o *server.Options) (s *Server, address string) {
	t.Helper()
	dir := t.TempDir()
	driver, err := file.NewDriver(dir)
	if err != nil {
		t.Fatal(err)
	}
	o.Driver, o.Perm = driver, server.NewSimplePerm("desk", "desk")
	o.Auth = &server.SimpleAuth{Name: User, Password: Password}
	serving := &firstWord{said: make(chan struct{})}
	o.Logger = serving
	o.Hostname = "127.0.0.1"
	o.Port = freePort(t)
	f, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	f.ForceTLS = o.ForceTLS // NewServer forgets it
	done := make(chan error, 1)
	go func() { done <- f.ListenAndServe() }()
	address = net.JoinHostPort(o.Hostname, strconv.Itoa(o.Port))
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			<-serving.said
			c.Close()
			break
		}
		select {
		case err := <-done:
			t.Fatalf("the FTP server does not start: %v", err)
		case <-t.Context().Done():
			t.Fatal("the FTP server does not answer")
		case <-time.After(time.Millisecond):
		}
	}
	t.Cleanup(func() {
		f.Shutdown() //nolint:errcheck // the test is over
		<-done
	})
	return &Server{URL: "ftp://" + address + "/", Dir: dir}, address
}

// firstWord tells when the server says something of its first connection: only
// then is all of it in place, and may be shut down.
type firstWord struct {
	server.DiscardLogger
	once sync.Once
	said chan struct{}
}

// Print implements server.Logger.
func (w *firstWord) Print(string, any) { w.once.Do(func() { close(w.said) }) }

// freePort returns a port that nothing listened at just now: the server wants a
// number.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
