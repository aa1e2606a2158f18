package view

import (
	"net/url"
	"strings"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/prose"
)

// Item is the page of one item.
type Item struct {
	Shell
	V        *newsroom.View
	Old      int    // the earlier version that is shown; 0 for the newest
	Dateline string // place and date line
	Body     string // sanitised HTML
	Media    []Medium
	Issuer   *exchange.Profile // nil if unknown
	Uses     []Permit          // may I use it?
	Proof    *Proof            // nil where there is none yet
	Acts     []news.Act        // that the reader may perform now
	Reached  []Reached         // what partners did about a kill or hold of ours
}

// Permit answers whether the reader's house may do something with an item.
type Permit struct {
	Purpose string // key under "purpose."
	Answer  string // yes, no or ask
	Why     string // the deciding term, in the reader's language
	Term    string // as the agreement writes it; may be empty
}

// Proof says in figures what the ledger proves of the version shown.
type Proof struct {
	Index     int64 // of the entry in the issuer's ledger
	Size      int64 // entries that the checkpoint covers
	Root      string
	Hash      string
	Witnesses []Witness
}

// Witness is an organisation that signed the checkpoint too.
type Witness struct {
	Name string // origin
	At   time.Time
}

// Reached says when a partner applied a stop, and when its editor confirmed.
type Reached struct {
	Origin             string
	Applied, Confirmed time.Time
}

// Changes is the comparison of two versions.
type Changes struct {
	Shell
	Origin, URI, Language string
	From, To              newsroom.Version
	Versions              []newsroom.Version
	Headline, Summary     prose.Paragraph
	Fields                []FieldChange
	Body                  []prose.Paragraph
	Nothing               bool // no word of the text differs
}

// FieldChange is a part of the metadata that differs.
type FieldChange struct {
	Key    string // under "field."
	Pieces prose.Paragraph
}

// Act is the page that asks for a reason before an item is held, released or
// killed.
type Act struct {
	Shell
	Act       news.Act
	Line      *newsroom.Line
	Reason    string
	Receivers []string // origins that will be told
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func version(v *newsroom.View, old int) newsroom.Version {
	for _, one := range v.Versions {
		if one.Version == old || old == 0 && one.Version == v.Version {
			return one
		}
	}
	return newsroom.Version{Version: v.Version, At: v.Issued}
}

// actor is who acted, in words: the role, and the name of those who want to be
// named.
func actor(s Shell, role, name string) string {
	words := role
	if s.Has("role." + role) {
		words = s.T("role." + role)
	}
	if name != "" && words != "" {
		return words + " · " + name
	}
	return or(name, words)
}

// conceptNames says how the concepts are called in the reader's language.
func conceptNames(all []news.Concept, s Shell) []string {
	var out []string
	for _, c := range all {
		if name := s.Concepts.Of(&c); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// sourceType is how the content came to be, in words.
func sourceType(s Shell, uri string) string {
	code := strings.TrimPrefix(uri, news.DigitalSourceBase)
	if s.Has("made." + code) {
		return s.T("made." + code)
	}
	return code
}

// webLink returns the address if a browser may follow it, else "".
func webLink(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return address
}

// undoes reports whether the act needs a page of its own rather than a draft.
func undoes(a news.Act) bool { return a == news.Hold || a == news.Release || a == news.Kill }
