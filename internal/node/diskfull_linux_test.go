package node

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// bulky is a story of some 200 KB that does not compress.
func bulky(uri string, r *rand.Rand) *news.Item {
	it := story(uri, "en", uri)
	var b strings.Builder
	for range 200_000 / 16 {
		fmt.Fprintf(&b, "%016x", r.Uint64())
	}
	it.Bodies[0].Value = "<p>" + b.String() + "</p>"
	return it
}

// TestFullDiskLosesNothingAndIsLeftByItself on a real file system that fills up,
// where the machine lets us make one, and under a limit of the database.
func TestFullDiskLosesNothingAndIsLeftByItself(t *testing.T) {
	t.Parallel()
	t.Run("file system", func(t *testing.T) {
		dir := t.TempDir()
		const small, large = "size=24m", "size=200m"
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, small); err != nil {
			t.Skipf("no file system can be made here (%v); the limit of the database is tested", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		a := startIn(t, filepath.Join(dir, "a"), "a.example")
		fill(t, a, func() error { return syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, large) })
	})
	t.Run("limit", func(t *testing.T) {
		t.Parallel()
		a := startIn(t, t.TempDir(), "a.example")
		limit := func(pages int) error {
			_, err := a.DB.Writer().ExecContext(t.Context(), fmt.Sprint("PRAGMA max_page_count = ", pages))
			return err
		}
		if err := limit(1500); err != nil { // 12 MB
			t.Fatal(err)
		}
		fill(t, a, func() error { return limit(1 << 30) })
	})
}

// startIn makes and serves a node in the folder.
func startIn(t *testing.T, dir, origin string) *running {
	t.Helper()
	addr := freeAddress(t)
	c := &Config{Data: dir, Listen: addr, URL: "http://" + addr}
	if err := Init(t.Context(), c, news.Organisation{Origin: origin, Kind: "agency", Names: map[string]string{"en": origin}}); err != nil {
		t.Fatal(err)
	}
	r := &running{t: t}
	r.serve(c)
	t.Cleanup(func() { r.stop() })
	return r
}

// fill has the node publish, and receive from a partner, until there is no room,
// then makes room and checks what became of everything.
func fill(t *testing.T, a *running, room func() error) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed(t), 3))
	b := start(t, db.SQLite, "b.example")
	partner(t, a, b)
	agree(t, a, b, anything())
	agree(t, b, a, anything())
	var acts []acknowledged
	var full error
	issue := func() error {
		uri := fmt.Sprint("urn:full:", len(acts))
		out, err := a.Newsroom.Issue(t.Context(), newsroom.Issue{Act: news.Publish, Item: bulky(uri, r), Desk: "science", Actor: chief})
		if err == nil {
			acts = append(acts, acknowledged{uri, out.Version, out.Hash})
		}
		return err
	}
	for full == nil && len(acts) < 500 {
		full = issue()
	}
	if news.KindOf(full) != news.Unavailable || !strings.Contains(full.Error(), "disk") || !strings.Contains(full.Error(), "full") {
		t.Errorf("after %d acts: %q of kind %v does not say that the disk is full", len(acts), full, news.KindOf(full))
	}
	// What the partner writes cannot be taken in either, and waits.
	for i := range 3 {
		b.issue(news.Publish, bulky(fmt.Sprint("urn:b:", i), r), "")
	}
	for range 5 {
		if err := issue(); err == nil {
			t.Log("a smaller act still found room")
		}
		time.Sleep(50 * time.Millisecond)
	}
	sound(t, a)
	if err := room(); err != nil {
		t.Fatal(err)
	}
	if err := issue(); err != nil {
		t.Fatalf("there is room again: %v", err)
	}
	eventually(t, "the partners converge by themselves", func() bool {
		return size(t, b, "a.example") == size(t, a, "a.example") && size(t, a, "b.example") == size(t, b, "b.example")
	})
	eventually(t, "the wire shows the partner's last", func() bool { return a.line("b.example", "urn:b:2") != nil })
	everyActOnce(t, a, acts)
	everyActOnce(t, b, acts)
	a.stop()
	a.serve(a.Config)
	everyActOnce(t, a, acts)
	for _, n := range []*running{a, b} {
		sound(t, n)
	}
	a.stop() // before its file system goes
}
