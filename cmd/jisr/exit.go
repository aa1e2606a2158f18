package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"jisr/internal/news"
)

// The exit codes (docs/commands.md "Exit codes"). Scripts depend on them.
const (
	exitOK          = 0
	exitInternal    = 1 // something went wrong in Jisr or its machine
	exitInvalid     = 2 // the command line or its input is wrong
	exitNotFound    = 3
	exitConflict    = 4 // right in itself, but not in this state
	exitForbidden   = 5
	exitUnavailable = 6   // not now: try again later
	exitUnproven    = 7   // a proof, a ledger or a file does not hold
	exitInterrupted = 130 // Ctrl-C, as shells have it
)

// unproven is the error of a check that found something wrong.
type unproven struct{ error }

// partly is the error of a command that did what it could and says what it could
// not; that was printed already.
type partly struct {
	failed, total int
	first         error
}

func (p *partly) Error() string { return fmt.Sprintf("%d of %d failed", p.failed, p.total) }
func (p *partly) Unwrap() error { return p.first }

// codeOf maps an error to an exit code, in this one place.
func codeOf(err error) int {
	var bad unproven
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &bad):
		return exitUnproven
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	switch news.KindOf(err) {
	case news.Invalid, news.TooLarge:
		return exitInvalid
	case news.NotFound:
		return exitNotFound
	case news.Conflict:
		return exitConflict
	case news.Forbidden:
		return exitForbidden
	case news.Unavailable:
		return exitUnavailable
	}
	return exitInternal
}

// failure is an error as --json prints it.
type failure struct {
	Kind    news.Kind `json:"kind,omitempty"`
	Field   string    `json:"field,omitempty"`
	Message string    `json:"message"`
	Exit    int       `json:"exit_code"`
}

// fail prints the error and returns its exit code.
func (a *app) fail(err error) int {
	f := failure{Kind: news.KindOf(err), Message: sentence(err), Exit: codeOf(err)}
	var e *news.Error
	if errors.As(err, &e) {
		f.Field = e.Field
	}
	if a.JSON {
		b, _ := json.Marshal(map[string]failure{"error": f}) // strings and numbers always marshal
		fmt.Fprintf(a.err, "%s\n", b)
	} else {
		fmt.Fprintf(a.err, "jisr: %s\n", f.Message)
	}
	return f.Exit
}

// sentence says what is wrong and how to mend it. What went on inside is of use
// only where nobody has put it in words.
func sentence(err error) string {
	var e *news.Error
	var p *partly
	switch {
	case errors.As(err, &p):
		return p.Error()
	case errors.As(err, &e) && e.Field != "" && !strings.Contains(e.Message, e.Field):
		return e.Field + ": " + e.Message
	case errors.As(err, &e):
		return e.Message
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return err.Error() // the system's words name the file
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// usage turns what kong has to say about a command line into an error that shows
// the way to the right one.
func usage(parser *kong.Kong, err error) error {
	help := parser.Model.Name
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if s := parse.Context.Selected(); s != nil {
			help = s.FullPath()
		}
	}
	return news.Errorf(news.Invalid, "", "%v; see %s --help", err, help)
}
