// Package blobtest starts an S3 server for tests of what keeps media in a bucket.
package blobtest

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// module is the server: an S3 gateway over a folder.
const module = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// Bucket is an empty bucket of a server that ends with the test.
type Bucket struct {
	Location string // as blob.NewBucket has it
	Address  string // host:port of the server
	command  *exec.Cmd
}

// S3 starts a server with one bucket. The test fails if there is none installed.
func S3(t testing.TB) *Bucket {
	t.Helper()
	program := find(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &Bucket{Address: l.Addr().String()}
	l.Close()
	b.Location = "s3+http://node:a%2Fsecret%2B@" + b.Address + "/media/kuna"
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "media"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.command = exec.Command(program, "--port", b.Address, "--health", "/health", "posix", dir)
	b.command.Env = append(os.Environ(), "ROOT_ACCESS_KEY=node", "ROOT_SECRET_KEY=a/secret+")
	var said bytes.Buffer
	b.command.Stdout, b.command.Stderr = &said, &said
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + b.Address + "/health")
		if err == nil {
			res.Body.Close()
			return b
		}
		if time.Now().After(deadline) {
			b.Stop()
			t.Fatalf("the S3 server does not answer: %v\n%s", err, said.String())
		}
	}
}

// Stop ends the server as a crash would.
func (b *Bucket) Stop() {
	b.command.Process.Kill() //nolint:errcheck // it may have ended
	b.command.Wait()         //nolint:errcheck // it was killed
}

func find(t testing.TB) string {
	t.Helper()
	if found, err := exec.LookPath("versitygw"); err == nil {
		return found
	}
	out, err := exec.Command("go", "env", "GOBIN", "GOPATH").Output()
	if err != nil {
		t.Fatal(err)
	}
	bin, path, _ := strings.Cut(strings.TrimRight(string(out), "\n"), "\n")
	if bin == "" {
		bin = filepath.Join(path, "bin")
	}
	found := filepath.Join(bin, "versitygw")
	if _, err := os.Stat(found); err != nil {
		t.Fatalf("this test needs an S3 server: make deps, or go install %s", module)
	}
	return found
}
