// Package charset turns bytes of any charset that newsrooms still send into
// UTF-8, and says what it decided and why.
//
// The invariant: the result is valid UTF-8, and whenever it rests on anything
// but a true declaration, a note for the desk says so. Agencies convert files on
// the way and leave the declaration as it was, so the order of trust is: byte
// order mark, then the bytes themselves where they are unmistakable, then the
// declaration.
//
// Names of charsets are those of the WHATWG Encoding Standard
// (https://encoding.spec.whatwg.org/), with the labels that wire services use
// beside them.
package charset

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"jisr/internal/news"
)

// Place is where errors and losses about a charset are said to be.
const Place = "xml declaration"

// Decision says how bytes were understood.
type Decision struct {
	Name     string   // of the charset: "utf-8", "windows-1251"
	Declared string   // as the sender wrote it, in lower case; empty if nowhere
	Notes    []string // what the desk should know; none if the declaration is true
}

func (d *Decision) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// XML returns an XML document in UTF-8 without its byte order mark. It refuses,
// with an error of kind Invalid, a document whose bytes contradict its
// declaration and are too few to tell what they are: a wrong letter in a name is
// worse than a question to the sender.
func XML(data []byte) ([]byte, Decision, error) {
	if text, d, ok := marked(data); ok {
		if err := mustBeUTF8(text, "the byte order mark"); err != nil {
			return nil, d, err
		}
		return text, d, nil
	}
	d := Decision{Name: "utf-8", Declared: declared(data)}
	if d.Declared == "" {
		return d.utf8(data, "XML without an encoding declaration")
	}
	enc, name, err := find(d.Declared)
	switch {
	case err != nil:
		return nil, d, err
	case name == "utf-8":
		return d.utf8(data, "the declaration")
	case strings.HasPrefix(name, "utf-16"):
		// The declaration was readable as ASCII, so it cannot be true.
		text, d, err := d.utf8(data, "the file")
		if err == nil && d.Name == "utf-8" {
			d.note("declared as %s, but is UTF-8: read as UTF-8", d.Declared)
		}
		return text, d, err
	}
	text := d.legacy(data, enc, name)
	return text, d, nil
}

// Text returns plain text in UTF-8. label is the charset that the sender names,
// or empty. Text that nothing explains is taken as windows-1252, with a note.
func Text(data []byte, label string) ([]byte, Decision) {
	if text, d, ok := marked(data); ok {
		return bytes.ToValidUTF8(text, []byte("\uFFFD")), d
	}
	d := Decision{Name: "utf-8", Declared: strings.ToLower(strings.TrimSpace(label))}
	if d.Declared != "" {
		enc, name, err := find(d.Declared)
		if err == nil && name != "utf-8" && !strings.HasPrefix(name, "utf-16") {
			return d.legacy(data, enc, name), d
		}
		if err != nil {
			d.note("charset %q is not one we know: decided by the bytes", d.Declared)
		}
	}
	text, d, err := d.utf8(data, "")
	if err == nil {
		return text, d
	}
	d.Name = "windows-1252"
	d.note("no charset is declared and the text is not UTF-8: taken as windows-1252")
	return d.decode(data, charmap.Windows1252), d
}

// Lookup returns the charset of a label, and its name.
func Lookup(label string) (encoding.Encoding, string, bool) {
	enc, name, err := find(strings.ToLower(strings.TrimSpace(label)))
	return enc, name, err == nil
}

func find(label string) (encoding.Encoding, string, error) {
	switch strings.ReplaceAll(strings.ReplaceAll(label, "_", "-"), " ", "") {
	case "ansi", "win", "win-1252", "windows1252":
		label = "windows-1252"
	case "win-1251", "windows1251", "win1251":
		label = "windows-1251"
	case "win-1256", "windows1256", "win1256":
		label = "windows-1256"
	case "macroman", "mac-roman", "macintosh-roman", "x-macroman":
		label = "macintosh"
	case "maccyrillic", "mac-cyrillic", "x-maccyrillic":
		label = "x-mac-cyrillic"
	case "asmo-449", "asmo708":
		label = "iso-8859-6"
	case "dos-866", "cp-866":
		label = "ibm866"
	case "ibm850", "cp850", "850":
		return charmap.CodePage850, "ibm850", nil
	case "ibm437", "cp437", "437":
		return charmap.CodePage437, "ibm437", nil
	case "ibm852", "cp852", "852":
		return charmap.CodePage852, "ibm852", nil
	case "ibm855", "cp855", "855":
		return charmap.CodePage855, "ibm855", nil
	}
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, "", news.Errorf(news.Invalid, Place, "line 1: encoding %q is not one we know; use UTF-8", label)
	}
	name, err := htmlindex.Name(enc)
	switch {
	case err != nil:
		return nil, "", news.Errorf(news.Invalid, Place, "line 1: encoding %q cannot be read", label)
	case name == "replacement":
		return nil, "", news.Errorf(news.Invalid, Place, "line 1: encoding %q is not safe to read; use UTF-8", label)
	}
	return enc, name, nil
}

// marked reads a file that a byte order mark explains, or the zero bytes that
// UTF-16 leaves between ASCII letters.
func marked(data []byte) ([]byte, Decision, bool) {
	order := unicode.BigEndian
	d := Decision{Name: "utf-16"}
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		d.Name = "utf-8"
		return data[3:], d, true
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return d.decode(data, unicode.UTF16(order, unicode.UseBOM)), d, true
	case len(data) < 4 || data[0] != 0 && data[1] != 0 || bytes.Contains(data[:4], []byte{0, 0}):
		return nil, d, false
	case data[1] == 0 && data[3] == 0:
		order = unicode.LittleEndian
	case data[0] != 0 || data[2] != 0:
		return nil, d, false
	}
	d.note("no charset is declared: the zero bytes are those of UTF-16")
	return d.decode(data, unicode.UTF16(order, unicode.IgnoreBOM)), d, true
}

// utf8 returns bytes that should be UTF-8, or what they are instead. says is who
// promised UTF-8, for the error.
func (d Decision) utf8(data []byte, says string) ([]byte, Decision, error) {
	if utf8.Valid(data) {
		return data, d, nil
	}
	why := "no charset is declared"
	if d.Declared != "" {
		why = "declared as " + d.Declared
	}
	if good, bad := sequences(data); good >= 10*bad {
		d.note("%s, but %d bytes are not UTF-8 and were replaced by U+FFFD", why, bad)
		return bytes.ToValidUTF8(data, []byte("\uFFFD")), d, nil
	}
	if g := guess(data); g.certain() {
		d.Name = g.name
		d.note("%s, but the letters are those of %s: read as %s", why, g.name, g.name)
		return d.decode(data, g.table), d, nil
	}
	return nil, d, mustBeUTF8(data, says)
}

// legacy decodes bytes that are declared to be of another charset than UTF-8.
func (d *Decision) legacy(data []byte, enc encoding.Encoding, name string) []byte {
	d.Name = name
	if name != "iso-2022-jp" && utf8.Valid(data) && !isASCII(data) {
		// Text of any length that is valid UTF-8 by chance in a one-byte charset
		// does not occur.
		d.Name = "utf-8"
		d.note("declared as %s, but is UTF-8: read as UTF-8", d.Declared)
		return data
	}
	if table, ok := enc.(*charmap.Charmap); ok {
		if g := guess(data); g.table != table && g.beats(score(data, table)) {
			d.Name = g.name
			d.note("declared as %s, but the letters are those of %s: read as %s", d.Declared, g.name, g.name)
			enc = g.table
		}
	}
	return d.decode(data, enc)
}

// decode returns the bytes in UTF-8 and notes what the charset does not have.
func (d *Decision) decode(data []byte, enc encoding.Encoding) []byte {
	text, err := enc.NewDecoder().Bytes(data)
	if err != nil { // a decoder replaces what it cannot read; none of ours fails
		text = bytes.ToValidUTF8(data, []byte("\uFFFD"))
	}
	if n := bytes.Count(text, []byte("\uFFFD")); n > 0 {
		d.note("%d characters do not exist in %s and were replaced by U+FFFD", n, d.Name)
	}
	return text
}

// mustBeUTF8 names the first byte that breaks the promise of UTF-8.
func mustBeUTF8(data []byte, says string) error {
	if utf8.Valid(data) {
		return nil
	}
	at := 0
	for {
		c, size := utf8.DecodeRune(data[at:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return news.Errorf(news.Invalid, Place, "line %d: byte %d (0x%02x) is not UTF-8, which %s promises: declare the true encoding",
		1+bytes.Count(data[:at], []byte("\n")), at, data[at], says)
}

// sequences counts the characters of several bytes that are UTF-8, and the bytes
// that are not.
func sequences(data []byte) (good, bad int) {
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		if c == utf8.RuneError && size == 1 {
			bad++
		} else if size > 1 {
			good++
		}
		data = data[size:]
	}
	return good, bad
}

// declared returns the encoding of the XML declaration in lower case.
func declared(data []byte) string {
	data = bytes.TrimLeft(data[:min(len(data), 300)], " \t\r\n")
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return ""
	}
	decl, _, found := bytes.Cut(data, []byte("?>"))
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
