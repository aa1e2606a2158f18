// Package remote reads and writes folders on other machines over FTP, FTPS and
// SFTP.
//
// Its invariants: a server is the one that the operator named (an SFTP host key
// or a TLS certificate proves it) and is not inside a private network unless the
// operator listed the host; a file that is written appears under its name only
// when it is whole; nothing waits or reads without a bound.
//
// Addresses are URLs as curl has them. In ftp: and ftps: the folder is the one
// below where the account lands; "//" before it makes it absolute. In sftp: it
// is absolute; "/~/" before it makes it the one below the account's home. Without
// a folder it is where the account lands. ftps: is TLS from the first byte,
// "ftp://host/folder?tls=explicit" is AUTH TLS.
package remote

import (
	"context"
	"io"
	"time"
)

// Server says which folder, and who we are there.
type Server struct {
	URL    string // ftp://, ftps:// or sftp://host[:port]/folder
	User   string
	Secret string // password, or a private key in PEM (SFTP)
	// HostKey proves the server. SFTP: its key as in known_hosts, "ssh-ed25519
	// AAAA…"; there must be one. FTP over TLS: "sha256:" and the fingerprint of its
	// certificate in hex, for a server whose certificate no authority signed;
	// empty trusts the system's authorities.
	HostKey string
	// Allow reports whether a host may be called although it is inside a private
	// network; nil allows none.
	Allow func(host string) bool
	// Skip reports whether List leaves a folder out, by the last part of its name;
	// nil leaves out none.
	Skip func(folder string) bool
}

// Entry is a file in a folder.
type Entry struct {
	Name     string // path below the folder, with slashes
	Size     int64  // bytes
	Modified time.Time
}

// Folder is an open connection to a folder. It belongs to one goroutine. Once an
// operation failed with Unavailable, it is to be closed and opened anew.
//
// Names are paths below the folder. Those that are given must not be absolute,
// climb or hold control characters. In those that List returns, control
// characters and bytes that are no UTF-8 are written as %XX; the other methods
// know the name by that, and fail with Invalid where the protocol cannot carry
// it.
type Folder interface {
	// List returns the plain files of the folder, and of those below it as deep
	// as depth says (0: none), oldest first; the newest limit if there are more.
	// Files that are still being written by Write, by whomever, are not listed.
	List(ctx context.Context, depth, limit int) ([]Entry, error)
	// Stat returns one file; NotFound if it is not there.
	Stat(ctx context.Context, name string) (Entry, error)
	// Read returns a file; TooLarge beyond max bytes.
	Read(ctx context.Context, name string, max int64) ([]byte, error)
	// Write stores what r yields under the name, making the folders on the way
	// and replacing what was there. Until it is whole it has another name.
	Write(ctx context.Context, name string, r io.Reader) error
	// Rename moves a file, making the folders on the way and replacing what was
	// there.
	Rename(ctx context.Context, from, to string) error
	Remove(ctx context.Context, name string) error
	Close() error
}

// Open connects, signs in and enters the folder, which must be there. It fails
// with Invalid if the server cannot be as described, with Forbidden if it is not
// the one that HostKey proves (Field "hostKey", the message holds the key that
// it showed), does not let us in, or lies inside a private network, with
// NotFound if there is no such folder and with Unavailable if trying again
// later may help.
func Open(ctx context.Context, s Server) (Folder, error) {
	a, err := parse(s)
	if err != nil {
		return nil, err
	}
	g := newGuard(s.Allow)
	end, err := g.begin(ctx, openTime, answerBytes)
	if err != nil {
		return nil, err
	}
	var d drive
	if a.scheme == "sftp" {
		d, err = openSFTP(g, a, s)
	} else {
		d, err = openFTP(g, a, s)
	}
	if err = end(err); err != nil {
		g.close()
		return nil, failure("connect to "+a.host, err)
	}
	return &folder{guard: g, drive: d, host: a.host, lines: a.scheme != "sftp", skip: s.Skip, made: map[string]bool{}, raw: map[string]string{}}, nil
}

// Check reports whether Open could make sense of the server, without calling it:
// for when it is saved.
func Check(s Server) error {
	_, err := parse(s)
	return err
}
