// Command jisr runs a newsroom's node and works on it from the shell.
//
// Its invariant: a command parses, calls and prints. What it does can also be
// done through the services that it calls, by the web and by programs; what it
// says with --json keeps its names. docs/commands.md lists everything.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process at once
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	os.Exit(code)
}

// streams is what a command reads and prints to.
type streams struct {
	in       *os.File
	out, err io.Writer
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	app := &app{ctx: ctx, streams: s}
	exited := -1
	parser, err := kong.New(&app.grammar, kong.Name("jisr"), kong.Description(about),
		kong.Writers(s.out, s.err), kong.Bind(app), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { exited = code }), kong.Vars{"kinds": kinds()})
	if err != nil {
		return app.fail(err)
	}
	app.parser = parser
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help printed what was asked for
		return exited
	}
	if err != nil {
		return app.fail(usage(parser, err))
	}
	if err := parsed.Run(); err != nil {
		return app.fail(err)
	}
	return exitOK
}
