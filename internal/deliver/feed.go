package deliver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// feedPage says which part of a feed is asked for.
type feedPage struct {
	after  int64 // what came after this place, oldest first; negative for the newest page
	before int64 // the newest below this place; 0 for the newest there are
	limit  int
}

// maxFeedPage is how many items one page shows at most; feedPageSize where
// nobody says.
const (
	maxFeedPage  = 200
	feedPageSize = 50
)

// shown is an item of a feed as it may be shown now.
type shown struct {
	id       string
	item     Item
	position int64
	index    int64
	version  int
	act      news.Act
	state    State
	place    int64
	since    time.Time // when it came into the feed
}

// fed is a page of a feed.
type fed struct {
	items       []*shown
	first, last int64 // the lowest and highest place that was looked at; 0 for none
	more        bool  // there is more in the direction that was asked for
}

// page returns what of a feed may be shown now. Whatever the queue holds, it is
// the wire and the rights that decide, at this moment.
func (s *Service) page(ctx context.Context, d *Destination, p feedPage) (*fed, error) {
	rows, err := s.places(ctx, d, p)
	if err != nil {
		return nil, err
	}
	f := &fed{more: len(rows) > p.limit}
	rows = rows[:min(len(rows), p.limit)]
	var items []Item
	for _, r := range rows {
		items = append(items, r.item)
		if f.first == 0 || r.place < f.first {
			f.first = r.place
		}
		f.last = max(f.last, r.place)
	}
	standing, err := s.Wire.Standing(ctx, items)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		ok, err := s.showable(ctx, d, r, standing)
		if err != nil {
			return nil, err
		}
		if ok {
			f.items = append(f.items, r)
		}
	}
	return f, nil
}

// showable reports whether a version that stands in a feed may be shown: a stop
// always, anything else as long as it is the newest and may be used.
func (s *Service) showable(ctx context.Context, d *Destination, r *shown, standing map[Item]Standing) (bool, error) {
	if r.act.StopsUse() {
		return true, nil
	}
	st, known := standing[r.item]
	now := s.Now()
	if !known || d.silent || st.Index > r.index || st.Status != news.StatusUsable || st.Blocked != "" || st.Embargoed.After(now) ||
		!st.Expires.IsZero() && !st.Expires.After(now) {
		return false, nil
	}
	ok, _, err := s.mayGo(ctx, r.item, r.position)
	return ok, err
}

// places reads a page of a feed, and one more to see whether there is more. Pages
// after a place are in the order in which things came, all others the newest
// first.
func (s *Service) places(ctx context.Context, d *Destination, p feedPage) ([]*shown, error) {
	query, from := `AND place < $2 ORDER BY place DESC`, p.before
	switch {
	case p.after >= 0:
		query, from = `AND place > $2 ORDER BY place`, p.after
	case p.before == 0:
		from = 1 << 62
	}
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT id, origin, uri, position, idx, version, act, state, place, due FROM delivery
		WHERE destination = $1 AND place > 0 `+query+` LIMIT $3`, d.ID, from, p.limit+1)
	if err != nil {
		return nil, fmt.Errorf("read a feed: %w", err)
	}
	defer rows.Close()
	var out []*shown
	for rows.Next() {
		var r shown
		var since int64
		if err := rows.Scan(&r.id, &r.item.Origin, &r.item.URI, &r.position, &r.index, &r.version, &r.act, &r.state, &r.place, &since); err != nil {
			return nil, fmt.Errorf("read a feed: %w", err)
		}
		r.since = db.FromMicros(since)
		out = append(out, &r)
	}
	return out, rows.Err()
}

// fetched notes, before a page is answered, that its reader got what is on it:
// a kill must reach whoever did. What was stopped since the page was put
// together is taken off it.
func (s *Service) fetched(ctx context.Context, f *fed, records map[int64]*ledger.Record, how, format string) error {
	if !slices.ContainsFunc(f.items, func(r *shown) bool { return r.state == Offered }) {
		return nil
	}
	now := db.Micros(s.Now())
	gone := map[string]bool{}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		clear(gone)
		for _, r := range f.items {
			if r.state != Offered {
				continue
			}
			entry := ""
			if rec := records[r.position]; rec != nil {
				entry = rec.Hash().String()
			}
			res, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'sent', reached = 1, attempts = attempts + 1, tried = $1, answer = $2,
				format = $3, entry = $4 WHERE id = $5 AND state IN ('offered', 'sent')`, now, how, format, entry, r.id)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			gone[r.id] = n == 0
		}
		return tx.Notify(ctx, Topic)
	})
	if err != nil {
		return fmt.Errorf("note what was fetched: %w", err)
	}
	f.items = slices.DeleteFunc(f.items, func(r *shown) bool { return gone[r.id] })
	return nil
}

// records returns the entries of a page by their position. What has none any
// more is taken off the page.
func (s *Service) records(ctx context.Context, f *fed) (map[int64]*ledger.Record, error) {
	positions := make([]int64, len(f.items))
	for i, r := range f.items {
		positions[i] = r.position
	}
	found, err := s.Ledger.AtAll(ctx, positions)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*ledger.Record, len(found))
	for _, r := range found {
		out[r.Position] = r
	}
	f.items = slices.DeleteFunc(f.items, func(r *shown) bool { return out[r.position] == nil })
	return out, nil
}

// itemsOf returns the items of a page as they leave.
func (s *Service) itemsOf(d *Destination, f *fed, records map[int64]*ledger.Record) ([]*news.Item, error) {
	out := make([]*news.Item, 0, len(f.items))
	for _, r := range f.items {
		rec := records[r.position]
		e, body, err := itemOf(rec)
		if err != nil {
			return nil, err
		}
		it, err := s.outgoing(d, rec, e, body)
		if err != nil {
			return nil, err
		}
		out = append(out, it)
	}
	return out, nil
}
