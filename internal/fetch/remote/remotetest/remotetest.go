// Package remotetest starts FTP, FTPS and SFTP servers over a folder of this
// machine, for tests of what reads and writes such folders.
package remotetest

import (
	"testing"

	"jisr/internal/fetch/remote"
)

// The account of every server.
const (
	User     = "desk"
	Password = "n3wsroom"
)

// Server is a running server. It ends with the test.
type Server struct {
	URL     string // of its folder
	HostKey string // as remote.Server has it; empty for plain FTP
	Dir     string // the folder on this machine
}

// Remote returns the server as one opens it, allowed although it is on this
// machine.
func (s *Server) Remote() remote.Server {
	return remote.Server{URL: s.URL, User: User, Secret: Password, HostKey: s.HostKey, Allow: Allow}
}

// Allow lists the host that the servers listen at.
func Allow(host string) bool { return host == "127.0.0.1" }

// All starts a server of each kind, named for what it is.
func All(t testing.TB) map[string]*Server {
	return map[string]*Server{
		"ftp":          FTP(t),
		"ftp explicit": ExplicitFTPS(t),
		"ftps":         FTPS(t),
		"sftp":         SFTP(t),
	}
}
