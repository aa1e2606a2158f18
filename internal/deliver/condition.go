package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"jisr/internal/db"
)

const (
	// giveUp is how long a delivery is tried.
	giveUp = 3 * 24 * time.Hour
	// A destination that fails so often in a row is asked with one delivery at a
	// time, at growing intervals, until it takes one.
	troubled = 3
	// One that refuses so many in a row will refuse the next: people must look.
	maxRefusals = 10
	// maxAfter bounds what the other side may ask for with Retry-After.
	maxAfter = 24 * time.Hour
)

// backoff is how long a delivery waits after so many attempts: five seconds,
// doubling, six hours at most, a little more or less so that not all come back
// at once.
func backoff(attempts int) time.Duration {
	return spread(min(5*time.Second<<min(attempts-1, 20), 6*time.Hour))
}

// coolDown is how long a destination is left alone after so many failures in a
// row: two seconds, doubling, five minutes at most.
func coolDown(failures int) time.Duration {
	return spread(min(2*time.Second<<min(failures-troubled, 20), 5*time.Minute))
}

func spread(d time.Duration) time.Duration {
	return d - d/10 + time.Duration(rand.Int64N(int64(d/5)+1))
}

// condition is how a destination fares, as its row has it.
type condition struct {
	holder   string
	until    int64
	success  time.Time
	failure  string
	failed   time.Time
	failures int
	refusals int
	refusing time.Time
	resume   time.Time
	asked    bool
	paused   string
	place    int64
}

const conditionColumns = `holder, until, success, failure, failed, failures, refusals, refusing, resume, asked, paused, place`

func scanCondition(row interface{ Scan(...any) error }, first ...any) (*condition, error) {
	var c condition
	var success, failed, refusing, resume int64
	var asked int
	err := row.Scan(append(first, &c.holder, &c.until, &success, &c.failure, &failed, &c.failures, &c.refusals, &refusing, &resume,
		&asked, &c.paused, &c.place)...)
	c.success, c.failed, c.refusing, c.resume = db.FromMicros(success), db.FromMicros(failed), db.FromMicros(refusing), db.FromMicros(resume)
	c.asked = asked == 1
	return &c, err
}

// lockCondition reads how a destination fares, for this transaction alone. nil
// if there is no such destination.
func lockCondition(ctx context.Context, tx *db.Tx, destination string) (*condition, error) {
	c, err := scanCondition(tx.QueryRowContext(ctx, `SELECT `+conditionColumns+` FROM destination_state WHERE destination = $1`+tx.ForUpdate(), destination))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how a destination fares: %w", err)
	}
	return c, nil
}

func (c *condition) store(ctx context.Context, tx *db.Tx, destination string) error {
	_, err := tx.ExecContext(ctx, `UPDATE destination_state SET holder = $1, until = $2, success = $3, failure = $4, failed = $5, failures = $6,
		refusals = $7, refusing = $8, resume = $9, asked = $10, paused = $11, place = $12 WHERE destination = $13`,
		c.holder, c.until, db.Micros(c.success), c.failure, db.Micros(c.failed), c.failures, c.refusals, db.Micros(c.refusing),
		db.Micros(c.resume), flag(c.asked), c.paused, c.place, destination)
	if err != nil {
		return fmt.Errorf("note how a destination fares: %w", err)
	}
	return nil
}

// learn takes in what came of an attempt and reports whether the destination is
// to pause because of it.
func (c *condition) learn(o *outcome, now time.Time) (pauses bool) {
	switch o.came {
	case accepted:
		*c = condition{holder: c.holder, until: c.until, place: c.place, success: now, paused: c.paused}
	case refused:
		c.failure, c.failed, c.failures = o.why(), now, 0
		if c.refusals++; c.refusals == 1 {
			c.refusing = now
		}
		if c.paused == "" && (c.refusals >= maxRefusals || o.gone) {
			c.paused = o.why()
			return true
		}
	case failed:
		c.failure, c.failed = o.why(), now
		c.failures++
		switch {
		case o.after > 0:
			c.resume, c.asked = now.Add(min(o.after, maxAfter)), true
		case c.failures >= troubled:
			c.resume, c.asked = now.Add(coolDown(c.failures)), false
		}
	}
	return false
}

// turnOf says what a destination may be sent now.
type turnOf int

const (
	nothing turnOf = iota
	stops          // what goes before everything else
	probe          // one delivery, to see whether it works again
	all
)

// allows decides what may be sent. A stop is tried however the destination
// fares, unless it asked to be left alone: its delivery has a pace of its own.
func (c *condition) allows(d *Destination, now time.Time) turnOf {
	switch {
	case c.resume.After(now) && c.asked:
		return nothing
	case c.resume.After(now), c.paused != "", d.silent, !d.Expires.IsZero() && !d.Expires.After(now):
		return stops
	case c.failures >= troubled:
		return probe
	}
	return all
}
