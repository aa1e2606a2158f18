package search

import (
	"slices"
	"sync"
	"time"

	"jisr/internal/news"
)

// Watch is a search that is held against items one by one, as they come, instead
// of against the index. It finds in an item what the index would.
type Watch struct{ query *parsed }

// NewWatch reads a search; see docs/search.md for how it is written. Invalid if
// it is wrong or holds no word.
func NewWatch(query string) (*Watch, error) {
	q, err := parse(newAnalyser(), query, "", time.Now())
	if err != nil {
		return nil, err
	}
	if q.empty() {
		return nil, news.Errorf(news.Invalid, "q", "%q holds no word to look for", query)
	}
	return &Watch{q}, nil
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
	fields []string // of headline, slugline …, in order, "" for a gap
	placed []string // of the text
	has    map[string]bool
}

// Read returns the words of an item.
func (r *Reader) Read(it *news.Item) *Text {
	d := &document{uri: it.URI, typ: it.Type, language: baseLanguage(it.Language)}
	r.mu.Lock()
	defer r.mu.Unlock()
	d.read(it, r.a)
	return newText(d.terms)
}

func newText(ts *terms) *Text {
	t := &Text{make([]string, len(ts.fields)), make([]string, len(ts.placed)), make(map[string]bool, len(ts.touched)+len(ts.fields)+len(ts.loose)+len(ts.marks))}
	for i, list := range [][]token{ts.fields, ts.placed, ts.loose} {
		for at, k := range list {
			if k.term == nil {
				continue
			}
			word := k.mark.word(k.term.text)
			t.has[word] = true
			if i < 2 {
				[][]string{t.fields, t.placed}[i][at] = word
			}
		}
	}
	for _, m := range ts.marks {
		t.has[m] = true
	}
	return t
}

// Matches reports whether the text is what the watch looks for.
func (w *Watch) Matches(t *Text) bool { return w.query.expr == nil || w.query.expr.holds(t.holds) }

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
