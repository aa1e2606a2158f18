package deliver

import (
	"context"
	"fmt"
	"sync"

	"jisr/internal/db"
	"jisr/internal/search"
)

// catalogue keeps who takes what in memory. It is read again when its revision
// moved, and never changed in place: who holds a listing may go on with it.
type catalogue struct {
	mu      sync.Mutex
	listing *listing
}

// listing is subscribers, products and destinations at one moment.
type listing struct {
	revision     int64
	destinations map[string]*Destination // removed ones, too: a kill goes wherever the item went
	products     []offer
	callbacks    map[string][]*Destination // by the feed that they follow
	reader       *search.Reader
}

// offer is a product with where it goes.
type offer struct {
	matcher *matcher
	to      []*Destination
}

// load returns the newest listing. It is not to be called while a transaction is
// open: another caller may hold the lock and wait for the writer.
func (s *Service) load(ctx context.Context) (*listing, error) {
	c, q := &s.catalogue, s.DB.Reader()
	c.mu.Lock()
	defer c.mu.Unlock()
	var revision int64
	if err := q.QueryRowContext(ctx, `SELECT revision FROM catalogue WHERE id = 1`).Scan(&revision); err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	if c.listing != nil && c.listing.revision >= revision {
		return c.listing, nil
	}
	l, err := s.read(ctx, q, revision)
	if err != nil {
		return nil, err
	}
	c.listing = l
	return l, nil
}

func (s *Service) read(ctx context.Context, q db.Queryer, revision int64) (*listing, error) {
	l := &listing{revision: revision, destinations: map[string]*Destination{}, callbacks: map[string][]*Destination{}, reader: search.NewReader()}
	rows, err := q.QueryContext(ctx, `SELECT `+destinationColumns+`, s.active, s.removed FROM destination d JOIN subscriber s ON s.id = d.subscriber`)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	defer rows.Close()
	bySubscriber := map[string][]*Destination{}
	for rows.Next() {
		var active int
		var removed int64
		d, err := scanDestination(rows, &active, &removed)
		if err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		l.destinations[d.ID] = d
		d.silent = d.removed || !d.Active || active == 0 || removed != 0
		switch {
		case d.Feed != "":
			l.callbacks[d.Feed] = append(l.callbacks[d.Feed], d)
		case !d.silent:
			bySubscriber[d.Subscriber] = append(bySubscriber[d.Subscriber], d)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	return l, l.readProducts(ctx, q, bySubscriber, s)
}

func (l *listing) readProducts(ctx context.Context, q db.Queryer, bySubscriber map[string][]*Destination, s *Service) error {
	all, err := products(ctx, q, selectProduct+` WHERE removed = 0 ORDER BY id`)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT product, subscriber FROM subscription ORDER BY product, subscriber`)
	if err != nil {
		return fmt.Errorf("read the catalogue: %w", err)
	}
	defer rows.Close()
	takers := map[string][]*Destination{}
	for rows.Next() {
		var product, subscriber string
		if err := rows.Scan(&product, &subscriber); err != nil {
			return fmt.Errorf("read the catalogue: %w", err)
		}
		takers[product] = append(takers[product], bySubscriber[subscriber]...)
	}
	for _, p := range all {
		if len(takers[p.ID]) == 0 {
			continue
		}
		m, err := compile(&p.Query)
		if err != nil {
			s.Log.Error("a product's query cannot be read: it takes nothing", "product", p.ID, "err", err)
			continue
		}
		l.products = append(l.products, offer{m, takers[p.ID]})
	}
	return rows.Err()
}

// takers returns where an item goes: each destination once.
func (l *listing) takers(c *candidate) map[string]*Destination {
	var text *search.Text
	c.text = func() *search.Text {
		if text == nil {
			text = l.reader.ReadOf(c.origin, c.desk, c.item)
		}
		return text
	}
	out := map[string]*Destination{}
	for _, o := range l.products {
		if o.matcher.matches(c) {
			for _, d := range o.to {
				out[d.ID] = d
			}
		}
	}
	return out
}
