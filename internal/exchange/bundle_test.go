package exchange

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// export writes a bundle of a for the partner.
func (h *house) export(t testing.TB, partner string, from int64) ([]byte, *Bundled) {
	t.Helper()
	var buf bytes.Buffer
	out, err := h.ExportBundle(t.Context(), &buf, partner, from, func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), out
}

func (h *house) importing(t testing.TB, b []byte) (*Bundled, error) {
	t.Helper()
	out, err := h.ImportBundle(t.Context(), bytes.NewReader(b), func(int64, int64) {})
	h.caughtUp()
	return out, err
}

// size returns how many entries of the origin the house holds.
func (h *house) size(origin string) int64 {
	return must(h.ledger.Head(h.t.Context(), origin)).Size
}

// media puts bytes into the house's store and returns their digest.
func (h *house) media(t testing.TB, b []byte) string {
	t.Helper()
	info, err := h.blobs.Put(t.Context(), bytes.NewReader(b), blob.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	return info.Digest
}

// carried makes two partners of which b has read a's offer and more of a's ledger
// is still to come: items, a picture and what is not for b.
func carried(t *testing.T, engine db.Engine) (a, b *house, since int64, picture string) {
	t.Helper()
	a, b = newHouse(t, db.SQLite, "a.example"), newHouse(t, engine, "b.example")
	meet(t, a, b)
	f := everything()
	f.Languages = []string{"ar"}
	agree(t, a, b, f)
	since = b.size(a.origin())
	picture = a.media(t, bytes.Repeat([]byte("picture"), 3000))
	secret := a.media(t, []byte("not for b"))
	for i := range 20 {
		a.publish(fmt.Sprint("urn:x:", i), news.Publish, news.Label{Language: "ar"})
	}
	a.publish("urn:x:picture", news.Publish, news.Label{Language: "ar"}, picture)
	a.publish("urn:x:secret", news.Publish, news.Label{Language: "ru"}, secret)
	a.caughtUp()
	return a, b, since, picture
}

func TestBundleBringsWhatReplicationWould(t *testing.T) {
	both(t, func(t *testing.T, engine db.Engine) {
		a, b, since, picture := carried(t, engine)
		file, made := a.export(t, b.origin(), since)
		if made.Media != 1 || made.Entries != 22 {
			t.Errorf("the bundle has %+v", made)
		}
		if bytes.Contains(unpack(t, file), []byte("urn:x:secret")) {
			t.Error("the bundle contains what was not for b")
		}
		for range 2 { // a second time changes nothing
			got, err := b.importing(t, file)
			if err != nil || got.To != a.size(a.origin()) || got.Entries != made.Entries || got.Media != 1 {
				t.Fatalf("imported %+v, %v", got, err)
			}
			if b.size(a.origin()) != a.size(a.origin()) || !b.blobs.Has(picture) {
				t.Fatalf("b holds %d of %d entries, the picture %v", b.size(a.origin()), a.size(a.origin()), b.blobs.Has(picture))
			}
		}
		b.sound()
		// Replication goes on from there, and an older bundle does no harm.
		a.publish("urn:x:later", news.Publish, news.Label{Language: "ar"})
		b.pull(a)
		if _, err := b.importing(t, file); err != nil {
			t.Errorf("a bundle older than what came meanwhile: %v", err)
		}
		if p := must(b.Partner(t.Context(), a.origin())); p.Frozen != "" {
			t.Errorf("an older bundle was taken for a rollback: %s", p.Frozen)
		}
	})
}

// unpack returns the tar file in a bundle.
func unpack(t testing.TB, file []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pack is the inverse of unpack.
func pack(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(b, nil)
}

// honest fails unless all that b holds of a is what a has.
func honest(t *testing.T, a, b *house) {
	t.Helper()
	records := must(b.ledger.Range(t.Context(), a.origin(), 0, 1000))
	for _, r := range records {
		own := must(a.ledger.AtIndex(t.Context(), a.origin(), r.Index))
		if !bytes.Equal(own.Bytes, r.Bytes) || r.Body != nil && !bytes.Equal(own.Body, r.Body) {
			t.Fatalf("entry %d at b is not a's: %q", r.Index, r.Bytes)
		}
	}
	size := b.size(a.origin())
	if root := must(b.ledger.RootAt(t.Context(), a.origin(), size)); root != must(a.ledger.RootAt(t.Context(), a.origin(), size)) {
		t.Fatalf("b's tree of %d entries is not a's", size)
	}
	if why := must(b.Partner(t.Context(), a.origin())).Frozen; why != "" {
		t.Fatalf("a was accused: %s", why)
	}
}

func TestTamperedBundleStoresNothingFalse(t *testing.T) {
	a, b, since, picture := carried(t, db.SQLite)
	file, _ := a.export(t, b.origin(), since)
	inner := unpack(t, file)
	refused := 0
	check := func(what string, file []byte) {
		if _, err := b.importing(t, file); err != nil {
			refused++
		}
		honest(t, a, b)
		if b.blobs.Has(picture) {
			if err := b.blobs.Verify(t.Context(), picture); err != nil {
				t.Fatalf("%s: the picture stored is another: %v", what, err)
			}
		}
	}
	for i := 0; i < len(file); i += 97 {
		bad := bytes.Clone(file)
		bad[i] ^= 0x10
		check(fmt.Sprint("file byte ", i), bad)
	}
	if n := (len(file) + 96) / 97; refused < n-3 {
		t.Errorf("%d of %d altered files were refused", refused, n)
	}
	for i := 499; i < len(inner); i += 997 {
		bad := bytes.Clone(inner)
		bad[i] ^= 1
		check(fmt.Sprint("content byte ", i), pack(t, bad))
	}
	if _, err := b.importing(t, file); err != nil {
		t.Errorf("the bundle itself, after all those: %v", err)
	}
	b.sound()
}

// parts splits a tar file into its members, headers included.
func parts(t *testing.T, b []byte) (names []string, members map[string][]byte) {
	t.Helper()
	members = map[string][]byte{}
	r := bytes.NewReader(b)
	in := tar.NewReader(r)
	for {
		h, err := in.Next()
		if err == io.EOF {
			return names, members
		}
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		out := tar.NewWriter(&buf)
		if err := out.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		members[h.Name] = buf.Bytes()
	}
}

func TestTruncatedBundleKeepsWholePartsOnlyAndGapsAreRefused(t *testing.T) {
	a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
	meet(t, a, b)
	f := everything()
	agree(t, a, b, f)
	since := b.size(a.origin())
	for range 2*batch/1000 + 1 { // three parts
		var drafts []ledger.Draft
		for i := range 1000 {
			drafts = append(drafts, ledger.Draft{Kind: ledger.KindItem, Ref: fmt.Sprint("urn:x:", i), Body: news.ItemBody{Act: news.Publish, Version: 1}, Content: fmt.Append(nil, i)})
		}
		a.addAll(drafts)
	}
	file, _ := a.export(t, b.origin(), since)
	names, members := parts(t, unpack(t, file))
	var entries []string
	for _, n := range names {
		if strings.HasPrefix(n, bundleEntries) {
			entries = append(entries, n)
		}
	}
	if len(entries) != 3 {
		t.Fatalf("the bundle has the members %v", names)
	}
	without := func(drop string) []byte {
		var out []byte
		for _, n := range names {
			if n != drop {
				out = append(out, members[n]...)
			}
		}
		return pack(t, append(out, make([]byte, 1024)...))
	}
	if _, err := b.importing(t, without(entries[0])); news.KindOf(err) != news.Conflict {
		t.Errorf("a bundle without its first part: %v", err)
	}
	if _, err := b.importing(t, without("proof-"+strings.TrimPrefix(entries[0], bundleEntries))); news.KindOf(err) != news.Invalid {
		t.Errorf("a bundle without a proof: %v", err)
	}
	if _, err := b.importing(t, without(fmt.Sprint(bundleNote, a.size(a.origin())))); news.KindOf(err) != news.Invalid {
		t.Errorf("a bundle without its checkpoint: %v", err)
	}
	if got := b.size(a.origin()); got != since {
		t.Fatalf("b holds %d entries after refused bundles, had %d", got, since)
	}
	whole := unpack(t, file)
	at := bytes.Index(whole, members[entries[1]])
	for _, cut := range []int{1, at / 2, at + 700, len(whole) - 2000} {
		before := b.size(a.origin())
		_, err := b.importing(t, pack(t, whole[:cut]))
		if news.KindOf(err) != news.Invalid {
			t.Errorf("cut after %d of %d bytes: %v", cut, len(whole), err)
		}
		got := b.size(a.origin())
		if (got-since)%batch != 0 && got != a.size(a.origin()) || got < before {
			t.Errorf("cut after %d of %d bytes: b holds %d entries, of a part not the whole", cut, len(whole), got)
		}
		honest(t, a, b)
	}
	// One that begins beyond what is held, and one that was cut off and goes on.
	if _, err := b.importing(t, file); err != nil {
		t.Error(err)
	}
	b.sound()
	c := newHouse(t, db.SQLite, "c.example")
	meet(t, a, c)
	late, _ := a.export(t, c.origin(), 10)
	if _, err := c.importing(t, late); news.KindOf(err) != news.Conflict || !strings.Contains(err.Error(), "--since 0") {
		t.Errorf("a bundle that begins too late: %v", err)
	}
	if _, err := c.importing(t, file); news.KindOf(err) != news.Forbidden {
		t.Errorf("a bundle for another partner: %v", err)
	}
	if err := c.BlockPartner(t.Context(), a.origin()); err != nil {
		t.Fatal(err)
	}
	all, _ := a.export(t, c.origin(), 0)
	if _, err := c.importing(t, all); news.KindOf(err) != news.Forbidden {
		t.Errorf("a bundle of a blocked partner: %v", err)
	}
}

// addAll appends the entries in one transaction.
func (h *house) addAll(drafts []ledger.Draft) {
	h.t.Helper()
	if _, err := h.ledger.Append(h.t.Context(), drafted(drafts)); err != nil {
		h.t.Fatal(err)
	}
}

// TestBundleCarriesTheLedgerThroughChangesOfKey to a partner that no network
// reaches.
func TestBundleCarriesTheLedgerThroughChangesOfKey(t *testing.T) {
	both(t, func(t *testing.T, engine db.Engine) {
		a, b := newHouse(t, engine, "a.example"), newHouse(t, db.SQLite, "b.example")
		meet(t, a, b)
		agree(t, a, b, everything())
		since := b.size(a.origin())
		var files [][]byte
		for i := range 3 {
			a.publish(fmt.Sprint("urn:x:", i), news.Publish, news.Label{})
			if _, err := a.ledger.RotateKey(t.Context(), editor); err != nil {
				t.Fatal(err)
			}
			file, _ := a.export(t, b.origin(), since)
			files = append(files, file)
		}
		a.publish("urn:x:last", news.Publish, news.Label{})
		last, _ := a.export(t, b.origin(), since)
		for i, file := range [][]byte{files[0], last, files[1], last} {
			if _, err := b.importing(t, file); err != nil {
				t.Fatalf("bundle %d: %v", i, err)
			}
		}
		if b.size(a.origin()) != a.size(a.origin()) {
			t.Errorf("b holds %d of %d entries", b.size(a.origin()), a.size(a.origin()))
		}
		honest(t, a, b)
		b.sound()
		b.pull(a)
	})
}

// TestBundleDoesNotLiftAFork: whichever branch it comes from.
func TestBundleDoesNotLiftAFork(t *testing.T) {
	a, b, since, _ := carried(t, db.SQLite)
	h := must(b.ledger.Head(t.Context(), a.origin()))
	fork := &ledger.Checkpoint{Origin: a.origin(), Size: h.Size, Note: h.Checkpoint.Note}
	if err := b.ledger.Examine(t.Context(), fork, "test"); news.KindOf(err) != news.Conflict {
		t.Fatal(err)
	}
	file, _ := a.export(t, b.origin(), since)
	if _, err := b.importing(t, file); news.KindOf(err) != news.Conflict {
		t.Errorf("a bundle of a forked ledger: %v", err)
	}
	if p := must(b.Partner(t.Context(), a.origin())); !strings.HasPrefix(p.Frozen, "forked") || b.size(a.origin()) != since {
		t.Errorf("after the bundle: %q, %d entries", p.Frozen, b.size(a.origin()))
	}
}
