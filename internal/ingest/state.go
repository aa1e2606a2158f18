package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
)

// recentMost is how many outcomes the error rate is taken over.
const recentMost = 100

// tally is how a transaction moves the counts of a source.
type tally struct {
	by      map[State]int64
	recent  strings.Builder // a dot for each good outcome, an x for each other
	newest  time.Time       // item
	arrived time.Time
}

// move notes that an arrival went from one state to another; "" is nowhere.
func (t *tally) move(from, to State) {
	if t.by == nil {
		t.by = map[State]int64{}
	}
	t.by[from]--
	t.by[to]++
	switch to {
	case Done, SetAside:
		t.recent.WriteByte('.')
	case Broken:
		t.recent.WriteByte('x')
	}
}

// count applies the tally to the source's row.
func (s *Service) count(ctx context.Context, tx *db.Tx, source string, t *tally) error {
	var newest, arrived int64
	var recent string
	err := tx.QueryRowContext(ctx, `SELECT newest, arrived, recent FROM source_state WHERE source = $1`+tx.ForUpdate(), source).
		Scan(&newest, &arrived, &recent)
	if err != nil {
		return fmt.Errorf("count arrivals: %w", err)
	}
	if !t.newest.After(s.now().Add(time.Hour)) { // a sender's clock may be wrong
		newest = max(newest, db.Micros(t.newest))
	}
	recent += t.recent.String()
	recent = recent[max(0, len(recent)-recentMost):]
	_, err = tx.ExecContext(ctx, `UPDATE source_state SET waiting = waiting + $1, done = done + $2, failed = failed + $3, aside = aside + $4,
		newest = $5, arrived = $6, recent = $7 WHERE source = $8`, t.by[Waiting], t.by[Done], t.by[Broken], t.by[SetAside],
		newest, max(arrived, db.Micros(t.arrived)), recent, source)
	if err != nil {
		return fmt.Errorf("count arrivals: %w", err)
	}
	return nil
}

// Health is how a source fares.
type Health struct {
	Looked    time.Time // when the last look began
	Next      time.Time // when the next is due; zero for one that is pushed or paused
	Success   time.Time // the last look, or push, that brought what there was
	Failure   string    // why the last look failed; empty when it did not
	Failures  int       // looks that failed one after the other
	Arrived   time.Time // when the last file was kept
	Oldest    time.Time // when the oldest file that waits was kept; zero for none
	Newest    time.Time // the newest time that an item gave itself
	ErrorRate float64   // of the last 100 arrivals, 0 to 1
	Recent    int       // over how many it is
	Waiting   int64
	Done      int64
	Failed    int64
	Aside     int64
}

// Lag is how long the oldest file has been waiting; 0 for none.
func (h *Health) Lag(now time.Time) time.Duration {
	if h.Oldest.IsZero() {
		return 0
	}
	return max(now.Sub(h.Oldest), 0)
}

// Status is a source with how it fares.
type Status struct {
	Source
	HasSecret bool
	Health    Health
}

const statusQuery = `SELECT ` + sourceColumns + `, CASE WHEN s.secret = '' THEN 0 ELSE 1 END, t.looked, t.next, t.success, t.failure,
	t.failures, t.arrived, t.newest, t.waiting, t.done, t.failed, t.aside, t.recent,
	coalesce((SELECT a.received FROM arrival a WHERE a.source = s.id AND a.state = 'waiting' ORDER BY a.id LIMIT 1), 0)
	FROM source s JOIN source_state t ON t.source = s.id WHERE s.removed = 0`

func scanStatus(row interface{ Scan(...any) error }) (*Status, error) {
	var st Status
	var secret int
	var looked, next, success, arrived, newest, oldest int64
	var recent string
	h := &st.Health
	src, err := scanSource(row, &secret, &looked, &next, &success, &h.Failure, &h.Failures, &arrived, &newest,
		&h.Waiting, &h.Done, &h.Failed, &h.Aside, &recent, &oldest)
	if err != nil {
		return nil, err
	}
	st.Source, st.HasSecret = *src, secret == 1
	h.Looked, h.Success, h.Arrived, h.Newest = db.FromMicros(looked), db.FromMicros(success), db.FromMicros(arrived), db.FromMicros(newest)
	if src.Active && src.Kind != Push {
		h.Next = db.FromMicros(next)
	}
	h.Oldest = db.FromMicros(oldest)
	if h.Recent = len(recent); h.Recent > 0 {
		h.ErrorRate = float64(strings.Count(recent, "x")) / float64(h.Recent)
	}
	return &st, nil
}

// Sources returns the sources in the order of their ids, that is of their age,
// after the given id.
func (s *Service) Sources(ctx context.Context, after string, limit int) ([]*Status, error) {
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	rows, err := s.db.Reader().QueryContext(ctx, statusQuery+` AND s.id > $1 ORDER BY s.id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	defer rows.Close()
	var out []*Status
	for rows.Next() {
		st, err := scanStatus(rows)
		if err != nil {
			return nil, fmt.Errorf("list sources: %w", err)
		}
		out = append(out, st)
	}
	return out, rows.Err()
}

// Source returns the source of the id or, as people write it, of the name;
// NotFound if there is none.
func (s *Service) Source(ctx context.Context, id string) (*Status, error) {
	rows, err := s.db.Reader().QueryContext(ctx, statusQuery+` AND (s.id = $1 OR s.name = $1) ORDER BY s.id = $1 DESC LIMIT 1`, id)
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("read the source: %w", err)
		}
		return nil, noSource(id)
	}
	return scanStatus(rows)
}

func pack(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	return b
}

func unpack(b []byte, v any) error {
	if len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, v)
}
