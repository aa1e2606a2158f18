package ingest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// begin forgets what the last try said of the arrival, except what came of it.
func (a *Arrival) begin() {
	a.State, a.Reason, a.Place, a.Awaits, a.Unchanged = Done, "", "", nil, 0
	a.Came = slices.DeleteFunc(a.Came, func(c Came) bool { return c.Outcome == Failed || c.Outcome == Aside || c.Outcome == Skipped })
}

// fail notes why there is nothing in the file, or less than there should be.
func (a *Arrival) fail(err error) {
	if err == nil {
		return
	}
	var e *news.Error
	a.State, a.Reason = Broken, err.Error()
	if errors.As(err, &e) {
		a.Reason, a.Place = e.Message, e.Field
	}
}

// wait has the arrival wait for files, or without names only for the time.
func (a *Arrival) wait(names []string, until time.Time) {
	if a.State != Waiting || until.After(a.Due) {
		a.Due = until
	}
	a.State, a.Reason = Waiting, ""
	for _, n := range names {
		if !slices.Contains(a.Awaits, n) {
			a.Awaits = append(a.Awaits, n)
		}
	}
	if len(a.Awaits) > 0 {
		a.Reason = fmt.Sprintf("it waits until %s for %s, which it names", a.Due.UTC().Format("15:04:05 MST"), strings.Join(a.Awaits, ", "))
	}
}

// add notes what came of an item, in place of what an earlier try said of it.
func (a *Arrival) add(c Came) {
	a.Came = slices.DeleteFunc(a.Came, func(old Came) bool { return old.URI == c.URI && old.Version == c.Version })
	if len(a.Came) < maxCame {
		a.Came = append(a.Came, c)
	}
}

// conclude lets the arrival say what became of the piece. What waits outweighs
// what failed, because it is tried again; what failed outweighs what was set
// aside.
func (p *Piece) conclude() {
	a := p.arrival
	for _, l := range p.Losses {
		if len(a.Losses) < maxLosses && !slices.Contains(a.Losses, l) {
			a.Losses = append(a.Losses, l)
		}
	}
	if len(p.awaits) > 0 {
		a.wait(p.awaits, p.until)
		return
	}
	if p.Outcome == Skipped && p.Reason == "" {
		return // unchanged: counted already
	}
	a.add(Came{URI: p.Item.URI, Outcome: p.Outcome, Act: p.Act, Version: p.Version, Draft: p.Draft, Reason: p.Reason})
	switch {
	case p.Outcome == Failed && a.State != Waiting && a.State != Broken:
		a.fail(p.Err)
	case p.Outcome == Aside && a.State == Done:
		a.State, a.Reason = SetAside, p.Reason
	}
}

// settle writes what became of the batch, under the lease.
func (t *taking) settle(ctx context.Context) error {
	err := t.db.Write(ctx, func(tx *db.Tx) error {
		if err := t.hold(ctx, tx, takeLease(t.src.ID)); err != nil {
			return err
		}
		for _, op := range t.drafts {
			if err := op.do(t, ctx, tx, op); err != nil {
				return err
			}
		}
		for _, p := range t.pieces {
			p.conclude()
		}
		if err := t.writeTaken(ctx, tx); err != nil {
			return err
		}
		if err := t.enqueueFetches(ctx, tx); err != nil {
			return err
		}
		sum := &tally{newest: t.newest}
		if err := t.writeMedia(ctx, tx, sum); err != nil {
			return err
		}
		for _, a := range t.arrivals {
			if err := t.write(ctx, tx, a, sum); err != nil {
				return err
			}
		}
		return t.close(ctx, tx, sum)
	})
	return failed("note what became of files", err)
}

// close counts, gives the lease back and wakes whoever waits for the outcome.
func (t *taking) close(ctx context.Context, tx *db.Tx, sum *tally) error {
	if err := t.count(ctx, tx, t.src.ID, sum); err != nil {
		return err
	}
	if t.src.Kind == Push {
		_, err := tx.ExecContext(ctx, `UPDATE source_state SET success = $1 WHERE source = $2`, db.Micros(t.now()), t.src.ID)
		if err != nil {
			return err
		}
	}
	if err := t.release(ctx, tx, takeLease(t.src.ID)); err != nil {
		return err
	}
	return tx.Notify(ctx, Topic)
}

// write stores an arrival of the batch and counts its move.
func (t *taking) write(ctx context.Context, tx *db.Tx, a *Arrival, sum *tally) error {
	if a.State != Waiting {
		a.Settled = t.now().UTC()
		sum.move(Waiting, a.State)
	}
	res, err := tx.ExecContext(ctx, `UPDATE arrival SET state = $1, due = $2, awaits = $3, tries = $4, broken = 0, settled = $5, place = $6,
		reason = $7, format = $8, version = $9, unchanged = $10, came = $11, losses = $12 WHERE id = $13 AND state = 'waiting'`,
		string(a.State), db.Micros(a.Due), joined(a.Awaits), a.Tries, db.Micros(a.Settled), text(a.Place, maxPath), text(a.Reason, maxReason),
		a.Format, a.Version, a.Unchanged, pack(a.Came), pack(a.Losses), a.ID)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errLost
}

// writeMedia settles files that became an item's media and are not of the batch,
// and keeps those that an item still waits to use from becoming items meanwhile.
func (t *taking) writeMedia(ctx context.Context, tx *db.Tx, sum *tally) error {
	for _, p := range t.pieces {
		for _, id := range p.used {
			if slices.ContainsFunc(t.arrivals, func(a *Arrival) bool { return a.ID == id }) {
				continue
			}
			if len(p.awaits) > 0 {
				_, err := tx.ExecContext(ctx, `UPDATE arrival SET due = $1 WHERE id = $2 AND state = 'waiting' AND due < $1`,
					db.Micros(p.until.Add(time.Second)), id)
				if err != nil {
					return err
				}
			}
			if !p.took(id) {
				continue
			}
			res, err := tx.ExecContext(ctx, `UPDATE arrival SET state = 'done', settled = $1, came = $2 WHERE id = $3 AND state = 'waiting'`,
				db.Micros(t.now()), pack([]Came{{URI: p.Item.URI, Outcome: Media}}), id)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			if n == 1 {
				sum.move(Waiting, Done)
			}
		}
	}
	return nil
}

// writeTaken stores what was taken of the items.
func (t *taking) writeTaken(ctx context.Context, tx *db.Tx) error {
	var values []any
	for _, r := range t.rows {
		if !r.changed {
			continue
		}
		digest, err := hex.DecodeString(strings.TrimPrefix(r.digest, "sha256:"))
		if err != nil {
			return err
		}
		values = append(values, r.uri, r.source, digest, text(r.edition.version, maxName), db.Micros(r.edition.created), string(r.status),
			flag(r.trouble), r.draft, r.revision, r.arrival)
	}
	return db.NewBulk(`taken (uri, source, digest, version, created, status, trouble, draft, revision, arrival)`, 10,
		`ON CONFLICT (uri, source) DO UPDATE SET digest = excluded.digest, version = excluded.version, created = excluded.created,
		status = excluded.status, trouble = excluded.trouble, draft = excluded.draft, revision = excluded.revision,
		arrival = excluded.arrival`).Insert(ctx, tx, values)
}

// putBack has the batch wait for another try: at once where the process stops,
// which is no fault, else after a while. A file that fails inside this node again
// and again is given up, so that a person looks at it.
func (t *taking) putBack(ctx context.Context, fault error) error {
	err := t.db.Write(ctx, func(tx *db.Tx) error {
		if err := t.hold(ctx, tx, takeLease(t.src.ID)); err != nil {
			return err
		}
		sum := &tally{}
		for _, a := range t.arrivals {
			a.begin()
			a.State = Waiting
			switch {
			case fault == nil:
				a.Tries--
			case news.KindOf(fault) == "" && a.Tries >= faultsMost:
				a.State, a.Reason = Broken, "something went wrong here again and again; the node's log says what"
			default:
				a.Due = t.now().Add(again(a.Tries))
				a.Reason = "something went wrong here and it will be tried again; the node's log says what"
				if news.KindOf(fault) != "" {
					a.Reason = plain(fault)
				}
			}
			if err := t.write(ctx, tx, a, sum); err != nil {
				return err
			}
		}
		return t.close(ctx, tx, sum)
	})
	if errors.Is(err, errLost) {
		return nil // whoever has the source now tries them
	}
	return failed("put files back", err)
}

// again is how long after a try the next one comes.
func again(tries int) time.Duration {
	return min(time.Second<<min(tries, 12), 10*time.Minute)
}

// Retry has an arrival that failed or was set aside taken anew.
func (s *Service) Retry(ctx context.Context, id string) (*Arrival, error) {
	return s.move(ctx, id, Waiting, "", func(a *Arrival) error {
		switch {
		case a.State != Broken && a.State != SetAside:
			return news.Errorf(news.Conflict, "state", "it is %s: only what failed or was set aside can be tried again", a.State)
		case a.Digest == "":
			return news.Errorf(news.Conflict, "arrival", "its bytes were not kept (%s): have it sent again", a.Reason)
		}
		return nil
	})
}

// Dismiss sets an arrival that failed aside: a person has seen to it.
func (s *Service) Dismiss(ctx context.Context, id string) (*Arrival, error) {
	return s.move(ctx, id, SetAside, "set aside by a person", func(a *Arrival) error {
		if a.State != Broken {
			return news.Errorf(news.Conflict, "state", "it is %s: only what failed can be set aside", a.State)
		}
		return nil
	})
}

// move puts an arrival into another state, if may allows it.
func (s *Service) move(ctx context.Context, id string, to State, note string, may func(*Arrival) error) (a *Arrival, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		a, err = oneArrival(tx.QueryRowContext(ctx, `SELECT `+arrivalColumns+` FROM arrival WHERE id = $1`+tx.ForUpdate(), id))
		if err != nil {
			return err
		}
		if err := may(a); err != nil {
			return err
		}
		sum := &tally{}
		sum.move(a.State, to)
		sum.recent.Reset() // a person's decision is no outcome of the source's
		a.State, a.Due, a.Tries = to, s.now().UTC(), 0
		if note != "" {
			a.Reason = strings.TrimSpace(note + ": " + a.Reason)
		}
		_, err := tx.ExecContext(ctx, `UPDATE arrival SET state = $1, due = $2, tries = 0, broken = 0, awaits = '', reason = $3 WHERE id = $4`,
			string(to), db.Micros(a.Due), a.Reason, id)
		if err != nil {
			return err
		}
		if err := s.count(ctx, tx, a.Source, sum); err != nil {
			return err
		}
		return tx.Notify(ctx, Topic)
	})
	if err != nil {
		return nil, failed("change the arrival", err)
	}
	return a, nil
}
