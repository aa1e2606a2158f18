package newsroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Line is an item as a list shows it: its newest version.
type Line struct {
	Position  int64
	Origin    string
	URI       string
	Own       bool
	Index     int64
	Version   int
	Act       news.Act
	Status    news.Status
	Blocked   news.Status // status of a source that stops this item's use; empty for none
	Type      news.Type
	Language  string
	Headline  string
	Slugline  string
	Summary   string
	Desk      string
	Urgency   int
	Machine   bool // it says that a machine made it
	Issued    time.Time
	Embargoed time.Time
	Expires   time.Time
}

// Usable reports whether the item may be used at the time as far as its own
// state goes: not killed, held or blocked by a source, and past its embargo.
// Whether an agreement allows it is the exchange's to say.
func (l *Line) Usable(now time.Time) bool {
	return l.Status == news.StatusUsable && l.Blocked == "" && !l.Embargoed.After(now)
}

// Filter chooses and orders lines of the wire: newest first.
type Filter struct {
	Origin        string
	Language      string
	Type          news.Type
	Desk          string
	WithEmbargoed bool  // whether the reader may see items before their embargo ends
	Before        int64 // only positions below this one, to read on; 0 begins at the newest
	After         int64 // only positions above this one: what is new
	Limit         int   // 1 to 200; 0 means 50
}

const selectLine = `SELECT position, origin, uri, own, idx, version, act, status, blocked, type, language, headline,
	slugline, summary, desk, urgency, machine, issued, embargoed, expires FROM item`

func scanLine(rows interface{ Scan(...any) error }) (*Line, error) {
	var l Line
	var own, machine int
	var issued, embargoed, expires int64
	err := rows.Scan(&l.Position, &l.Origin, &l.URI, &own, &l.Index, &l.Version, &l.Act, &l.Status, &l.Blocked, &l.Type,
		&l.Language, &l.Headline, &l.Slugline, &l.Summary, &l.Desk, &l.Urgency, &machine, &issued, &embargoed, &expires)
	if err != nil {
		return nil, err
	}
	l.Own, l.Machine = own == 1, machine == 1
	l.Issued, l.Embargoed, l.Expires = db.FromMicros(issued), db.FromMicros(embargoed), db.FromMicros(expires)
	return &l, nil
}

// Wire returns lines of the wire.
func (s *Service) Wire(ctx context.Context, f Filter) ([]*Line, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	var where []string
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.Origin != "" {
		add("origin = $%d", f.Origin)
	}
	if f.Language != "" {
		add("language = $%d", strings.ToLower(f.Language))
	}
	if f.Type != "" {
		add("type = $%d", string(f.Type))
	}
	if f.Desk != "" {
		add("desk = $%d", f.Desk)
	}
	if !f.WithEmbargoed {
		add("embargoed <= $%d", db.Micros(s.now()))
	}
	if f.Before > 0 {
		add("position < $%d", f.Before)
	}
	if f.After > 0 {
		add("position > $%d", f.After)
	}
	query := selectLine
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, f.Limit)
	query += fmt.Sprintf(" ORDER BY position DESC LIMIT $%d", len(args))
	return s.lines(ctx, query, args...)
}

// Lines returns the lines of the given items, for those who found them
// elsewhere; an item that is unknown or embargoed for the reader is left out.
func (s *Service) Lines(ctx context.Context, keys [][2]string, withEmbargoed bool) ([]*Line, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var args []any
	var either []string
	for _, k := range keys {
		args = append(args, k[0], k[1])
		either = append(either, fmt.Sprintf("(origin = $%d AND uri = $%d)", len(args)-1, len(args)))
	}
	query := selectLine + " WHERE (" + strings.Join(either, " OR ") + ")"
	if !withEmbargoed {
		args = append(args, db.Micros(s.now()))
		query += fmt.Sprintf(" AND embargoed <= $%d", len(args))
	}
	return s.lines(ctx, query+" ORDER BY position DESC", args...)
}

func (s *Service) lines(ctx context.Context, query string, args ...any) ([]*Line, error) {
	rows, err := s.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the wire: %w", err)
	}
	defer rows.Close()
	var out []*Line
	for rows.Next() {
		l, err := scanLine(rows)
		if err != nil {
			return nil, fmt.Errorf("read the wire: %w", err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// View is an item with all that is known about it.
type View struct {
	Line
	Item         *news.Item
	Versions     []Version // oldest first
	Uses         []Use     // reports by others and by this house, oldest first
	Sources      []*Line   // what it was made from, as far as it is known here
	Derived      []*Line   // what was made from it
	MediaMissing []string  // digests of media still on their way
}

// Version is one act on the item.
type Version struct {
	Version  int
	Act      news.Act
	Reason   string
	At       time.Time
	Actor    ledger.Actor
	Position int64
	Index    int64
	Hash     string
}

// Use is a report of what an organisation did with the item.
type Use struct {
	news.UseBody
	By       string // origin of the organisation that reports
	At       time.Time
	Position int64
}

// Item returns the item of the origin; NotFound if it is unknown here, or
// embargoed and the reader may not see it.
func (s *Service) Item(ctx context.Context, origin, uri string, withEmbargoed bool) (*View, error) {
	l, err := s.Line(ctx, origin, uri, withEmbargoed)
	if err != nil {
		return nil, err
	}
	v := &View{Line: *l}
	if v.Item, err = s.content(ctx, l.URI, l.Position); err != nil {
		return nil, err
	}
	if v.Versions, err = s.versions(ctx, origin, uri); err != nil {
		return nil, err
	}
	if v.Uses, err = s.uses(ctx, origin, uri); err != nil {
		return nil, err
	}
	for _, d := range v.Item.Digests() {
		if !s.media.Has(d) {
			v.MediaMissing = append(v.MediaMissing, d)
		}
	}
	return v, s.relatives(ctx, v, withEmbargoed)
}

// Line returns the item's line, as Item does.
func (s *Service) Line(ctx context.Context, origin, uri string, withEmbargoed bool) (*Line, error) {
	l, err := scanLine(s.db.Reader().QueryRowContext(ctx, selectLine+` WHERE origin = $1 AND uri = $2`, origin, uri))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !withEmbargoed && l.Embargoed.After(s.now()) {
		return nil, news.Errorf(news.NotFound, "item", "there is no item %s of %s here", uri, origin)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, err)
	}
	return l, nil
}

// Find returns the origins that issued an item of this URI, this house first.
func (s *Service) Find(ctx context.Context, uri string) ([]string, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT DISTINCT g.origin, g.own FROM entry e
		JOIN log g ON g.id = e.log WHERE e.ref = $1 AND e.kind = 'item' ORDER BY g.own DESC, g.origin`, uri)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var origin string
		var own int
		if err := rows.Scan(&origin, &own); err != nil {
			return nil, err
		}
		out = append(out, origin)
	}
	return out, rows.Err()
}

// content reads an item's content. Where it is gone, the item is known by its
// URI alone.
func (s *Service) content(ctx context.Context, uri string, position int64) (*news.Item, error) {
	b, err := s.ledger.Content(ctx, position)
	if news.KindOf(err) == news.NotFound {
		return &news.Item{URI: uri}, nil
	}
	if err != nil {
		return nil, err
	}
	it, _, err := ninjs.Read(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", uri, err)
	}
	return it, nil
}

func (s *Service) versions(ctx context.Context, origin, uri string) ([]Version, error) {
	records, err := s.ledger.About(ctx, origin, uri, ledger.KindItem)
	if err != nil {
		return nil, err
	}
	out := make([]Version, 0, len(records))
	for _, r := range records {
		a, err := readAct(r)
		if err != nil {
			continue
		}
		out = append(out, Version{Version: a.body.Version, Act: a.body.Act, Reason: a.body.Reason, At: a.entry.At,
			Actor: a.entry.Actor, Position: r.Position, Index: r.Index, Hash: r.Hash().String()})
	}
	return out, nil
}

// VersionItem returns the content of one version, as it was issued; NotFound if
// there is no such version here, or it is embargoed, whatever later versions
// say, and the reader may not see it.
func (s *Service) VersionItem(ctx context.Context, origin, uri string, version int, withEmbargoed bool) (*news.Item, error) {
	versions, err := s.versions(ctx, origin, uri)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		if v.Version == version {
			it, err := s.content(ctx, uri, v.Position)
			if err != nil || withEmbargoed || !it.Embargoed.After(s.now()) {
				return it, err
			}
		}
	}
	return nil, news.Errorf(news.NotFound, "version", "there is no version %d of %s here", version, uri)
}

func (s *Service) uses(ctx context.Context, origin, uri string) ([]Use, error) {
	records, err := s.ledger.About(ctx, "", uri, ledger.KindUse)
	if err != nil {
		return nil, err
	}
	var out []Use
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			continue
		}
		u := Use{By: r.Origin, At: e.At, Position: r.Position}
		if e.Decode(&u.UseBody) == nil && u.Issuer == origin {
			out = append(out, u)
		}
	}
	return out, nil
}

// relatives fills in what the item was made from and what was made from it.
func (s *Service) relatives(ctx context.Context, v *View, withEmbargoed bool) (err error) {
	related := func(query string, args ...any) ([]*Line, error) {
		rows, err := s.db.Reader().QueryContext(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var keys [][2]string
		for rows.Next() {
			var k [2]string
			if err := rows.Scan(&k[0], &k[1]); err != nil {
				return nil, err
			}
			keys = append(keys, k)
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
		return s.Lines(ctx, keys, withEmbargoed)
	}
	v.Sources, err = related(`SELECT i.origin, i.uri FROM derived d JOIN item i ON i.uri = d.source_uri
		AND i.origin = d.source_origin WHERE d.origin = $1 AND d.uri = $2 LIMIT 50`, v.Origin, v.URI)
	if err != nil {
		return fmt.Errorf("read the sources of %s: %w", v.URI, err)
	}
	v.Derived, err = related(`SELECT origin, uri FROM derived WHERE source_uri = $1
		AND source_origin = $2 LIMIT 50`, v.URI, v.Origin)
	if err != nil {
		return fmt.Errorf("read what was made from %s: %w", v.URI, err)
	}
	return nil
}
