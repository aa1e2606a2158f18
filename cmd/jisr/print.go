package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// show prints v as JSON, or calls text to print it for people.
func (a *app) show(v any, text func(w io.Writer)) error {
	if a.JSON {
		e := json.NewEncoder(a.out)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	text(a.out)
	return nil
}

// table prints rows in columns.
func table(w io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		for i, cell := range r {
			r[i] = printable(cell)
		}
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	t.Flush()
}

// printable makes text that others wrote harmless to a terminal: no control
// characters, no overrides of direction.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)
}

// short cuts s to n characters for a column.
func short(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// stamp prints a time for people; none as a dash.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// progress returns what a long work calls to say how far it is: a bar on a
// terminal, once it has taken a moment, else nothing. done clears it.
func (a *app) progress(what string, bytes bool) (report func(done, total int64), done func()) {
	f, ok := a.err.(*os.File)
	if a.JSON || !ok || !term.IsTerminal(int(f.Fd())) {
		return func(int64, int64) {}, func() {}
	}
	var bar *progressbar.ProgressBar
	begun := time.Now()
	report = func(n, total int64) {
		if bar == nil {
			if time.Since(begun) < 300*time.Millisecond {
				return
			}
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
				progressbar.OptionShowBytes(bytes), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
				progressbar.OptionThrottle(100*time.Millisecond))
		}
		bar.ChangeMax64(total)
		_ = bar.Set64(n) // a bar that cannot be drawn stops no work
	}
	return report, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}
