package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"jisr/internal/news"
)

// Counts returns how many jobs are in each state: available, running, scheduled,
// retryable, and for a day after their end completed and cancelled, for a week
// discarded.
func (r *Runner) Counts(ctx context.Context) (map[string]int64, error) {
	rows, err := r.db.Reader().QueryContext(ctx, `SELECT state, count(*) FROM river_job GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var state string
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count jobs: %w", err)
		}
		out[state] = n
	}
	return out, rows.Err()
}

// Failed is a job that used up its attempts or gave up.
type Failed struct {
	ID       int64
	Kind     string
	Args     []byte // JSON
	Attempts int
	Ended    time.Time
	Error    string // of the last attempt; for staff, never for the public
}

// Failed returns the jobs that failed for good, the latest first.
func (r *Runner) Failed(ctx context.Context, limit int) ([]Failed, error) {
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	res, err := r.client.JobList(ctx, river.NewJobListParams().First(limit).
		States(rivertype.JobStateDiscarded, rivertype.JobStateCancelled).OrderBy(river.JobListOrderByFinalizedAt, river.SortOrderDesc))
	if err != nil {
		return nil, fmt.Errorf("list failed jobs: %w", err)
	}
	out := make([]Failed, 0, len(res.Jobs))
	for _, j := range res.Jobs {
		f := Failed{ID: j.ID, Kind: j.Kind, Args: j.EncodedArgs, Attempts: j.Attempt}
		if j.FinalizedAt != nil {
			f.Ended = j.FinalizedAt.UTC()
		}
		if n := len(j.Errors); n > 0 {
			f.Error = j.Errors[n-1].Error
		}
		out = append(out, f)
	}
	return out, nil
}

// Retry has a failed job tried once more; NotFound if there is none of this id.
func (r *Runner) Retry(ctx context.Context, id int64) error {
	_, err := r.client.JobRetry(ctx, id)
	if errors.Is(err, rivertype.ErrNotFound) {
		return news.Errorf(news.NotFound, "job", "there is no job %d: it may have been cleared away", id)
	}
	if err != nil {
		return fmt.Errorf("retry job %d: %w", id, err)
	}
	return nil
}
