package node

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"jisr/internal/db"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

func nothing(int64, int64) {}

// backedUp returns a backup of the node while it serves.
func backedUp(t *testing.T, n *running) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := n.Backup(t.Context(), &out, nothing); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestNodeRestoredFromYesterdayRecoversItsTailInsteadOfForking(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	partner(t, a, b)
	agree(t, a, b, anything())
	a.issue(news.Publish, story("urn:x:1", "en", "One"), "")
	yesterday := backedUp(t, a)
	a.issue(news.Correction, story("urn:x:1", "en", "One, corrected"), "it was wrong")
	last := a.issue(news.Publish, story("urn:x:2", "en", "Two"), "")
	eventually(t, "all of it reaches the partner", func() bool {
		h, err := b.Ledger.Head(t.Context(), "a.example")
		return err == nil && h.Size > last.Index
	})
	a.stop()

	c := *a.Config
	c.Data = filepath.Join(t.TempDir(), "restored")
	if _, err := Restore(t.Context(), bytes.NewReader(yesterday), c.Data, nothing); err != nil {
		t.Fatal(err)
	}
	n, err := OpenToWrite(t.Context(), &c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	three := newsroom.Issue{Act: news.Publish, Item: story("urn:x:3", "en", "Three"), Actor: chief}
	if _, err := n.Newsroom.Issue(t.Context(), three); news.KindOf(err) != news.Unavailable {
		t.Fatalf("before it recovered it issued: %v", err)
	}
	if got, lost, err := n.Exchange.Recover(t.Context(), "b.example"); err != nil || got != 2 || lost != 0 {
		t.Fatalf("recovered %d, lost %d, %v", got, lost, err)
	}
	if err := n.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := n.Newsroom.Issue(t.Context(), newsroom.Issue{Act: news.Update, Item: story("urn:x:1", "en", "One, again"), Actor: chief})
	if err != nil || out.Version != 3 || out.Index != last.Index+1 {
		t.Fatalf("after it recovered it issued %+v, %v", out, err)
	}
	if err := b.Exchange.Pull(t.Context(), "a.example"); news.KindOf(err) == news.Conflict {
		t.Errorf("the partner sees a fork: %v", err)
	}
}

func TestBackupThatWasCutOffOrAlteredRestoresNothing(t *testing.T) {
	a := start(t, db.SQLite, "a.example")
	a.issue(news.Publish, story("urn:x:1", "en", "One"), "")
	whole := backedUp(t, a)
	dir := filepath.Join(t.TempDir(), "restored")
	for _, size := range []int{0, 1, 100, len(whole) / 2, len(whole) - 1} {
		if _, err := Restore(t.Context(), bytes.NewReader(whole[:size]), dir, nothing); news.KindOf(err) != news.Invalid {
			t.Errorf("of %d bytes: %v", size, err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*")); len(left) > 0 {
			t.Fatalf("of %d bytes it left %v", size, left)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".restore-*")); len(left) > 0 {
			t.Fatalf("of %d bytes it left %v", size, left)
		}
	}
	for at := 20; at < len(whole); at += max(1, len(whole)/40) {
		altered := bytes.Clone(whole)
		altered[at] ^= 4
		if bytes.Equal(unpacked(altered), unpacked(whole)) {
			continue // a bit that the compression does not use
		}
		if _, err := Restore(t.Context(), bytes.NewReader(altered), dir, nothing); news.KindOf(err) != news.Invalid {
			t.Fatalf("with byte %d altered: %v", at, err)
		}
	}
	if _, err := Restore(t.Context(), bytes.NewReader(whole), dir, nothing); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, configFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("settings: %v, %v", info, err)
	}
	n, err := OpenToRead(context.Background(), mustConfig(t, dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Newsroom.Line(t.Context(), "a.example", "urn:x:1", true); err != nil {
		t.Error(err)
	}
}

func mustConfig(t *testing.T, dir string) *Config {
	t.Helper()
	c, err := LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// unpacked returns what a backup's bytes decompress to, nil if they do not.
func unpacked(packed []byte) []byte {
	z, err := zstd.NewReader(nil)
	if err != nil {
		return nil
	}
	defer z.Close()
	out, err := z.DecodeAll(packed, nil)
	if err != nil {
		return nil
	}
	return out
}
