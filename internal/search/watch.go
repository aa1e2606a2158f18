package search

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Watch is a search that is held against items one by one, as they come, instead
// of against the index. It finds in an item what the index would.
type Watch struct {
	expr          *expr // nil: anything
	query         *parsed
	from, to      time.Time
	in            *time.Location
	withEmbargoed bool
	withKilled    bool
}

// NewWatch reads a search of words; see docs/search.md for how it is written.
// Invalid if it is wrong or holds no word. It takes items whatever their embargo
// and status, which are for the caller to judge.
func NewWatch(query string) (*Watch, error) {
	q, err := parse(newAnalyser(), query, "", time.Now())
	if err != nil {
		return nil, err
	}
	if q.empty() {
		return nil, news.Errorf(news.Invalid, "q", "%q holds no word to look for", query)
	}
	return &Watch{expr: q.expr, query: q, in: time.UTC, withEmbargoed: true, withKilled: true}, nil
}

// Watch reads a saved search: it takes what Search would find with the same query.
// Other spellings of names (translit:) are those that are known now.
func (s *Service) Watch(ctx context.Context, q Query) (*Watch, error) {
	p, err := s.parse(ctx, q)
	if err != nil {
		return nil, err
	}
	filters := q.filters()
	if p.empty() && filters == nil && q.From.IsZero() && q.To.IsZero() {
		return nil, news.Errorf(news.Invalid, "q", "%q holds no word to look for", q.Text)
	}
	if p.empty() && strings.TrimSpace(q.Text) != "" {
		return nil, news.Errorf(news.Invalid, "q", "%q holds no word to look for", q.Text)
	}
	return &Watch{expr: combine(all, p.expr, filters), query: p, from: q.From, to: q.To, in: q.calendar(),
		withEmbargoed: q.WithEmbargoed, withKilled: q.WithKilled || p.killed}, nil
}

// Reader reads items for watches. Its methods may be called from many
// goroutines.
type Reader struct {
	mu sync.Mutex
	a  *analyser
}

// NewReader returns a reader.
func NewReader() *Reader { return &Reader{a: newAnalyser()} }

// Text is the words of an item, ready for watches.
type Text struct {
	uri       string
	status    news.Status
	issued    time.Time // zero: now
	embargoed time.Time
	fields    []string // of headline, slugline …, in order, "" for a gap
	placed    []string // of the text
	has       map[string]bool
}

// Read returns the words of an item that is about to be issued or sent: one of no
// house, desk and time.
func (r *Reader) Read(it *news.Item) *Text { return r.ReadOf("", "", it) }

// ReadOf returns the words of an item of an origin and a desk.
func (r *Reader) ReadOf(origin, desk string, it *news.Item) *Text {
	d := &document{uri: it.URI, origin: origin, desk: desk, typ: it.Type, language: baseLanguage(it.Language),
		status: news.StatusUsable, embargoed: it.Embargoed}
	r.mu.Lock()
	defer r.mu.Unlock()
	d.read(it, r.a)
	return newText(d)
}

// ReadRecord returns the words of an item entry of the journal with its content,
// which read reads. It fails where the index would leave the entry out.
func (r *Reader) ReadRecord(record *ledger.Record, read func([]byte) (*news.Item, error)) (*Text, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d, err := newDocument(record, read, r.a)
	if err != nil {
		return nil, err
	}
	return newText(d), nil
}

func newText(d *document) *Text {
	ts := d.terms
	t := &Text{uri: d.uri, status: d.status, issued: d.issued, embargoed: d.embargoed,
		has: make(map[string]bool, len(ts.touched)+len(ts.fields)+len(ts.loose)+len(ts.marks))}
	for _, k := range ts.loose {
		t.has[k.mark.word(k.term.text)] = true
	}
	t.fields, t.placed = t.take(ts.fields), t.take(ts.placed)
	for _, m := range ts.marks {
		t.has[m] = true
	}
	return t
}

func (t *Text) take(list []token) []string {
	out := make([]string, len(list))
	for i, k := range list {
		if k.term != nil {
			out[i] = k.mark.word(k.term.text)
			t.has[out[i]] = true
		}
	}
	return out
}

// Embargoed returns until when the item is under embargo; zero for no embargo. Who
// keeps watches for readers holds those that may not see embargoed items against
// it again at that time.
func (t *Text) Embargoed() time.Time { return t.embargoed }

// Matches reports whether the text is what the watch looks for, now.
func (w *Watch) Matches(t *Text) bool { return w.matchesAt(t, time.Now()) }

func (w *Watch) matchesAt(t *Text, now time.Time) bool {
	switch {
	case !w.withEmbargoed && t.embargoed.After(now),
		!w.withKilled && t.status == news.StatusKilled,
		w.query.id != "" && w.query.id != t.uri:
		return false
	}
	from, to := w.from, w.to
	if len(w.query.dates) > 0 {
		from, to = w.query.between(from, to, now, w.in)
	}
	issued := t.issued
	if issued.IsZero() {
		issued = now
	}
	if issued.Before(from) || !to.IsZero() && !issued.Before(to) {
		return false
	}
	return w.expr == nil || w.expr.holds(t.holds)
}

// holds reports whether the phrase occurs.
func (t *Text) holds(p phrase) bool {
	for _, term := range p {
		if !t.has[term] {
			return false
		}
	}
	if len(p) < 2 {
		return len(p) == 1
	}
	for _, list := range [][]string{t.fields, t.placed} {
		for i := 0; i+len(p) <= len(list); i++ {
			if slices.Equal(list[i:i+len(p)], p) {
				return true
			}
		}
	}
	return false
}
