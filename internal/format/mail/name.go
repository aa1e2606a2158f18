package mail

import (
	"mime"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxName = 150 // bytes: file systems take 255, and we may add to it

// fileName returns how a part wants to be shown and the name of its file.
func (m *message) fileName(h header, params map[string]string) (disposition, name string) {
	field := h.Get("Content-Disposition")
	disposition, more, err := mime.ParseMediaType(field)
	if err != nil {
		disposition, _, _ = strings.Cut(strings.ToLower(field), ";")
		disposition = strings.TrimSpace(disposition)
	}
	name = more["filename"]
	if name == "" {
		name = params["name"]
	}
	// Many programs put encoded words where RFC 2231 wants its own form.
	return disposition, SafeName(decodeWords(name))
}

// SafeName returns a name that is one and nothing else wherever it is written:
// its last step, without control characters, without those that change the
// direction of text ("gpj.exe" shown as "exe.jpg"), without leading dots.
func SafeName(s string) string {
	s = strings.ToValidUTF8(s, "_")
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		case strings.ContainsRune(`:*?"<>|`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	s = strings.TrimRight(strings.TrimLeft(strings.TrimSpace(s), ". "), ". ")
	if len(s) <= maxName {
		return s
	}
	ext := path.Ext(s)
	if len(ext) > 10 {
		ext = ""
	}
	cut := s[:maxName-len(ext)]
	for !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	return cut + ext
}

// extension returns the ending of files of a media type, the same on every
// machine.
func extension(mediaType string) string {
	switch mediaType {
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "application/pdf":
		return ".pdf"
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/calendar":
		return ".ics"
	}
	return ".bin"
}
