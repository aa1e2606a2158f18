// Package mail reads mail that correspondents and press offices send to a desk
// into items: the words, the pictures and documents beside them, and files of
// news formats that travel as attachments.
//
// The invariant: nothing that came with a mail is opened but text, pictures and
// known news formats; no archive is unpacked, no address fetched, no file name
// believed. A mail that speaks of an embargo is withheld until a person read it.
//
// The specifications: RFC 5322 (mail), RFC 2045 to 2047 and 2231 (MIME), RFC 2392
// (mid), RFC 3676 (format=flowed).
package mail

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/textproto"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// Limits on one mail.
const (
	MaxSize = 48 << 20 // bytes as received: what mail servers let through

	maxHeader = 512 << 10 // bytes of the header of a part
	maxDepth  = 10        // parts within parts
	maxParts  = 200
	maxLosses = 200
)

// Attachment is a file that came with a mail. Renditions of the items name it by
// its digest; the caller stores the bytes.
type Attachment struct {
	Name        string // safe as a file name: no path, no control or direction characters
	ContentType string
	Digest      string // "sha256:" and 64 hex digits
	Bytes       []byte
}

// Result is what a mail holds.
type Result struct {
	Items       []*news.Item
	Attachments []Attachment
}

// Nested reads an attachment that is itself of a news format or a picture. It
// returns no items for anything else.
type Nested func(data []byte, name string) ([]*news.Item, []loss.Loss)

// Detect reports whether head, the first bytes of a file (4 KiB are enough),
// begins a mail: a header with a sender and one of the fields that only mail has.
func Detect(head []byte) bool {
	names := map[string]bool{}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(head, []byte("From ")) { // a mailbox of Unix
		_, head, _ = bytes.Cut(head, []byte("\n"))
	}
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		name, _, found := bytes.Cut(line, []byte(":"))
		if !found || len(name) == 0 || bytes.ContainsAny(name, " \t<>\"{}") || !utf8.Valid(name) {
			break
		}
		names[strings.ToLower(string(name))] = true
	}
	return names["from"] && (names["message-id"] || names["received"] || names["mime-version"] || names["date"] && (names["to"] || names["subject"]))
}

// Read returns the items of a mail and its files. If a file is itself of a news
// format, its items are the result and the mail is but the envelope.
func Read(data []byte, nested Nested) (Result, []loss.Loss, error) {
	if len(data) > MaxSize {
		return Result{}, nil, news.Errorf(news.TooLarge, "", "the mail has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	if bytes.HasPrefix(data, []byte("From ")) {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	r := &reader{nested: nested}
	m, err := r.message(data, "", 0)
	if err != nil {
		return Result{}, nil, err
	}
	return Result{Items: m, Attachments: r.files}, r.losses, nil
}

// reader collects what comes of one mail.
type reader struct {
	nested Nested
	files  []Attachment
	losses []loss.Loss
	parts  int
}

func (r *reader) lose(path, format string, args ...any) {
	if len(r.losses) < maxLosses {
		r.losses = append(r.losses, loss.Loss{Path: path, Reason: fmt.Sprintf(format, args...)})
	}
}

// message reads a mail, or one that is enclosed in another.
func (r *reader) message(data []byte, path string, depth int) ([]*news.Item, error) {
	h, body, err := r.split(data, path)
	if err != nil {
		return nil, err
	}
	m := &message{reader: r, it: &news.Item{Type: news.Text}}
	m.header(h, data, path)
	if err := m.part(h, body, path, depth); err != nil {
		return nil, err
	}
	return m.finish(path), nil
}

// split parts the header of a message or part from its body. Lines that are no
// header fields, which broken programs put there, are left out with a loss.
func (r *reader) split(data []byte, path string) (header, []byte, error) {
	var lines [][]byte
	size, damaged := 0, 0
	for {
		line, rest, found := bytes.Cut(data, []byte("\n"))
		data = rest
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			break
		}
		if size += len(line); size > maxHeader {
			return header{}, nil, news.Errorf(news.TooLarge, where(path, "header"), "the header has more than the %d bytes allowed", maxHeader)
		}
		name, _, isField := bytes.Cut(line, []byte(":"))
		switch {
		case (line[0] == ' ' || line[0] == '\t') && len(lines) > 0:
			lines = append(lines, line)
		case isField && len(name) > 0 && !bytes.ContainsAny(name, " \t"):
			lines = append(lines, line)
		default:
			damaged++
		}
		if !found {
			break
		}
	}
	if damaged > 0 {
		r.lose(where(path, "header"), "%d lines are no header fields and were left out", damaged)
	}
	text := append(bytes.Join(lines, []byte("\r\n")), "\r\n\r\n"...)
	h, err := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return header{}, nil, news.Errorf(news.Invalid, where(path, "header"), "the header cannot be read: %v", err)
	}
	return header{h}, data, nil
}

// where returns the place of something of a part, for people: part[1.2]/subject.
func where(path, name string) string {
	if path == "" {
		if name == "" {
			return "mail"
		}
		return name
	}
	if name == "" {
		return "part[" + path + "]"
	}
	return "part[" + path + "]/" + name
}

// message is a mail that is being read.
type message struct {
	*reader
	it     *news.Item
	nested []*news.Item // of files that are news in themselves
	plain  []news.Words
	html   []news.Words
	auto   bool
}

// mid returns the URI of a Message-ID (RFC 2392).
func mid(id string) string {
	id = strings.Trim(strings.TrimSpace(id), "<>")
	if !strings.Contains(id, "@") || strings.ContainsAny(id, " \t<>") {
		return ""
	}
	uri := "mid:" + strings.ReplaceAll(url.PathEscape(id), "%40", "@")
	if news.ValidURI("", uri) != nil {
		return ""
	}
	return uri
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// nameByHash returns a URI for what has no name of its own (RFC 6920).
func nameByHash(data []byte) string {
	sum := sha256.Sum256(data)
	return "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(sum[:])
}
