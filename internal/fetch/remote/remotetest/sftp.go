package remotetest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// SFTP starts an SFTP server that takes the password.
func SFTP(t testing.TB) *Server {
	t.Helper()
	return serveSFTP(t, &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if c.User() != User || string(p) != Password {
			return nil, errors.New("refused")
		}
		return nil, nil
	}})
}

// SFTPByKey starts an SFTP server that takes only a private key, and returns the
// key in PEM.
func SFTPByKey(t testing.TB) (*Server, string) {
	t.Helper()
	_, private := newKey(t)
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s := serveSFTP(t, &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() != User || !bytes.Equal(k.Marshal(), signer.PublicKey().Marshal()) {
			return nil, errors.New("refused")
		}
		return nil, nil
	}})
	return s, string(pem.EncodeToMemory(block))
}

func newKey(t testing.TB) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

func serveSFTP(t testing.TB, config *ssh.ServerConfig) *Server {
	t.Helper()
	_, private := newKey(t)
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	config.AddHostKey(signer)
	l := listen(t)
	dir := t.TempDir()
	go accept(l, func(c net.Conn) { sessions(c, config) })
	return &Server{
		URL:     "sftp://" + l.Addr().String() + dir,
		HostKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))),
		Dir:     dir,
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func accept(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

// sessions serves the sftp subsystem on each session of a connection.
func sessions(c net.Conn, config *ssh.ServerConfig) {
	conn, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		if ch.ChannelType() != "session" {
			ch.Reject(ssh.UnknownChannelType, "only sessions") //nolint:errcheck // a test's client
			continue
		}
		channel, requests, err := ch.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				r.Reply(r.Type == "subsystem" && string(r.Payload[4:]) == "sftp", nil) //nolint:errcheck // a test's client
			}
		}()
		go func() {
			defer channel.Close()
			server, err := sftp.NewServer(channel)
			if err != nil {
				return
			}
			server.Serve() //nolint:errcheck // ends with the connection
		}()
	}
}
