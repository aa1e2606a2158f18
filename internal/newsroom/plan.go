package newsroom

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Bounds of an entry of the diary.
const (
	maxPlanText  = 10_000 // bytes of title, place and note each
	maxCoverages = 50
)

// PlanStatus says how sure an event is (RFC 5545 §3.8.1.11).
type PlanStatus string

// The statuses.
const (
	PlanConfirmed PlanStatus = "confirmed"
	PlanTentative PlanStatus = "tentative"
	PlanCancelled PlanStatus = "cancelled"
)

// PlanStatuses lists every status.
var PlanStatuses = []PlanStatus{PlanConfirmed, PlanTentative, PlanCancelled}

// Plan is an entry of the diary: an event, and what the house will make of it.
type Plan struct {
	ID       string // ULID
	UID      string // as calendars know it; made from the id if empty
	Title    string
	Note     string
	Place    string
	Starts   time.Time
	Ends     time.Time // exclusive; zero for open
	AllDay   bool      // Starts and Ends are then midnights in UTC and mean dates
	Status   PlanStatus
	Desk     string
	Language string
	Coverage []PlannedCoverage
	Author   string // account id
	Changed  time.Time
	Revision int64 // grows by one with each save
}

// PlannedCoverage is one thing that will be made.
type PlannedCoverage struct {
	Type     news.Type `json:"type"`
	Assignee string    `json:"assignee,omitempty"` // account id
	Due      time.Time `json:"due,omitzero"`
	Note     string    `json:"note,omitempty"`
	Draft    string    `json:"draft,omitempty"` // begun
	URI      string    `json:"uri,omitempty"`   // issued
}

func (p *Plan) check() error {
	p.Title, p.Place, p.Note = strings.TrimSpace(p.Title), strings.TrimSpace(p.Place), strings.TrimSpace(p.Note)
	if p.Status == "" {
		p.Status = PlanConfirmed
	}
	switch {
	case p.Title == "":
		return news.Errorf(news.Invalid, "title", "say what will happen")
	case len(p.Title) > maxPlanText || len(p.Place) > maxPlanText || len(p.Note) > maxPlanText:
		return news.Errorf(news.TooLarge, "title", "title, place and note have at most %d bytes each", maxPlanText)
	case p.Starts.IsZero():
		return news.Errorf(news.Invalid, "starts", "say when it begins")
	case !p.Ends.IsZero() && !p.Ends.After(p.Starts):
		return news.Errorf(news.Invalid, "ends", "it ends before it begins")
	case p.Status != PlanConfirmed && p.Status != PlanTentative && p.Status != PlanCancelled:
		return news.Errorf(news.Invalid, "status", "use one of %v", PlanStatuses)
	case len(p.Coverage) > maxCoverages:
		return news.Errorf(news.TooLarge, "coverage", "an event has at most %d coverages", maxCoverages)
	}
	return nil
}

// SavePlan stores the entry and returns it with its id and new revision. It
// fails with Conflict, and stores nothing, if someone saved since p.Revision.
func (s *Service) SavePlan(ctx context.Context, p Plan) (*Plan, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error { return s.storePlan(ctx, tx, &p) })
	if err != nil {
		return nil, err
	}
	return &p, nil
}

func (s *Service) storePlan(ctx context.Context, tx *db.Tx, p *Plan) error {
	coverage, err := json.Marshal(p.Coverage)
	if err != nil {
		return fmt.Errorf("save a plan: %w", err)
	}
	p.Changed = s.now().UTC().Truncate(time.Microsecond)
	p.Revision++
	if p.ID == "" {
		p.ID, p.Revision = ulid.Make().String(), 1
		if p.UID == "" {
			p.UID = p.ID + "@" + s.ledger.Origin()
		}
		return one(ctx, tx, news.Errorf(news.Conflict, "uid", "this event is in the diary already"),
			`INSERT INTO plan (id, uid, title, note, place, starts, ends, all_day, status, desk, language, coverage, author, changed, revision)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (uid) DO NOTHING`,
			p.ID, p.UID, p.Title, p.Note, p.Place, db.Micros(p.Starts), db.Micros(p.Ends), bit(p.AllDay), string(p.Status), p.Desk, p.Language,
			string(coverage), p.Author, db.Micros(p.Changed), p.Revision)
	}
	return one(ctx, tx, news.Errorf(news.Conflict, "revision", "someone saved this entry meanwhile, or removed it: look at it before you save"),
		`UPDATE plan SET title = $1, note = $2, place = $3, starts = $4, ends = $5, all_day = $6, status = $7, desk = $8, language = $9,
		coverage = $10, author = $11, changed = $12, revision = $13 WHERE id = $14 AND revision = $15`,
		p.Title, p.Note, p.Place, db.Micros(p.Starts), db.Micros(p.Ends), bit(p.AllDay), string(p.Status), p.Desk, p.Language, string(coverage),
		p.Author, db.Micros(p.Changed), p.Revision, p.ID, p.Revision-1)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// RemovePlan removes an entry; NotFound if there is none of this id.
func (s *Service) RemovePlan(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error { return one(ctx, tx, errNoPlan, `DELETE FROM plan WHERE id = $1`, id) })
}

var errNoPlan = news.Errorf(news.NotFound, "plan", "there is no such entry in the diary")

const planColumns = `id, uid, title, note, place, starts, ends, all_day, status, desk, language, coverage, author, changed, revision`

// Plan returns an entry; NotFound if there is none of this id.
func (s *Service) Plan(ctx context.Context, id string) (*Plan, error) {
	return scanPlan(s.db.Reader().QueryRowContext(ctx, `SELECT `+planColumns+` FROM plan WHERE id = $1`, id))
}

func scanPlan(row interface{ Scan(...any) error }) (*Plan, error) {
	p := &Plan{}
	var starts, ends, changed int64
	var allDay int
	var coverage string
	err := row.Scan(&p.ID, &p.UID, &p.Title, &p.Note, &p.Place, &starts, &ends, &allDay, &p.Status, &p.Desk, &p.Language, &coverage,
		&p.Author, &changed, &p.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoPlan
	}
	if err != nil {
		return nil, fmt.Errorf("read a plan: %w", err)
	}
	p.Starts, p.Ends, p.Changed, p.AllDay = db.FromMicros(starts), db.FromMicros(ends), db.FromMicros(changed), allDay == 1
	if err := json.Unmarshal([]byte(coverage), &p.Coverage); err != nil {
		return nil, fmt.Errorf("read plan %s: %w", p.ID, err)
	}
	return p, nil
}

// maxPlanSpan is how long before its day an event that still lasts may have
// begun to be found: a month's exhibition is, a year's is listed at its start.
const maxPlanSpan = 31 * 24 * time.Hour

// Plans returns the entries that happen within the span, by their beginning, at
// most 1,000. desk may be empty for all.
func (s *Service) Plans(ctx context.Context, from, until time.Time, desk string) ([]*Plan, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT `+planColumns+` FROM plan
		WHERE starts >= $1 AND starts < $2 AND (starts >= $3 OR ends > $4) AND ($5 = '' OR desk = $6) ORDER BY starts, id LIMIT 1000`,
		db.Micros(from.Add(-maxPlanSpan)), db.Micros(until), db.Micros(from), db.Micros(from), desk, desk)
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	defer rows.Close()
	var out []*Plan
	for rows.Next() {
		p, err := scanPlan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
