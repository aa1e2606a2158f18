package search

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Twin is an item that is the same story as another, exactly or nearly.
type Twin struct {
	Hit
	Exact    bool // every word is the same
	Distance int  // in how many of 64 bits the texts differ; 0 to 3 for a direct link, more through others
}

// maxSimilar is how many members of a bundle are looked at.
const maxSimilar = 200

// Similar returns the items that are linked with one as the same story, directly
// or through others: exact duplicates first, then the nearest, then the newest.
// Killed ones are among them and say so. limit is 1 to 200; 0 means 20.
//
// NotFound if there is no such item for the reader.
func (s *Service) Similar(ctx context.Context, origin, uri string, withEmbargoed bool, limit int) ([]Twin, error) {
	if limit <= 0 || limit > maxSimilar {
		limit = 20
	}
	visible := s.visibleUntil(withEmbargoed)
	var bundle, position int64
	var print []byte
	err := s.db.Reader().QueryRowContext(ctx, `SELECT position, bundle, print FROM search_doc WHERE uri = $1 AND origin = $2 AND embargoed <= $3`,
		uri, origin, visible).Scan(&position, &bundle, &print)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, news.Errorf(news.NotFound, "uri", "there is no item of this URI in the search index")
	case err != nil:
		return nil, fmt.Errorf("look for duplicates: %w", err)
	case bundle == 0:
		return nil, nil
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT `+hitColumns+`, d.print FROM search_doc d
		WHERE d.bundle = $1 AND d.bundle <> 0 AND d.embargoed <= $2 AND d.position <> $3 ORDER BY d.born DESC LIMIT $4`,
		bundle, visible, position, maxSimilar)
	if err != nil {
		return nil, fmt.Errorf("look for duplicates: %w", err)
	}
	defer rows.Close()
	own := readPrint(print)
	var out []Twin
	for rows.Next() {
		var t Twin
		var print []byte
		if err := t.scan(rows, &print); err != nil {
			return nil, fmt.Errorf("look for duplicates: %w", err)
		}
		theirs := readPrint(print)
		t.Exact = theirs.exact == own.exact && theirs.words == own.words
		t.Distance, _ = own.distance(theirs)
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Twin) int {
		return cmp.Or(cmp.Compare(a.nearness(), b.nearness()), cmp.Compare(b.Position, a.Position))
	})
	return out[:min(limit, len(out))], rows.Err()
}

func (t Twin) nearness() int {
	if t.Exact {
		return -1
	}
	return t.Distance
}

// visibleUntil is up to which embargo, in microseconds, a reader sees items.
func (s *Service) visibleUntil(withEmbargoed bool) int64 {
	if withEmbargoed {
		return 1<<63 - 1
	}
	return db.Micros(s.now())
}

// Key names an item.
type Key struct{ Origin, URI string }

// Bundle is the items of one story, as a list that folds them needs it.
type Bundle struct {
	ID      string   // shared by its items; the same in an index that is built anew
	Size    int      // of the items that the reader may see, 100 for more than that
	Origins []string // whose they are, in order of name
	Killed  int      // of them
}

// maxBundle is up to how many items of a bundle are counted for a list.
const maxBundle = 100

// SimilarAll returns the bundles of those of the items that share theirs with
// another which the reader may see. It serves a list of up to 200.
func (s *Service) SimilarAll(ctx context.Context, keys []Key, withEmbargoed bool) (map[Key]*Bundle, error) {
	if len(keys) > 200 {
		return nil, news.Errorf(news.TooLarge, "keys", "%d items are more than the 200 that can be looked up together", len(keys))
	}
	labels, err := s.bundlesOf(ctx, keys, withEmbargoed)
	if err != nil {
		return nil, fmt.Errorf("look up bundles: %w", err)
	}
	bundles, err := s.readBundles(ctx, labels, withEmbargoed)
	if err != nil {
		return nil, fmt.Errorf("look up bundles: %w", err)
	}
	out := map[Key]*Bundle{}
	for k, label := range labels {
		if b := bundles[label]; b != nil && b.Size > 1 {
			out[k] = b
		}
	}
	return out, nil
}

// bundlesOf returns the id of the bundle of each of the items that is in one.
func (s *Service) bundlesOf(ctx context.Context, keys []Key, withEmbargoed bool) (map[Key]int64, error) {
	wanted := make(map[Key]bool, len(keys))
	args := []any{s.visibleUntil(withEmbargoed)}
	marks := make([]string, len(keys))
	for i, k := range keys {
		wanted[k] = true
		args = append(args, k.URI)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT origin, uri, bundle FROM search_doc WHERE embargoed <= $1 AND uri IN (`+strings.Join(marks, ", ")+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[Key]int64{}
	for rows.Next() {
		var k Key
		var bundle int64
		if err := rows.Scan(&k.Origin, &k.URI, &bundle); err != nil {
			return nil, err
		}
		if bundle != 0 && wanted[k] {
			out[k] = bundle
		}
	}
	return out, rows.Err()
}

func (s *Service) readBundles(ctx context.Context, labels map[Key]int64, withEmbargoed bool) (map[int64]*Bundle, error) {
	out := map[int64]*Bundle{}
	args := []any{s.visibleUntil(withEmbargoed)}
	var parts []string
	for _, label := range labels {
		if out[label] == nil {
			out[label] = &Bundle{ID: fmt.Sprintf("%016x", uint64(label))}
			args = append(args, label)
			parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT bundle, origin, status FROM search_doc
				WHERE bundle = $%d AND bundle <> 0 AND embargoed <= $1 LIMIT %d) b%d`, len(args), maxBundle, len(args)))
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	rows, err := s.db.Reader().QueryContext(ctx, strings.Join(parts, ` UNION ALL `), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var label int64
		var origin string
		var status news.Status
		if err := rows.Scan(&label, &origin, &status); err != nil {
			return nil, err
		}
		b := out[label]
		b.Size++
		if status == news.StatusKilled {
			b.Killed++
		}
		if at, there := slices.BinarySearch(b.Origins, origin); !there {
			b.Origins = slices.Insert(b.Origins, at, origin)
		}
	}
	return out, rows.Err()
}
