package vocab

import (
	"bytes"
	"strings"
	"time"

	"jisr/internal/format/newsmlg2"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// Read reads a vocabulary in one of the forms in which IPTC publishes its own:
// JSON (format=json, format=jsonld), a NewsML-G2 knowledgeItem (format=g2ki) or
// SKOS as RDF/XML (format=rdfxml). The file is hostile: its size, depth and
// counts are bounded, it is expanded and fetched from nowhere.
func Read(data []byte) (*Edition, error) {
	if len(data) > MaxFile {
		return nil, news.Errorf(news.TooLarge, "file", "the file has more than %d MB", MaxFile>>20)
	}
	var e *Edition
	var err error
	switch head := bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 4096)], []byte("\xef\xbb\xbf")), " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("{")), bytes.HasPrefix(head, []byte("[")):
		e, err = readJSON(data)
	case isTurtle(head):
		return nil, news.Errorf(news.Invalid, "file", "RDF/Turtle is not read: take the same vocabulary as JSON, RDF/XML or NewsML-G2 (at IPTC: ?format=json, rdfxml or g2ki)")
	default:
		switch root, _ := xmltree.Root(data[:min(len(data), 64<<10)]); root {
		case "knowledgeItem":
			e, err = readKnowledgeItem(data)
		case "RDF":
			e, err = readRDF(data)
		case "html":
			return nil, news.Errorf(news.Invalid, "file", "this is a web page: add ?format=json&lang=x-all to an address at cv.iptc.org")
		default:
			return nil, news.Errorf(news.Invalid, "file", "this is no vocabulary that can be read: give IPTC's JSON, NewsML-G2 knowledgeItem or RDF/XML")
		}
	}
	if err != nil {
		return nil, err
	}
	if e.Scheme.Alias == "" {
		e.Scheme.Alias = guessAlias(e.Scheme.URI)
	}
	return e, nil
}

func isTurtle(head []byte) bool {
	h := bytes.ToLower(head)
	return bytes.HasPrefix(h, []byte("@prefix")) || bytes.HasPrefix(h, []byte("@base")) || bytes.HasPrefix(h, []byte("prefix "))
}

// guessAlias makes an alias of the last step of a scheme's URI, for files that
// give none.
func guessAlias(uri string) string {
	uri = strings.TrimRight(uri, "/#")
	last := uri[strings.LastIndexAny(uri, "/#:")+1:]
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return -1
	}, last)
}

// expand turns what a file points to, a URI or a QCode, into a URI. Aliases are
// those of the file's own scheme, its catalog and IPTC's.
func (e *Edition) expand(name string, catalog map[string]string) string {
	name = strings.TrimSpace(name)
	if name == "" || strings.Contains(name, "://") {
		return name
	}
	alias, code, ok := strings.Cut(name, ":")
	if !ok {
		return name
	}
	base := catalog[alias]
	if base == "" && alias == e.Scheme.Alias {
		base = e.Scheme.URI
	}
	if base == "" {
		base, _ = newsmlg2.SchemeURI(alias)
	}
	if base == "" {
		return name // urn:… and the like
	}
	return base + newsmlg2.EscapeCode(code)
}

// when reads a date as IPTC writes it, or a day; zero if it is none.
func when(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
