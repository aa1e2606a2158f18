package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"jisr/internal/db"
	"jisr/internal/newsroom"
)

// publish measures items issued one by one by eight writers, each durable and
// covered by a checkpoint when Issue returns. The baseline is one durable row a
// commit, by one writer, of the same bytes.
func publish(ctx context.Context, e *env) error {
	const writers, each = 8, 500
	issues := items(writers * each)
	rows, _, err := contents(issues)
	if err != nil {
		return err
	}
	for _, engine := range e.engines {
		single, err := singleCommits(ctx, e, engine, rows[:1000])
		if err != nil {
			return err
		}
		n, err := e.serve(ctx, engine, "a.example")
		if err != nil {
			return err
		}
		took, err := publishAll(ctx, n, issues, writers)
		n.stop()
		if err != nil {
			return err
		}
		report("publish-"+string(engine), float64(len(issues))/took.Seconds(), "items/s", single, "one-durable-row-a-commit")
	}
	return nil
}

func publishAll(ctx context.Context, n *served, issues []newsroom.Issue, writers int) (time.Duration, error) {
	var next atomic.Int64
	errs := make(chan error, writers)
	began := time.Now()
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(len(issues)) {
					return
				}
				if _, err := n.Newsroom.Issue(ctx, issues[i]); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return 0, err
	default:
		return time.Since(began), nil
	}
}

// singleCommits returns rows a second when each is committed durably alone.
func singleCommits(ctx context.Context, e *env, engine db.Engine, rows [][]byte) (float64, error) {
	e.nodes++
	dsn, err := e.dsn(ctx, engine, "")
	if err != nil {
		return 0, err
	}
	if dsn == "" {
		dsn = filepath.Join(e.dir, fmt.Sprintf("single-%d.db", e.nodes))
	}
	d, err := db.Open(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if _, err := d.Writer().ExecContext(ctx, `CREATE TABLE plain (id BIGINT PRIMARY KEY, bytes BYTEA NOT NULL)`); err != nil {
		return 0, err
	}
	began := time.Now()
	for i, b := range rows {
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO plain (id, bytes) VALUES ($1, $2)`, i, b)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(len(rows)) / time.Since(began).Seconds(), nil
}

// visible measures from the call of Issue on A to the item on B's wire, one at
// a time. The baseline is one durable commit: what a node cannot do without.
func visible(ctx context.Context, e *env) error {
	for _, engine := range e.engines {
		single, err := singleCommits(ctx, e, engine, [][]byte{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}})
		if err != nil {
			return err
		}
		latencies, err := visibleOn(ctx, e, engine)
		if err != nil {
			return err
		}
		commit := 1000 / single
		report("visible-p50-"+string(engine), quantile(latencies, 0.50), "ms", commit, "one-durable-commit")
		report("visible-p99-"+string(engine), quantile(latencies, 0.99), "ms", commit, "one-durable-commit")
	}
	return nil
}

func visibleOn(ctx context.Context, e *env, engine db.Engine) ([]float64, error) {
	a, err := e.serve(ctx, engine, "a.example")
	if err != nil {
		return nil, err
	}
	defer a.stop()
	b, err := e.serve(ctx, engine, "b.example")
	if err != nil {
		return nil, err
	}
	defer b.stop()
	if err := partners(ctx, a, b); err != nil {
		return nil, err
	}
	changed, cancel := b.DB.Subscribe(newsroom.Topic)
	defer cancel()
	var out []float64
	for _, in := range items(300) {
		began := time.Now()
		if _, err := a.Newsroom.Issue(ctx, in); err != nil {
			return nil, err
		}
		for {
			if _, err := b.Newsroom.Line(ctx, "a.example", in.Item.URI, true); err == nil {
				break
			}
			select {
			case <-changed:
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		out = append(out, float64(time.Since(began).Microseconds())/1000)
	}
	return out, nil
}

// quantile returns the q-quantile of the values, which it sorts.
func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
