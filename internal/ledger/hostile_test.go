package ledger

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// TestBrokenTransactionTakesItsGroupWithIt ends the transaction under the feet
// of an append, as SQLite does when the disk is full.
func TestBrokenTransactionTakesItsGroupWithIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "a.example")
		a.add(t, "urn:x:0", "before")
		entered, leave := make(chan struct{}), make(chan struct{})
		results := make(chan error, 3)
		add := func(ref string, f func(ctx context.Context, tx *db.Tx) error) {
			_, err := a.Append(t.Context(), func(ctx context.Context, tx *db.Tx, ap *Appender) error {
				if err := f(ctx, tx); err != nil {
					return err
				}
				_, err := ap.Add(Draft{Kind: KindItem, Ref: ref, Content: []byte(ref)})
				return err
			})
			results <- err
		}
		go add("urn:x:1", func(context.Context, *db.Tx) error { close(entered); <-leave; return nil })
		<-entered
		// These two meet in the next group.
		go add("urn:x:2", func(ctx context.Context, tx *db.Tx) error {
			tx.ExecContext(ctx, `ROLLBACK`) //nolint:errcheck // whatever it says, the transaction is over
			return errors.New("the disk is full")
		})
		for len(a.queue) == 0 {
			time.Sleep(time.Millisecond)
		}
		go add("urn:x:3", func(context.Context, *db.Tx) error { return nil })
		for len(a.queue) < 2 {
			time.Sleep(time.Millisecond)
		}
		close(leave)
		failed := 0
		for range 3 {
			if err := <-results; err != nil {
				failed++
			}
		}
		h, err := a.Head(t.Context(), "a.example")
		if err != nil || failed != 2 || h.Size != 2 {
			t.Errorf("%d of 3 failed, the ledger has %d entries (%v); want 2 failed and 2 entries", failed, h.Size, err)
		}
		a.add(t, "urn:x:4", "after")
		a.reopen(t)
		expectSound(t, a)
	})
}

func TestCancelledCallerDoesNotInterruptTheGroup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "a.example")
		ctx, cancel := context.WithCancel(t.Context())
		_, err := a.Append(ctx, func(ctx context.Context, tx *db.Tx, ap *Appender) error {
			cancel()
			if _, err := tx.ExecContext(ctx, `UPDATE follower SET position = position`); err != nil {
				return err
			}
			_, err := ap.Add(Draft{Kind: KindItem, Ref: "urn:x:1", Content: []byte("x")})
			return err
		})
		if h, _ := a.Head(t.Context(), "a.example"); err != nil || h.Size != 1 {
			t.Errorf("size %d, %v: an append under way was neither done nor refused", h.Size, err)
		}
	})
}

func TestSuspendedLedgerStaysSoAfterARestartAndForEveryProcess(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "a.example")
		other, err := Open(t.Context(), a.opts)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		a.add(t, "urn:x:1", "one")
		if err := a.Suspend(t.Context(), "restored from an old backup"); err != nil {
			t.Fatal(err)
		}
		a.reopen(t)
		if a.ReadOnly() == "" {
			t.Error("a restart forgot that the ledger must not be written")
		}
		for name, l := range map[string]*Ledger{"restarted": a.Ledger, "other process": other} {
			_, err := l.Append(t.Context(), func(_ context.Context, _ *db.Tx, ap *Appender) error {
				_, err := ap.Add(Draft{Kind: KindItem, Ref: "urn:x:2"})
				return err
			})
			if news.KindOf(err) != news.Unavailable || !strings.Contains(err.Error(), "old backup") {
				t.Errorf("%s: append gave %v", name, err)
			}
		}
		if err := a.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.add(t, "urn:x:2", "two")
		expectSound(t, a)
	})
}

func TestKeyRotatedByAnotherProcessIsTakenOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "a.example")
		other, err := Open(t.Context(), a.opts)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		k, err := other.RotateKey(t.Context(), Actor{Role: "operator"})
		if err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(10 * time.Second)
		for a.Key().Verifier != k.Verifier {
			if time.Now().After(deadline) {
				t.Fatal("a process goes on signing by the old key")
			}
			time.Sleep(5 * time.Millisecond)
		}
		keys, err := a.SigningKeys()
		if err != nil || len(keys) != 2 || keys[0].Verifier != k.Verifier {
			t.Errorf("signing keys %v, %v; want the new one and the one before", keys, err)
		}
	})
}

// TestKeyEntriesOfAHostileOriginStopNothing: unreadable ones have no effect, and
// a key may come back.
func TestKeyEntriesOfAHostileOriginStopNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, dbtest.Open(t, db.SQLite), "a.example")
		b := newNode(t, d, "b.example")
		mirror(t, a, b)
		foreign, err := GenerateKey("c.example")
		if err != nil {
			t.Fatal(err)
		}
		// A hostile origin writes what our own code never would, so the entries go
		// around RotateKey and are filed under another kind at home.
		for _, body := range []any{"no object", KeyBody{"no key"}, KeyBody{foreign.Verifier}, KeyBody{a.Key().Verifier}} {
			x := signedBy(t, a, b, Draft{Kind: KindKey, Body: body})
			if err := b.Extend(t.Context(), x); err != nil {
				t.Errorf("key entry %v: %v", body, err)
			}
		}
		keys, err := b.Keys(t.Context(), "a.example")
		if err != nil || len(keys) != 1 || keys[0] != a.Key().Verifier {
			t.Errorf("keys of a.example: %v, %v", keys, err)
		}
		expectSound(t, b)
	})
}

// signedBy returns the extension of b's mirror of a by one entry, under a
// checkpoint that a's key signs although a's own ledger never had it.
func signedBy(t *testing.T, a, b *node, d Draft) *Extension {
	t.Helper()
	p, err := d.write(a.Origin(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	h, err := b.Head(t.Context(), a.Origin())
	if err != nil {
		t.Fatal(err)
	}
	e, err := loadEdge(t.Context(), b.db.Reader(), h.id, h.Size)
	if err != nil {
		t.Fatal(err)
	}
	e.extend([]tlog.Hash{recordHash(Sum(p.bytes))})
	note, err := signNote(checkpointText(a.Origin(), e.size, e.root()), a.Key())
	if err != nil {
		t.Fatal(err)
	}
	return &Extension{Origin: a.Origin(), From: h.Size, Records: []Incoming{{Bytes: p.bytes, Content: p.content}},
		Checkpoint: &Checkpoint{Origin: a.Origin(), Size: e.size, Root: e.root(), Note: note}}
}

func TestForkIsNotLiftedByARollbackAndRollbacksAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, dbtest.Open(t, db.SQLite), "a.example")
		b := newNode(t, d, "b.example")
		mirror(t, a, b)
		a.add(t, "urn:x:1", "one")
		if err := b.Extend(t.Context(), send(t, a, b, 10, nothing)); err != nil {
			t.Fatal(err)
		}
		h := func() *Head {
			t.Helper()
			h, err := b.Head(t.Context(), "a.example")
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		old := &Checkpoint{Origin: "a.example", Note: h().Checkpoint.Note}
		for i := range maxRollbacks + 20 {
			reason := RolledBack + strings.Repeat("!", i)
			if err := b.Freeze(t.Context(), h(), old, "test", reason); news.KindOf(err) != news.Conflict {
				t.Fatal(err)
			}
		}
		var rows int
		err := d.Reader().QueryRowContext(t.Context(), `SELECT count(*) FROM evidence`).Scan(&rows)
		if err != nil || rows != maxRollbacks {
			t.Errorf("%d rollbacks kept, %v; want %d", rows, err, maxRollbacks)
		}
		fork := &Checkpoint{Origin: "a.example", Size: 1, Note: []byte("a.example\n1\nother\n")}
		if err := b.Examine(t.Context(), fork, "c.example"); news.KindOf(err) != news.Conflict || !h().Forked() {
			t.Fatalf("a fork gave %v and %q", err, h().Frozen)
		}
		why := h().Frozen
		if err := b.Freeze(t.Context(), h(), old, "test", RolledBack); news.KindOf(err) != news.Conflict || h().Frozen != why {
			t.Errorf("a rollback after a fork gave %v and %q", err, h().Frozen)
		}
		e, err := b.EvidenceAgainst(t.Context(), "a.example")
		if err != nil || len(e) == 0 || string(e[0].Theirs) != string(fork.Note) {
			t.Errorf("the evidence of the fork is not the newest: %v, %v", e, err)
		}
	})
}

// TestWaitingForAFollowerEndsAtRecordsOfOtherKinds: it has nothing to do with
// them, and whoever waits, here or in another process, must not wait for ever.
func TestWaitingForAFollowerEndsAtRecordsOfOtherKinds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "a.example")
		other, err := Open(t.Context(), a.opts)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.Follow(ctx, Follower{Name: "keys", Kinds: []Kind{KindKey}, Apply: func(context.Context, *db.Tx, []*Record) error { return nil }})
		}()
		defer func() { cancel(); <-done }()
		for i := range 3 {
			last := a.add(t, "urn:x:1", strings.Repeat("x", i+1)).Last()
			for name, l := range map[string]*Ledger{"here": a.Ledger, "other process": other} {
				wait, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				if err := l.WaitFollower(wait, "keys", last); err != nil {
					t.Errorf("%s, after %d: %v", name, i, err)
				}
				cancel()
			}
		}
	})
}
