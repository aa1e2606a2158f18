package ninjs

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
)

// writer appends JSON. It remembers the first error and goes on, so that the
// code that walks an item need not stop at each member.
type writer struct {
	buf  []byte
	more []byte // scratch for the jisr:more of the item being written
	err  error
}

// key starts a member of the object that is open.
func (w *writer) key(name string) {
	w.comma()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...) // names are ours: they need no escapes
	w.buf = append(w.buf, '"', ':')
}

// comma separates the value to come from one before it. After a value the last
// byte can be neither bracket, because strings end in a quote.
func (w *writer) comma() {
	switch w.buf[len(w.buf)-1] {
	case '{', '[':
	default:
		w.buf = append(w.buf, ',')
	}
}

func (w *writer) open(c byte)  { w.buf = append(w.buf, c) }
func (w *writer) close(c byte) { w.buf = append(w.buf, c) }

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) quote(field, s string) {
	if !utf8.ValidString(s) {
		w.fail(news.Errorf(news.Invalid, field, "the text is not valid UTF-8: check the sender's charset"))
		return
	}
	w.buf = appendQuoted(w.buf, s)
}

// text writes a member if it has a value.
func (w *writer) text(name, value string) {
	if value != "" {
		w.key(name)
		w.quote(name, value)
	}
}

// uri writes the part of a URI that the schema allows, or what it does not.
func (w *writer) uri(name, value string, more bool) {
	if value == "" {
		return
	}
	fit := asURI(value)
	if !more {
		w.text(name, fit)
	} else if fit != value {
		w.text(name, value)
	}
}

func (w *writer) integer(name string, n int) {
	if n != 0 {
		w.key(name)
		w.buf = strconv.AppendInt(w.buf, int64(n), 10)
	}
}

func (w *writer) number(name string, f float64) {
	if f == 0 {
		return
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.fail(news.Errorf(news.Invalid, name, "%v is not a number that JSON can hold", f))
		return
	}
	w.key(name)
	w.buf = jsontext.AppendFloat(w.buf, f, 64)
}

func (w *writer) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	if y := t.Year(); y < 0 || y > 9999 {
		w.fail(news.Errorf(news.Invalid, name, "the year %d cannot be written", y))
		return
	}
	w.key(name)
	w.buf = append(w.buf, '"')
	w.buf = t.AppendFormat(w.buf, time.RFC3339Nano)
	w.buf = append(w.buf, '"')
}

func (w *writer) strings(name string, values []string) {
	if len(values) == 0 {
		return
	}
	w.key(name)
	w.open('[')
	for _, s := range values {
		w.comma()
		w.quote(name, s)
	}
	w.close(']')
}

// raw writes JSON that was kept as it is.
func (w *writer) raw(name string, value json.RawMessage) {
	w.comma()
	w.quote(name, name)
	w.buf = append(w.buf, ':')
	n := len(w.buf)
	var err error
	if w.buf, err = jsontext.AppendFormat(w.buf, value, jsontext.PreserveRawStrings(true)); err != nil {
		w.buf = append(w.buf[:n], "null"...)
		w.fail(news.Errorf(news.Invalid, name, "the value is not JSON"))
	}
}

func (w *writer) rawMap(values map[string]json.RawMessage, where func(name string, value json.RawMessage) bool) {
	if len(values) == 0 {
		return
	}
	names := make([]string, 0, len(values))
	for name, value := range values {
		// Read takes null for absent.
		if string(value) != "null" && where(name, value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		w.raw(name, values[name])
	}
}

// array writes a list of objects if it has entries.
func array[T any](w *writer, name string, values []T, put func(*T)) {
	if len(values) == 0 {
		return
	}
	w.key(name)
	w.open('[')
	for i := range values {
		w.comma()
		w.open('{')
		put(&values[i])
		w.close('}')
	}
	w.close(']')
}

// amend writes what put adds about the entries of a list, by their index; it
// writes nothing if put adds nothing.
func amend[T any](w *writer, name string, values []T, put func(*T)) {
	start := len(w.buf)
	for i := range values {
		before := len(w.buf)
		if before == start {
			w.key(name)
			w.open('{')
		}
		w.key(strconv.Itoa(i))
		w.open('{')
		inner := len(w.buf)
		put(&values[i])
		if len(w.buf) == inner {
			w.buf = w.buf[:before]
			continue
		}
		w.close('}')
	}
	if len(w.buf) > start {
		w.close('}')
	}
}

// object writes an object member unless put adds nothing.
func (w *writer) object(name string, put func()) {
	start := len(w.buf)
	w.key(name)
	w.open('{')
	inner := len(w.buf)
	put()
	if len(w.buf) == inner {
		w.buf = w.buf[:start]
		return
	}
	w.close('}')
}
