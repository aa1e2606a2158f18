package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rsc.io/script/scripttest"
)

// asCommand has the test binary be jisr, so that tests run real processes.
const asCommand = "JISR_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// TestScripts runs testdata/*.txt, each a script with its files. script_test.go
// has the commands that they use beside jisr.
func TestScripts(t *testing.T) {
	engine, err := newEngine()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{asCommand + "=1", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TZ=UTC"}
	scripttest.Test(t, context.Background(), engine, env, filepath.Join("testdata", "*.txt"))
}

func TestMainJobOfTwoProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	mainjob := func(args ...string) (last string, log string, err error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		c := exec.CommandContext(ctx, bash, append([]string{filepath.Join("..", "..", "scripts", "mainjob.sh")}, args...)...)
		c.Env = append(os.Environ(), "JISR_BIN="+self, asCommand+"=1", "TMPDIR="+temp)
		var stderr strings.Builder
		c.Stderr = &stderr
		out, err := c.Output()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return lines[len(lines)-1], stderr.String(), err
	}
	last, log, err := mainjob()
	if want := "mainjob: 7 items exchanged, 7 verified, correction ok, kill ok"; err != nil || last != want {
		t.Errorf("it says %q (%v), want %q\n%s", last, err, want, log)
	}
	bad := filepath.Join(t.TempDir(), "not-news.json")
	if err := os.WriteFile(bad, []byte("nothing that we read"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, log, err = mainjob(bad); err == nil || !strings.Contains(log, bad) {
		t.Errorf("a file that cannot be imported ends in %v, and the log does not name it:\n%s", err, log)
	}
	if left, err := filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) > 0 {
		t.Errorf("files are left behind: %v, %v", left, err)
	}
}
