package collect

import (
	"bytes"
	"net"
	"sync/atomic"

	"jisr/internal/news"
)

// maxLists is how many lists an IMAP server may begin in one operation.
const maxLists = 4000

var (
	errLists   = news.Errorf(news.Unavailable, "address", "the mail server's answers make no sense: they hold more than %d lists", maxLists)
	errFlooded = news.Errorf(news.TooLarge, "address", "the mail server sends more than was asked for")
)

// wire is a connection to an IMAP server whose words are bounded before they are
// parsed: the parser goes down into each list, and a million lists within one
// another would take the whole node with them. What begins a list is counted
// wherever it stands, because whoever wants to do harm decides what looks like a
// quotation; only messages, once the parser itself is inside of one, are let
// through.
type wire struct {
	net.Conn
	head  []byte       // read before what the server says
	left  atomic.Int64 // bytes that may still come
	lists atomic.Int64 // that may still begin
	free  atomic.Int64 // bytes in which none are counted

	bad atomic.Pointer[news.Error] // why no more is read: the parser does not pass it on
}

// begin sets what one operation may cost.
func (w *wire) begin(bytes int64) {
	w.left.Store(bytes)
	w.lists.Store(maxLists)
	w.free.Store(0)
}

// message says that the next bytes are a message. The connection is ahead of the
// parser by a small buffer, of which it does not matter how it is counted.
func (w *wire) message(bytes int64) { w.free.Store(bytes) }

func (w *wire) Read(b []byte) (int, error) {
	if len(w.head) > 0 {
		n := copy(b, w.head)
		w.head = w.head[n:]
		return n, nil
	}
	n, err := w.Conn.Read(b)
	bad := errFlooded
	if w.left.Add(-int64(n)) >= 0 {
		bad = w.count(b[:n])
	}
	if bad != nil {
		w.bad.Store(bad)
		return 0, bad
	}
	return n, err
}

func (w *wire) count(b []byte) *news.Error {
	skip := min(w.free.Load(), int64(len(b)))
	w.free.Add(-skip)
	if w.lists.Add(-int64(bytes.Count(b[skip:], []byte("(")))) < 0 {
		return errLists
	}
	return nil
}
