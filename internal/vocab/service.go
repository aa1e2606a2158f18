package vocab

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/news"
)

// Service keeps the vocabularies of a node.
type Service struct {
	db    *db.DB
	now   func() time.Time
	cache *cache
}

// New returns the vocabularies in the database.
func New(d *db.DB, now func() time.Time) *Service {
	return &Service{db: d, now: now, cache: newCache(d, now)}
}

// Close ends what New began.
func (s *Service) Close() { s.cache.close() }

const schemeColumns = `uri, alias, names, definitions, edition, authority, embedded, concepts`

// Schemes returns all schemes by alias. There are few.
func (s *Service) Schemes(ctx context.Context) ([]*Scheme, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT `+schemeColumns+` FROM vocab_scheme ORDER BY alias`)
	if err != nil {
		return nil, fmt.Errorf("list vocabularies: %w", err)
	}
	defer rows.Close()
	var out []*Scheme
	for rows.Next() {
		sc, err := scanScheme(rows)
		if err != nil {
			return nil, fmt.Errorf("list vocabularies: %w", err)
		}
		out = append(out, sc)
	}
	return out, rows.Err()
}

// Scheme returns the scheme of an alias or a URI; NotFound if there is none.
func (s *Service) Scheme(ctx context.Context, name string) (*Scheme, error) {
	sc, err := scanScheme(s.db.Reader().QueryRowContext(ctx,
		`SELECT `+schemeColumns+` FROM vocab_scheme WHERE uri = $1 OR alias = $2`, Canonical(name), name))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, noScheme(name)
	}
	if err != nil {
		return nil, fmt.Errorf("vocabulary %s: %w", name, err)
	}
	return sc, nil
}

func noScheme(name string) error {
	return news.Errorf(news.NotFound, "scheme", "there is no vocabulary %q here: jisr vocab list names those that are, jisr vocab import loads others", name)
}

// Concepts returns those of the URIs that are known, by the URIs as they were
// asked for. QCodes may stand for URIs.
func (s *Service) Concepts(ctx context.Context, uris []string) (map[string]*Concept, error) {
	out := make(map[string]*Concept, len(uris))
	ask := make(map[string]string, len(uris))
	for _, u := range uris {
		uri, err := s.uriOf(ctx, u)
		if err != nil {
			return nil, err
		}
		ask[u] = uri
	}
	known, err := s.cache.concepts(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("read concepts: %w", err)
	}
	for u, uri := range ask {
		if c := known[uri]; c != nil {
			out[u] = c
		}
	}
	return out, nil
}

// Concept returns the concept of a URI or QCode; NotFound if it is not known.
func (s *Service) Concept(ctx context.Context, uri string) (*Concept, error) {
	found, err := s.Concepts(ctx, []string{uri})
	if err != nil {
		return nil, err
	}
	if c := found[uri]; c != nil {
		return c, nil
	}
	return nil, news.Errorf(news.NotFound, "uri", "no vocabulary here has the concept %q", uri)
}

// uriOf returns the URI that stands for what an item or a person names: a QCode
// of a known alias becomes a URI, everything else stays.
func (s *Service) uriOf(ctx context.Context, name string) (string, error) {
	if strings.Contains(name, "://") {
		return Canonical(name), nil
	}
	uri, err := s.Resolve(ctx, name)
	if news.KindOf(err) == news.NotFound || news.KindOf(err) == news.Invalid {
		return name, nil
	}
	return uri, err
}

// Resolve returns the URI of a QCode; NotFound if nobody here knows its alias.
// The aliases of IPTC's catalog are known without their vocabularies.
func (s *Service) Resolve(ctx context.Context, qcode string) (string, error) {
	alias, code, ok := strings.Cut(qcode, ":")
	if !ok || alias == "" || code == "" {
		return "", news.Errorf(news.Invalid, "qcode", "%q is not alias:code", qcode)
	}
	schemes, err := s.cache.schemes(ctx)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", qcode, err)
	}
	base, ok := schemes[alias]
	if !ok {
		base, ok = newsmlg2.SchemeURI(alias)
	}
	if !ok {
		return "", news.Errorf(news.NotFound, "qcode", "no vocabulary here has the alias %q", alias)
	}
	return base + newsmlg2.EscapeCode(code), nil
}

// QCode returns the QCode of a concept's URI; NotFound if it is not known.
func (s *Service) QCode(ctx context.Context, uri string) (string, error) {
	c, err := s.Concept(ctx, uri)
	if err != nil {
		return "", err
	}
	return c.QCode(), nil
}

// Page is a page of concepts in the order of their scheme.
type Page struct {
	Concepts []*Concept
	Next     int64 // where the next page begins; 0 at the end
}

// maxPage is the longest page of concepts.
const maxPage = 200

// Children returns what stands directly under a concept, or at the top of a
// scheme: of is a URI, a QCode or a scheme's alias. Retired concepts are left
// out. after is a Page's Next, 0 for the first.
func (s *Service) Children(ctx context.Context, of string, after int64, limit int) (*Page, error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	parent, err := s.parent(ctx, of)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT t.place, `+conceptColumns+`
		FROM vocab_tree t JOIN vocab_concept c ON c.id = t.concept JOIN vocab_scheme s ON s.id = c.scheme
		WHERE t.parent = $1 AND t.place > $2 AND c.retired = 0 ORDER BY t.place LIMIT $3`, parent, after, limit+1)
	if err != nil {
		return nil, fmt.Errorf("list concepts: %w", err)
	}
	defer rows.Close()
	p := &Page{}
	var last int64
	for rows.Next() {
		var place int64
		c, err := scanConcept(rows, &place)
		if err != nil {
			return nil, fmt.Errorf("list concepts: %w", err)
		}
		if len(p.Concepts) == limit {
			p.Next = last
			break
		}
		p.Concepts, last = append(p.Concepts, c), place
	}
	return p, rows.Err()
}

// parent returns the URI under which the tree has what is below of.
func (s *Service) parent(ctx context.Context, of string) (string, error) {
	if sc, err := s.Scheme(ctx, of); err == nil {
		return sc.URI, nil
	} else if news.KindOf(err) != news.NotFound {
		return "", err
	}
	c, err := s.Concept(ctx, of)
	if err != nil {
		return "", err
	}
	return c.URI, nil
}

// conceptColumns are of vocab_concept c and vocab_scheme s.
const conceptColumns = `c.uri, s.uri, s.alias, c.code, c.names, c.labels, c.definitions, c.broader, c.matches, c.retired, c.replaced`

type row interface{ Scan(...any) error }

// scanConcept reads conceptColumns, after what stands before them.
func scanConcept(r row, before ...any) (*Concept, error) {
	c := &Concept{}
	var retired int64
	err := r.Scan(append(before, &c.URI, &c.Scheme, &c.Alias, &c.Code, stored{&c.Names}, stored{&c.Labels}, stored{&c.Definitions},
		stored{&c.Broader}, stored{&c.ExactMatch}, &retired, &c.ReplacedBy)...)
	c.Retired = db.FromMicros(retired)
	return c, err
}

func scanScheme(r row) (*Scheme, error) {
	sc := &Scheme{}
	var edition int64
	var embedded int
	err := r.Scan(&sc.URI, &sc.Alias, stored{&sc.Names}, stored{&sc.Definitions}, &edition, &sc.Authority, &embedded, &sc.Concepts)
	sc.Edition, sc.Embedded = db.FromMicros(edition), embedded != 0
	return sc, err
}

// stored reads a column of JSON. What is empty is stored as an empty text.
type stored struct{ into any }

// Scan implements sql.Scanner.
func (s stored) Scan(v any) error {
	var text []byte
	switch v := v.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	}
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, s.into)
}

// toStore is the inverse of stored.
func toStore[T map[string]string | map[string][]string | []string](v T) string {
	if len(v) == 0 {
		return ""
	}
	b, _ := json.Marshal(v) // maps and lists of strings always marshal
	return string(b)
}
