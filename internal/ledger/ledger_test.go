package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// node is a ledger under test.
type node struct {
	*Ledger
	db   *db.DB
	opts Options
}

func newNode(t testing.TB, d *db.DB, origin string) *node {
	t.Helper()
	keys, err := OpenKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{DB: d, Keys: keys, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	key, err := GenerateKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	if err := Create(t.Context(), o, key); err != nil {
		t.Fatal(err)
	}
	n := &node{db: d, opts: o}
	n.reopen(t)
	return n
}

func (n *node) reopen(t testing.TB) {
	t.Helper()
	if n.Ledger != nil {
		n.Close()
	}
	l, err := Open(t.Context(), n.opts)
	if err != nil {
		t.Fatal(err)
	}
	n.Ledger = l
	t.Cleanup(func() {
		select {
		case <-l.closed:
		default:
			l.Close()
		}
	})
}

func (n *node) add(t testing.TB, ref, text string) *Appended {
	t.Helper()
	out, err := n.Append(t.Context(), func(_ context.Context, _ *db.Tx, a *Appender) error {
		_, err := a.Add(Draft{Kind: KindItem, Ref: ref, Body: map[string]string{"act": "publish"}, Content: []byte(text)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTreeEdgeHasTheRootOfRFC6962(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	e := &edge{}
	for n := int64(0); n < 70_000; n++ {
		leaf := Sum(fmt.Append(nil, n))
		hashes, err := tlog.StoredHashes(n, leaf[:], reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		e.extend([]tlog.Hash{recordHash(leaf)})
		if n < 600 || n%997 == 0 || n > 65_530 && n < 65_540 {
			want, err := tlog.TreeHash(n+1, reader)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.root(); got != want {
				t.Fatalf("size %d: root %v, want %v", n+1, got, want)
			}
		}
	}
}

func TestAppendedEntriesAreProvableAndSurviveReopening(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "wire.example")
		for i := range 600 {
			if i == 300 {
				a.reopen(t)
			}
			got := a.add(t, fmt.Sprintf("urn:x:%d", i), fmt.Sprintf("text %d", i))
			if want := int64(i + 1); got.Last() != want || got.Indexes[0] != want-1 {
				t.Fatalf("append %d: position %d index %d", i, got.Last(), got.Indexes[0])
			}
		}
		keys, err := a.Keys(t.Context(), "wire.example")
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int64{0, 255, 256, 511, 599} {
			p, err := a.Prove(t.Context(), "wire.example", i)
			if err != nil {
				t.Fatal(err)
			}
			cp, err := ParseCheckpoint("wire.example", p.Checkpoint, keys...)
			if err != nil {
				t.Fatal(err)
			}
			r, err := a.AtIndex(t.Context(), "wire.example", i)
			if err != nil {
				t.Fatal(err)
			}
			leaf := r.Hash()
			if err := tlog.CheckRecord(p.Proof, cp.Size, cp.Root, i, recordHash(leaf)); err != nil {
				t.Errorf("entry %d: %v", i, err)
			}
		}
	})
}

func TestConcurrentAppendsShareTransactionsAndKeepTheirOwnFailures(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "wire.example")
		refused := errors.New("refused")
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				_, err := a.Append(t.Context(), func(_ context.Context, _ *db.Tx, ap *Appender) error {
					if _, err := ap.Add(Draft{Kind: KindItem, Ref: fmt.Sprint("urn:x:", i), Content: []byte("x")}); err != nil {
						return err
					}
					if i%10 == 0 {
						return refused
					}
					return nil
				})
				if (i%10 == 0) != errors.Is(err, refused) {
					t.Errorf("append %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		h, err := a.Head(t.Context(), "wire.example")
		if err != nil || h.Size != 180 {
			t.Fatalf("size %v, %v; want 180", h, err)
		}
		expectSound(t, a)
	})
}

func expectSound(t *testing.T, n *node) *Checked {
	t.Helper()
	c, err := Check(t.Context(), n.Ledger, func(f Fault) { t.Errorf("fault: %+v", f) }, func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// send gives b what a has beyond it, as the exchange would, with the given
// indexes withheld.
func send(t testing.TB, a, b *node, limit int, hide func(int64) bool) *Extension {
	t.Helper()
	ctx := t.Context()
	have, err := b.Head(ctx, a.Origin())
	if err != nil {
		t.Fatal(err)
	}
	keys, _ := b.Keys(ctx, a.Origin())
	full, err := a.Head(ctx, a.Origin())
	if err != nil {
		t.Fatal(err)
	}
	cp, err := ParseCheckpoint(a.Origin(), full.Checkpoint.Note, keys...)
	if err != nil {
		t.Fatal(err)
	}
	records, err := a.Range(ctx, a.Origin(), have.Size, limit)
	if err != nil {
		t.Fatal(err)
	}
	x := &Extension{Origin: a.Origin(), From: have.Size, Checkpoint: cp}
	for _, r := range records {
		if hide(r.Index) {
			x.Records = append(x.Records, WithheldLeaf(r.Hash()))
		} else {
			x.Records = append(x.Records, Incoming{Bytes: r.Bytes, Content: r.Body})
		}
	}
	if end := x.From + int64(len(x.Records)); end < cp.Size && end > 0 {
		if x.Proof, err = a.ProveConsistency(ctx, a.Origin(), end, cp.Size); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

func mirror(t testing.TB, a, b *node) {
	t.Helper()
	err := b.db.Write(t.Context(), func(tx *db.Tx) error {
		return AddMirror(t.Context(), tx, a.Origin(), a.Key().Verifier)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func nothing(int64) bool { return false }

func TestMirrorAcceptsOnlyWhatTheOriginSigned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, dbtest.Open(t, db.SQLite), "a.example")
		b := newNode(t, d, "b.example")
		mirror(t, a, b)
		for i := range 700 {
			a.add(t, fmt.Sprintf("urn:x:%d", i), fmt.Sprintf("text %d", i))
		}
		tampered := map[string]func(*Extension){
			"entry altered":   func(x *Extension) { x.Records[3].Bytes = append([]byte(" "), x.Records[3].Bytes...) },
			"content altered": func(x *Extension) { x.Records[3].Content = []byte("other") },
			"swapped":         func(x *Extension) { x.Records[1], x.Records[2] = x.Records[2], x.Records[1] },
			"truncated":       func(x *Extension) { x.Records = x.Records[:99] },
			"replayed":        func(x *Extension) { x.Records = append(x.Records, x.Records[99]) },
			"proof altered":   func(x *Extension) { x.Proof[0][0] ^= 1 },
		}
		for name, alter := range tampered {
			x := send(t, a, b, 100, nothing)
			alter(x)
			if err := b.Extend(t.Context(), x); news.KindOf(err) != news.Invalid {
				t.Errorf("%s: err %v, want Invalid", name, err)
			}
		}
		if p, _ := b.Position(t.Context()); p != 0 {
			t.Fatalf("a refused batch left %d journal entries", p)
		}
		for range 7 {
			if err := b.Extend(t.Context(), send(t, a, b, 100, nothing)); err != nil {
				t.Fatal(err)
			}
		}
		if c := expectSound(t, b); c.Entries != 700 || c.Contents != 700 {
			t.Errorf("checked %+v, want 700 entries", c)
		}
	})
}

func TestWithheldEntryIsRevealedOnlyAsItWasSigned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, dbtest.Open(t, db.SQLite), "a.example")
		b := newNode(t, d, "b.example")
		mirror(t, a, b)
		for i := range 10 {
			a.add(t, fmt.Sprintf("urn:x:%d", i), fmt.Sprintf("text %d", i))
		}
		odd := func(i int64) bool { return i%2 == 1 }
		if err := b.Extend(t.Context(), send(t, a, b, 100, odd)); err != nil {
			t.Fatal(err)
		}
		if w, _ := b.Withheld(t.Context(), "a.example", 0, 100); len(w) != 5 {
			t.Fatalf("withheld %v", w)
		}
		r, _ := a.AtIndex(t.Context(), "a.example", 3)
		forged := bytes.Replace(r.Bytes, []byte("publish"), []byte("correct"), 1)
		if err := b.Reveal(t.Context(), "a.example", []Revealed{{3, forged, r.Body}}); news.KindOf(err) != news.Invalid {
			t.Errorf("forged entry: %v", err)
		}
		for range 2 { // a repeated answer changes nothing
			if err := b.Reveal(t.Context(), "a.example", []Revealed{{3, r.Bytes, r.Body}}); err != nil {
				t.Fatal(err)
			}
		}
		if p, _ := b.Position(t.Context()); p != 6 {
			t.Errorf("journal at %d, want 6", p)
		}
		expectSound(t, b)
	})
}

func TestKeyRotationIsLearnedFromTheLedgerItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, dbtest.Open(t, db.SQLite), "a.example")
		b := newNode(t, d, "b.example")
		mirror(t, a, b)
		a.add(t, "urn:x:1", "one")
		if _, err := a.RotateKey(t.Context(), Actor{Role: "admin"}); err != nil {
			t.Fatal(err)
		}
		if err := b.Extend(t.Context(), send(t, a, b, 10, nothing)); err != nil {
			t.Fatal(err)
		}
		a.add(t, "urn:x:2", "two") // signed by the new key alone
		if err := b.Extend(t.Context(), send(t, a, b, 10, nothing)); err != nil {
			t.Fatal(err)
		}
		a.reopen(t)
		a.add(t, "urn:x:3", "three")
		if err := b.Extend(t.Context(), send(t, a, b, 10, nothing)); err != nil {
			t.Fatal(err)
		}
		expectSound(t, a)
		expectSound(t, b)
	})
}

func TestFaultAtAnyStepOfAnAppendLeavesTheLedgerWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "wire.example")
		a.add(t, "urn:x:0", "zero")
		boom := errors.New("boom")
		for _, step := range []string{"tiles", "entries", "head"} {
			a.fault = func(s string) error {
				if s == step {
					return boom
				}
				return nil
			}
			_, err := a.Append(t.Context(), func(_ context.Context, _ *db.Tx, ap *Appender) error {
				_, err := ap.Add(Draft{Kind: KindItem, Ref: "urn:x:lost", Content: []byte("lost")})
				return err
			})
			if !errors.Is(err, boom) {
				t.Fatalf("%s: %v", step, err)
			}
			a.fault = func(string) error { return nil }
			a.add(t, "urn:x:"+step, "after "+step)
			expectSound(t, a)
		}
		if p, _ := a.Position(t.Context()); p != 4 {
			t.Errorf("journal at %d, want 4 and no gap", p)
		}
	})
}

func TestFollowerSeesEveryRecordOnceAndResumes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "wire.example")
		var seen []int64
		fail := true
		f := Follower{Name: "test", Batch: 3, Apply: func(_ context.Context, _ *db.Tx, rs []*Record) error {
			if fail {
				fail = false
				return errors.New("not yet")
			}
			for _, r := range rs {
				seen = append(seen, r.Position)
				if string(r.Body) != fmt.Sprint("text ", r.Index) {
					t.Errorf("record %d has content %q", r.Position, r.Body)
				}
			}
			return nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { a.Follow(ctx, f) })
		var last int64
		for i := range 20 {
			last = a.add(t, fmt.Sprint("urn:x:", i), fmt.Sprint("text ", i)).Last()
		}
		if err := a.WaitFollower(ctx, "test", last); err != nil {
			t.Fatal(err)
		}
		cancel()
		wg.Wait()
		for i, p := range seen {
			if p != int64(i+1) {
				t.Fatalf("saw %v", seen)
			}
		}
		if len(seen) != 20 {
			t.Errorf("saw %d records, want 20", len(seen))
		}
	})
}

// TestFollowerThatPreparesAheadAppliesInOrder has what is written fail now and
// then, and the follower set back: what was prepared for other records must not be
// applied.
func TestFollowerThatPreparesAheadAppliesInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "wire.example")
		var last int64
		for i := range 40 {
			last = a.add(t, fmt.Sprint("urn:x:", i), "text").Last()
		}
		var seen []int64
		attempts := 0
		f := Follower{Name: "ahead", Batch: 3, Ahead: true, Prepare: func(_ context.Context, rs []*Record) (func(context.Context, *db.Tx) error, error) {
			return func(context.Context, *db.Tx) error {
				if attempts++; attempts%4 == 0 {
					return errors.New("not yet")
				}
				for _, r := range rs {
					seen = append(seen, r.Position)
				}
				return nil
			}, nil
		}}
		var wg sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		wg.Go(func() { a.Follow(ctx, f) })
		if err := a.WaitFollower(ctx, "ahead", last); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, func(tx *db.Tx) error {
			if err := a.Rewind(ctx, tx, "ahead"); err != nil {
				return err
			}
			return tx.Notify(ctx, Topic)
		}); err != nil {
			t.Fatal(err)
		}
		last = a.add(t, "urn:x:last", "text").Last()
		if err := a.WaitFollower(ctx, "ahead", last); err != nil {
			t.Fatal(err)
		}
		cancel()
		wg.Wait()
		var want []int64
		for p := range last - 1 {
			want = append(want, p+1)
		}
		for p := range last {
			want = append(want, p+1)
		}
		if !slices.Equal(seen, want) {
			t.Errorf("applied %v", seen)
		}
	})
}

func TestCheckNamesTheItemOfEveryAlteredByte(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "wire.example")
		for i := range 300 {
			a.add(t, fmt.Sprintf("urn:x:%d", i), fmt.Sprintf("text %d", i))
		}
		expectSound(t, a)
		alter := func(query string, args ...any) {
			t.Helper()
			if _, err := d.Writer().Exec(query, args...); err != nil {
				t.Fatal(err)
			}
		}
		var entry, content, tile0, tile1 []byte
		d.Reader().QueryRow(`SELECT bytes FROM entry WHERE idx = 7`).Scan(&entry)
		d.Reader().QueryRow(`SELECT c.bytes FROM content c JOIN entry e ON e.position = c.position WHERE e.idx = 270`).Scan(&content)
		d.Reader().QueryRow(`SELECT hashes FROM tile WHERE level = 0 AND idx = 1`).Scan(&tile0)
		d.Reader().QueryRow(`SELECT hashes FROM tile WHERE level = 1 AND idx = 0`).Scan(&tile1)
		flip := func(b []byte, i int) []byte { c := bytes.Clone(b); c[i] ^= 1; return c }
		tests := []struct {
			name, item string
			do, undo   func()
		}{
			{"entry", "urn:x:7",
				func() { alter(`UPDATE entry SET bytes = $1 WHERE idx = 7`, flip(entry, 60)) },
				func() { alter(`UPDATE entry SET bytes = $1 WHERE idx = 7`, entry) }},
			{"content", "urn:x:270",
				func() { alter(`UPDATE content SET bytes = $1 WHERE position = $2`, flip(content, 0), 271) },
				func() { alter(`UPDATE content SET bytes = $1 WHERE position = $2`, content, 271) }},
			{"tile 0", "urn:x:258",
				func() { alter(`UPDATE tile SET hashes = $1 WHERE level = 0 AND idx = 1`, flip(tile0, 2*32+5)) },
				func() { alter(`UPDATE tile SET hashes = $1 WHERE level = 0 AND idx = 1`, tile0) }},
			{"tile 1", "",
				func() { alter(`UPDATE tile SET hashes = $1 WHERE level = 1 AND idx = 0`, flip(tile1, 3)) },
				func() { alter(`UPDATE tile SET hashes = $1 WHERE level = 1 AND idx = 0`, tile1) }},
			{"ref", "urn:x:other",
				func() { alter(`UPDATE entry SET ref = 'urn:x:other' WHERE idx = 9`) },
				func() { alter(`UPDATE entry SET ref = 'urn:x:9' WHERE idx = 9`) }},
		}
		for _, tt := range tests {
			tt.do()
			var faults []Fault
			if _, err := Check(t.Context(), a.Ledger, func(f Fault) { faults = append(faults, f) }, func(int64, int64) {}); err != nil {
				t.Fatal(err)
			}
			if len(faults) == 0 || faults[0].Ref != tt.item {
				t.Errorf("%s: faults %+v, want one that names %q", tt.name, faults, tt.item)
			}
			tt.undo()
		}
		expectSound(t, a)
	})
}

func TestOpenRefusesATreeThatItsCheckpointDoesNotCover(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, d, "wire.example")
		for i := range 5 {
			a.add(t, fmt.Sprintf("urn:x:%d", i), "x")
		}
		a.Close()
		if _, err := d.Writer().Exec(`UPDATE tile SET hashes = $1`, bytes.Repeat([]byte{1}, 5*32)); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), a.opts)
		if err == nil || !strings.Contains(err.Error(), "ledger check") {
			t.Errorf("err %v, want one that names jisr ledger check", err)
		}
		damaged, err := Inspect(t.Context(), a.opts)
		if err != nil {
			t.Fatal(err)
		}
		defer damaged.Close()
		named := map[string]bool{}
		if _, err := Check(t.Context(), damaged, func(f Fault) { named[f.Ref] = true }, func(int64, int64) {}); err != nil {
			t.Fatal(err)
		}
		if !named["urn:x:0"] || !named["urn:x:4"] {
			t.Errorf("the check names %v, want every item whose hash was altered", named)
		}
	})
}

func TestForkIsProvenAndStopsReplication(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newNode(t, dbtest.Open(t, db.SQLite), "a.example")
		b := newNode(t, d, "b.example")
		mirror(t, a, b)
		a.add(t, "urn:x:1", "one")
		if err := b.Extend(t.Context(), send(t, a, b, 10, nothing)); err != nil {
			t.Fatal(err)
		}
		other := &edge{}
		other.extend([]tlog.Hash{recordHash(Sum([]byte("another story")))})
		signed, err := signNote(checkpointText("a.example", 1, other.root()), a.Key())
		if err != nil {
			t.Fatal(err)
		}
		cp, err := ParseCheckpoint("a.example", signed, a.Key().Verifier)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Examine(t.Context(), cp, "c.example"); news.KindOf(err) != news.Conflict {
			t.Fatalf("err %v, want Conflict", err)
		}
		a.add(t, "urn:x:2", "two")
		if err := b.Extend(t.Context(), send(t, a, b, 10, nothing)); news.KindOf(err) != news.Conflict {
			t.Errorf("replication went on: %v", err)
		}
		ev, err := b.EvidenceAgainst(t.Context(), "a.example")
		if err != nil || len(ev) != 1 || ev[0].Source != "c.example" || !bytes.Equal(ev[0].Theirs, signed) {
			t.Errorf("evidence %+v, %v", ev, err)
		}
	})
}
