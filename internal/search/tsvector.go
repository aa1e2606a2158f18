package search

import (
	"fmt"
	"strconv"
	"strings"
)

// tsvector keeps terms in PostgreSQL as a tsvector of our own making: none of
// its dictionaries sees them.
type tsvector struct{}

func (tsvector) schema() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS search_text (position BIGINT PRIMARY KEY, words tsvector NOT NULL)
			WITH (toast_tuple_target = 8160)`,
		`CREATE INDEX IF NOT EXISTS search_text_words ON search_text USING gin (words)`,
		`CREATE OR REPLACE FUNCTION search_rare(q tsquery) RETURNS SETOF BIGINT LANGUAGE sql STABLE
			SET enable_seqscan = off SET max_parallel_workers_per_gather = 0
			AS 'SELECT position FROM search_text WHERE words @@ q'`,
	}
}

func (tsvector) drop() string  { return `DROP TABLE IF EXISTS search_text` }
func (tsvector) empty() string { return `TRUNCATE search_text` }
func (tsvector) into() string  { return `search_text (position, words)` }

func (tsvector) encode(t *terms, position int64) string {
	b := make([]byte, 0, t.bytes+10*(len(t.fields)+len(t.placed))+4*len(t.loose)+256)
	lexeme := func(k token) {
		b = append(b, '\'')
		b = append(b, k.mark.word(k.term.text)...)
		b = append(b, '\'')
	}
	at := 0
	for _, list := range [][]token{t.fields, t.placed} {
		for _, k := range list {
			at++
			if k.term != nil {
				lexeme(k)
				b = append(strconv.AppendInt(append(b, ':'), int64(min(at, 16_383)), 10), ' ')
			}
		}
		at++
	}
	for _, k := range t.loose {
		lexeme(k)
		b = append(b, ' ')
	}
	for _, m := range t.marks {
		b = append(append(append(b, '\''), m...), "' "...)
	}
	for level := range blocks {
		b = fmt.Appendf(b, "'%s' ", blockOf(level, position))
	}
	return string(b)
}

func (tsvector) remove(marks string) string {
	return `DELETE FROM search_text WHERE position IN (` + marks + `)`
}

// match writes a tsquery. Every term stands between single quotes and contains
// none.
func (v tsvector) match(e *expr) string {
	switch e.op {
	case has:
		return `('` + strings.Join(e.phrase, `' <-> '`) + `')`
	case not:
		return "(" + v.match(anything) + " & !" + v.match(e.parts[0]) + ")"
	case some:
		return "(" + v.join(e.parts, " | ") + ")"
	}
	parts := make([]string, 0, len(e.parts)+1)
	positive := false
	for _, p := range e.parts {
		if p.op == not {
			parts = append(parts, "!"+v.match(p.parts[0]))
			continue
		}
		positive = true
		parts = append(parts, v.match(p))
	}
	if !positive {
		parts = append(parts, v.match(anything))
	}
	return "(" + strings.Join(parts, " & ") + ")"
}

func (v tsvector) join(parts []*expr, with string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = v.match(p)
	}
	return strings.Join(out, with)
}

// PostgreSQL's index knows which rows match but not in which order, so a common
// word would have all its rows fetched to show fifty; walking back from the
// newest row finds those of a common word at once, and those of a rare one never.
// So each row carries in its words in which blocks of the journal it stands, and
// we ask for the newest block first, then for sixteen times as many rows, and so
// on: what did not fill a page from one will have few hits in the next.
const (
	blockShift = 10 // the smallest blocks have 1,024 positions
	blockStep  = 4  // each size sixteen times that before
	blocks     = 3  // sizes
	markBlock  = '\ue040'
)

// blockOf returns the mark of the block of a size that a position is in.
func blockOf(level int, position int64) string {
	return string(rune(markBlock+level)) + strconv.FormatInt(position>>(blockShift+blockStep*level), 36)
}

// Each plan asks for the block below which to look and the one before it. The
// function search_rare keeps PostgreSQL's planner from guessing how common the
// words are; OFFSET 0 has it look up the rows one by one.
func (tsvector) plans(match string, before int64) []plan {
	const from = ` FROM (SELECT position FROM search_rare($1::tsquery) r (position) WHERE position < $2 ORDER BY position DESC) t
		CROSS JOIN LATERAL (SELECT * FROM search_doc WHERE position = t.position OFFSET 0) d WHERE true`
	var out []plan
	for level := range blocks {
		newest := blockOf(level, before-1)
		older := blockOf(level, max(0, before-1-1<<(blockShift+blockStep*level)))
		out = append(out, plan{match + ` & ('` + newest + `' | '` + older + `')`, from})
	}
	return append(out, plan{match, from})
}

func (tsvector) named() string {
	return ` FROM search_doc d JOIN search_text t ON t.position = d.position WHERE t.words @@ $1::tsquery AND d.position < $2`
}

func (tsvector) newest() string { return `t.position` }
