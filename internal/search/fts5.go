package search

import (
	"strings"
	"unicode/utf8"
)

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

func (fts5) drop() string  { return `DROP TABLE IF EXISTS search_text` }
func (fts5) empty() string { return `INSERT INTO search_text (search_text) VALUES ('delete-all')` }
func (fts5) into() string  { return `search_text (rowid, words)` }

func (fts5) encode(t *terms, _ int64) string {
	b := make([]byte, 0, t.bytes+2*(len(t.fields)+len(t.placed)+len(t.loose))+256)
	write := func(k token) {
		switch {
		case k.term == nil:
			b = utf8.AppendRune(b, gapTerm)
		case k.mark == 0:
			b = append(b, k.term.text...)
		default:
			b = append(utf8.AppendRune(b, rune(k.mark)), k.term.text...)
		}
		b = append(b, ' ')
	}
	for _, k := range t.fields {
		write(k)
	}
	write(token{})
	for _, k := range t.placed {
		write(k)
	}
	for _, k := range t.loose {
		if k.mark == 0 {
			write(token{}) // it has no place beside the one before
		}
		write(k)
	}
	for _, m := range t.marks {
		b = append(append(b, m...), ' ')
	}
	return string(b)
}

func (fts5) remove(marks string) string {
	return `DELETE FROM search_text WHERE rowid IN (` + marks + `)`
}

// match writes an FTS5 expression. Every term stands between double quotes and
// contains none, so nothing in it can be syntax.
func (f fts5) match(e *expr) string {
	switch e.op {
	case has:
		return `"` + strings.Join(e.phrase, " ") + `"`
	case not:
		return f.match(anything) + " NOT " + f.match(e.parts[0])
	case some:
		return "(" + f.join(e.parts, " OR ") + ")"
	}
	var wanted, unwanted []*expr
	for _, p := range e.parts {
		if p.op == not {
			unwanted = append(unwanted, p.parts[0])
		} else {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) == 0 {
		wanted = []*expr{anything}
	}
	s := "(" + f.join(wanted, " AND ") + ")"
	if len(unwanted) > 0 {
		s = "(" + s + " NOT (" + f.join(unwanted, " OR ") + "))"
	}
	return s
}

func (f fts5) join(parts []*expr, with string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		if out[i] = f.match(p); p.op == not {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, with)
}

// FTS5 yields rows from the newest on and stops when there are enough. CROSS JOIN
// keeps SQLite from turning the join around.
func (fts5) plans(match string, _ int64) []plan {
	return []plan{{match, ` FROM search_text t CROSS JOIN search_doc d ON d.position = t.rowid
		WHERE t.words MATCH $1 AND t.rowid < $2`}}
}

// Here the item is looked up first, and then whether it matches.
func (fts5) named() string {
	return ` FROM search_doc d CROSS JOIN search_text t ON t.rowid = d.position WHERE t.words MATCH $1 AND d.position < $2`
}

func (fts5) newest() string { return `t.rowid` }
