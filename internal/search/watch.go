package search

import (
	"slices"
	"strings"
	"sync"

	"jisr/internal/news"
)

// Watch is a search that is held against items one by one, as they come, instead
// of against the index. It finds in an item what the index would.
type Watch struct{ query parsed }

// NewWatch reads a search; see Service.Search for how it is written. Invalid if
// it is wrong or holds no word.
func NewWatch(query string) (*Watch, error) {
	q, err := parse(newAnalyser(), query, "")
	if err != nil {
		return nil, err
	}
	if len(q.wanted) == 0 && len(q.unwanted) == 0 {
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
	placed []string
	has    map[string]bool
}

// Read returns the words of an item.
func (r *Reader) Read(it *news.Item) *Text {
	d := &document{language: baseLanguage(it.Language)}
	r.mu.Lock()
	d.addItem(r.a, it, 0)
	r.mu.Unlock()
	t := &Text{d.terms.placed, make(map[string]bool, len(d.terms.placed))}
	for _, w := range slices.Concat(d.terms.placed, d.terms.loose) {
		t.has[w] = true
	}
	return t
}

// Matches reports whether the text is what the watch looks for.
func (w *Watch) Matches(t *Text) bool {
	return !slices.ContainsFunc(w.query.unwanted, t.holds) && !slices.ContainsFunc(w.query.wanted, func(c clause) bool {
		return !slices.ContainsFunc(c, t.holds)
	})
}

// holds reports whether the phrase occurs.
func (t *Text) holds(p phrase) bool {
	for _, term := range p {
		if !t.has[strings.TrimSpace(term)] {
			return false
		}
	}
	if len(p) < 2 {
		return len(p) == 1
	}
	for i := 0; i+len(p) <= len(t.placed); i++ {
		if slices.Equal(t.placed[i:i+len(p)], p) {
			return true
		}
	}
	return false
}
