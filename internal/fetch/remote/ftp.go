package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jlaffaye/ftp"

	"jisr/internal/fetch"
	"jisr/internal/news"
)

// ftpDrive is a folder over FTP or FTPS.
type ftpDrive struct {
	conn *ftp.ServerConn
	root string // absolute
}

func openFTP(g *guard, a address, s Server) (drive, error) {
	d := &ftpDialer{guard: g, address: a}
	options := []ftp.DialOption{ftp.DialWithDialFunc(d.dial)}
	switch {
	case a.explicit:
		d.tls = a.tlsConfig()
		options = append(options, ftp.DialWithExplicitTLS(d.tls))
	case a.scheme == "ftps":
		d.tls = a.tlsConfig()
		options = append(options, ftp.DialWithTLS(d.tls))
	}
	conn, err := ftp.Dial(a.hostPort(), options...)
	if err != nil {
		return nil, err
	}
	if err := conn.Login(s.User, s.Secret); err != nil {
		return nil, err
	}
	if a.folder != "" {
		if err := conn.ChangeDir(a.folder); err != nil {
			return nil, missing(a.folder, err)
		}
	}
	root, err := conn.CurrentDir()
	if err != nil {
		return nil, err
	}
	return &ftpDrive{conn: conn, root: root}, nil
}

// missing tells a wrong folder from other failures.
func missing(folder string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 500 {
		return news.Errorf(news.NotFound, "address", "the folder %s is not there, or not for this account: %s", folder, said(answer)).Because(err)
	}
	return err
}

// ftpDialer opens the connection for commands first and those for data after.
// Where a data connection goes is the server's word, which must not lead to
// another host or to what listens below the ports that FTP uses for data.
type ftpDialer struct {
	guard   *guard
	address address
	tls     *tls.Config
	peer    string // IP of the connection for commands; empty before it is open
}

func (d *ftpDialer) dial(_, address string) (net.Conn, error) {
	if d.peer == "" {
		c, err := d.guard.connect(address)
		if err != nil {
			return nil, err
		}
		if d.peer, _, err = net.SplitHostPort(c.RemoteAddr().String()); err != nil {
			return nil, err
		}
		if d.address.explicit {
			return c, nil // the library begins TLS after AUTH
		}
		return d.secured(c), nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(port); host != d.peer || err != nil || n < 1024 || n > 65535 {
		return nil, news.Errorf(news.Forbidden, "", "the server wants us to fetch its data from %s; only its own ports from 1024 are called", fetch.Said(address))
	}
	c, err := d.guard.connectBy(d.dialPeer, address)
	if err != nil {
		return nil, err
	}
	if d.tls == nil {
		return c, nil
	}
	return &secureData{Conn: tls.Client(c, d.tls), tcp: c}, nil
}

// secureData is a data connection over TLS that takes its leave as servers want
// it. A server that got a file answers the end of TLS with its own; had we closed
// with that, or its session tickets, unread, TCP would reset the connection, and
// some servers (vsftpd) take that for a file that broke off.
type secureData struct {
	*tls.Conn
	tcp  net.Conn
	sent bool
}

// leaveTime is how long a server may take to end its side before we close ours.
const leaveTime = 5 * time.Second

// Handshake is called where a file is empty and nothing is written.
func (c *secureData) Handshake() error {
	c.sent = true
	return c.Conn.Handshake()
}

func (c *secureData) Write(b []byte) (int, error) {
	c.sent = true
	return c.Conn.Write(b)
}

// Close ends our side. The rest goes on behind it, as the library now waits for
// the server's answer, which says whether it has the file.
func (c *secureData) Close() error {
	if !c.sent {
		return c.Conn.Close()
	}
	err := c.CloseWrite()
	if half, ok := c.tcp.(*guarded).Conn.(interface{ CloseWrite() error }); ok {
		err = errors.Join(err, half.CloseWrite())
	}
	err = errors.Join(err, c.tcp.SetReadDeadline(time.Now().Add(leaveTime)))
	go func() {
		io.Copy(io.Discard, c.tcp) //nolint:errcheck // only to have read it
		c.tcp.Close()              //nolint:errcheck // both sides have ended
	}()
	return err
}

// dialPeer dials the address that the connection for commands has: whether that
// may be was decided by its name.
func (d *ftpDialer) dialPeer(ctx context.Context, network, address string) (net.Conn, error) {
	return fetch.Dialer(func(host string) bool { return host == d.peer })(ctx, network, address)
}

func (d *ftpDialer) secured(c net.Conn) net.Conn {
	if d.tls == nil {
		return c
	}
	return tls.Client(c, d.tls)
}

// absolute also keeps a name that begins with a hyphen from being an option of
// the server's ls.
func (d *ftpDrive) absolute(name string) string { return path.Join(d.root, name) }

// list enters the folder, because LIST with a name in it is understood in as many
// ways as there are servers.
func (d *ftpDrive) list(dir string) ([]item, error) {
	if dir != "." {
		if err := d.conn.ChangeDir(d.absolute(dir)); err != nil {
			return nil, err
		}
	}
	entries, err := d.conn.List("")
	if dir != "." {
		err = errors.Join(err, d.conn.ChangeDir(d.root))
	}
	if err != nil {
		return nil, err
	}
	items := make([]item, 0, len(entries))
	for _, e := range entries {
		if e.Type != ftp.EntryTypeLink {
			items = append(items, itemOf(e))
		}
	}
	return items, nil
}

func itemOf(e *ftp.Entry) item {
	return item{name: e.Name, size: int64(min(e.Size, 1<<62)), modified: e.Time, dir: e.Type == ftp.EntryTypeFolder}
}

// stat asks for the one file where the server can, else lists its folder.
func (d *ftpDrive) stat(name string) (item, error) {
	base := path.Base(name)
	e, err := d.conn.GetEntry(d.absolute(name))
	var answer *textproto.Error
	switch {
	case err == nil && e.Type != ftp.EntryTypeFile:
		return item{}, notPlain(name)
	case err == nil:
		return itemOf(e), nil
	case errors.As(err, &answer) && answer.Code == 550:
		return item{}, err
	}
	if size, err := d.conn.FileSize(d.absolute(name)); err == nil {
		modified, _ := d.conn.GetTime(d.absolute(name)) // none is no harm
		return item{name: base, size: size, modified: modified}, nil
	}
	items, err := d.list(path.Dir(name))
	if err != nil {
		return item{}, err
	}
	for _, i := range items {
		if i.name == base && !i.dir {
			return i, nil
		}
	}
	if strings.HasPrefix(base, tempPrefix) { // a server that hides such names
		return item{name: base, size: -1}, nil
	}
	return item{}, news.Errorf(news.NotFound, "name", "it is not there")
}

func notPlain(name string) error {
	return news.Errorf(news.Invalid, "name", "%s is no plain file", name)
}

func (d *ftpDrive) read(name string, to io.Writer) error {
	r, err := d.conn.Retr(d.absolute(name))
	if err != nil {
		return err
	}
	n, err := io.Copy(to, r)
	// The answer that follows says whether this was the whole file.
	answer := r.Close()
	if n == 0 && answer == nil && errors.Is(err, syscall.ECONNRESET) {
		// Some servers end a connection over which there is nothing to send before
		// TLS has begun on it.
		if size, failed := d.conn.FileSize(d.absolute(name)); failed == nil && size == 0 {
			return nil
		}
	}
	return errors.Join(err, answer)
}

func (d *ftpDrive) write(name string, from io.Reader) error {
	return d.conn.Stor(d.absolute(name), from)
}

// replace removes what is there only on servers that do not rename over it.
func (d *ftpDrive) replace(from, to string) error {
	err := d.conn.Rename(d.absolute(from), d.absolute(to))
	var answer *textproto.Error
	if !errors.As(err, &answer) || answer.Code < 500 {
		return err
	}
	if d.conn.Delete(d.absolute(to)) != nil {
		return err
	}
	return d.conn.Rename(d.absolute(from), d.absolute(to))
}

func (d *ftpDrive) remove(name string) error { return d.conn.Delete(d.absolute(name)) }

// makeDir makes each folder on the way. Servers say "is there already" in many
// ways: what counts is whether one can enter it in the end.
func (d *ftpDrive) makeDir(dir string) error {
	if d.conn.ChangeDir(d.absolute(dir)) == nil {
		return d.conn.ChangeDir(d.root)
	}
	made := ""
	for part := range strings.SplitSeq(dir, "/") {
		made = path.Join(made, part)
		err := d.conn.MakeDir(d.absolute(made))
		var answer *textproto.Error
		if err != nil && !errors.As(err, &answer) {
			return err
		}
	}
	if err := d.conn.ChangeDir(d.absolute(dir)); err != nil {
		return missing(dir, err)
	}
	return d.conn.ChangeDir(d.root)
}

func (d *ftpDrive) close() error { return d.conn.Quit() }
