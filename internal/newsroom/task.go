package newsroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// LockTime is how long a draft stays locked after its holder's last sign of
// life: a browser that is open renews it, one that was closed lets go soon.
const LockTime = 5 * time.Minute

// Task is how a draft stands.
type Task struct {
	Draft       string
	Stage       string // of its desk
	Assignee    string // account id; empty for nobody
	Due         time.Time
	LockedBy    string    // account id of who has it open; empty for nobody
	LockedUntil time.Time // when the lock ends by itself
}

// Locked reports whether somebody other than the account has the draft open.
func (t *Task) Locked(account string, now time.Time) bool {
	return t.LockedBy != "" && t.LockedBy != account && now.Before(t.LockedUntil)
}

// Task returns how the draft stands; NotFound if there is no such draft.
func (s *Service) Task(ctx context.Context, draft string) (*Task, error) {
	return readTask(ctx, s.db.Reader(), draft)
}

func readTask(ctx context.Context, q db.Queryer, draft string) (*Task, error) {
	t := &Task{Draft: draft}
	var due, until int64
	var desk string
	err := q.QueryRowContext(ctx, `SELECT d.desk, coalesce(t.stage, ''), coalesce(t.assignee, ''), coalesce(t.due, 0),
		coalesce(t.locked_by, ''), coalesce(t.locked_until, 0)
		FROM draft d LEFT JOIN task t ON t.draft = d.id WHERE d.id = $1`, draft).
		Scan(&desk, &t.Stage, &t.Assignee, &due, &t.LockedBy, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoDraft
	}
	if err != nil {
		return nil, fmt.Errorf("read task: %w", err)
	}
	t.Due, t.LockedUntil = db.FromMicros(due), db.FromMicros(until)
	stages, err := stagesOf(ctx, q, desk)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(stages, t.Stage) {
		t.Stage = stages[0] // it came from another desk, or the desk's stages changed
	}
	return t, nil
}

var errNoDraft = news.Errorf(news.NotFound, "draft", "there is no such draft: it was published or deleted")

// changeTask reads the task, lets f change it and stores it.
func (s *Service) changeTask(ctx context.Context, draft string, f func(tx *db.Tx, t *Task) error) (*Task, error) {
	var out *Task
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT id FROM draft WHERE id = $1`+tx.ForUpdate(), draft).Scan(new(string)); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return errNoDraft
			}
			return fmt.Errorf("lock the draft's row: %w", err)
		}
		t, err := readTask(ctx, tx, draft)
		if err != nil {
			return err
		}
		if err := f(tx, t); err != nil {
			return err
		}
		out = t
		_, err = tx.ExecContext(ctx, `INSERT INTO task (draft, stage, assignee, due, locked_by, locked_until) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (draft) DO UPDATE SET stage = excluded.stage, assignee = excluded.assignee, due = excluded.due,
			locked_by = excluded.locked_by, locked_until = excluded.locked_until`,
			draft, t.Stage, t.Assignee, db.Micros(t.Due), t.LockedBy, db.Micros(t.LockedUntil))
		if err != nil {
			return fmt.Errorf("store task: %w", err)
		}
		return tx.Notify(ctx, TaskTopic)
	})
	return out, err
}

// TaskTopic is what db.Subscribe takes to be woken when work on the desks moves.
const TaskTopic = "tasks"

// Assign gives the draft to a colleague, empty for nobody, to be done by the due
// time, zero for none.
func (s *Service) Assign(ctx context.Context, draft, assignee string, due time.Time) (*Task, error) {
	return s.changeTask(ctx, draft, func(_ *db.Tx, t *Task) error {
		t.Assignee, t.Due = assignee, due
		return nil
	})
}

// MoveTo moves the draft to a stage of its desk. Invalid if the desk has no such
// stage.
func (s *Service) MoveTo(ctx context.Context, draft, stage string) (*Task, error) {
	return s.changeTask(ctx, draft, func(tx *db.Tx, t *Task) error {
		var desk string
		if err := tx.QueryRowContext(ctx, `SELECT desk FROM draft WHERE id = $1`, draft).Scan(&desk); err != nil {
			return fmt.Errorf("read the draft's desk: %w", err)
		}
		stages, err := stagesOf(ctx, tx, desk)
		if err != nil {
			return err
		}
		if !slices.Contains(stages, stage) {
			return news.Errorf(news.Invalid, "stage", "this desk has the stages %v", stages)
		}
		t.Stage = stage
		return nil
	})
}

// Lock keeps the draft to the account while it writes, or renews its lock.
// Conflict if a colleague has it open: TakeOver says that one goes on anyway.
func (s *Service) Lock(ctx context.Context, draft, account string) (*Task, error) {
	return s.changeTask(ctx, draft, func(_ *db.Tx, t *Task) error {
		if t.Locked(account, s.now()) {
			return errLocked
		}
		t.LockedBy, t.LockedUntil = account, s.now().Add(LockTime)
		return nil
	})
}

var errLocked = news.Errorf(news.Conflict, "lock", "a colleague has this draft open: wait, ask, or take it over")

// TakeOver gives the lock to the account, whoever holds it. What the other one
// has typed since the last save is offered to them, not lost: their next save
// meets the lock.
func (s *Service) TakeOver(ctx context.Context, draft, account string) (*Task, error) {
	return s.changeTask(ctx, draft, func(_ *db.Tx, t *Task) error {
		t.LockedBy, t.LockedUntil = account, s.now().Add(LockTime)
		return nil
	})
}

// Unlock lets go of the account's own lock; doing so twice is no error.
func (s *Service) Unlock(ctx context.Context, draft, account string) error {
	_, err := s.changeTask(ctx, draft, func(_ *db.Tx, t *Task) error {
		if t.LockedBy == account {
			t.LockedBy, t.LockedUntil = "", time.Time{}
		}
		return nil
	})
	return err
}

// refuseLocked refuses to store the draft of an account while a colleague has it
// open.
func (s *Service) refuseLocked(ctx context.Context, q db.Queryer, draft, account string) error {
	var by string
	var until int64
	err := q.QueryRowContext(ctx, `SELECT locked_by, locked_until FROM task WHERE draft = $1`, draft).Scan(&by, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a lock: %w", err)
	}
	t := Task{LockedBy: by, LockedUntil: db.FromMicros(until)}
	if t.Locked(account, s.now()) {
		return errLocked
	}
	return nil
}

// WorkFilter chooses drafts of the board. Empty fields choose all.
type WorkFilter struct {
	Desk     string
	Stage    string
	Assignee string
	After    *DraftLine // the last line of the page before
	Limit    int        // 1 to 200; 0 means 50
}

// WorkLine is a draft as the board shows it.
type WorkLine struct {
	DraftLine
	Task
	Scheduled time.Time // when it will be issued; zero for not
	Failed    string    // why it was not issued then
	Remarks   int
}

// Work returns the drafts on the desks, the last saved first.
func (s *Service) Work(ctx context.Context, f WorkFilter) ([]*WorkLine, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	updated, id := int64(1)<<62, ""
	if f.After != nil {
		updated, id = db.Micros(f.After.Updated), f.After.ID
	}
	stages, err := stagesOf(ctx, s.db.Reader(), f.Desk)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT d.id, d.headline, d.language, d.desk, d.author, d.updated, d.base_uri, d.base_version,
		coalesce(t.stage, $1), coalesce(t.assignee, ''), coalesce(t.due, 0), coalesce(t.locked_by, ''), coalesce(t.locked_until, 0),
		coalesce(p.at, 0), coalesce(p.failed, ''), (SELECT count(*) FROM remark r WHERE r.subject = 'draft ' || d.id)
		FROM draft d LEFT JOIN task t ON t.draft = d.id LEFT JOIN schedule p ON p.draft = d.id
		WHERE (d.updated < $2 OR (d.updated = $3 AND d.id < $4))
		AND ($5 = '' OR d.desk = $6) AND ($7 = '' OR coalesce(t.stage, $8) = $9) AND ($10 = '' OR t.assignee = $11)
		ORDER BY d.updated DESC, d.id DESC LIMIT $12`,
		stages[0], updated, updated, id, f.Desk, f.Desk, f.Stage, stages[0], f.Stage, f.Assignee, f.Assignee, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list work: %w", err)
	}
	defer rows.Close()
	var out []*WorkLine
	for rows.Next() {
		w := &WorkLine{}
		var updated, due, until, at int64
		if err := rows.Scan(&w.ID, &w.Headline, &w.Language, &w.Desk, &w.Author, &updated, &w.URI, &w.Version,
			&w.Stage, &w.Assignee, &due, &w.LockedBy, &until, &at, &w.Failed, &w.Remarks); err != nil {
			return nil, fmt.Errorf("list work: %w", err)
		}
		w.Task.Draft, w.Updated = w.ID, db.FromMicros(updated)
		w.Due, w.LockedUntil, w.Scheduled = db.FromMicros(due), db.FromMicros(until), db.FromMicros(at)
		out = append(out, w)
	}
	return out, rows.Err()
}
