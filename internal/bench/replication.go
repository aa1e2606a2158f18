package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"jisr/internal/db"
)

// replicated is how many items the replication benchmarks move.
const replicated = 20_000

// replication measures A → B over loopback HTTP: verified, durable, in the
// journal.
func replication(ctx context.Context, e *env) error { return replicate(ctx, e, "replication", "") }

// replicationIndexed measures until B's search index has followed as well.
func replicationIndexed(ctx context.Context, e *env) error {
	return replicate(ctx, e, "replication-indexed", "search")
}

func replicate(ctx context.Context, e *env, name, follower string) error {
	issues := items(replicated)
	rows, total, err := contents(issues)
	if err != nil {
		return err
	}
	plain, err := plainInserts(ctx, e, rows)
	if err != nil {
		return err
	}
	signed := signatures(rows)
	for _, engine := range e.engines {
		rate, err := replicateOn(ctx, e, engine, follower)
		if err != nil {
			return err
		}
		label := name
		if engine != db.SQLite {
			label += "-" + string(engine)
		}
		report(label, rate, "items/s", plain, "plain-sqlite-batched-inserts-of-the-same-bytes")
		report(label+"-vs-signatures", rate, "items/s", signed, "sha256-and-ed25519-verify-of-each-item-on-one-core")
	}
	report(name+"-item-size", float64(total)/replicated, "bytes", 0, "none")
	return nil
}

func replicateOn(ctx context.Context, e *env, engine db.Engine, follower string) (float64, error) {
	a, err := e.host(ctx, engine, "a.example")
	if err != nil {
		return 0, err
	}
	defer a.stop()
	b, err := e.serve(ctx, engine, "b.example")
	if err != nil {
		return 0, err
	}
	defer b.stop()
	if err := partners(ctx, a, b); err != nil {
		return 0, err
	}
	// B is away while A fills, as after a night with the line down.
	if err := b.Exchange.BlockPartner(ctx, "a.example"); err != nil {
		return 0, err
	}
	if err := fill(ctx, a.Node, items(replicated)); err != nil {
		return 0, err
	}
	head, err := a.Ledger.Head(ctx, "a.example")
	if err != nil {
		return 0, err
	}
	if err := settle(ctx, a); err != nil {
		return 0, err
	}
	before, err := b.Ledger.Head(ctx, "a.example")
	if err != nil {
		return 0, err
	}
	runtime.GC()
	began := time.Now()
	if err := b.Exchange.ConfirmPartner(ctx, "a.example", a.Exchange.OwnFingerprint().Words); err != nil {
		return 0, err
	}
	if err := until(ctx, func() bool {
		h, err := b.Ledger.Head(ctx, "a.example")
		return err == nil && h.Size >= head.Size
	}); err != nil {
		return 0, err
	}
	if follower != "" {
		position, err := b.Ledger.Position(ctx)
		if err != nil {
			return 0, err
		}
		if err := b.Ledger.WaitFollower(ctx, follower, position); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	moved := head.Size - before.Size
	if moved < replicated {
		return 0, fmt.Errorf("only %d entries were moved", moved)
	}
	return float64(moved) / took.Seconds(), nil
}

// settle waits until the node's followers have caught up.
func settle(ctx context.Context, s *served) error {
	return until(ctx, func() bool {
		lags, err := s.Ledger.Lags(ctx)
		if err != nil {
			return false
		}
		for _, l := range lags {
			if l.Behind > 0 {
				return false
			}
		}
		return len(lags) > 0
	})
}
