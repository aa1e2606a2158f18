package jobs

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

type deliver struct {
	Item string `json:"item"`
}

func (deliver) Kind() string { return "deliver" }

type sweep struct{}

func (sweep) Kind() string { return "sweep" }

func newRunner(t testing.TB, d *db.DB) *Runner {
	t.Helper()
	r, err := New(t.Context(), Options{DB: d, Log: slog.New(slog.DiscardHandler), Workers: 50})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func start(t testing.TB, r *Runner) {
	t.Helper()
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func enqueue(t testing.TB, r *Runner, args Args, when When) (id int64) {
	t.Helper()
	err := r.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		id, err = r.Enqueue(t.Context(), tx, args, when)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// done registers a handler that reports what it did.
func done(r *Runner, f func(*Job[deliver]) error) <-chan Job[deliver] {
	out := make(chan Job[deliver], 100)
	Handle(r, func(_ context.Context, j *Job[deliver]) error {
		out <- *j
		return f(j)
	})
	return out
}

func succeed(*Job[deliver]) error { return nil }

func next(t testing.TB, jobs <-chan Job[deliver], within time.Duration) Job[deliver] {
	t.Helper()
	select {
	case j := <-jobs:
		return j
	case <-time.After(within):
		t.Fatalf("no job ran within %s", within)
		return Job[deliver]{}
	}
}

func TestJobOfARolledBackTransactionNeverRuns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, succeed)
		start(t, r)
		refused := errors.New("refused")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := r.Enqueue(t.Context(), tx, deliver{"rolled back"}, When{}); err != nil {
				t.Fatal(err)
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		enqueue(t, r, deliver{"committed"}, When{})
		if j := next(t, ran, 10*time.Second); j.Args.Item != "committed" || j.Attempt != 1 {
			t.Errorf("ran %+v", j)
		}
		select {
		case j := <-ran:
			t.Errorf("ran %+v", j)
		case <-time.After(2 * fetchPollInterval):
		}
	})
}

func TestJobStartsWithoutWaitingForThePoll(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, succeed)
		start(t, r)
		// The first fetches belong to the start. Ten jobs that came at polls would
		// take ten seconds.
		time.Sleep(100 * time.Millisecond)
		begin := time.Now()
		for range 10 {
			enqueue(t, r, deliver{"now"}, When{})
			next(t, ran, 10*time.Second)
		}
		if took := time.Since(begin); took > 5*fetchPollInterval {
			t.Errorf("ten jobs one after the other took %s: the runner is not woken", took)
		}
	})
}

func TestFailedJobIsTriedAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, func(j *Job[deliver]) error {
			if j.Attempt == 1 {
				return errors.New("the subscriber does not answer")
			}
			return nil
		})
		start(t, r)
		enqueue(t, r, deliver{"x"}, When{})
		for want := 1; want <= 2; want++ {
			if j := next(t, ran, 20*time.Second); j.Attempt != want {
				t.Errorf("attempt %d, want %d", j.Attempt, want)
			}
		}
	})
}

func TestJobThatGivesUpIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, func(*Job[deliver]) error { return GiveUp(errors.New("there is no such subscriber")) })
		start(t, r)
		id := enqueue(t, r, deliver{"x"}, When{})
		next(t, ran, 10*time.Second)
		waitState(t, r, id, "cancelled")
		expectFailed(t, r, id, 1, "there is no such subscriber")
	})
}

// expectFailed checks that one job failed for good and why, that it is counted,
// and that it can be tried again by hand.
func expectFailed(t *testing.T, r *Runner, id int64, attempts int, why string) {
	t.Helper()
	failed, err := r.Failed(t.Context(), 10)
	if err != nil || len(failed) != 1 || failed[0].ID != id || failed[0].Kind != "deliver" ||
		failed[0].Attempts != attempts || !strings.Contains(failed[0].Error, why) || failed[0].Ended.IsZero() {
		t.Fatalf("failed jobs %+v, %v", failed, err)
	}
	counts, err := r.Counts(t.Context())
	if err != nil || counts["cancelled"]+counts["discarded"] != 1 {
		t.Errorf("counts %v, %v", counts, err)
	}
	if err := r.Retry(t.Context(), id); err != nil {
		t.Error(err)
	}
	if err := r.Retry(t.Context(), id+1000); news.KindOf(err) != news.NotFound {
		t.Errorf("retry of no job: %v", err)
	}
}

func TestJobWithoutAttemptsLeftIsKeptForPeopleToSee(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, func(*Job[deliver]) error { return errors.New("no route") })
		start(t, r)
		id := enqueue(t, r, deliver{"x"}, When{MaxAttempts: 1})
		next(t, ran, 10*time.Second)
		waitState(t, r, id, "discarded")
		expectFailed(t, r, id, 1, "no route")
	})
}

func TestLaterIsNoFailedAttempt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		var calls atomic.Int64
		ran := done(r, func(*Job[deliver]) error {
			if calls.Add(1) == 1 {
				return Later(10 * time.Millisecond)
			}
			return nil
		})
		start(t, r)
		enqueue(t, r, deliver{"x"}, When{MaxAttempts: 1})
		next(t, ran, 10*time.Second)
		next(t, ran, 20*time.Second)
	})
}

func waitState(t *testing.T, r *Runner, id int64, want string) {
	t.Helper()
	var got string
	for range 500 {
		err := r.db.Reader().QueryRowContext(t.Context(), `SELECT state FROM river_job WHERE id = $1`, id).Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("job %d is %s, want %s", id, got, want)
}

func TestJobWaitsForItsTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, succeed)
		start(t, r)
		at := time.Now().Add(1500 * time.Millisecond)
		enqueue(t, r, deliver{"x"}, When{At: at})
		next(t, ran, 20*time.Second)
		if time.Now().Before(at) {
			t.Error("it ran before its time")
		}
	})
}

func TestUniqueJobWaitsOnceAndMayComeAgainOnceDone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, succeed)
		first := enqueue(t, r, deliver{"x"}, When{Unique: true})
		if again := enqueue(t, r, deliver{"x"}, When{Unique: true}); again != first {
			t.Errorf("a second job %d waits beside %d", again, first)
		}
		if other := enqueue(t, r, deliver{"y"}, When{Unique: true}); other == first {
			t.Error("other arguments were taken for equal")
		}
		start(t, r)
		next(t, ran, 10*time.Second)
		next(t, ran, 10*time.Second)
		waitState(t, r, first, "completed")
		if again := enqueue(t, r, deliver{"x"}, When{Unique: true}); again == first {
			t.Error("a finished job stands in the way of a new one")
		}
		next(t, ran, 10*time.Second)
	})
}

func TestScheduleRunsAtStartAndAtEachInterval(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := make(chan struct{}, 10)
		Handle(r, func(context.Context, *Job[sweep]) error { ran <- struct{}{}; return nil })
		if err := r.Every(time.Second, sweep{}); err != nil {
			t.Fatal(err)
		}
		start(t, r)
		for range 2 {
			select {
			case <-ran:
			case <-time.After(20 * time.Second):
				t.Fatal("it did not run")
			}
		}
	})
}

// abandon makes the job look as if a process had been killed while doing it.
func abandon(t *testing.T, d *db.DB, id int64, since time.Duration) {
	t.Helper()
	at, by := any(time.Now().Add(-since).UTC()), `{"dead"}`
	if d.Engine == db.SQLite {
		at, by = time.Now().Add(-since).UTC().Format("2006-01-02 15:04:05.000"), `["dead"]`
	}
	var res sql.Result
	err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
		res, err = tx.ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = $1,
			attempted_by = $2 WHERE id = $3`, at, by, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		t.Fatalf("%d jobs abandoned", n)
	}
}

func TestJobOfADeadProcessIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		ran := done(r, succeed)
		// On SQLite the next start knows at once; among several processes over one
		// PostgreSQL a job must first be older than any could still be at it.
		since := time.Second
		if d.Engine == db.Postgres {
			since = time.Hour
		}
		abandon(t, d, enqueue(t, r, deliver{"x"}, When{}), since)
		start(t, r)
		if j := next(t, ran, 30*time.Second); j.Attempt != 2 {
			t.Errorf("attempt %d, want the second", j.Attempt)
		}
	})
}

func TestStopLetsJobsUnderWayFinish(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRunner(t, d)
		begun, finished := make(chan struct{}), atomic.Bool{}
		Handle(r, func(ctx context.Context, _ *Job[deliver]) error {
			close(begun)
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
				finished.Store(true)
			}
			return ctx.Err()
		})
		ctx, cancel := context.WithCancel(t.Context())
		if err := r.Start(ctx); err != nil {
			t.Fatal(err)
		}
		enqueue(t, r, deliver{"x"}, When{})
		<-begun
		cancel()
		if err := r.Stop(t.Context()); err != nil || !finished.Load() {
			t.Errorf("stop: %v, finished %v", err, finished.Load())
		}
	})
}

func TestStopCancelsJobsThatTakeTooLong(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	r := newRunner(t, d)
	begun := make(chan struct{})
	Handle(r, func(ctx context.Context, _ *Job[deliver]) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := enqueue(t, r, deliver{"x"}, When{})
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		t.Error(err)
	}
	var state string
	if err := d.Reader().QueryRow(`SELECT state FROM river_job WHERE id = $1`, id).Scan(&state); err != nil || state == "completed" || state == "running" {
		t.Errorf("the job is %q, %v; it should wait to be tried again", state, err)
	}
}

// BenchmarkJobs prints how many jobs a second run from enqueueing to done, and
// how much of a core an idle runner takes.
func BenchmarkJobs(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			r := newRunner(b, dbtest.Open(b, engine))
			var ran atomic.Int64
			Handle(r, func(context.Context, *Job[deliver]) error { ran.Add(1); return nil })
			err := r.db.Write(b.Context(), func(tx *db.Tx) error {
				for range b.N {
					if _, err := r.Enqueue(b.Context(), tx, deliver{"x"}, When{}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			start(b, r)
			for ran.Load() < int64(b.N) {
				time.Sleep(time.Millisecond)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			b.StopTimer()
			if b.N > 1000 {
				time.Sleep(time.Second)
				begin := cpu()
				time.Sleep(4 * time.Second)
				b.ReportMetric(100*(cpu()-begin).Seconds()/4, "%core-idle")
			}
		})
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) //nolint:errcheck
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
