package search

import (
	"fmt"
	"strings"

	"jisr/internal/db"
)

// engine is what SQLite and PostgreSQL do differently: how a table of terms is
// made, filled and asked. Both get the same terms, so both find the same items.
type engine interface {
	schema() []string           // makes search_text
	empty() string              // empties it
	into() string               // its columns, for an INSERT
	encode(t *terms) string     // the value of its words
	remove(marks string) string // deletes the rows of the positions that marks stand for
	match(q parsed) string      // the expression of a query, the parameter $1 of its plans
	// plans returns ways to find what matches, each FROM and WHERE and the rest in
	// order of preference. All are right about the newest hits; all but the last
	// may miss older ones.
	plans() []plan
}

// plan finds the rows of search_doc, as d, that match $1 and whose position is
// below $2.
type plan struct {
	from  string // FROM … WHERE …
	order string // what to order by, newest first
}

func engineOf(d *db.DB) engine {
	if d.Engine == db.Postgres {
		return tsvector{}
	}
	return fts5{}
}

// fts5 keeps terms in SQLite's FTS5 without the text (contentless): the ledger
// has that. The tokenizer splits at ASCII punctuation and nothing else, so our
// terms, parted by spaces, come out as they went in.
type fts5 struct{}

// The three settings make it write a batch as one long list, merge those lists
// half as often, and fill a page of the database with each piece of one: a third
// less work than with FTS5's own.
func (fts5) schema() []string {
	return []string{
		`CREATE VIRTUAL TABLE IF NOT EXISTS search_text USING fts5
			(words, content='', contentless_delete=1, tokenize='ascii')`,
		`INSERT INTO search_text (search_text, rank) VALUES ('hashsize', 16777216)`,
		`INSERT INTO search_text (search_text, rank) VALUES ('automerge', 8)`,
		`INSERT INTO search_text (search_text, rank) VALUES ('pgsz', 8000)`,
	}
}

func (fts5) empty() string { return `INSERT INTO search_text (search_text) VALUES ('delete-all')` }
func (fts5) into() string  { return `search_text (rowid, words)` }

// gapTerm takes the place of a gap. It is no letter, so no query contains it.
const gapTerm = '\ue000'

func (fts5) encode(t *terms) string {
	var b strings.Builder
	b.Grow(t.bytes + 2*len(t.placed) + 6*len(t.loose) + 64)
	for _, term := range t.placed {
		if term == "" {
			b.WriteRune(gapTerm)
		} else {
			b.WriteString(term)
		}
		b.WriteByte(' ')
	}
	for _, list := range [][]string{t.loose, t.marks} {
		for _, term := range list {
			b.WriteRune(gapTerm)
			b.WriteByte(' ')
			b.WriteString(term)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func (fts5) remove(marks string) string {
	return `DELETE FROM search_text WHERE rowid IN (` + marks + `)`
}

// Every term of the FTS5 expression stands between double quotes and contains
// none, so nothing in it can be syntax.
func (fts5) match(q parsed) string {
	term := func(p phrase) string { return `"` + strings.Join(p, " ") + `"` }
	match := "(" + q.wanted.write(" AND ", " OR ", term) + ")"
	if len(q.unwanted) > 0 {
		match += " NOT " + q.unwanted.write(" OR ", term)
	}
	return match
}

// FTS5 yields rows from the newest on and stops when there are enough. CROSS JOIN
// keeps SQLite from turning the join around.
func (fts5) plans() []plan {
	return []plan{{order: `t.rowid`, from: ` FROM search_text t CROSS JOIN search_doc d ON d.position = t.rowid
		WHERE t.words MATCH $1 AND t.rowid < $2`}}
}

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

func (tsvector) empty() string { return `TRUNCATE search_text` }
func (tsvector) into() string  { return `search_text (position, words)` }

func (tsvector) encode(t *terms) string {
	b := make([]byte, 0, t.bytes+10*len(t.placed)+4*len(t.loose)+64)
	for i, term := range t.placed {
		if term != "" {
			b = fmt.Appendf(b, "'%s':%d ", term, min(i+1, 16_383))
		}
	}
	for _, list := range [][]string{t.loose, t.marks} {
		for _, term := range list {
			b = fmt.Appendf(b, "'%s' ", term)
		}
	}
	return string(b)
}

func (tsvector) remove(marks string) string {
	return `DELETE FROM search_text WHERE position IN (` + marks + `)`
}

func (tsvector) match(q parsed) string {
	term := func(p phrase) string { return `('` + strings.Join(p, `' <-> '`) + `')` }
	match := q.wanted.write(" & ", " | ", term)
	if len(q.unwanted) > 0 {
		match += " & !" + q.unwanted.write(" | ", term)
	}
	return match
}

// PostgreSQL's index knows which rows match but not in which order, so a common
// word would have all its rows fetched to show fifty; walking back from the
// newest row finds those of a common word at once, and those of a rare one
// never. Its planner must guess which it is, and guesses badly for words that its
// statistics miss. So we look at the newest thousand first: what does not fill a
// page from there is rare enough for the index. OFFSET 0 and the function
// search_rare keep the planner from having it another way.
func (tsvector) plans() []plan {
	const doc = ` CROSS JOIN LATERAL (SELECT * FROM search_doc WHERE position = t.position OFFSET 0) d WHERE `
	return []plan{
		{order: `t.position`, from: ` FROM (SELECT position, words FROM search_text WHERE position < $2
			ORDER BY position DESC LIMIT 1000) t` + doc + `t.words @@ $1::tsquery`},
		{order: `t.position`, from: ` FROM search_rare($1::tsquery) t (position)` + doc + `t.position < $2`},
	}
}
