package search

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"jisr/internal/db"
)

// lexeme is a word as the lexicon keeps it: those of titles and names, by which
// what is typed can be completed, corrected and found in another script.
type lexeme struct {
	key   string // as it is looked up: an Arabic one without article and with unified spelling
	word  string // as it is shown
	sound string // skeleton, see sound.go; empty for a word that cannot be a name
}

// The words that the lexicon takes, in characters.
const (
	minLexeme = 3
	maxLexeme = 32
)

// lexemeOf returns the entry of a word; nil for one that it does not take.
func lexemeOf(folded string, s script) *lexeme {
	n := utf8.RuneCountInString(folded)
	if s != latin && s != cyrillic && s != arabic || n < minLexeme || n > maxLexeme || strings.ContainsAny(folded, "0123456789 ") {
		return nil
	}
	x := &lexeme{key: lookup(folded, s), word: folded}
	if h, ok := hear(x.key, s); ok {
		x.sound = h.skeleton()
	}
	return x
}

// lookup returns a folded word, or the beginning of one, as the lexicon has it.
func lookup(folded string, s script) string {
	if s != arabic {
		return folded
	}
	w := spellArabic(folded)
	for _, a := range arabicArticles {
		if rest, ok := strings.CutPrefix(w, a); ok && utf8.RuneCountInString(rest) >= minLexeme {
			return rest
		}
	}
	return w
}

// maxLexicon bounds how many words the indexer remembers, to a few megabytes.
const maxLexicon = 50_000

// lexicon remembers which words are written down, and how often each has come
// since. The counts are rough: those of words that it forgets begin anew at the
// power of two that is written.
type lexicon map[string]*tally

type tally struct {
	count int
	level int // that is written; -1 for none
}

// write counts the words of documents and writes those that are new or have
// become a power of two more common.
func (l lexicon) write(ctx context.Context, tx *db.Tx, docs []*document) error {
	words := map[string]*lexeme{}
	count := map[string]int{}
	for _, d := range docs {
		for _, x := range d.lexemes {
			words[x.key] = x
			count[x.key]++
		}
	}
	if err := l.read(ctx, tx, words); err != nil {
		return err
	}
	var rows []any
	for key, n := range count {
		t := l[key]
		t.count += n
		if level := bits.Len(uint(t.count)) - 1; level > t.level {
			t.level = level
			x := words[key]
			rows = append(rows, []byte(key), reverse(key), x.word, level, x.sound)
		}
	}
	return db.NewBulk(`search_word (key, back, word, level, sound)`, 5,
		`ON CONFLICT (key) DO UPDATE SET level = excluded.level`).Insert(ctx, tx, rows)
}

// read fills in how common the words are that the lexicon does not remember.
func (l lexicon) read(ctx context.Context, tx *db.Tx, words map[string]*lexeme) error {
	if len(l)+len(words) > maxLexicon {
		clear(l)
	}
	var unknown []any
	for key := range words {
		if l[key] == nil {
			l[key] = &tally{level: -1}
			unknown = append(unknown, []byte(key))
		}
	}
	for part := range slices.Chunk(unknown, maxMarks) {
		rows, err := tx.QueryContext(ctx, `SELECT key, level FROM search_word WHERE key IN (`+placeholders(len(part))+`)`, part...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var key []byte
			var level int
			if err := rows.Scan(&key, &level); err != nil {
				return errors.Join(err, rows.Close())
			}
			if t := l[string(key)]; t != nil {
				t.level, t.count = level, 1<<level
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

// reverse returns the characters of a word from its end to its beginning.
func reverse(word string) []byte {
	r := []rune(word)
	slices.Reverse(r)
	return []byte(string(r))
}
