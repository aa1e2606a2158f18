package deliver

import (
	"context"
	"database/sql"
	"time"

	"jisr/internal/db"
)

// desk lets couriers share transactions: each needs one to take deliveries and
// one to note what came of them, and a durable transaction costs the same for
// one as for fifty.
type desk struct {
	db    *db.DB
	fault func(step string) error
	jobs  chan *deskJob

	// Statements of the transaction under way: its parts run the same ones.
	of    *db.Tx
	stmts map[string]*sql.Stmt
}

// deskJob is one courier's part of a transaction. It may be called again when
// the transaction failed, and so sets what it returns anew.
type deskJob struct {
	ctx  context.Context
	do   func(ctx context.Context, tx *db.Tx) error
	done chan error
}

// maxShared is how many parts one transaction has at most.
const maxShared = 64

// write has do run in a transaction and returns once that is durable.
func (k *desk) write(ctx context.Context, do func(ctx context.Context, tx *db.Tx) error) error {
	j := &deskJob{ctx, do, make(chan error, 1)}
	select {
	case k.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-j.done
}

// run serves the couriers until ctx ends; who comes later is told so.
func (k *desk) run(ctx context.Context) {
	for {
		var jobs []*deskJob
		select {
		case j := <-k.jobs:
			jobs = append(jobs, j)
		case <-ctx.Done():
			return
		}
		for more := true; more && len(jobs) < maxShared; {
			select {
			case j := <-k.jobs:
				jobs = append(jobs, j)
			default:
				more = false
			}
		}
		k.together(jobs)
	}
}

// deskTime bounds a shared transaction, whoever waits for it.
const deskTime = 30 * time.Second

// together runs the jobs in one transaction; should that fail, each by itself.
func (k *desk) together(jobs []*deskJob) {
	ctx, cancel := context.WithTimeout(context.Background(), deskTime)
	defer cancel()
	err := k.transact(ctx, jobs)
	for i, j := range jobs {
		if err != nil && len(jobs) > 1 {
			j.done <- k.transact(ctx, jobs[i:i+1])
			continue
		}
		j.done <- err
	}
}

// prepare prepares a statement once for all parts of the transaction under way.
// It is for what write calls.
func (k *desk) prepare(ctx context.Context, tx *db.Tx, query string) (*sql.Stmt, error) {
	if k.of != tx {
		k.of, k.stmts = tx, map[string]*sql.Stmt{}
	}
	if st := k.stmts[query]; st != nil {
		return st, nil
	}
	st, err := tx.PrepareContext(ctx, query)
	if err == nil {
		k.stmts[query] = st
	}
	return st, err
}

func (k *desk) exec(ctx context.Context, tx *db.Tx, query string, args ...any) error {
	st, err := k.prepare(ctx, tx, query)
	if err == nil {
		_, err = st.ExecContext(ctx, args...)
	}
	return err
}

func (k *desk) transact(ctx context.Context, jobs []*deskJob) error {
	if err := k.fault("note"); err != nil {
		return err
	}
	return k.db.Write(ctx, func(tx *db.Tx) error {
		for _, j := range jobs {
			if err := j.do(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}
