package vocab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"jisr/internal/db"
	"jisr/internal/news"
	"jisr/internal/search"
)

// The embedded set: the top of IPTC's Media Topics and the NewsCodes that a desk
// needs on its first day, under IPTC's codes, with names in Arabic, Russian and
// English. A file is lines of tab-separated columns: a head (uri, alias, name),
// an empty line, then code, Arabic, Russian, English and, of retired codes, the
// day and the code that replaces it.
//
// IPTC publishes its NewsCodes under CC BY 4.0.
//
//go:embed embedded/*.tsv
var embedded embed.FS

// iptc is the authority of the embedded set.
const iptc = "https://iptc.org"

// Embedded returns the vocabularies that come with the program.
func Embedded() ([]*Edition, error) {
	var out []*Edition
	err := fs.WalkDir(embedded, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := embedded.ReadFile(path)
		if err != nil {
			return err
		}
		e, err := readTable(b)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// columns of a concept.
const (
	columnCode = iota
	columnArabic
	columnRussian
	columnEnglish
	columnRetired
	columnReplaced
)

func readTable(b []byte) (*Edition, error) {
	e := &Edition{Scheme: Scheme{Authority: iptc, Embedded: true}, partial: true}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() && lines.Text() != "" {
		c := strings.Split(lines.Text(), "\t")
		switch c[0] {
		case "uri":
			e.Scheme.URI = c[1]
		case "alias":
			e.Scheme.Alias = c[1]
		case "name":
			e.Scheme.Names = inThree(c[1:])
		}
	}
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		if len(c) != columnEnglish+1 && len(c) != columnReplaced+1 {
			return nil, news.Errorf(news.Invalid, "embedded", "%q has %d columns", lines.Text(), len(c))
		}
		k := Concept{URI: e.Scheme.URI + c[columnCode], Code: c[columnCode], Names: inThree(c[columnArabic:])}
		if len(c) > columnRetired {
			k.Retired = when(c[columnRetired])
			if c[columnReplaced] != "" {
				k.ReplacedBy = e.Scheme.URI + c[columnReplaced]
			}
		}
		e.Concepts = append(e.Concepts, k)
	}
	return e, lines.Err()
}

func inThree(names []string) map[string]string {
	return map[string]string{"ar": names[0], "ru": names[1], "en": names[2]}
}

// LoadEmbedded brings the embedded set into the database: whole where its
// scheme is new or was never loaded from a file, and otherwise only names in
// languages that the authority's edition lacks. It costs one look when nothing
// is new. Every start of a node calls it.
func (s *Service) LoadEmbedded(ctx context.Context) error {
	digest, err := embeddedDigest()
	if err != nil {
		return fmt.Errorf("embedded vocabularies: %w", err)
	}
	if done, err := s.upToDate(ctx, s.db.Reader(), digest); err != nil || done {
		return err
	}
	editions, err := Embedded()
	if err != nil {
		return fmt.Errorf("embedded vocabularies: %w", err)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		// The row is locked first, so that of several starting nodes one works.
		var next int64
		if err := tx.QueryRowContext(ctx, `SELECT next FROM vocab_state WHERE id = 1`+tx.ForUpdate()).Scan(&next); err != nil {
			return err
		}
		if done, err := s.upToDate(ctx, tx, digest); err != nil || done {
			return err
		}
		for _, e := range editions {
			if err := s.loadEmbedded(ctx, tx, e); err != nil {
				return fmt.Errorf("embedded vocabulary %s: %w", e.Scheme.Alias, err)
			}
		}
		if err := reindex(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE vocab_state SET embedded = $1, words = $2 WHERE id = 1`, digest, search.AnalysisVersion)
		return err
	})
}

func (s *Service) upToDate(ctx context.Context, q db.Queryer, digest string) (bool, error) {
	var had string
	var words int64
	err := q.QueryRowContext(ctx, `SELECT embedded, words FROM vocab_state WHERE id = 1`).Scan(&had, &words)
	if err != nil {
		return false, fmt.Errorf("embedded vocabularies: %w", err)
	}
	return had == digest && words == search.AnalysisVersion, nil
}

func (s *Service) loadEmbedded(ctx context.Context, tx *db.Tx, e *Edition) error {
	if err := e.check(); err != nil {
		return err
	}
	has, err := describe(ctx, tx, e.Scheme.URI)
	if err != nil {
		return err
	}
	if has != nil && !has.Embedded {
		if err := e.onlyAdditions(ctx, tx, has); err != nil || len(e.Concepts) == 0 {
			return err
		}
	}
	_, err = s.load(ctx, tx, e, Careful)
	return err
}

// describe returns the scheme of the URI, or nil.
func describe(ctx context.Context, tx *db.Tx, uri string) (*Scheme, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+schemeColumns+` FROM vocab_scheme WHERE uri = $1`, uri)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	return scanScheme(rows)
}

// onlyAdditions makes the edition one of the scheme as it is, with names added
// in languages that it does not speak.
func (e *Edition) onlyAdditions(ctx context.Context, tx *db.Tx, has *Scheme) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+conceptColumns+` FROM vocab_concept c JOIN vocab_scheme s ON s.id = c.scheme WHERE s.uri = $1`, has.URI)
	if err != nil {
		return err
	}
	defer rows.Close()
	ours := map[string]*Concept{}
	for i := range e.Concepts {
		ours[e.Concepts[i].URI] = &e.Concepts[i]
	}
	var out []Concept
	for rows.Next() {
		c, err := scanConcept(rows)
		if err != nil {
			return err
		}
		o := ours[c.URI]
		if o == nil {
			continue
		}
		added := false
		for lang, name := range o.Names {
			if inLanguage(c.Names, lang) == "" {
				put(&c.Names, lang, name)
				added = true
			}
		}
		if added {
			out = append(out, *c)
		}
	}
	e.Scheme, e.Concepts = *has, out
	return rows.Err()
}

// reindex makes the words anew if the rules for them have changed.
func reindex(ctx context.Context, tx *db.Tx) error {
	var words int64
	if err := tx.QueryRowContext(ctx, `SELECT words FROM vocab_state WHERE id = 1`).Scan(&words); err != nil || words == search.AnalysisVersion {
		return err
	}
	byScheme := map[int64][]*entry{}
	rows, err := tx.QueryContext(ctx, `SELECT c.id, c.scheme, `+conceptColumns+` FROM vocab_concept c JOIN vocab_scheme s ON s.id = c.scheme`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e := &entry{}
		var scheme int64
		c, err := scanConcept(rows, &e.id, &scheme)
		if err != nil {
			return err
		}
		e.Concept = *c
		byScheme[scheme] = append(byScheme[scheme], e)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for scheme, list := range byScheme {
		if err := index(ctx, tx, scheme, list); err != nil {
			return err
		}
	}
	return nil
}

// embeddedDigest names the embedded set by its content.
func embeddedDigest() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(embedded, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := embedded.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n", path, len(b))
		sum.Write(b)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}
