package search

import "jisr/internal/db"

// engine is what SQLite and PostgreSQL do differently: how a table of terms is
// made, filled and asked. Both get the same terms, so both find the same items.
type engine interface {
	schema() []string                        // makes search_text
	drop() string                            // drops it
	empty() string                           // empties it
	into() string                            // its columns, for an INSERT
	encode(t *terms, position int64) string  // the value of its words
	remove(marks string) string              // deletes the rows of the positions that marks stand for
	match(e *expr) string                    // an expression in its own notation
	plans(match string, before int64) []plan // ways to find what matches, see plan
	named() string                           // FROM and WHERE to find few items, named by a condition on d, that match $1
	newest() string                          // the column that plans yield in descending order
}

// plan finds the rows of search_doc, as d, that match $1 and whose position, which
// is also that of t, is below $2: FROM … WHERE …. All plans but the last may miss
// older rows; none misses one that is newer than another that it finds.
type plan struct {
	match string // the value of $1
	from  string
}

func engineOf(d *db.DB) engine {
	if d.Engine == db.Postgres {
		return tsvector{}
	}
	return fts5{}
}

// gapTerm takes the place of a gap. It is no letter, so no query contains it.
const gapTerm = '\ue000'
