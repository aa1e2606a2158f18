package search

import (
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Matcher holds many watches against each item as it comes. It asks only those
// that wait for a word which the item has: a thousand saved searches cost little
// more than one. Its methods may be called from many goroutines.
type Matcher struct {
	mu      sync.RWMutex
	watches map[string]*Watch
	waiting map[string][]string // ids, by a term without which the watch cannot match
	open    map[string]bool     // ids of those that wait for none
}

// NewMatcher returns a Matcher without watches.
func NewMatcher() *Matcher {
	return &Matcher{watches: map[string]*Watch{}, waiting: map[string][]string{}, open: map[string]bool{}}
}

// Set adds a watch under an id, in the place of any that has it.
func (m *Matcher) Set(id string, w *Watch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(id)
	m.watches[id] = w
	terms := w.anchors()
	if terms == nil {
		m.open[id] = true
	}
	for _, t := range terms {
		m.waiting[t] = append(m.waiting[t], id)
	}
}

// Remove takes the watch of an id away.
func (m *Matcher) Remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(id)
}

func (m *Matcher) remove(id string) {
	w := m.watches[id]
	if w == nil {
		return
	}
	for _, t := range w.anchors() {
		if m.waiting[t] = slices.DeleteFunc(m.waiting[t], func(other string) bool { return other == id }); len(m.waiting[t]) == 0 {
			delete(m.waiting, t)
		}
	}
	delete(m.open, id)
	delete(m.watches, id)
}

// Len returns how many watches there are.
func (m *Matcher) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.watches)
}

// Match returns the ids of the watches that take the text at the time, in order.
func (m *Matcher) Match(t *Text, now time.Time) []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []string
	asked := map[string]bool{}
	ask := func(id string) {
		if !asked[id] {
			asked[id] = true
			if m.watches[id].matchesAt(t, now) {
				out = append(out, id)
			}
		}
	}
	for id := range m.open {
		ask(id)
	}
	if len(m.waiting) > 0 {
		for term := range t.has {
			for _, id := range m.waiting[term] {
				ask(id)
			}
		}
	}
	slices.Sort(out)
	return out
}

// anchors returns terms of which an item must have one for the watch to match; nil
// if it can match without any.
func (w *Watch) anchors() []string {
	if w.expr == nil {
		return nil
	}
	terms, _ := w.expr.anchors()
	return terms
}

// anchors also says how rare the commonest of them may be: long words are rare,
// marks are not.
func (e *expr) anchors() (terms []string, rarity int) {
	switch e.op {
	case has:
		best := slices.MaxFunc(e.phrase, func(a, b string) int { return rarityOf(a) - rarityOf(b) })
		return []string{best}, rarityOf(best)
	case some:
		rarity = 1 << 20
		for _, p := range e.parts {
			more, r := p.anchors()
			if more == nil {
				return nil, 0
			}
			terms, rarity = append(terms, more...), min(rarity, r)
		}
		slices.Sort(terms)
		return slices.Compact(terms), rarity
	case all:
		for _, p := range e.parts {
			if more, r := p.anchors(); more != nil && (terms == nil || r > rarity) {
				terms, rarity = more, r
			}
		}
	}
	return terms, rarity
}

func rarityOf(term string) int {
	n := utf8.RuneCountInString(term)
	switch r, _ := utf8.DecodeRuneInString(term); {
	case mark(r) >= inHeadline && mark(r) <= telling:
		return n + 3 // a word in a headline is rarer than in a text
	case isPrivate(term):
		return 1
	}
	return n
}
