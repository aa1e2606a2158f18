package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// seed returns the seed of a random test, from JISR_SEED to repeat one.
func seed(t testing.TB) uint64 {
	t.Helper()
	s := rand.Uint64N(1_000_000)
	if env := os.Getenv("JISR_SEED"); env != "" {
		if _, err := fmt.Sscan(env, &s); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("JISR_SEED=%d repeats this", s)
	return s
}

// honest fails unless all that b holds of a's ledger is what a has.
func honest(t testing.TB, a, b *running) {
	t.Helper()
	origin := a.Ledger.Origin()
	records, err := b.Ledger.Range(t.Context(), origin, 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		own, err := a.Ledger.AtIndex(t.Context(), origin, r.Index)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(own.Bytes, r.Bytes) || r.Body != nil && !bytes.Equal(own.Body, r.Body) {
			t.Fatalf("entry %d of %s is another one at %s", r.Index, origin, b.Ledger.Origin())
		}
	}
	h := size(t, b, origin)
	ours, err := a.Ledger.RootAt(t.Context(), origin, h)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := b.Ledger.RootAt(t.Context(), origin, h)
	if err != nil || ours != theirs {
		t.Fatalf("the trees of %s differ at %d: %v", origin, h, err)
	}
}

func size(t testing.TB, n *running, origin string) int64 {
	t.Helper()
	h, err := n.Ledger.Head(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	return h.Size
}

// of returns what n says of its partner.
func of(t testing.TB, n *running, origin string) *exchange.Partner {
	t.Helper()
	p, err := n.Exchange.Partner(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNothingWrongIsStoredWhateverStandsBetween: each trick is noticed and named
// where it does harm, and replication goes on by itself once it ends.
func TestNothingWrongIsStoredWhateverStandsBetween(t *testing.T) {
	t.Parallel()
	a, p := startBehind(t, db.SQLite, "a.example", seed(t))
	b := start(t, db.SQLite, "b.example")
	partner(t, a, b)
	agree(t, a, b, anything())
	n := 0
	publish := func() string {
		n++
		uri := fmt.Sprint("urn:x:", n)
		a.issue(news.Publish, story(uri, "en", fmt.Sprint("Story ", n)), "")
		return uri
	}
	first := publish()
	eventually(t, "the first story arrives", func() bool { return b.line("a.example", first) != nil })
	for _, tt := range []struct {
		trick trick
		named bool // on the partner's page
	}{
		{drop, true}, {truncate, true}, {shorten, true}, {flip, true}, {reorder, true}, {replay, true}, {stale, true}, {delay, false},
		{page, true}, {broken, true},
	} {
		p.play(tt.trick)
		uri := publish()
		if tt.named {
			eventually(t, string(tt.trick)+": the failure is named", func() bool {
				q := of(t, b, "a.example")
				return q.Failure != "" || q.Frozen != ""
			})
			t.Logf("%s: %s", tt.trick, of(t, b, "a.example").Failure)
		}
		honest(t, a, b)
		p.play(behave)
		eventually(t, string(tt.trick)+": replication goes on", func() bool { return b.line("a.example", uri) != nil })
		eventually(t, string(tt.trick)+": the failure is forgotten", func() bool {
			q := of(t, b, "a.example")
			return q.Failure == "" && q.Frozen == ""
		})
		honest(t, a, b)
	}
	sound(t, b)
}

// TestReplicationSurvivesAnyMixOfFaults has a proxy choose a fault an answer.
func TestReplicationSurvivesAnyMixOfFaults(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			s := seed(t)
			a, p := startBehind(t, db.SQLite, "a.example", s)
			b := start(t, engine, "b.example")
			partner(t, a, b)
			agree(t, a, b, anything())
			tricks := []trick{drop, truncate, shorten, flip, reorder, replay, stale, delay, page, broken}
			p.playEach(func(string) trick {
				if p.rand.IntN(3) > 0 {
					return behave
				}
				return tricks[p.rand.IntN(len(tricks))]
			})
			picture, err := a.Blobs.Put(t.Context(), bytes.NewReader(bytes.Repeat([]byte("picture"), 10_000)), blob.Expect{})
			if err != nil {
				t.Fatal(err)
			}
			it := story("urn:x:picture", "en", "A picture")
			it.Renditions = []news.Rendition{{Name: "main", ContentType: "image/png", Digest: picture.Digest, SizeInBytes: picture.Size}}
			a.issue(news.Publish, it, "")
			const stories = 60
			for i := range stories {
				a.issue(news.Publish, story(fmt.Sprint("urn:x:", i), "en", fmt.Sprint("Story ", i)), "")
				time.Sleep(25 * time.Millisecond)
				if i%10 == 0 {
					honest(t, a, b)
				}
			}
			p.play(behave)
			eventually(t, "all arrive once the faults end", func() bool {
				return b.line("a.example", fmt.Sprint("urn:x:", stories-1)) != nil && size(t, b, "a.example") == size(t, a, "a.example")
			})
			// The job that fetches media may rest for a while after failures.
			eventually(t, "the picture arrives", func() bool {
				return b.Blobs.Has(picture.Digest) || b.Exchange.FetchMedia(t.Context(), "a.example", picture.Digest) == nil
			})
			if err := b.Blobs.Verify(t.Context(), picture.Digest); err != nil {
				t.Error(err)
			}
			eventually(t, "no failure is left", func() bool {
				q := of(t, b, "a.example")
				return q.Failure == "" && q.Frozen == ""
			})
			honest(t, a, b)
			sound(t, a)
			sound(t, b)
		})
	}
}

// copyData copies a stopped node's database, as a backup would; its keys and
// media stay where they are.
func copyData(t testing.TB, c *Config, to string) {
	t.Helper()
	settled(t, c)
	b, err := os.ReadFile(c.dsn())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// settled waits until the last connection to a stopped node's database is closed
// and has taken the write-ahead log with it.
func settled(t testing.TB, c *Config) {
	t.Helper()
	eventually(t, "the stopped node's write-ahead log is gone", func() bool {
		_, err := os.Stat(c.dsn() + "-wal")
		return errors.Is(err, fs.ErrNotExist)
	})
}

func restore(t testing.TB, c *Config, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	settled(t, c)
	if err := os.WriteFile(c.dsn(), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestForkShownToTwoPartnersIsFoundByGossip and the evidence kept by both.
func TestForkShownToTwoPartnersIsFoundByGossip(t *testing.T) {
	t.Parallel()
	a, b, c := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example"), start(t, db.SQLite, "c.example")
	for _, pair := range [][2]*running{{a, b}, {a, c}, {b, c}} {
		partner(t, pair[0], pair[1])
	}
	agree(t, a, b, anything())
	agree(t, a, c, anything())
	for _, n := range []*running{b, c} {
		eventually(t, "all of a's ledger is held", func() bool { return size(t, n, "a.example") == size(t, a, "a.example") })
	}
	twin := t.TempDir() + "/twin.db"
	c.stop()
	a.stop()
	copyData(t, a.Config, twin)
	a.serve(a.Config)
	a.issue(news.Publish, story("urn:x:1", "en", "For b"), "")
	eventually(t, "b has its version of history", func() bool { return b.line("a.example", "urn:x:1") != nil })
	b.stop()
	a.stop()
	restore(t, a.Config, twin)
	c.serve(c.Config)
	a.serve(a.Config)
	a.issue(news.Publish, story("urn:x:1", "en", "For c"), "")
	eventually(t, "c has another", func() bool { return c.line("a.example", "urn:x:1") != nil })
	a.stop()
	b.serve(b.Config)
	found := func(n *running) bool { return strings.HasPrefix(of(t, n, "a.example").Frozen, "forked") }
	// They compare after each round; a word from each begins one.
	b.issue(news.Publish, story("urn:x:b", "en", "News of b"), "")
	c.issue(news.Publish, story("urn:x:c", "en", "News of c"), "")
	eventually(t, "both know", func() bool { return found(b) && found(c) })
	for _, n := range []*running{b, c} {
		e, err := n.Ledger.EvidenceAgainst(t.Context(), "a.example")
		if err != nil || len(e) != 1 {
			t.Fatalf("%s keeps %d pieces of evidence, %v", n.Ledger.Origin(), len(e), err)
		}
		keys, err := n.Ledger.Keys(t.Context(), "a.example")
		if err != nil {
			t.Fatal(err)
		}
		ours, err1 := ledger.ParseCheckpoint("a.example", e[0].Ours, keys...)
		theirs, err2 := ledger.ParseCheckpoint("a.example", e[0].Theirs, keys...)
		if err1 != nil || err2 != nil || ours.Size != theirs.Size || ours.Root == theirs.Root {
			t.Errorf("%s: the evidence proves nothing: %+v, %+v, %v, %v", n.Ledger.Origin(), ours, theirs, err1, err2)
		}
	}
	// Neither is taken in any further, and everything stays.
	a.serve(a.Config)
	time.Sleep(time.Second)
	for n, want := range map[*running]string{b: "For b", c: "For c"} {
		if l := n.line("a.example", "urn:x:1"); l == nil || l.Headline != want {
			t.Errorf("%s shows %+v, want %q", n.Ledger.Origin(), l, want)
		}
		sound(t, n)
	}
}

// TestLongerForkIsProvenToo: a node that was set back, wrote more than it had
// lost and only then met the partner again.
func TestLongerForkIsProvenToo(t *testing.T) {
	t.Parallel()
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	partner(t, a, b)
	agree(t, a, b, anything())
	twin := t.TempDir() + "/twin.db"
	a.stop()
	copyData(t, a.Config, twin)
	a.serve(a.Config)
	a.issue(news.Publish, story("urn:x:1", "en", "First history"), "")
	eventually(t, "b has it", func() bool { return b.line("a.example", "urn:x:1") != nil })
	b.stop()
	a.stop()
	restore(t, a.Config, twin)
	a.serve(a.Config) // b is away and cannot warn it
	for i := range 5 {
		a.issue(news.Publish, story(fmt.Sprint("urn:x:", i), "en", "Second history"), "")
	}
	b.serve(b.Config)
	eventually(t, "b knows", func() bool { return strings.HasPrefix(of(t, b, "a.example").Frozen, "forked") })
	if e, err := b.Ledger.EvidenceAgainst(t.Context(), "a.example"); err != nil || len(e) != 1 {
		t.Errorf("b keeps %d pieces of evidence, %v", len(e), err)
	}
	if l := b.line("a.example", "urn:x:1"); l.Headline != "First history" {
		t.Errorf("b shows %q", l.Headline)
	}
	sound(t, b)
}

// TestNodeSetBackToABackupRecoversItsTail and does not write before that.
func TestNodeSetBackToABackupRecoversItsTail(t *testing.T) {
	t.Parallel()
	for _, rotate := range []bool{false, true} {
		t.Run(fmt.Sprintf("key changed in between=%v", rotate), func(t *testing.T) {
			t.Parallel()
			a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
			partner(t, a, b)
			agree(t, a, b, anything())
			a.issue(news.Publish, story("urn:x:1", "en", "One"), "")
			backup := t.TempDir() + "/backup.db"
			a.stop()
			copyData(t, a.Config, backup)
			a.serve(a.Config)
			a.issue(news.Correction, story("urn:x:1", "en", "One, corrected"), "wrong")
			if rotate {
				for range 2 {
					if _, err := a.Ledger.RotateKey(t.Context(), chief); err != nil {
						t.Fatal(err)
					}
				}
			}
			a.issue(news.Publish, story("urn:x:2", "en", "Two"), "")
			a.issue(news.Update, story("urn:x:2", "en", "Two, updated"), "")
			lost := size(t, a, "a.example")
			eventually(t, "b has all of it", func() bool { return size(t, b, "a.example") == lost })
			a.stop()
			restore(t, a.Config, backup)

			refused := func(when string) {
				t.Helper()
				_, err := a.Newsroom.Issue(t.Context(), newsroom.Issue{Act: news.Publish, Item: story("urn:x:3", "en", "Three"), Desk: "science", Actor: chief})
				if news.KindOf(err) != news.Unavailable || !strings.Contains(err.Error(), "old backup") {
					t.Fatalf("%s: a node with a lost tail wrote on: %v", when, err)
				}
			}
			a.serve(a.Config)
			refused("started again")
			eventually(t, "b says that a was rolled back", func() bool {
				return strings.HasPrefix(of(t, b, "a.example").Frozen, ledger.RolledBack)
			})
			b.stop()
			a.stop()
			a.serve(a.Config)
			refused("started while nobody can warn it")
			b.serve(b.Config)

			got, without, err := a.Exchange.Recover(t.Context(), "b.example")
			if err != nil || without != 0 || got == 0 || size(t, a, "a.example") != lost {
				t.Fatalf("recovered %d entries, %d without content, %v; the ledger has %d of %d", got, without, err, size(t, a, "a.example"), lost)
			}
			if out := a.issue(news.Correction, story("urn:x:1", "en", "One, again"), "wrong again"); out.Version != 3 {
				t.Errorf("the correction is version %d, want 3", out.Version)
			}
			if out := a.issue(news.Update, story("urn:x:2", "en", "Two, again"), ""); out.Version != 3 {
				t.Errorf("the update is version %d, want 3", out.Version)
			}
			if l := a.line("a.example", "urn:x:2"); l == nil {
				t.Error("a's own wire lacks what was recovered")
			}
			b.issue(news.Publish, story("urn:x:b", "en", "News of b"), "")
			eventually(t, "b goes on", func() bool {
				l := b.line("a.example", "urn:x:2")
				return l != nil && l.Version == 3 && of(t, b, "a.example").Frozen == "" && of(t, b, "a.example").Failure == ""
			})
			eventually(t, "a goes on", func() bool { return size(t, a, "b.example") == size(t, b, "b.example") })
			honest(t, a, b)
			honest(t, b, a)
			sound(t, a)
			sound(t, b)
			// The key with which it goes on is there after a restart.
			a.stop()
			a.serve(a.Config)
			a.issue(news.Publish, story("urn:x:4", "en", "Four"), "")
			eventually(t, "b reads on", func() bool { return b.line("a.example", "urn:x:4") != nil })
		})
	}
}

// TestRecoveryTakesFromEachPartnerWhatItWasGiven: what the first did not have
// comes from the second, and the node serves what it has meanwhile.
func TestRecoveryTakesFromEachPartnerWhatItWasGiven(t *testing.T) {
	t.Parallel()
	a, b, c := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example"), start(t, db.SQLite, "c.example")
	partner(t, a, b)
	partner(t, a, c)
	arabic := anything()
	arabic.Languages = []string{"ar"}
	agree(t, a, b, arabic)
	agree(t, a, c, anything())
	backup := t.TempDir() + "/backup.db"
	a.stop()
	copyData(t, a.Config, backup)
	a.serve(a.Config)
	a.issue(news.Publish, story("urn:x:ar", "ar", "خبر"), "")
	a.issue(news.Publish, story("urn:x:en", "en", "News"), "")
	full := size(t, a, "a.example")
	for _, n := range []*running{b, c} {
		eventually(t, "all of a's ledger is held", func() bool { return size(t, n, "a.example") == full })
	}
	b.stop()
	a.issue(news.Publish, story("urn:x:more", "en", "Only c has this"), "")
	full++
	eventually(t, "c has one more", func() bool { return size(t, c, "a.example") == full })
	a.stop()
	b.serve(b.Config)
	restore(t, a.Config, backup)
	a.serve(a.Config)
	if _, _, err := a.Exchange.Recover(t.Context(), "b.example"); news.KindOf(err) != news.Conflict || a.Ledger.ReadOnly() == "" {
		t.Fatalf("after b's part a may write (%q), although c holds more: %v", a.Ledger.ReadOnly(), err)
	}
	got, lost, err := a.Exchange.Recover(t.Context(), "c.example")
	if err != nil || got != 1 || lost > 1 || size(t, a, "a.example") != full {
		t.Fatalf("from c came %d, %d are lost, %v", got, lost, err)
	}
	for _, uri := range []string{"urn:x:ar", "urn:x:en", "urn:x:more"} {
		if l := a.line("a.example", uri); l == nil {
			t.Errorf("%s is not on a's wire", uri)
		}
	}
	a.issue(news.Publish, story("urn:x:on", "ar", "خبر آخر"), "")
	for _, n := range []*running{b, c} {
		eventually(t, "the partners read on", func() bool { return n.line("a.example", "urn:x:on") != nil })
		honest(t, a, n)
	}
	sound(t, a)
}

// TestLostEntryKeepsNoPartnerFromTheRest: nobody had been given it.
func TestLostEntryKeepsNoPartnerFromTheRest(t *testing.T) {
	t.Parallel()
	a, b, c := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example"), start(t, db.SQLite, "c.example")
	partner(t, a, b)
	arabic := anything()
	arabic.Languages = []string{"ar"}
	agree(t, a, b, arabic)
	backup := t.TempDir() + "/backup.db"
	a.stop()
	copyData(t, a.Config, backup)
	a.serve(a.Config)
	a.issue(news.Publish, story("urn:x:en", "en", "News"), "")
	a.issue(news.Publish, story("urn:x:ar", "ar", "خبر"), "")
	full := size(t, a, "a.example")
	eventually(t, "b holds the tree", func() bool { return size(t, b, "a.example") == full })
	a.stop()
	restore(t, a.Config, backup)
	a.serve(a.Config)
	if _, lost, err := a.Exchange.Recover(t.Context(), "b.example"); err != nil || lost != 1 {
		t.Fatalf("%d entries are lost, %v; want 1", lost, err)
	}
	partner(t, a, c)
	agree(t, a, c, anything())
	a.issue(news.Publish, story("urn:x:on", "en", "More news"), "")
	eventually(t, "a new partner reads everything else", func() bool {
		return c.line("a.example", "urn:x:on") != nil && c.line("a.example", "urn:x:ar") != nil
	})
	if c.line("a.example", "urn:x:en") != nil {
		t.Error("what is lost was shown")
	}
	sound(t, a)
	sound(t, c)
}

// TestKeysChangedWhileApartAreLearned, twice and on both sides at once.
func TestKeysChangedWhileApartAreLearned(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			a, b := start(t, engine, "a.example"), start(t, db.SQLite, "b.example")
			partner(t, a, b)
			agree(t, a, b, anything())
			rotate := func(n *running, uri string) {
				t.Helper()
				for i := range 2 {
					if _, err := n.Ledger.RotateKey(t.Context(), chief); err != nil {
						t.Fatal(err)
					}
					n.issue(news.Publish, story(fmt.Sprint(uri, i), "en", "Between two keys"), "")
				}
			}
			b.stop()
			rotate(a, "urn:x:a")
			a.stop()
			b.serve(b.Config)
			rotate(b, "urn:x:b")
			a.serve(a.Config)
			eventually(t, "b reads a", func() bool { return b.line("a.example", "urn:x:a1") != nil })
			eventually(t, "a reads b", func() bool { return size(t, a, "b.example") == size(t, b, "b.example") })
			for _, pair := range [][2]*running{{a, b}, {b, a}} {
				eventually(t, "no failure is left and the new fingerprint is shown", func() bool {
					q := of(t, pair[0], pair[1].Ledger.Origin())
					return q.Failure == "" && q.Key == pair[1].Ledger.Key().Verifier
				})
			}
			a.issue(news.Publish, story("urn:x:on", "en", "On"), "")
			eventually(t, "they go on", func() bool { return b.line("a.example", "urn:x:on") != nil })
			eventually(t, "and witness each other by the new keys", func() bool {
				w, err := a.Ledger.Witnesses(t.Context(), "a.example")
				return err == nil && w["b.example"] == size(t, a, "a.example")
			})
			honest(t, a, b)
			sound(t, a)
			sound(t, b)
		})
	}
}
