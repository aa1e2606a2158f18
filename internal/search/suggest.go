package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"jisr/internal/news"
)

// The lexicon also has words of items that are under embargo or were killed: a
// word is only ever shown to a reader for whom it finds something.

// How many words of the lexicon are looked at, and of them are tried.
const (
	maxGuesses = 500
	maxTried   = 12
)

// Suggest completes the word that a query ends with, the commonest first: up to
// limit (1 to 10; 0 means 5) queries that find something for the reader. Of a word
// of one letter, or none, it returns nothing. Filters of q apply.
func (s *Service) Suggest(ctx context.Context, q Query, limit int) ([]string, error) {
	if limit <= 0 || limit > 10 {
		limit = 5
	}
	if len(q.Text) > maxQuery {
		return nil, nil
	}
	last, ok := lastWord(q.Text)
	if !ok {
		return nil, nil
	}
	begin := lookup(fold(q.Text[last.start:last.end], last.script), last.script)
	if utf8.RuneCountInString(begin) < 2 {
		return nil, nil
	}
	found, err := s.lexemes(ctx, `SELECT key, word, level FROM search_word WHERE key >= $1 AND key < $2 ORDER BY level DESC, key LIMIT $3`,
		[]byte(begin), after(begin), maxTried)
	if err != nil {
		return nil, fmt.Errorf("suggest words: %w", err)
	}
	var out []string
	for _, g := range found {
		if len(out) == limit {
			break
		}
		try := q
		try.Text = q.Text[:last.start] + g.word
		if ok, err := s.finds(ctx, try); err != nil {
			return nil, err
		} else if ok {
			out = append(out, try.Text)
		}
	}
	return out, nil
}

// lastWord returns the word that the text ends with.
func lastWord(text string) (last word, ok bool) {
	for w := range words(text) {
		last = w
	}
	return last, last.end > 0 && last.end == len(text)
}

// after returns the least key above all that begin so.
func after(begin string) []byte { return append([]byte(begin), 0xff) }

// finds reports whether a query finds anything. One that is wrong finds nothing.
func (s *Service) finds(ctx context.Context, q Query) (bool, error) {
	q.Limit, q.Before, q.Tier, q.Order = 1, 0, 0, Newest
	found, err := s.Search(ctx, q)
	switch {
	case news.KindOf(err) != "":
		return false, nil
	case err != nil:
		return false, err
	}
	return len(found.Hits) > 0, nil
}

// Correct returns the query with those words replaced that find nothing by
// themselves and are written almost like one that does; empty if there is none. It
// is for a search that found nothing.
func (s *Service) Correct(ctx context.Context, q Query) (string, error) {
	p := s.parser(q)
	if _, err := p.parse(q.Text); err != nil {
		return "", err
	}
	out, at := strings.Builder{}, 0
	tried := 0
	for _, piece := range p.pieces {
		for w := range words(q.Text[piece.start:piece.end]) {
			start, end := piece.start+w.start, piece.start+w.end
			if tried++; tried > maxTried || start < at {
				continue
			}
			better, err := s.better(ctx, q, q.Text[start:end], w.script)
			if err != nil {
				return "", err
			}
			if better != "" {
				out.WriteString(q.Text[at:start])
				out.WriteString(better)
				at = end
			}
		}
	}
	if at == 0 {
		return "", nil
	}
	out.WriteString(q.Text[at:])
	mended := q
	mended.Text = out.String()
	if ok, err := s.finds(ctx, mended); err != nil || !ok {
		return "", err
	}
	return mended.Text, nil
}

// better returns the word that someone meant who wrote one that finds nothing.
func (s *Service) better(ctx context.Context, q Query, word string, in script) (string, error) {
	q.Text = word
	if ok, err := s.finds(ctx, q); ok || err != nil {
		return "", err
	}
	key := lookup(fold(word, in), in)
	n := utf8.RuneCountInString(key)
	if n < minLexeme || n > maxLexeme {
		return "", nil
	}
	// A word with one mistake has its first or its second half right; two letters
	// that changed places may stand on both sides of the middle.
	runes := []rune(key)
	half := max(1, (n-1)/2)
	begin, end := string(runes[:half]), string(reverse(string(runes[n-half:])))
	found, err := s.lexemes(ctx, `SELECT key, word, level FROM search_word WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3`, []byte(begin), after(begin), maxGuesses)
	if err != nil {
		return "", fmt.Errorf("correct a word: %w", err)
	}
	more, err := s.lexemes(ctx, `SELECT key, word, level FROM search_word WHERE back >= $1 AND back < $2 ORDER BY back LIMIT $3`, []byte(end), after(end), maxGuesses)
	if err != nil {
		return "", fmt.Errorf("correct a word: %w", err)
	}
	allowed := 1
	if n > 6 {
		allowed = 2
	}
	type guess struct {
		word            string
		distance, level int
	}
	var guesses []guess
	for _, g := range append(found, more...) {
		if d := edits(runes, []rune(g.key), allowed); d > 0 && d <= allowed {
			guesses = append(guesses, guess{g.word, d, g.level})
		}
	}
	slices.SortFunc(guesses, func(a, b guess) int {
		return cmp.Or(a.distance-b.distance, b.level-a.level, strings.Compare(a.word, b.word))
	})
	guesses = slices.CompactFunc(guesses, func(a, b guess) bool { return a.word == b.word })
	for _, g := range guesses[:min(len(guesses), maxTried/2)] {
		q.Text = g.word
		if ok, err := s.finds(ctx, q); ok || err != nil {
			return g.word, err
		}
	}
	return "", nil
}

// edits returns how many letters must be changed, added, left out or exchanged
// with their neighbour to make one word of the other; more than most for more.
func edits(a, b []rune, most int) int {
	if max(len(a), len(b))-min(len(a), len(b)) > most {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		least := row[0]
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// known is a word of the lexicon.
type known struct {
	key, word string
	level     int
}

func (s *Service) lexemes(ctx context.Context, query string, args ...any) ([]known, error) {
	rows, err := s.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []known
	for rows.Next() {
		var k known
		var key []byte
		if err := rows.Scan(&key, &k.word, &k.level); err != nil {
			return nil, err
		}
		k.key = string(key)
		out = append(out, k)
	}
	return out, rows.Err()
}

// How many words that sound alike are compared, and how many are looked for.
const (
	maxAlike = 200
	maxAlso  = 8
)

// spellings returns other spellings of a name, in any script, that find something
// for the reader: the commonest first.
func (s *Service) spellings(ctx context.Context, q Query, word string) ([]string, error) {
	in := scriptOfWord(word)
	own, ok := hear(lookup(fold(word, in), in), in)
	if !ok || own.skeleton() == "" {
		return nil, nil
	}
	found, err := s.lexemes(ctx, `SELECT key, word, level FROM search_word WHERE sound = $1 AND sound <> '' ORDER BY level DESC, key LIMIT $2`,
		own.skeleton(), maxAlike)
	if err != nil {
		return nil, fmt.Errorf("look for spellings: %w", err)
	}
	a := newAnalyser()
	terms := []string{}
	for _, ph := range variants(a, word, "") {
		terms = append(terms, strings.Join(ph, " "))
	}
	var out []string
	for _, k := range found {
		in := scriptOfWord(k.word)
		other, ok := hear(k.key, in)
		if !ok || !own.like(&other) {
			continue
		}
		if t := termOf(a, k.word); t == "" || slices.Contains(terms, t) {
			continue // it is found anyway
		} else {
			terms = append(terms, t)
		}
		try := q
		try.Text = k.word
		if ok, err := s.finds(ctx, try); err != nil {
			return nil, err
		} else if ok {
			out = append(out, k.word)
		}
		if len(out) == maxAlso {
			break
		}
	}
	return out, nil
}

func scriptOfWord(text string) script {
	for w := range words(text) {
		return w.script
	}
	return none
}

func termOf(a *analyser, text string) string {
	for _, ph := range variants(a, text, "") {
		return strings.Join(ph, " ")
	}
	return ""
}
