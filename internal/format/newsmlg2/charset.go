package newsmlg2

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"jisr/internal/news"
)

// toUTF8 returns the document in UTF-8 without a byte order mark. The order of
// trust is: byte order mark, then the bytes themselves, then the declaration.
// Agencies convert files on the way and leave the declaration as it was; text
// of any length that is valid UTF-8 by chance in a one-byte charset does not
// occur.
func (r *reader) toUTF8(data []byte) ([]byte, error) {
	const at = "xml declaration"
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return r.decode(data, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "utf-16")
	}
	if rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		return mustBeUTF8(rest, "the byte order mark")
	}
	label := declaredCharset(data)
	if label == "" {
		return mustBeUTF8(data, "XML without an encoding declaration")
	}
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, news.Errorf(news.Invalid, at, "line 1: encoding %q is not one we know; use UTF-8", label)
	}
	name, err := htmlindex.Name(enc)
	if err != nil {
		return nil, news.Errorf(news.Invalid, at, "line 1: encoding %q cannot be read", label)
	}
	switch {
	case name == "utf-8":
		return mustBeUTF8(data, "the declaration")
	case strings.HasPrefix(name, "utf-16"):
		// The declaration was readable as ASCII, so it cannot be true.
		r.lose(at, fmt.Sprintf("declared as %s, but is UTF-8: read as UTF-8", label))
		return mustBeUTF8(data, "the file")
	case name == "replacement":
		return nil, news.Errorf(news.Invalid, at, "line 1: encoding %q is not safe to read; use UTF-8", label)
	case utf8.Valid(data) && !isASCII(data) && name != "iso-2022-jp":
		r.lose(at, fmt.Sprintf("declared as %s, but is UTF-8: read as UTF-8", label))
		return data, nil
	}
	return r.decode(data, enc, label)
}

func (r *reader) decode(data []byte, enc encoding.Encoding, label string) ([]byte, error) {
	text, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		return nil, news.Errorf(news.Invalid, "xml declaration", "the file is not readable as %s", label)
	}
	if n := bytes.Count(text, []byte("\uFFFD")); n > 0 {
		r.lose("xml declaration", fmt.Sprintf("%d characters do not exist in %s and were replaced by U+FFFD", n, label))
	}
	return text, nil
}

// mustBeUTF8 names the first byte that breaks the promise of UTF-8.
func mustBeUTF8(data []byte, says string) ([]byte, error) {
	if utf8.Valid(data) {
		return data, nil
	}
	at := 0
	for {
		c, size := utf8.DecodeRune(data[at:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return nil, news.Errorf(news.Invalid, "xml declaration",
		"line %d: byte %d (0x%02x) is not UTF-8, which %s promises: declare the true encoding", lineAt(data, at), at, data[at], says)
}

// declaredCharset returns the encoding of the XML declaration in lower case.
func declaredCharset(data []byte) string {
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return ""
	}
	decl, _, found := bytes.Cut(data[:min(len(data), 200)], []byte("?>"))
	if !found {
		return ""
	}
	_, value, found := bytes.Cut(decl, []byte("encoding"))
	value = bytes.TrimLeft(value, " \t\r\n=")
	if !found || len(value) == 0 || value[0] != '"' && value[0] != '\'' {
		return ""
	}
	label, _, found := bytes.Cut(value[1:], value[:1])
	if !found {
		return ""
	}
	return strings.ToLower(string(label))
}

func isASCII(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lineAt returns the line of the byte at offset, from 1.
func lineAt(text []byte, offset int) int {
	return 1 + bytes.Count(text[:offset], []byte("\n"))
}
