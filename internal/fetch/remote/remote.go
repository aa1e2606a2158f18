// Package remote reads and writes folders on other machines over FTP, FTPS and
// SFTP.
//
// Its invariants: a server is the one that the operator named (an SFTP host key
// or a TLS certificate proves it) and is not inside a private network unless the
// operator listed the host; a file that is written appears under its name only
// when it is whole; nothing waits or reads without a bound.
package remote

import (
	"context"
	"io"
	"time"
)

// Server says which folder, and who we are there.
type Server struct {
	URL     string // ftp://, ftps:// or sftp://host[:port]/folder
	User    string
	Secret  string // password, or a private key in PEM (SFTP)
	HostKey string // SFTP: the server's key as in known_hosts; must match
	// Allow reports whether a host may be called although it is inside a private
	// network; nil allows none.
	Allow func(host string) bool
}

// Entry is a file in a folder.
type Entry struct {
	Name     string // path below the folder, with slashes
	Size     int64  // bytes
	Modified time.Time
}

// Folder is an open connection to a folder. It belongs to one goroutine.
type Folder interface {
	// List returns the plain files of the folder, and of those below it as deep
	// as depth says (0: none), at most limit.
	List(ctx context.Context, depth, limit int) ([]Entry, error)
	// Read returns a file; TooLarge beyond max bytes.
	Read(ctx context.Context, name string, max int64) ([]byte, error)
	// Write stores what r yields under the name, making the folders on the way.
	// Until it is whole it has another name.
	Write(ctx context.Context, name string, r io.Reader) error
	Rename(ctx context.Context, from, to string) error
	Remove(ctx context.Context, name string) error
	Close() error
}
