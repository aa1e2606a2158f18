package collect

import (
	"bytes"
	"net"
	"strconv"
	"sync/atomic"

	"jisr/internal/news"
)

// Bounds on what an IMAP server says outside of messages.
const (
	maxNesting = 50      // lists within lists
	maxLine    = 4 << 20 // bytes
)

var (
	errNested  = news.Errorf(news.Unavailable, "address", "the mail server's answers make no sense: lists are nested more than %d deep", maxNesting)
	errLine    = news.Errorf(news.Unavailable, "address", "the mail server's answers make no sense: one has more than %d MB", maxLine>>20)
	errFlooded = news.Errorf(news.TooLarge, "address", "the mail server sends more than was asked for")
)

// wire is a connection to an IMAP server whose words are looked at before they
// are parsed: the parser goes down into each list, and a list in a list in a list
// would take the whole node with it. Literals, in which messages come, are only
// counted.
type wire struct {
	net.Conn
	head []byte                     // read before what the server says
	left atomic.Int64               // bytes that may still come
	bad  atomic.Pointer[news.Error] // why no more is read: the parser does not pass it on

	literal int64  // bytes of a literal that are still to come
	line    int64  // bytes of the line so far, literals apart
	depth   int    // of lists
	quoted  bool   // within a quoted string
	escaped bool   // after a backslash in one
	tail    []byte // the end of the line, where a literal is announced
}

func (w *wire) Read(b []byte) (int, error) {
	if len(w.head) > 0 {
		n := copy(b, w.head)
		w.head = w.head[n:]
		return n, nil
	}
	n, err := w.Conn.Read(b)
	bad := errFlooded
	if w.left.Add(-int64(n)) >= 0 {
		bad = w.look(b[:n])
	}
	if bad != nil {
		w.bad.Store(bad)
		return 0, bad
	}
	return n, err
}

func (w *wire) look(b []byte) *news.Error {
	for len(b) > 0 {
		if w.literal > 0 {
			n := min(w.literal, int64(len(b)))
			w.literal -= n
			b = b[n:]
			continue
		}
		c := b[0]
		b = b[1:]
		if w.line++; w.line > maxLine {
			return errLine
		}
		switch {
		case c == '\n':
			w.endLine()
			continue
		case w.escaped:
			w.escaped = false
		case w.quoted && c == '\\':
			w.escaped = true
		case c == '"':
			w.quoted = !w.quoted
		case w.quoted:
		case c == '(':
			if w.depth++; w.depth > maxNesting {
				return errNested
			}
		case c == ')':
			w.depth = max(w.depth-1, 0)
		}
		if len(w.tail) == 32 {
			copy(w.tail, w.tail[1:])
			w.tail = w.tail[:31]
		}
		w.tail = append(w.tail, c)
	}
	return nil
}

// endLine finds out whether a literal follows, {123}, else begins a new answer.
// Text for people may hold a lone quotation mark: it ends with its line.
func (w *wire) endLine() {
	tail := bytes.TrimSuffix(w.tail, []byte("\r"))
	w.tail = w.tail[:0]
	w.quoted, w.escaped = false, false
	if i := bytes.LastIndexByte(tail, '{'); i >= 0 && bytes.HasSuffix(tail, []byte("}")) {
		if n, err := strconv.ParseInt(string(tail[i+1:len(tail)-1]), 10, 64); err == nil && n >= 0 {
			w.literal = n
			return
		}
	}
	w.line, w.depth = 0, 0
}
