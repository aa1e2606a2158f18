package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"rsc.io/script"
	"rsc.io/script/scripttest"

	"jisr/internal/db"
	"jisr/internal/node"
)

// newEngine returns the engine of the scripts.
func newEngine() (*script.Engine, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	interrupt := func(c *exec.Cmd) error { return c.Process.Signal(os.Interrupt) }
	e := script.NewEngine()
	e.Cmds, e.Conds = scripttest.DefaultCmds(), scripttest.DefaultConds()
	e.Cmds["jisr"] = script.Program(self, interrupt, 10*time.Second)
	e.Cmds["exits"] = exits(self)
	e.Cmds["input"] = input(self)
	e.Cmds["flip"] = flip()
	e.Cmds["take"] = take()
	e.Cmds["ready"] = ready()
	e.Cmds["eventually"] = eventually(self)
	e.Cmds["sql"] = statement()
	return e, nil
}

// exits runs jisr and checks its exit code.
func exits(self string) script.Cmd {
	usage := script.CmdUsage{Summary: "run jisr and check its exit code", Args: "code args..."}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) < 1 {
			return nil, script.ErrUsage
		}
		want, err := strconv.Atoi(args[0])
		if err != nil {
			return nil, err
		}
		stdout, stderr, code, err := execute(s, self, "", args[1:])
		if err == nil && code != want {
			err = fmt.Errorf("exit code %d, want %d", code, want)
		}
		return func(*script.State) (string, string, error) { return stdout, stderr, err }, nil
	})
}

// input runs jisr with a line of input.
func input(self string) script.Cmd {
	usage := script.CmdUsage{Summary: "run jisr with a line of input", Args: "line args..."}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) < 2 {
			return nil, script.ErrUsage
		}
		stdout, stderr, code, err := execute(s, self, args[0]+"\n", args[1:])
		if err == nil && code != 0 {
			err = fmt.Errorf("exit code %d", code)
		}
		return func(*script.State) (string, string, error) { return stdout, stderr, err }, nil
	})
}

func execute(s *script.State, self, in string, args []string) (stdout, stderr string, code int, err error) {
	c := exec.CommandContext(s.Context(), self, args...)
	c.Dir, c.Env = s.Getwd(), s.Environ()
	c.Stdin = strings.NewReader(in)
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	err = c.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code, err = ended.ExitCode(), nil
	}
	return out.String(), errs.String(), code, err
}

// eventually runs jisr until its output is as it should be: what a server does
// takes a moment.
func eventually(self string) script.Cmd {
	usage := script.CmdUsage{Summary: "run jisr until its stdout matches a pattern", Args: "pattern args...",
		RegexpArgs: func(...string) []int { return []int{0} }}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) < 2 {
			return nil, script.ErrUsage
		}
		want, err := regexp.Compile(args[0])
		if err != nil {
			return nil, err
		}
		var stdout, stderr string
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if stdout, stderr, _, err = execute(s, self, "", args[1:]); err != nil || want.MatchString(stdout) {
				break
			}
		}
		if err == nil && !want.MatchString(stdout) {
			err = fmt.Errorf("no %q in stdout", args[0])
		}
		return func(*script.State) (string, string, error) { return stdout, stderr, err }, nil
	})
}

// flip alters one bit of a file, at the first place of a text.
func flip() script.Cmd {
	usage := script.CmdUsage{Summary: "alter a file by one bit, at the first place of a text", Args: "file text"}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) != 2 {
			return nil, script.ErrUsage
		}
		b, err := os.ReadFile(s.Path(args[0]))
		if err != nil {
			return nil, err
		}
		at := strings.Index(string(b), args[1])
		if at < 0 {
			return nil, fmt.Errorf("%s does not hold %q", args[0], args[1])
		}
		b[at] ^= 1
		return nil, os.WriteFile(s.Path(args[0]), b, 0o600)
	})
}

// statement alters a node's database, as a fault or an intruder would.
func statement() script.Cmd {
	usage := script.CmdUsage{Summary: "run an SQL statement on a node's database", Args: "data statement"}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) != 2 {
			return nil, script.ErrUsage
		}
		d, err := db.Open(s.Context(), s.Path(args[0]+"/jisr.db"))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return nil, d.Write(s.Context(), func(tx *db.Tx) error {
			res, err := tx.ExecContext(s.Context(), args[1])
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				return fmt.Errorf("nothing was altered: %v", err)
			}
			return nil
		})
	})
}

// take sets a variable to what a pattern finds in the last output.
func take() script.Cmd {
	usage := script.CmdUsage{Summary: "set a variable to the first group of a pattern in stdout", Args: "name pattern",
		RegexpArgs: func(...string) []int { return []int{1} }}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) != 2 {
			return nil, script.ErrUsage
		}
		m := regexp.MustCompile(args[1]).FindStringSubmatch(s.Stdout())
		if len(m) != 2 {
			return nil, fmt.Errorf("no %q in stdout", args[1])
		}
		return nil, s.Setenv(args[0], m[1])
	})
}

// ready waits until the node of a data folder is served.
func ready() script.Cmd {
	usage := script.CmdUsage{Summary: "wait until a node is served", Args: "data"}
	return script.Command(usage, func(s *script.State, args ...string) (script.WaitFunc, error) {
		if len(args) != 1 {
			return nil, script.ErrUsage
		}
		c, err := node.LoadConfig(s.Path(args[0]))
		if err != nil {
			return nil, err
		}
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if conn, err := net.Dial("tcp", c.Listen); err == nil {
				return nil, conn.Close()
			}
		}
		return nil, fmt.Errorf("%s is not served at %s", args[0], c.Listen)
	})
}
