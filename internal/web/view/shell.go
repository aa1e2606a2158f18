// Package view is the pages: for each a struct that holds exactly what it shows
// and a template that shows it. Templates choose and repeat; they decide
// nothing, and every word comes from package locales.
//
// Its invariant: a page carries no script or style of its own (the content
// security policy would stop them), names its language and direction, and puts
// each text of a stranger into an element with the text's own language and
// direction.
package view

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/vocab"
	"jisr/internal/web/locales"
	"jisr/internal/web/prose"
)

// Shell is what every page needs: the reader's language, who reads, and what
// stands around the content.
type Shell struct {
	*locales.Language
	Look     Look
	Title    string
	Section  string         // the entry of the menu that is marked
	Here     string         // path and query of the page, to come back to
	Org      string         // name of the organisation, in the reader's language
	Origin   string         // of this node's ledger
	Me       *people.Caller // nil before sign-in
	Now      time.Time      // in the newsroom's time zone
	Notices  int            // kills and holds that wait for an editor
	ReadOnly string         // why nothing can be issued; empty normally
	Done     string         // what just succeeded: a key under "done."; empty for nothing
	Problem  *Problem       // what went wrong with the form on the page
	Assets   Assets
	Names    map[string]string // of organisations, by origin
	Concepts Concepts          // how the concepts on the page are called
}

// Concepts says how concepts are called: by their vocabularies, where those are
// known.
type Concepts struct{ *vocab.Names }

// Of returns the name of a concept in the reader's language, as far as there is
// one.
func (c Concepts) Of(one *news.Concept) string {
	if c.Names == nil {
		return or(one.Name, or(one.Literal, one.URI))
	}
	return c.Names.Of(one)
}

// Assets are the addresses of the static files, with their hash in the name.
type Assets struct {
	Style, Script, Icon string
	Drafts              string // what keeps a draft while it is written
	Editor              string // empty where it was not bundled
}

// Problem is what was wrong with an input.
type Problem struct {
	Field  string // name of the form field; empty for the whole
	Text   string // in the reader's language
	Detail string // in English, as the service said it; empty if Text says all
}

// Can reports whether the reader has the permission, so that a page offers only
// what it would allow.
func (s Shell) Can(p people.Permission) bool { return s.Me.Can(p) }

// Name returns how the organisation is called, or its origin.
func (s Shell) Name(origin string) string {
	if n := s.Names[origin]; n != "" {
		return n
	}
	return origin
}

// Local returns the time in the newsroom's zone.
func (s Shell) Local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(s.Now.Location())
}

// Zone names the newsroom's time zone.
func (s Shell) Zone() string { return s.Now.Format("MST") }

// Wrong returns the problem with the field, or nil.
func (s Shell) Wrong(field string) *Problem {
	if s.Problem != nil && s.Problem.Field == field {
		return s.Problem
	}
	return nil
}

// Languages lists the languages of the interface in their own words.
func (s Shell) Languages() []Option {
	names := map[string]string{"ar": "العربية", "ru": "Русский", "en": "English"}
	var out []Option
	for _, tag := range locales.Tags {
		out = append(out, Option{Value: tag, Label: names[tag], Chosen: tag == s.Tag})
	}
	return out
}

// Look is how the pages look in one browser.
type Look struct{ Theme, Density string }

// The first of each is what nobody chose.
var (
	Themes    = []string{"system", "light", "dark"}
	Densities = []string{"comfortable", "compact"}
)

// looks makes the choices of a part of the look.
func (s Shell) looks(part string, values []string, chosen string) []Option {
	var out []Option
	for _, v := range values {
		out = append(out, Option{Value: v, Label: s.T("look." + part + "_" + v), Chosen: v == chosen || chosen == "" && v == values[0]})
	}
	return out
}

// MenuEntry is a section of the site.
type MenuEntry struct {
	Key, Path string
	Needs     people.Permission
}

// MenuGroup is a part of the menu under a heading.
type MenuGroup struct {
	Key     string
	Entries []MenuEntry
}

var menu = []MenuGroup{
	{"news", []MenuEntry{
		{"wire", "/wire", people.ReadWire},
		{"drafts", "/drafts", people.ReadDrafts},
		{"diary", "/diary", people.ReadDrafts},
		{"notices", "/notices", people.ReadWire},
		{"arrivals", "/arrivals", people.ReadDrafts},
	}},
	{"exchange", []MenuEntry{
		{"sources", "/sources", people.ManageNode},
		{"subscribers", "/subscribers", people.ReadDelivery},
		{"partners", "/partners", people.ReadPartners},
		{"agreements", "/agreements", people.ReadPartners},
		{"ledger", "/ledger", people.ReadJournal},
	}},
	{"house", []MenuEntry{
		{"organisation", "/organisation", people.ReadPartners},
		{"vocabulary", "/vocabulary", people.ReadWire},
		{"desks", "/desks", people.ManageNode},
		{"accounts", "/accounts", people.ManagePeople},
	}},
}

// Menu lists the sections that the reader may see.
func (s Shell) Menu() []MenuGroup {
	var out []MenuGroup
	for _, g := range menu {
		var entries []MenuEntry
		for _, e := range g.Entries {
			if s.Can(e.Needs) {
				entries = append(entries, e)
			}
		}
		if len(entries) > 0 {
			out = append(out, MenuGroup{g.Key, entries})
		}
	}
	return out
}

// Option is a choice of a form field.
type Option struct {
	Value, Label string
	Chosen       bool
}

// Input describes a field of a form. Name is also its id.
type Input struct {
	Name, Label, Hint, Value string
	Type                     string // of the input element; text if empty
	Lang, Dir                string // of what is typed
	Rows                     int    // of a text area
	Attrs                    templ.Attributes
}

// Link builds an address of this site from a path and query names and values in
// turn; empty values are left out.
func Link(path string, query ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Set(query[i], query[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// ItemLink is the address of a page about an item.
func ItemLink(path, origin, uri string, query ...string) string {
	return Link(path, append([]string{"origin", origin, "uri", uri}, query...)...)
}

// Render writes the page. Characters that override the direction of text are
// shown instead of obeyed, wherever in the page they stand.
func Render(ctx context.Context, w io.Writer, page templ.Component) error {
	var b bytes.Buffer
	b.Grow(32 << 10)
	if err := page.Render(ctx, &b); err != nil {
		return err
	}
	_, err := w.Write(prose.ShowOverrides(b.Bytes()))
	return err
}
