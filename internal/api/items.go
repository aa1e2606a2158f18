package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/search"
)

// line is an item as lists show it.
type line struct {
	Position  int64       `json:"position"`
	Origin    string      `json:"origin"`
	URI       string      `json:"uri"`
	Own       bool        `json:"own"`
	Index     int64       `json:"index"`
	Version   int         `json:"version"`
	Act       news.Act    `json:"act"`
	Status    news.Status `json:"status"`
	Blocked   news.Status `json:"blocked,omitempty"`
	Usable    bool        `json:"usable"`
	Type      news.Type   `json:"type"`
	Language  string      `json:"language"`
	Headline  string      `json:"headline"`
	Slugline  string      `json:"slugline"`
	Summary   string      `json:"summary"`
	Desk      string      `json:"desk"`
	Urgency   int         `json:"urgency,omitzero"`
	Machine   bool        `json:"machine_made"`
	Issued    time.Time   `json:"issued"`
	Embargoed time.Time   `json:"embargoed,omitzero"`
	Expires   time.Time   `json:"expires,omitzero"`
}

func (s *server) line(l *newsroom.Line) line {
	return line{
		Position: l.Position, Origin: l.Origin, URI: l.URI, Own: l.Own, Index: l.Index, Version: l.Version, Act: l.Act,
		Status: l.Status, Blocked: l.Blocked, Usable: l.Usable(s.now()), Type: l.Type, Language: l.Language,
		Headline: l.Headline, Slugline: l.Slugline, Summary: l.Summary, Desk: l.Desk, Urgency: l.Urgency,
		Machine: l.Machine, Issued: utc(l.Issued), Embargoed: utc(l.Embargoed), Expires: utc(l.Expires),
	}
}

func (s *server) lines(in []*newsroom.Line) []line {
	out := make([]line, len(in))
	for i, l := range in {
		out[i] = s.line(l)
	}
	return out
}

// listed is a page of the wire. NextBefore is absent on the last page.
type listed struct {
	Items      []line `json:"items"`
	NextBefore int64  `json:"next_before,omitzero"`
}

func (s *server) listItems(w http.ResponseWriter, c *call) error {
	q := query(c)
	words := q.text("q")
	f := newsroom.Filter{
		Origin: q.text("origin"), Language: q.text("language"), Type: news.Type(q.text("type")), Desk: q.text("desk"),
		Before: q.number("before", 0), After: q.number("after", 0), Limit: q.limit(), WithEmbargoed: c.embargoed(),
	}
	if err := q.done(); err != nil {
		return err
	}
	found, next, err := s.find(c.Context(), words, f)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listed{s.lines(found), next})
}

// find reads the wire, or the index when there are words to look for.
func (s *server) find(ctx context.Context, words string, f newsroom.Filter) ([]*newsroom.Line, int64, error) {
	if strings.TrimSpace(words) != "" {
		return s.findWords(ctx, words, f)
	}
	found, err := s.newsroom.Wire(ctx, f)
	if err != nil || len(found) < f.Limit {
		return found, 0, err
	}
	return found, found[len(found)-1].Position, nil
}

func (s *server) findWords(ctx context.Context, words string, f newsroom.Filter) ([]*newsroom.Line, int64, error) {
	switch {
	case s.search == nil:
		return nil, 0, news.Errorf(news.Unavailable, "q", "this node has no search index")
	case f.Desk != "":
		return nil, 0, news.Errorf(news.Invalid, "desk", "words cannot be looked for on one desk")
	case f.After != 0:
		return nil, 0, news.Errorf(news.Invalid, "after", "what was found is read with before")
	}
	found, err := s.search.Search(ctx, search.Query{Text: words, Language: f.Language, Type: f.Type, Origin: f.Origin,
		WithEmbargoed: f.WithEmbargoed, Before: f.Before, Limit: f.Limit})
	if err != nil || len(found.Hits) == 0 {
		return nil, 0, err
	}
	keys := make([][2]string, len(found.Hits))
	for i, h := range found.Hits {
		keys[i] = [2]string{h.Origin, h.URI}
	}
	// The index follows the journal on its own: what the wire shows by now, and to
	// this reader, is what is answered.
	lines, err := s.newsroom.Lines(ctx, keys, f.WithEmbargoed)
	return lines, found.NextBefore, err
}

// name reads which item a request speaks of. URIs hold slashes, colons and
// whatever else, which proxies mangle in a path: here they are parameters. The
// origin is this house when none is given.
func (s *server) name(q *params) (origin, uri string) {
	uri = q.required("uri")
	if origin = q.text("origin"); origin == "" {
		origin = s.ledger.Origin()
	}
	return origin, uri
}

// version is one act on an item.
type version struct {
	Version  int          `json:"version"`
	Act      news.Act     `json:"act"`
	Reason   string       `json:"reason,omitempty"`
	At       time.Time    `json:"at"`
	Actor    ledger.Actor `json:"actor"`
	Position int64        `json:"position"`
	Index    int64        `json:"index"`
	Hash     string       `json:"hash"`
}

// use is a report of what an organisation did with an item.
type use struct {
	news.UseBody
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Position int64     `json:"position"`
}

// item is all that is known about an item but its content.
type item struct {
	line
	Versions     []version            `json:"versions"`
	Uses         []use                `json:"uses"`
	Sources      []line               `json:"sources"`
	Derived      []line               `json:"derived"`
	Media        []string             `json:"media"`
	MediaMissing []string             `json:"media_missing"`
	Applied      map[string]time.Time `json:"applied"`
	Confirmed    map[string]time.Time `json:"confirmed"`
}

func (s *server) showItem(w http.ResponseWriter, c *call) error {
	q := query(c)
	origin, uri := s.name(q)
	if err := q.done(); err != nil {
		return err
	}
	v, err := s.newsroom.Item(c.Context(), origin, uri, c.embargoed())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.item(v))
}

func (s *server) item(v *newsroom.View) *item {
	out := &item{
		line: s.line(&v.Line), Sources: s.lines(v.Sources), Derived: s.lines(v.Derived),
		Media: v.Item.Digests(), MediaMissing: v.MediaMissing,
	}
	for _, a := range v.Versions {
		out.Versions = append(out.Versions, version{a.Version, a.Act, a.Reason, utc(a.At), a.Actor, a.Position, a.Index, a.Hash})
	}
	for _, u := range v.Uses {
		out.Uses = append(out.Uses, use{u.UseBody, u.By, utc(u.At), u.Position})
	}
	out.Applied, out.Confirmed = newsroom.ReachedBy(v)
	return out
}

// itemContent answers with the very bytes that the entry of a version commits
// to: their digest is the ETag and stands in the proof file.
func (s *server) itemContent(w http.ResponseWriter, c *call) error {
	q := query(c)
	origin, uri := s.name(q)
	number := int(q.number("version", 0))
	if err := q.done(); err != nil {
		return err
	}
	l, err := s.newsroom.Line(c.Context(), origin, uri, c.embargoed())
	if err != nil {
		return err
	}
	r, err := s.versionRecord(c, l, number)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Jisr-Status", string(l.Status)) // of the item now, whatever version is read
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", `"`+r.Content.String()+`"`)
	if matches(c.Header.Get("If-None-Match"), h.Get("ETag")) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/json")
	_, err = w.Write(r.Body)
	return err
}

// versionRecord returns the entry of a version, 0 for the newest, with content
// that the caller may see.
func (s *server) versionRecord(c *call, l *newsroom.Line, number int) (*ledger.Record, error) {
	position := l.Position
	if number != 0 && number != l.Version {
		v, err := s.newsroom.Item(c.Context(), l.Origin, l.URI, c.embargoed())
		if err != nil {
			return nil, err
		}
		position = positionOf(v.Versions, number)
	}
	missing := news.Errorf(news.NotFound, "version", "there is no content of version %d of %s here", number, l.URI)
	if position == 0 {
		return nil, missing
	}
	r, err := s.ledger.At(c.Context(), position)
	if err != nil {
		return nil, err
	}
	if r.Body == nil || r.Content == nil || !c.embargoed() && embargoOf(r).After(s.now()) {
		return nil, missing
	}
	return r, nil
}

func positionOf(versions []newsroom.Version, number int) int64 {
	for _, v := range versions {
		if v.Version == number {
			return v.Position
		}
	}
	return 0
}

// forEver is the embargo of an item entry that cannot be read: nobody can say
// when it ends.
var forEver = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// embargoOf returns when the embargo of an item entry ends: the later of what
// its label and its content say.
func embargoOf(r *ledger.Record) time.Time {
	e, err := r.Entry()
	if err != nil {
		return forEver
	}
	var b news.ItemBody
	if err := e.Decode(&b); err != nil {
		return forEver
	}
	if r.Body == nil {
		return b.Label.Embargoed
	}
	it, _, err := ninjs.Read(r.Body)
	if err != nil {
		return forEver
	}
	if it.Embargoed.After(b.Label.Embargoed) {
		return it.Embargoed
	}
	return b.Label.Embargoed
}

// matches reports whether an If-None-Match header (RFC 9110 §13.1.2) names the
// entity tag.
func matches(header, tag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}

func (s *server) itemProof(w http.ResponseWriter, c *call) error {
	q := query(c)
	origin, uri := s.name(q)
	number := int(q.number("version", 0))
	if err := q.done(); err != nil {
		return err
	}
	if _, err := s.newsroom.Line(c.Context(), origin, uri, c.embargoed()); err != nil {
		return err
	}
	p, err := s.exchange.Proof(c.Context(), origin, uri, number)
	if err != nil {
		return err
	}
	b, err := p.Encode()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="proof.json"`)
	_, err = w.Write(b)
	return err
}

func (s *server) mayUse(w http.ResponseWriter, c *call) error {
	q := query(c)
	origin, uri := s.name(q)
	purpose := exchange.Purpose(q.required("purpose"))
	switch purpose {
	case exchange.ToPublish, exchange.ToTranslate, exchange.ToEdit, exchange.ToForward:
	default:
		q.fail("purpose", "%q is not publish, translate, edit or forward", purpose)
	}
	if err := q.done(); err != nil {
		return err
	}
	l, err := s.newsroom.Line(c.Context(), origin, uri, c.embargoed())
	if err != nil {
		return err
	}
	d, err := s.exchange.MayUse(c.Context(), l.Position, l.Blocked, l.Expires, purpose)
	if err != nil {
		return err
	}
	d.Until = utc(d.Until)
	return writeJSON(w, http.StatusOK, d)
}
