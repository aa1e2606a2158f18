// Package iptc7901 reads wire text with control characters: IPTC 7901, the
// text transmission format of European agencies, and ANPA 1312, its American
// sister, into news.Item; and telegraph messages that begin with ZCZC and mark
// their lines by signs.
//
// The invariant: whatever the bytes are, Read ends in bounded time and memory,
// no word of a message is lost, and a message that its slug marks as a kill or
// that speaks of an embargo is held back: the formats have no field for either.
//
// The formats are IPTC 7901 (https://iptc.org/standards/iptc-7901/) and ANPA
// 1312. Both frame a message as SOH header STX text ETX date EOT.
package iptc7901

import (
	"errors"
	"strconv"
	"strings"

	"jisr/internal/format/charset"
	"jisr/internal/format/lexical"
	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// Limits on one file.
const (
	MaxSize  = 16 << 20 // bytes of a file as received
	MaxItems = 10_000   // messages of one file
)

// The control characters of a message.
const (
	soh = '\x01' // start of heading
	stx = '\x02' // start of text
	etx = '\x03' // end of text
	eot = '\x04' // end of transmission
	syn = '\x16' // fills the line between messages
)

// Detect reports whether head, the first bytes of a file, begins a message. It
// asks for SOH, or the ZCZC of telegraph lines, and a header that one of the two
// formats allows: ordinary text has neither.
func Detect(head []byte) bool {
	_, ok := firstHeader(head)
	return ok
}

// Version returns "7901", "1312" or "ZCZC", by the form of the first header.
func Version(head []byte) string {
	h, _ := firstHeader(head)
	return h.version
}

func firstHeader(head []byte) (header, bool) {
	text := strings.TrimLeft(string(head[:min(len(head), 1024)]), "\x00\x7f\r\n \ufeff"+string(syn))
	switch {
	case strings.HasPrefix(text, string(soh)):
	case strings.HasPrefix(text, "ZCZC"):
	default:
		return header{}, false
	}
	lines, _, found := cutHeader(text)
	if !found {
		return header{}, false
	}
	if h, ok := parseHeader(lines); ok {
		return h, true
	}
	h, _, ok := telegraph(text)
	return h, ok
}

// Read returns one item for each message of a file.
//
// A message whose header is none is refused, with an error of kind Invalid that
// says its place in the file; the others are returned beside it.
func Read(data []byte) ([]*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	decoded, decision := charset.Text(data, "")
	r := &reader{}
	for _, note := range decision.Notes {
		r.losses.Add("charset", note)
	}
	messages := split(strings.TrimLeft(string(decoded), " \r\n"))
	if len(messages) == 0 {
		return nil, nil, news.Errorf(news.Invalid, "message[1]", "the file holds no message: one begins with SOH (0x01) and a header")
	}
	if len(messages) > MaxItems {
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has more than the %d messages allowed", MaxItems)
	}
	for i, m := range messages {
		r.at = "message[" + strconv.Itoa(i+1) + "]"
		r.message(m)
	}
	return r.items, r.losses.All("message"), errors.Join(r.refused...)
}

// reader collects what comes of one file.
type reader struct {
	items   []*news.Item
	losses  loss.List
	refused []error
	at      string
}

func (r *reader) refuse(kind news.Kind, format string, args ...any) {
	r.refused = append(r.refused, news.Errorf(kind, r.at, format, args...))
}

// split cuts a file into messages. A message ends where the next one begins: an
// EOT can be missing or stand within a damaged text.
func split(text string) []string {
	var out []string
	for len(text) > 0 && len(out) <= MaxItems {
		start := next(text)
		if start < 0 {
			break
		}
		text = text[start:]
		end := len(text)
		if n := next(text[1:]); n >= 0 {
			end = n + 1
		}
		out = append(out, text[:end])
		text = text[end:]
	}
	return out
}

// next returns where the next message begins, or -1.
func next(text string) int {
	start := strings.IndexByte(text, soh)
	before := text
	if start >= 0 {
		before = text[:start]
	}
	if z := zczc(before); z >= 0 {
		return z
	}
	return start
}

// zczc returns where a telegraph message begins: at the beginning of a line.
func zczc(text string) int {
	if strings.HasPrefix(text, "ZCZC") {
		return 0
	}
	if i := strings.Index(text, "\nZCZC"); i >= 0 {
		return i + 1
	}
	return -1
}

// cutHeader returns the lines of the header and the text behind them. Telegraph
// lines have no STX: their header is the first line.
func cutHeader(message string) (lines []string, text string, found bool) {
	if rest, ok := strings.CutPrefix(message, "ZCZC"); ok {
		head, text, found := strings.Cut(strings.TrimLeft(rest, " \r\n"), "\n")
		return []string{strings.TrimSpace(head)}, text, found
	}
	head, text, found := strings.Cut(strings.TrimLeft(message, string(soh)), string(stx))
	if !found || len(head) > 1000 {
		return nil, "", false
	}
	for l := range strings.Lines(head) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	return lines, text, len(lines) > 0
}

// message reads one message.
func (r *reader) message(m string) {
	lines, text, found := cutHeader(m)
	h, ok := parseHeader(lines)
	if !ok {
		if h, text, ok = telegraph(m); ok {
			found = true
		}
	}
	if !found || !ok {
		r.refuse(news.Invalid, "the header %q is of neither IPTC 7901 nor ANPA 1312", printable(strings.Join(lines, " ")))
		return
	}
	if len(m) > news.MaxContent {
		r.refuse(news.TooLarge, "the message has %d bytes, more than the %d allowed", len(m), news.MaxContent)
		return
	}
	text, trailer, ended := strings.Cut(text, string(etx))
	if !ended {
		if before, after, found := strings.Cut(text, "\nNNNN"); found {
			text, trailer, ended = before, after, true
		}
	}
	if !ended {
		r.losses.Add(r.at, "the message has no end (ETX): it may be cut off")
	}
	names := map[string]string{"7901": "IPTC 7901", "1312": "ANPA 1312", "ZCZC": "ZCZC"}
	it := &news.Item{Type: news.Text, Standard: &news.Standard{Name: names[h.version]}}
	r.header(it, h)
	r.text(it, h, text)
	r.trailer(it, h, trailer)
	r.markers(it, h)
	r.identity(it, h, m)
	if len(it.Extra) == 0 {
		it.Extra = nil
	}
	r.items = append(r.items, it)
}

// printable returns the beginning of a header for a message.
func printable(s string) string {
	return lexical.Shorten(strings.Map(func(c rune) rune { return max(c, ' ') }, s))
}
