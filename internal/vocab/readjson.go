package vocab

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"jisr/internal/news"
)

// jsonScheme is a concept scheme in IPTC's JSON (IKOS,
// https://www.iptc.org/std/IKOS/IKOS.jsonld), under today's names and those of
// earlier releases.
type jsonScheme struct {
	URI        string        `json:"uri"`
	ID         string        `json:"@id"`
	Alias      string        `json:"prefSchemeAlias"`
	OldAlias   string        `json:"prefAlias"`
	Authority  string        `json:"authority"`
	Released   string        `json:"dateReleased"`
	Names      texts         `json:"prefLabel"`
	Definition texts         `json:"definition"`
	Concepts   []jsonConcept `json:"conceptSet"`
	Graph      []jsonConcept `json:"@graph"`
}

type jsonConcept struct {
	URI        string `json:"uri"`
	ID         string `json:"@id"`
	QCode      string `json:"qcode"`
	InScheme   list   `json:"inScheme"`
	Names      texts  `json:"prefLabel"`
	Labels     texts  `json:"altLabel"`
	Definition texts  `json:"definition"`
	Broader    list   `json:"broader"`
	ExactMatch list   `json:"exactMatch"`
	Retired    string `json:"retired"`
	Replaced   list   `json:"isReplacedBy"`
	Replaced2  list   `json:"replacedBy"`
}

func readJSON(data []byte) (*Edition, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	// Some of IPTC's definitions hold line breaks and tabs as they are, which JSON
	// forbids. Outside texts a space is as good.
	data = bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, data)
	var in jsonScheme
	if err := json.Unmarshal(data, &in); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, news.Errorf(news.Invalid, "file", "this is not valid JSON, from byte %d on", syntax.Offset).Because(err)
		}
		return nil, news.Errorf(news.Invalid, "file", "this is not a vocabulary in IPTC's JSON").Because(err)
	}
	concepts := in.Concepts
	if len(concepts) == 0 {
		concepts = in.Graph
	}
	e := &Edition{Scheme: Scheme{URI: first(in.URI, in.ID), Alias: first(in.Alias, in.OldAlias), Authority: in.Authority,
		Edition: when(in.Released), Names: in.Names.single(), Definitions: in.Definition.single()}}
	if e.Scheme.URI == "" || len(concepts) == 0 {
		return nil, news.Errorf(news.Invalid, "file", "the JSON has no uri with a conceptSet: is it one concept instead of a whole vocabulary?")
	}
	for i := range concepts {
		j := &concepts[i]
		if !e.holds(j.InScheme) {
			e.note("%s is of another vocabulary", first(j.URI, j.ID))
			continue
		}
		alias, code, _ := strings.Cut(j.QCode, ":")
		if e.Scheme.Alias == "" {
			e.Scheme.Alias = alias
		}
		c := Concept{URI: first(j.URI, j.ID), Code: code, Names: j.Names.single(), Labels: j.Labels, Definitions: j.Definition.single(),
			Retired: when(j.Retired)}
		if c.URI == "" {
			c.URI = e.expand(j.QCode, nil)
		}
		for _, b := range j.Broader {
			c.Broader = append(c.Broader, e.expand(b, nil))
		}
		for _, m := range j.ExactMatch {
			c.ExactMatch = append(c.ExactMatch, e.expand(m, nil))
		}
		if r := append(j.Replaced, j.Replaced2...); len(r) > 0 {
			c.ReplacedBy = e.expand(r[0], nil)
		}
		e.Concepts = append(e.Concepts, c)
	}
	return e, nil
}

// holds reports whether a concept of these schemes is of the edition's.
func (e *Edition) holds(schemes []string) bool {
	for _, s := range schemes {
		if strings.TrimRight(Canonical(s), "/") == strings.TrimRight(Canonical(e.Scheme.URI), "/") {
			return true
		}
	}
	return len(schemes) == 0
}

func first(texts ...string) string {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			return t
		}
	}
	return ""
}

// texts are texts by language: IPTC writes one or a list of them.
type texts map[string][]string

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(b []byte) error {
	var in map[string]list
	if err := json.Unmarshal(b, &in); err != nil {
		return nil //nolint:nilerr // a text without language, null: nothing to show to a reader of any
	}
	*t = make(texts, len(in))
	for lang, l := range in {
		(*t)[lang] = l
	}
	return nil
}

// single returns the first text of each language.
func (t texts) single() map[string]string {
	out := make(map[string]string, len(t))
	for lang, l := range t {
		if len(l) > 0 {
			out[lang] = l[0]
		}
	}
	return out
}

// list is a text or a list of texts.
type list []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		if one != "" {
			*l = list{one}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}
