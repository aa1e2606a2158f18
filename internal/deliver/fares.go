package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/fetch"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Fares is how a destination fares.
type Fares struct {
	Waiting  int64     // deliveries that wait or are under way
	Oldest   time.Time // since when the oldest of them could be sent; zero for none
	Refused  int64
	Failed   int64
	Withheld int64
	Success  time.Time // when it last took something
	Failure  string    // why it last did not; empty when it did
	Since    time.Time // when that was
	Failures int       // failed attempts in a row
	Resume   time.Time // no further attempt before
	Paused   string    // why people must look at it; empty while it works
}

// Fares returns how the destinations fare, by id.
func (s *Service) Fares(ctx context.Context, ids []string) (map[string]*Fares, error) {
	out := make(map[string]*Fares, len(ids))
	for len(ids) > 0 {
		part := ids[:min(len(ids), perStatement)]
		ids = ids[len(part):]
		if err := s.readFares(ctx, part, out); err != nil {
			return nil, fmt.Errorf("read how destinations fare: %w", err)
		}
	}
	return out, nil
}

func (s *Service) readFares(ctx context.Context, ids []string, into map[string]*Fares) error {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT destination, `+conditionColumns+` FROM destination_state WHERE destination IN (`+marks(1, len(ids))+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		c, err := scanCondition(rows, &id)
		if err != nil {
			return err
		}
		into[id] = &Fares{Success: c.success, Failure: c.failure, Since: c.failed, Failures: c.failures, Resume: c.resume, Paused: c.paused}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	counts, err := s.DB.Reader().QueryContext(ctx, `SELECT destination, state, count(*), min(since) FROM delivery
		WHERE `+open+` AND destination IN (`+marks(1, len(ids))+`) GROUP BY destination, state`, args...)
	if err != nil {
		return err
	}
	defer counts.Close()
	for counts.Next() {
		var id string
		var state State
		var n, oldest int64
		if err := counts.Scan(&id, &state, &n, &oldest); err != nil {
			return err
		}
		if f := into[id]; f != nil {
			f.count(state, n, db.FromMicros(oldest))
		}
	}
	return counts.Err()
}

func (f *Fares) count(state State, n int64, oldest time.Time) {
	switch state {
	case Waiting, Sending:
		f.Waiting += n
		if f.Oldest.IsZero() || oldest.Before(f.Oldest) {
			f.Oldest = oldest
		}
	case Refused:
		f.Refused = n
	case Failed:
		f.Failed = n
	case Withheld:
		f.Withheld = n
	}
}

// Trouble is a destination that people must look at.
type Trouble struct {
	Destination string
	Name        string
	Paused      string // why it was paused; else it only fails
	Failure     string
	Failures    int
	Since       time.Time
}

// Troubles returns the destinations that are paused or have failed several times
// in a row, up to 100.
func (s *Service) Troubles(ctx context.Context) ([]Trouble, error) {
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT d.id, d.name, c.paused, c.failure, c.failures, c.failed FROM destination_state c
		JOIN destination d ON d.id = c.destination WHERE d.removed = 0 AND d.active = 1 AND (c.paused <> '' OR c.failures >= $1)
		ORDER BY d.id LIMIT 100`, troubled)
	if err != nil {
		return nil, fmt.Errorf("look for destinations in trouble: %w", err)
	}
	defer rows.Close()
	var out []Trouble
	for rows.Next() {
		var t Trouble
		var since int64
		if err := rows.Scan(&t.Destination, &t.Name, &t.Paused, &t.Failure, &t.Failures, &since); err != nil {
			return nil, err
		}
		t.Since = db.FromMicros(since)
		out = append(out, t)
	}
	return out, rows.Err()
}

// Counts returns how many deliveries are in each state that is not final, for
// those who watch the node.
func (s *Service) Counts(ctx context.Context) (map[State]int64, error) {
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT state, count(*) FROM delivery
		WHERE `+open+` GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	defer rows.Close()
	out := map[State]int64{}
	for rows.Next() {
		var state State
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		out[state] = n
	}
	return out, rows.Err()
}

// ResumeDestination has a destination that was paused, or is left alone for a
// while, tried again at once. Its deliveries have three days from now.
func (s *Service) ResumeDestination(ctx context.Context, id string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, err := lockCondition(ctx, tx, id)
		if err != nil {
			return err
		}
		if c == nil {
			return none("destination", id)
		}
		c.paused, c.failures, c.refusals, c.refusing, c.resume, c.asked = "", 0, 0, time.Time{}, time.Time{}, false
		if err := c.store(ctx, tx, id); err != nil {
			return err
		}
		now := db.Micros(s.Now())
		_, err = tx.ExecContext(ctx, `UPDATE delivery SET due = CASE WHEN not_before > $1 THEN not_before ELSE $1 END,
			since = CASE WHEN not_before > $1 THEN not_before ELSE $1 END WHERE destination = $2 AND state = 'waiting'`, now, id)
		if err != nil {
			return fmt.Errorf("resume a destination: %w", err)
		}
		tx.AfterCommit(func() { s.call(id, false) })
		return tx.Notify(ctx, Topic)
	})
}

// Test sends a message to a destination that says that it is a test, and returns
// what the other side said. A refusal is an error of kind Conflict, no answer
// one of kind Unavailable.
func (s *Service) Test(ctx context.Context, id string) (Receipt, error) {
	d, err := s.Destination(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	if d.Kind.pulled() || d.Kind == Callback {
		return Receipt{}, news.Errorf(news.Conflict, "kind", "nothing is sent to a feed: fetch it with one of its tokens")
	}
	sender := s.Senders[d.Kind]
	if sender == nil {
		return Receipt{}, news.Errorf(news.Unavailable, "kind", "this node is not set up to send to destinations of the kind %s", d.Kind)
	}
	m, err := s.testMessage(d)
	if err != nil {
		return Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	r, err := sender.Send(ctx, d, m)
	if err == nil {
		return Receipt{Status: fetch.Said(r.Status)}, nil
	}
	var no *Refusal
	if errors.As(err, &no) {
		return Receipt{}, news.Errorf(news.Conflict, "destination", "%s", fetch.Said(no.Error())).Because(err)
	}
	return Receipt{}, news.Errorf(news.Unavailable, "destination", "%s", reasonOf(err)).Because(err)
}

// testTime is how long a test may take: somebody waits for it.
const testTime = 20 * time.Second

// testMessage makes an item that nobody can take for news: it says so, and it is
// withheld.
func (s *Service) testMessage(d *Destination) (*Message, error) {
	now := s.Now().UTC().Truncate(time.Second)
	id := s.newID()
	it := &news.Item{URI: fmt.Sprintf("tag:%s,%d:test/%s", s.Ledger.Origin(), now.Year(), id), Type: news.Text, Language: "en", Version: "1",
		PubStatus: news.Withheld, FirstCreated: now, VersionCreated: now, Slugline: "TEST",
		EdNote:    "This is a test of the delivery from " + s.Ledger.Origin() + ". Do not use it.",
		Headlines: []news.Words{{Role: "main", Value: "TEST, please ignore"}},
		Bodies:    []news.Words{{Role: "main", ContentType: "text/html", Value: "<p>This is a test of the delivery from " + s.Ledger.Origin() + ". Do not use it.</p>"}}}
	m := &Message{ID: id, Origin: s.Ledger.Origin(), URI: it.URI, Version: 1, Act: news.Publish, Subject: "TEST, please ignore",
		Entry: ledger.Sum([]byte(it.URI)).String(), Issued: now}
	p := &parcel{format: d.Format, message: m}
	w, err := s.shape(d, it, -now.UnixMicro(), p)
	if err != nil {
		return nil, err
	}
	m.Body = w.Data
	return m, nil
}
