package feed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"jisr/internal/format/dates"
	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// entry is what the three formats have in common. Texts of RSS and Atom may be
// HTML, whatever they are declared as.
type entry struct {
	id, link              string
	title                 string
	summary               string
	html, text            string // the body
	authors               []author
	categories            []category
	published, updated    string
	language              string
	rights, edNote        string
	version               string // which our own writers give
	sourceName            string
	sourceURL             string
	media                 []*medium
	extra                 map[string]json.RawMessage
	places                []news.Concept
	publishedAt, updateAt string // where, for losses
}

type author struct{ name, email, uri string }

type category struct{ scheme, term, label string }

// add turns an entry into an item of the feed.
func (r *reader) add(e *entry) error {
	if r.n > MaxEntries {
		return news.Errorf(news.TooLarge, "", "the feed has more than the %d entries allowed", MaxEntries)
	}
	it := &news.Item{Type: news.Text, URI: r.identity(e)}
	if title := markup.Line(e.title); title != "" {
		it.Headlines = []news.Words{{Value: title}}
	}
	r.texts(it, e)
	r.people(it, e)
	r.times(it, e)
	for _, c := range e.categories {
		r.category(it, c)
	}
	it.Language = r.tag(e.language)
	if it.Language == "" {
		it.Language = r.feed.Language
	}
	it.CopyrightNotice = firstOf(markup.Line(e.rights), r.feed.Copyright)
	it.Places, it.EdNote, it.Version = e.places, e.edNote, strings.TrimSpace(e.version)
	if e.sourceName != "" || e.sourceURL != "" {
		it.InfoSources = append(it.InfoSources, concept(markup.Line(e.sourceName), e.sourceURL, "source"))
	}
	if r.feed.Title != "" {
		it.InfoSources = append(it.InfoSources, concept(r.feed.Title, r.feed.Link, "publisher"))
	}
	if link := r.absolute(e.link); link != "" && link != it.URI {
		it.AltIDs = append(it.AltIDs, news.AltID{Role: "link", Value: link})
	}
	r.attach(it, e.media)
	it.Extra = e.extra
	r.keep(it)
	return nil
}

// keep adds the item to the feed. Of two entries with one id, which broken
// publishers send, the newer counts.
func (r *reader) keep(it *news.Item) {
	i, known := r.seen[it.URI]
	if !known {
		r.seen[it.URI] = len(r.feed.Items)
		r.feed.Items = append(r.feed.Items, it)
		return
	}
	r.lose(r.at(""), "a second entry has the id %s: the newer of both was taken", it.URI)
	if it.VersionCreated.After(r.feed.Items[i].VersionCreated) {
		r.feed.Items[i] = it
	}
}

// at returns where in the feed something of the current entry is.
func (r *reader) at(name string) string {
	if name == "" {
		return fmt.Sprintf("entry[%d]", r.n)
	}
	return fmt.Sprintf("entry[%d]/%s", r.n, name)
}

// identity returns the permanent URI of an entry. An id that is no URI is made
// one under the feed's site, because ids of that kind are unique only there.
func (r *reader) identity(e *entry) string {
	id := strings.TrimSpace(e.id)
	if isURI(id) {
		return id
	}
	if uuid := bareUUID(id); uuid != "" {
		return uuid
	}
	base := firstOf(r.feed.Link, r.feed.Self)
	if id != "" && isURI(base) {
		base, _, _ = strings.Cut(base, "#")
		if uri := base + "#" + url.PathEscape(id); len(uri) <= news.MaxURI {
			return uri
		}
	}
	if link := r.absolute(e.link); id == "" && isURI(link) {
		return link
	}
	if id == "" {
		r.lose(r.at(""), "the entry has neither id nor link: it is known by its words, so a change of them makes another item")
		id = strings.Join([]string{e.title, e.published, e.summary, e.html, e.text}, "\x00")
	}
	sum := sha256.Sum256([]byte(id))
	return "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// isURI reports whether an id is a URI of a scheme that publishers use for
// identities. "wire:123" parses as a URI too, but means nothing elsewhere.
func isURI(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	if !found || rest == "" {
		return false
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		return strings.HasPrefix(rest, "//") && len(rest) > 2 && news.ValidURI("", s) == nil
	case "urn", "tag", "ni", "info", "mid", "at", "doi":
		return news.ValidURI("", s) == nil
	}
	return false
}

func bareUUID(s string) string {
	bare := strings.ToLower(strings.Trim(s, "{}"))
	if len(bare) != 36 || strings.Trim(bare, "0123456789abcdef-") != "" || strings.Count(bare, "-") != 4 {
		return ""
	}
	return "urn:uuid:" + bare
}

// absolute resolves an address against the feed's own; "" if it is none.
func (r *reader) absolute(ref string) string {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		return ""
	}
	u, err := url.Parse(ref)
	if err != nil {
		r.lose(r.at("link"), "%q is not an address", ref)
		return ""
	}
	if u.Scheme == "" {
		base, err := url.Parse(firstOf(r.feed.Link, r.feed.Self))
		if err != nil || base.Scheme == "" {
			r.lose(r.at("link"), "%q is not a whole address", ref)
			return ""
		}
		u = base.ResolveReference(u)
		ref = u.String()
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		r.lose(r.at("link"), "%q is no address on the web", ref)
		return ""
	}
	return ref
}

// texts fills description and body. A description with markup and no body beside
// it often is the whole story, so it becomes both.
func (r *reader) texts(it *news.Item, e *entry) {
	summary := strings.TrimSpace(e.summary)
	plain := markup.Text(summary)
	switch {
	case e.html != "":
		it.Bodies = []news.Words{{ContentType: "text/html", Value: e.html}}
	case e.text != "":
		it.Bodies = []news.Words{{ContentType: "text/plain", Value: e.text}}
	case strings.ContainsRune(summary, '<') && plain != summary:
		it.Bodies = []news.Words{{ContentType: "text/html", Value: summary}}
	}
	if plain != "" && !(len(it.Bodies) > 0 && e.html == summary) {
		it.Descriptions = []news.Words{{Value: plain}}
	}
}

func (r *reader) people(it *news.Item, e *entry) {
	var names []string
	for _, a := range e.authors {
		name := markup.Line(a.name)
		if name == "" && a.email == "" {
			continue
		}
		c := concept(name, a.uri, "")
		if a.email != "" {
			c.Contacts = []news.Contact{{Type: "email", Value: a.email}}
		}
		it.Creators = append(it.Creators, c)
		if name != "" {
			names = append(names, name)
		}
	}
	it.By = strings.Join(names, ", ")
}

func (r *reader) times(it *news.Item, e *entry) {
	it.FirstCreated = r.time(e.published, e.publishedAt)
	if it.VersionCreated = r.time(e.updated, e.updateAt); it.VersionCreated.IsZero() {
		it.VersionCreated = it.FirstCreated
	}
	if it.VersionCreated.Before(it.FirstCreated) {
		it.VersionCreated = it.FirstCreated
	}
}

func (r *reader) time(s, at string) time.Time {
	if strings.TrimSpace(s) == "" {
		return time.Time{}
	}
	t, zoned, ok := dates.Parse(s)
	switch {
	case !ok:
		r.lose(r.at(at), "%q is not a date", s)
	case !zoned:
		r.lose(r.at(at), "the time %q has no zone that can be known: taken as UTC", s)
	}
	return t
}

const statusScheme = "http://cv.iptc.org/newscodes/pubstatusg2/"

// category reads a subject. Our own writers mark a killed item by one of IPTC's
// publication statuses, as feeds have no other place for it.
func (r *reader) category(it *news.Item, c category) {
	c.term, c.label = strings.TrimSpace(c.term), markup.Line(c.label)
	if c.term == "" && c.label == "" {
		return
	}
	if c.scheme == statusScheme {
		switch status := news.PubStatus(c.term); status {
		case news.Usable, news.Withheld, news.Canceled:
			it.PubStatus = status
		default:
			it.PubStatus = news.Withheld
			r.lose(r.at("category"), "%q is no status that we know: the item is withheld until a person decides", c.term)
		}
		return
	}
	s := news.Concept{Name: firstOf(c.label, markup.Line(c.term)), Rel: "category"}
	switch {
	case isURI(c.term):
		s.URI = c.term
	case isURI(c.scheme) && (strings.HasSuffix(c.scheme, "/") || strings.HasSuffix(c.scheme, "#")):
		s.URI, s.Literal = c.scheme+url.PathEscape(c.term), c.term
	case c.label != "" && c.label != c.term:
		s.Literal = c.term
	}
	if s.Name == s.Literal || s.Name == s.URI {
		s.Name = ""
	}
	if len(it.Subjects) < news.MaxList {
		it.Subjects = append(it.Subjects, s)
	}
}

// tag returns a language tag in the form that BCP 47 wants, or "" with a loss.
func (r *reader) tag(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	if s == "" {
		return ""
	}
	if _, err := language.Parse(s); err != nil {
		r.lose("language", "%q is not a BCP 47 language tag", s)
		return ""
	}
	return s
}

func concept(name, uri, role string) news.Concept {
	c := news.Concept{Name: name, Role: role}
	if isURI(uri) {
		c.URI = uri
	}
	return c
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
