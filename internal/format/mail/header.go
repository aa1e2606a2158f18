package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"

	"github.com/emersion/go-message/textproto"
	"golang.org/x/text/language"

	"jisr/internal/format/charset"
	"jisr/internal/format/dates"
	"jisr/internal/news"
)

// header gives the fields of a message or part, decoded.
type header struct{ textproto.Header }

// text returns a field with its encoded words decoded, on one line.
func (h header) text(name string) string { return line(decodeWords(h.Get(name))) }

func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// contentType returns the media type of a part and its parameters. What a broken
// program wrote is read as far as it goes.
func (h header) contentType() (mediaType string, params map[string]string) {
	field := h.Get("Content-Type")
	mediaType, params, err := mime.ParseMediaType(field)
	if mediaType == "" || err != nil {
		mediaType, _, _ = strings.Cut(strings.ToLower(field), ";")
		mediaType = strings.TrimSpace(mediaType)
		params = map[string]string{}
		for name, re := range map[string]*regexp.Regexp{
			"boundary": regexp.MustCompile(`(?i)boundary\s*=\s*"?([^";\r\n]+)"?`),
			"charset":  regexp.MustCompile(`(?i)charset\s*=\s*"?([^";\s]+)"?`),
			"name":     regexp.MustCompile(`(?i)\bname\s*=\s*"?([^";\r\n]+)"?`),
		} {
			if m := re.FindStringSubmatch(field); m != nil {
				params[name] = strings.TrimSpace(m[1])
			}
		}
	}
	if !strings.Contains(mediaType, "/") {
		mediaType = "text/plain" // RFC 2045 §5.2
	}
	return mediaType, params
}

// encodedWords matches the encoded words of RFC 2047.
func encodedWords() *regexp.Regexp {
	return regexp.MustCompile(`=\?([A-Za-z0-9_.:-]+)(?:\*[A-Za-z-]+)?\?([bBqQ])\?([^?\s]*)\?=`)
}

// decodeWords decodes the encoded words of a field. Neighbours in one charset are
// decoded together, because programs cut letters of two bytes in half.
func decodeWords(s string) string {
	var found [][]int
	if strings.Contains(s, "=?") {
		found = encodedWords().FindAllStringSubmatchIndex(s, -1)
	}
	if len(found) == 0 {
		text, _ := charset.Text([]byte(s), "")
		return string(text)
	}
	var out strings.Builder
	var pending []byte
	label, from := "", 0
	flush := func() {
		if len(pending) > 0 {
			text, _ := charset.Text(pending, label)
			out.Write(text)
			pending = nil
		}
	}
	for _, m := range found {
		between := s[from:m[0]]
		word := strings.ToLower(s[m[2]:m[3]])
		if strings.TrimSpace(between) != "" || word != label {
			flush()
		}
		if strings.TrimSpace(between) != "" || from == 0 {
			raw, _ := charset.Text([]byte(between), "")
			out.Write(raw)
		}
		label, from = word, m[1]
		pending = append(pending, decodeWord(s[m[4]:m[5]], s[m[6]:m[7]])...)
	}
	flush()
	raw, _ := charset.Text([]byte(s[from:]), "")
	out.Write(raw)
	return out.String()
}

func decodeWord(encoding, s string) []byte {
	if strings.EqualFold(encoding, "b") {
		return decodeBase64([]byte(s))
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// decodeBase64 reads base64 whatever stands between its letters.
func decodeBase64(data []byte) []byte {
	letters := bytes.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/') {
			return r
		}
		return -1
	}, data)
	if len(letters)%4 == 1 {
		letters = letters[:len(letters)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(letters)))
	n, _ := base64.RawStdEncoding.Decode(out, letters)
	return out[:n]
}

// header reads what the fields of a mail say of it.
func (m *message) header(h header, data []byte, path string) {
	it := m.it
	if it.URI = mid(h.Get("Message-Id")); it.URI == "" {
		it.URI = nameByHash(data)
		m.lose(where(path, "message-id"), "the mail has no usable Message-ID: it is known by its bytes, so a second copy is another item")
	}
	if subject := h.text("Subject"); subject != "" {
		it.Headlines = []news.Words{{Value: subject}}
		if speaksOfEmbargo(subject) {
			it.PubStatus = news.Withheld
			m.lose(where(path, "subject"), "the subject speaks of an embargo, whose end a program cannot know: withheld until a person decides")
		}
	}
	m.sender(h, path)
	if s := h.Get("Date"); s != "" {
		t, zoned, ok := dates.Parse(s)
		if !ok {
			m.lose(where(path, "date"), "%q is not a date", s)
		} else if !zoned {
			m.lose(where(path, "date"), "the time %q has no zone that can be known: taken as UTC", s)
		}
		it.FirstCreated, it.VersionCreated = t, t
	}
	for _, name := range []string{"Expires", "Expiry-Date"} { // RFC 4021
		if t, _, ok := dates.Parse(h.Get(name)); ok && it.Expires.IsZero() {
			it.Expires = t
		}
	}
	if s := line(h.Get("Content-Language")); s != "" {
		if _, err := language.Parse(s); err == nil {
			it.Language = s
		}
	}
	for k := range strings.SplitSeq(h.text("Keywords"), ",") {
		if k = strings.TrimSpace(k); k != "" && len(it.Subjects) < 200 {
			it.Subjects = append(it.Subjects, news.Concept{Name: k, Rel: "keyword"})
		}
	}
	for _, name := range []string{"In-Reply-To", "Reply-To", "Organization", "List-Id", "X-Priority", "Importance", "Supersedes", "Comments"} {
		m.keep(name, h.text(name))
	}
	m.auto = h.Has("Auto-Submitted") && !strings.EqualFold(line(h.Get("Auto-Submitted")), "no")
	if m.auto {
		it.PubStatus = news.Withheld
		m.lose(where(path, "auto-submitted"), "a program wrote the mail, perhaps an answer while someone is away: withheld until a person decides")
	}
}

// speaksOfEmbargo looks for the word in the languages of those who write to us.
func speaksOfEmbargo(s string) bool {
	s = strings.ToLower(s)
	for _, word := range []string{"embargo", "эмбарго", "محظور النشر", "حظر النشر", "إمبارغو", "امبارغو", "sperrfrist"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

func (m *message) keep(name, value string) {
	if value == "" {
		return
	}
	if m.it.Extra == nil {
		m.it.Extra = map[string]json.RawMessage{}
	}
	m.it.Extra["mail/"+strings.ToLower(name)], _ = json.Marshal(value) // a string always can be
}

// sender reads who wrote the mail. Nothing proves it: a name in a mail is a claim.
func (m *message) sender(h header, path string) {
	from := h.text("From")
	var names []string
	for _, a := range addresses(from) {
		c := news.Concept{Name: line(a.Name), Role: "sender", Contacts: []news.Contact{{Type: "email", Value: a.Address}}}
		if c.Name == "" {
			c.Name = a.Address
		} else {
			names = append(names, c.Name)
		}
		m.it.InfoSources = append(m.it.InfoSources, c)
	}
	if len(m.it.InfoSources) == 0 && from != "" {
		m.lose(where(path, "from"), "%q is not an address", from)
		names = []string{from}
	}
	m.it.By = strings.Join(names, ", ")
}

// addresses parses a list of addresses whose encoded words are decoded by now,
// as leniently as it can.
func addresses(s string) []*netmail.Address {
	if list, err := netmail.ParseAddressList(s); err == nil {
		return list[:min(len(list), 50)]
	}
	before, rest, found := strings.Cut(s, "<")
	address, _, _ := strings.Cut(rest, ">")
	if address = strings.TrimSpace(address); found && strings.Contains(address, "@") {
		return []*netmail.Address{{Name: strings.Trim(before, ` "'`), Address: address}}
	}
	return nil
}
