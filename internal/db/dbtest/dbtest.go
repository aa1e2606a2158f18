// Package dbtest gives tests a fresh database on each engine. PostgreSQL is
// taken from JISR_TEST_POSTGRES (a URL whose user may create databases) or
// started from local binaries; a test fails, and says what to install, when
// neither is there.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jisr/internal/db"
)

// Each runs f once on every engine, as subtests.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) { f(t, Open(t, engine)) })
	}
}

// Open returns a fresh, migrated database that is closed when the test ends.
func Open(t testing.TB, engine db.Engine) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), DSN(t, engine))
	if err != nil {
		t.Fatalf("open %s: %v", engine, err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

var count atomic.Int64

// DSN returns the address of a fresh, empty database.
func DSN(t testing.TB, engine db.Engine) string {
	t.Helper()
	if engine == db.SQLite {
		return filepath.Join(t.TempDir(), "jisr.db")
	}
	server, err := postgres()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v\nInstall it (Debian: apt-get install postgresql) or set JISR_TEST_POSTGRES", err)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("jisr_test_%d_%d", os.Getpid(), count.Add(1))
	if _, err := admin.Exec("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		t.Fatalf("create database: %v", err)
	}
	t.Cleanup(func() {
		admin, err := sql.Open("pgx", server)
		if err == nil {
			admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") //nolint:errcheck // a leftover dies with the server
			admin.Close()
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// postgres returns the URL of a running server, the same for every test of the
// process.
var postgres = sync.OnceValues(func() (string, error) {
	if server := os.Getenv("JISR_TEST_POSTGRES"); server != "" {
		return server, nil
	}
	return startPostgres()
})

// startPostgres starts a throwaway server on a private socket. It dies with
// this process, whichever way that ends.
func startPostgres() (string, error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "jisr-pg")
	if err != nil {
		return "", err
	}
	cred, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "d")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres",
		"-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	// A private shell around the server removes its folder once the server ends;
	// the server ends when the pipe on its standard input does, that is with us.
	script := `"$0/postgres" -D "$1/d" -p 5432 -c listen_addresses= -c unix_socket_directories="$1" ` +
		`-c fsync=off -c max_connections=300 -c log_min_messages=panic >"$1/log" 2>&1 </dev/null & pid=$!; ` +
		`cat >/dev/null; kill -QUIT $pid; wait $pid; rm -rf "$1"`
	server := exec.Command("/bin/sh", "-c", script, bin, dir)
	// A group of its own, so that Ctrl-C reaches the test and not the server.
	server.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setpgid: true}
	server.Dir = dir
	hold, err := server.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := server.Start(); err != nil {
		return "", err
	}
	pipes = append(pipes, hold)
	dsn := "postgres://postgres@/postgres?host=" + url.QueryEscape(dir) + "&port=5432"
	return dsn, waitReady(dsn, filepath.Join(dir, "log"))
}

// pipes keeps the servers' standard inputs open: the garbage collector would
// close an unreachable one.
var pipes []any

func waitReady(dsn, log string) error {
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err = conn.PingContext(context.Background())
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log)
			return fmt.Errorf("the server did not come up: %w: %s", err, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// binaries finds the folder with initdb and postgres: the newest that Debian
// installed, else the one on the path.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return release(a) - release(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", fmt.Errorf("no postgres binary found: %w", err)
	}
	return filepath.Dir(path), nil
}

func release(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

// unprivileged returns the credential to run the server with, because
// PostgreSQL refuses to run as root, and gives it the folder.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	name := "postgres"
	u, err := user.Lookup(name)
	if err != nil {
		name = "nobody"
		if u, err = user.Lookup(name); err != nil {
			return nil, err
		}
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// Server returns the URL of a running PostgreSQL server, as DSN uses it.
func Server() (string, error) { return postgres() }
