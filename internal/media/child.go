package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// bounds of one child process.
type bounds struct {
	wall   time.Duration // by the clock
	cpu    int           // seconds of processor time
	output int64         // bytes of any file that it writes
	memory int64         // bytes of address space
}

// run runs a program of ffmpeg's on a stored file, which it gets as file
// descriptor 3 and under no name, and returns what it prints. The shell sets the
// limits before it becomes the program, so that there is no moment without them.
func (w *work) run(ctx context.Context, b bounds, program string, args ...string) ([]byte, error) {
	f, _, err := w.s.blobs.Open(w.file.Digest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	input, ok := f.(*os.File)
	if !ok {
		return nil, errors.New("the media store gives no file that a program can read")
	}
	ctx, cancel := context.WithTimeout(ctx, b.wall)
	defer cancel()
	limits := fmt.Sprintf(`ulimit -c 0 && ulimit -t %d && ulimit -f %d && ulimit -v %d && exec nice -n 10 "$0" "$@"`, b.cpu, b.output/512, b.memory/1024)
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", limits, program}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "HOME=/nonexistent"}
	cmd.ExtraFiles = []*os.File{input}
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	cmd.WaitDelay = 5 * time.Second
	var out, errs limited
	out.max, errs.max = 1<<20, 4<<10
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.Bytes(), nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, &unusable{TookTooLong, fmt.Errorf("not done within %s", b.wall)}
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &exit):
		return nil, &unusable{verdict(exit, errs.String()), fmt.Errorf("%w: %s", err, strings.TrimSpace(errs.String()))}
	}
	return nil, fmt.Errorf("run %s: %w", program, err)
}

// verdict says what a program that failed means for the file.
func verdict(exit *exec.ExitError, said string) Notice {
	status, _ := exit.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled(), strings.Contains(said, "Cannot allocate memory"), strings.Contains(said, "File too large"):
		return TookTooLong
	case strings.Contains(said, "Decoder not found"), strings.Contains(said, "Unknown decoder"), strings.Contains(said, "does not contain any stream"):
		return Undecodable
	}
	return Damaged
}

// limited keeps the first bytes of what a program prints.
type limited struct {
	bytes.Buffer
	max int
}

func (l *limited) Write(b []byte) (int, error) {
	if room := l.max - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(len(b), room)])
	}
	return len(b), nil
}

// ReadFrom would let io.Copy fill the buffer without the limit.
func (l *limited) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{l}, r)
}
