package newsroom

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Scheduled is a draft that will be issued at a time.
type Scheduled struct {
	Draft    string
	At       time.Time
	Revision int64 // of the draft that the editor saw: another one is not issued
	Act      news.Act
	Reason   string
	Actor    ledger.Actor
	Account  string // who scheduled it
	Failed   string // why it was not issued when it was time; empty while it waits
}

// Schedule has the draft issued at the time, by whichever process serves the
// node then, even if it was off at that moment. Errors: Invalid for a time that
// is over or an act that does not issue a draft; Conflict if the draft was saved
// after the editor looked at it.
func (s *Service) Schedule(ctx context.Context, p Scheduled) error {
	switch p.Act {
	case news.Publish, news.Update, news.Correction, news.Refile:
	default:
		return news.Errorf(news.Invalid, "act", "only a publication, an update, a correction or a refile can be scheduled")
	}
	if !p.At.After(s.now()) {
		return news.Errorf(news.Invalid, "at", "this time is over: choose a later one, or issue the item now")
	}
	actor, err := json.Marshal(p.Actor)
	if err != nil {
		return fmt.Errorf("schedule a draft: %w", err)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		d, err := readDraft(ctx, tx, p.Draft)
		if err != nil {
			return err
		}
		if d.Revision != p.Revision {
			return news.Errorf(news.Conflict, "revision", "the draft was saved after you looked at it")
		}
		// What would be refused then is refused now, while somebody reads it.
		if err := s.prepare(&Issue{Act: p.Act, Item: d.Item, Reason: p.Reason}); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO schedule (draft, at, revision, act, reason, actor, account, failed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT (draft) DO UPDATE SET at = excluded.at, revision = excluded.revision,
			act = excluded.act, reason = excluded.reason, actor = excluded.actor, account = excluded.account, failed = ''`,
			p.Draft, db.Micros(p.At), p.Revision, string(p.Act), p.Reason, string(actor), p.Account)
		if err != nil {
			return fmt.Errorf("schedule a draft: %w", err)
		}
		return tx.Notify(ctx, TaskTopic)
	})
}

// Unschedule leaves the draft a draft; it is no error if nothing was scheduled.
func (s *Service) Unschedule(ctx context.Context, draft string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM schedule WHERE draft = $1`, draft); err != nil {
			return fmt.Errorf("unschedule a draft: %w", err)
		}
		return tx.Notify(ctx, TaskTopic)
	})
}

const scheduledColumns = `draft, at, revision, act, reason, actor, account, failed`

// Scheduled returns when the draft will be issued; NotFound if it will not.
func (s *Service) Scheduled(ctx context.Context, draft string) (*Scheduled, error) {
	p, err := scanScheduled(s.db.Reader().QueryRowContext(ctx, `SELECT `+scheduledColumns+` FROM schedule WHERE draft = $1`, draft))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "draft", "this draft is not scheduled")
	}
	return p, err
}

func scanScheduled(row interface{ Scan(...any) error }) (*Scheduled, error) {
	p := &Scheduled{}
	var at int64
	var actor string
	if err := row.Scan(&p.Draft, &at, &p.Revision, &p.Act, &p.Reason, &actor, &p.Account, &p.Failed); err != nil {
		return nil, err
	}
	p.At = db.FromMicros(at)
	return p, json.Unmarshal([]byte(actor), &p.Actor)
}

// runSchedule issues what is due until ctx ends.
func (s *Service) runSchedule(ctx context.Context) {
	changed, cancel := s.db.Subscribe(TaskTopic)
	defer cancel()
	for ctx.Err() == nil {
		wait := s.issueDue(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// issueDue issues what is due and returns how long to wait for the next.
func (s *Service) issueDue(ctx context.Context) time.Duration {
	const longest, afterFailure = time.Minute, 5 * time.Second
	for ctx.Err() == nil {
		p, err := scanScheduled(s.db.Reader().QueryRowContext(ctx, `SELECT `+scheduledColumns+` FROM schedule
			WHERE failed = '' ORDER BY at LIMIT 1`))
		if errors.Is(err, sql.ErrNoRows) {
			return longest
		}
		if err != nil {
			s.log.Error("cannot read what is scheduled", "err", err)
			return afterFailure
		}
		if wait := p.At.Sub(s.now()); wait > 0 {
			return min(wait, longest)
		}
		if err := s.issueScheduled(ctx, p); err != nil {
			if ctx.Err() == nil {
				s.log.Error("cannot issue what is scheduled", "draft", p.Draft, "err", err)
			}
			return afterFailure
		}
	}
	return longest
}

// issueScheduled issues the draft, which deletes it and with it the schedule in
// the same transaction: of two processes one does it. What people must mend is
// noted; anything else is tried again.
func (s *Service) issueScheduled(ctx context.Context, p *Scheduled) error {
	d, err := s.Draft(ctx, p.Draft)
	if news.KindOf(err) == news.NotFound {
		return nil // published or deleted meanwhile
	}
	if err != nil {
		return err
	}
	if d.Revision != p.Revision {
		err = news.Errorf(news.Conflict, "revision", "the draft was saved after it was scheduled: look at it and schedule it again")
	} else {
		_, err = s.Issue(ctx, Issue{Act: p.Act, Item: d.Item, Desk: d.Desk, Reason: p.Reason, Actor: p.Actor, Draft: d.ID, Expect: d.Version})
	}
	var e *news.Error
	if err == nil || !errors.As(err, &e) || e.Kind == news.Unavailable {
		return err
	}
	s.log.Warn("a scheduled item was not issued", "draft", p.Draft, "reason", e.Message)
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE schedule SET failed = $1 WHERE draft = $2 AND at = $3`, e.Message, p.Draft, db.Micros(p.At)); err != nil {
			return fmt.Errorf("note a failure: %w", err)
		}
		return tx.Notify(ctx, TaskTopic)
	})
}
