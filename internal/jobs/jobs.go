// Package jobs does work in the background: what may fail and is tried again,
// what is due later, what happens every so often. River keeps the jobs in the
// node's own database.
//
// Its invariant: a job that was enqueued in a transaction runs if and only if
// that transaction commits, and then until its handler returns nil or its
// attempts are used up. It may run more than once: a process that is killed
// between the work and the note that it is done does it again after the restart.
// So every handler must be idempotent: doing the same job twice leaves what doing
// it once leaves.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Args says what is to be done. It is stored as JSON; Kind names the handler and
// has at least two characters. A kind and the meaning of its fields outlive a
// release: jobs enqueued by the old one run under the new.
type Args = river.JobArgs

// Options is what the runner needs.
type Options struct {
	DB      *db.DB
	Log     *slog.Logger
	Workers int           // jobs at a time; 0 means 20
	Timeout time.Duration // how long one attempt may take; 0 means 5 minutes
}

// Runner enqueues jobs and, between Start and Stop, does them.
type Runner struct {
	db      *db.DB
	log     *slog.Logger
	workers *river.Workers
	client  *river.Client[*sql.Tx]
}

const (
	// fetchCooldown bounds how often a busy runner asks for more: at River's
	// default of 100 ms it does 200 jobs a second, at 5 ms some thousand.
	fetchCooldown = 5 * time.Millisecond
	// rescueMargin is how much longer than its timeout a job may run before it
	// counts as abandoned by a process that died.
	rescueMargin = time.Minute
)

// New returns a runner with its tables up to date. Handlers and schedules are
// added before Start.
func New(ctx context.Context, o Options) (*Runner, error) {
	r := &Runner{db: o.DB, log: o.Log, workers: river.NewWorkers()}
	driver := newDriver(o.DB)
	if err := migrate(ctx, o.DB, driver, o.Log); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	if o.Workers <= 0 {
		o.Workers = 20
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Minute
	}
	client, err := river.NewClient(driver, &river.Config{
		Logger:               slog.New(atLeastWarn{o.Log.Handler()}),
		Workers:              r.workers,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}},
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    fetchPollInterval,
		JobTimeout:           o.Timeout,
		RescueStuckJobsAfter: o.Timeout + rescueMargin,
		ErrorHandler:         reporter{o.Log},
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	r.client = client
	return r, nil
}

// Job is one attempt at a job.
type Job[A Args] struct {
	Args        A
	ID          int64
	Attempt     int // 1 for the first
	MaxAttempts int
}

// Handle has f do the jobs of A's kind. It must be idempotent. An error that it
// returns is logged and the job tried again, after about a second, then after
// the fourth power of the attempts in seconds; GiveUp and Later say otherwise.
func Handle[A Args](r *Runner, f func(context.Context, *Job[A]) error) {
	river.AddWorker(r.workers, river.WorkFunc(func(ctx context.Context, j *river.Job[A]) error {
		return f(ctx, &Job[A]{Args: j.Args, ID: j.ID, Attempt: j.Attempt, MaxAttempts: j.MaxAttempts})
	}))
}

// GiveUp is the error of a handler for which trying again is of no use.
func GiveUp(err error) error { return river.JobCancel(err) }

// Later is the error of a handler that wants to be called again after d, without
// this counting as a failed attempt.
func Later(d time.Duration) error { return river.JobSnooze(d) }

// When says when and how a job runs. The zero value: as soon as its transaction
// is durable, 25 attempts.
type When struct {
	At          time.Time // not before, and some seconds after when nothing else happens
	MaxAttempts int
	// Unique drops the job if one with equal arguments waits or runs. One that
	// runs may be past the point where it would have seen the new reason for it:
	// use Unique where that does no harm.
	Unique bool
}

// Enqueue adds a job that runs once tx is durable, and never if it is rolled
// back. It returns the job's id, that of the equal one if it was Unique.
func (r *Runner) Enqueue(ctx context.Context, tx *db.Tx, args Args, when When) (int64, error) {
	res, err := r.client.InsertTx(ctx, tx.Tx, args, when.options())
	if err != nil {
		return 0, fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	if !res.UniqueSkippedAsDuplicate {
		if err := tx.Notify(ctx, topic); err != nil {
			return 0, err
		}
	}
	return res.Job.ID, nil
}

// unfinished are the states in which a job stands in the way of an equal one.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}

func (w When) options() *river.InsertOpts {
	o := &river.InsertOpts{ScheduledAt: w.At, MaxAttempts: w.MaxAttempts}
	if w.Unique {
		o.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: unfinished}
	}
	return o
}

// Every enqueues the job at once when the runner starts and then at each
// interval, once however many processes share the database. While the last one
// is unfinished none is added.
func (r *Runner) Every(interval time.Duration, args Args) error {
	_, err := r.client.PeriodicJobs().AddSafely(river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return args, When{Unique: true}.options() },
		&river.PeriodicJobOpts{ID: args.Kind(), RunOnStart: true}))
	if err != nil {
		return fmt.Errorf("schedule %s: %w", args.Kind(), err)
	}
	return nil
}

// Start begins to do jobs.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.takeUp(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	// Stop ends the work: were ctx the one that a signal cancels, jobs under way
	// would be cut off before Stop could let them finish.
	if err := r.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	return nil
}

// Stop takes no more jobs and returns once those under way have ended. When ctx
// ends first it cancels them; they will be tried again.
func (r *Runner) Stop(ctx context.Context) error {
	err := r.client.Stop(ctx)
	if err == nil {
		return nil
	}
	// A handler that ignores its context must not keep the process from ending.
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := r.client.StopAndCancel(hard); err != nil {
		return news.Errorf(news.Unavailable, "", "a job did not stop; it will run again after the next start").Because(err)
	}
	return nil
}

// takeUp makes jobs runnable that a dead process left running. A SQLite file
// has one process, which is only starting: whatever runs by the file was cut
// off, and need not wait until River takes it for abandoned. A job without
// attempts left is River's to discard.
func (r *Runner) takeUp(ctx context.Context) error {
	if r.db.Engine != db.SQLite {
		return nil
	}
	return r.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE river_job SET state = 'available'
			WHERE state = 'running' AND attempt < max_attempts`)
		return err
	})
}

// reporter says in the log what went wrong, so that no job fails in silence.
type reporter struct{ log *slog.Logger }

func (r reporter) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	var giveUp *rivertype.JobCancelError
	if job.Attempt >= job.MaxAttempts || errors.As(err, &giveUp) {
		r.log.ErrorContext(ctx, "a job failed for good", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "err", err)
		return nil
	}
	r.log.WarnContext(ctx, "a job failed and will be tried again", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "err", err)
	return nil
}

func (r reporter) HandlePanic(ctx context.Context, job *rivertype.JobRow, v any, trace string) *river.ErrorHandlerResult {
	r.log.ErrorContext(ctx, "a job panicked", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "panic", v, "trace", trace)
	return nil
}

// atLeastWarn keeps River's running commentary out of the node's log.
type atLeastWarn struct{ slog.Handler }

func (h atLeastWarn) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h atLeastWarn) WithAttrs(a []slog.Attr) slog.Handler {
	return atLeastWarn{h.Handler.WithAttrs(a)}
}
func (h atLeastWarn) WithGroup(name string) slog.Handler {
	return atLeastWarn{h.Handler.WithGroup(name)}
}
