package search

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// twins returns the URIs of an item's twins, the nearest first.
func (ix *index) twins(t testing.TB, origin, uri string, withEmbargoed bool) []string {
	t.Helper()
	found, err := ix.Similar(t.Context(), origin, uri, withEmbargoed, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(found))
	for i, f := range found {
		out[i] = f.Origin + " " + f.URI
	}
	return out
}

func (ix *index) expectTwins(t testing.TB, uri string, want ...string) {
	t.Helper()
	if got := ix.twins(t, "wire.example", uri, false); !slices.Equal(got, want) {
		t.Errorf("the twins of %s are %v, want %v", uri, got, want)
	}
}

// edit changes n words of a text to others.
func edit(r *rand.Rand, text string, n int) string {
	words := strings.Fields(text)
	for range n {
		words[r.IntN(len(words))] = fmt.Sprintf("edited%d", r.IntN(1000))
	}
	return strings.Join(words, " ")
}

func TestSmallEditsLinkAndDifferentStoriesDoNot(t *testing.T) {
	const stories = 200
	p := newProse()
	r := rand.New(rand.NewPCG(7, 7))
	prints := func(text, language string) fingerprint {
		var s sketch
		var ts terms
		ts.add(newAnalyser(), text, language, &s)
		return fingerprintOf(&news.Item{}, news.Text, language, &sketch{}, &s)
	}
	langs := []string{"ar", "ru", "en"}
	var all []fingerprint
	var missed [3]int // by how many words were changed
	for i := range stories {
		text := p.text(i%3, 3000)
		f := prints(text, langs[i%3])
		for n := range missed {
			if _, ok := f.distance(prints(edit(r, text, n), langs[i%3])); !ok {
				missed[n]++
			}
		}
		all = append(all, f)
	}
	if missed[0] > 0 || missed[1] > stories/50 || missed[2] > stories/10 {
		t.Errorf("of %d stories with none, one or two of their words changed, %v were not linked", stories, missed)
	}
	for i := range all {
		for j := range i {
			if n, ok := all[i].distance(all[j]); ok {
				t.Errorf("stories %d and %d were linked at a distance of %d", j, i, n)
			}
		}
	}
}

func TestDuplicatesOfAllHousesAreLinked(t *testing.T) {
	p := newProse()
	story, other, arabic := p.text(2, 2500), p.text(2, 2500), p.text(0, 2500)
	r := rand.New(rand.NewPCG(3, 3))
	html := text("urn:c", "en", "Flood", "<p>"+story+"</p>")
	html.Bodies[0].ContentType = "text/html"
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, act{item: text("urn:a", "en", "Flood in the city", story)},
			act{origin: "other.example", item: text("urn:b", "en-GB", "City under water", edit(r, story, 1))})
		ix.add(t, act{origin: "third.example", item: html},
			act{item: text("urn:d", "en", "Flood in the city", other)},
			act{item: text("urn:e", "ar", "فيضان", arabic)},
			act{item: text("urn:f", "fr", "Flood in the city", story)}) // of another language, whatever it says
		ix.expectTwins(t, "urn:a", "third.example urn:c", "other.example urn:b")
		ix.expectTwins(t, "urn:d")
		ix.expectTwins(t, "urn:e")
		ix.expectTwins(t, "urn:f")
		found, err := ix.Similar(t.Context(), "third.example", "urn:c", false, 0)
		if err != nil || len(found) != 2 || !found[0].Exact || found[1].Exact || found[1].Distance > nearBits {
			t.Errorf("got %+v, %v", found, err)
		}
		bundles, err := ix.SimilarAll(t.Context(), []Key{{"wire.example", "urn:a"}, {"other.example", "urn:b"}, {"wire.example", "urn:b"}, {"wire.example", "urn:d"}}, false)
		if err != nil || len(bundles) != 2 {
			t.Fatalf("got %v, %v", bundles, err)
		}
		a, b := bundles[Key{"wire.example", "urn:a"}], bundles[Key{"other.example", "urn:b"}]
		if a == nil || b == nil || a.ID != b.ID || a.Size != 3 || !slices.Equal(a.Origins, []string{"other.example", "third.example", "wire.example"}) {
			t.Errorf("got %+v and %+v", a, b)
		}
		if _, err := ix.Similar(t.Context(), "nobody.example", "urn:a", false, 0); news.KindOf(err) != news.NotFound {
			t.Errorf("an unknown item: %v", err)
		}
	})
}

func TestShortTextsAreLinkedOnlyIfTheyAreEqual(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, act{item: text("urn:a", "ru", "Президент виновен", "Подробности позже.")},
			act{origin: "other.example", item: text("urn:b", "ru", "ПРЕЗИДЕНТ ВИНОВЕН", "Подробности — позже")},
			act{item: text("urn:c", "ru", "Президент не виновен", "Подробности позже.")}, // a stop word makes the difference
			act{item: text("urn:d", "ru", "Министр виновен", "Подробности позже.")})
		ix.expectTwins(t, "urn:a", "other.example urn:b")
		ix.expectTwins(t, "urn:c")
		ix.expectTwins(t, "urn:d")
	})
}

func TestPicturesOfOneCaptionAreNotOnePicture(t *testing.T) {
	picture := func(uri, digest string) news.Item {
		return news.Item{URI: uri, Type: news.Picture, Language: "en", Descriptions: []news.Words{{Value: "The bridge at noon"}},
			Renditions: []news.Rendition{{Digest: digest}}}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, act{item: picture("urn:a", "sha256:1")}, act{item: picture("urn:b", "sha256:2")},
			act{origin: "other.example", item: picture("urn:c", "sha256:1")}, act{item: picture("urn:d", "")}, act{item: picture("urn:e", "")})
		ix.expectTwins(t, "urn:a", "other.example urn:c")
		ix.expectTwins(t, "urn:b")
		ix.expectTwins(t, "urn:d")
	})
}

func TestEmbargoedTwinIsNotShownBeforeItsTimeAndAKilledOneSaysSo(t *testing.T) {
	story := newProse().text(1, 2500)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		secret, libel := text("urn:secret", "ru", "Тайна", story), text("urn:libel", "ru", "Клевета", story)
		secret.Embargoed = noon.Add(time.Hour)
		ix.add(t, act{item: text("urn:open", "ru", "Открыто", story)}, act{item: secret})
		ix.expectTwins(t, "urn:open")
		if bundles, err := ix.SimilarAll(t.Context(), []Key{{"wire.example", "urn:open"}, {"wire.example", "urn:secret"}}, false); err != nil || len(bundles) != 0 {
			t.Errorf("an embargoed twin shows in %v, %v", bundles, err)
		}
		if _, err := ix.Similar(t.Context(), "wire.example", "urn:secret", false, 0); news.KindOf(err) != news.NotFound {
			t.Errorf("the twins of an embargoed item: %v", err)
		}
		if got := ix.twins(t, "wire.example", "urn:open", true); !slices.Equal(got, []string{"wire.example urn:secret"}) {
			t.Errorf("who may see it sees %v", got)
		}
		ix.clock = noon.Add(time.Hour)
		ix.expectTwins(t, "urn:open", "wire.example urn:secret")

		ix.add(t, act{item: libel})
		ix.add(t, act{item: news.Item{URI: "urn:libel", Type: news.Text, Language: "ru", Headlines: libel.Headlines}, act: news.Kill, version: 2})
		found, err := ix.Similar(t.Context(), "wire.example", "urn:open", false, 0)
		if err != nil || len(found) != 2 || found[0].URI != "urn:libel" || found[0].Status != news.StatusKilled {
			t.Errorf("a killed twin shows as %+v, %v", found, err)
		}
		bundles, err := ix.SimilarAll(t.Context(), []Key{{"wire.example", "urn:open"}}, false)
		if b := bundles[Key{"wire.example", "urn:open"}]; err != nil || b == nil || b.Size != 3 || b.Killed != 1 {
			t.Errorf("got %+v, %v", b, err)
		}
	})
}

func TestBundleFollowsWhatItsItemsSayNow(t *testing.T) {
	p := newProse()
	story, other := p.text(2, 2500), p.text(2, 2500)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		id := func(uri string) string {
			bundles, err := ix.SimilarAll(t.Context(), []Key{{"wire.example", uri}}, false)
			if err != nil {
				t.Fatal(err)
			}
			if b := bundles[Key{"wire.example", uri}]; b != nil {
				return b.ID
			}
			return ""
		}
		ix.add(t, act{item: text("urn:1", "en", "One", story)}, act{item: text("urn:2", "en", "Two", story)}, act{item: text("urn:3", "en", "Three", story)})
		first := id("urn:2")
		ix.add(t, act{item: text("urn:1", "en", "One", story+" more"), act: news.Update, version: 2})
		if first == "" || id("urn:3") != first || id("urn:1") != first {
			t.Errorf("the bundle is %q, after an update of its first %q and %q", first, id("urn:1"), id("urn:3"))
		}
		ix.add(t, act{item: text("urn:1", "en", "One", other), act: news.Update, version: 3})
		ix.expectTwins(t, "urn:1")
		ix.expectTwins(t, "urn:2", "wire.example urn:3")
		if id("urn:2") == first || id("urn:1") != "" {
			t.Errorf("what left is still in %q", id("urn:1"))
		}
		ix.add(t, act{item: text("urn:2", "en", "Two", other), act: news.Update, version: 2})
		ix.expectTwins(t, "urn:3")
		ix.expectTwins(t, "urn:1", "wire.example urn:2")
		if id("urn:1") != first {
			t.Errorf("the bundle of urn:1 is %q, was %q", id("urn:1"), first)
		}
	})
}

// TestLinksDoNotDependOnTheOrderOfWork indexes one journal in batches of many
// sizes: the bundles must come out the same, whether the index followed the news
// or was built anew.
func TestLinksDoNotDependOnTheOrderOfWork(t *testing.T) {
	p := newProse()
	r := rand.New(rand.NewPCG(11, 11))
	var acts []act
	versions := map[string]int{}
	stories := make([]string, 12)
	for i := range stories {
		stories[i] = p.text(2, 1500)
	}
	for range 160 {
		uri := fmt.Sprintf("urn:%d", r.IntN(60))
		kind := news.Update
		if versions[uri]++; versions[uri] == 1 {
			kind = news.Publish
		} else if r.IntN(8) == 0 {
			kind = news.Kill
		}
		acts = append(acts, act{item: text(uri, "en", "Story", edit(r, stories[r.IntN(len(stories))], r.IntN(3))), act: kind, version: versions[uri]})
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		records := make([]*ledger.Record, len(acts))
		for i, a := range acts {
			records[i] = ix.record(t, a)
		}
		var first string
		for _, size := range []int{1, 3, 50, len(records)} {
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return ix.reindex(t.Context(), tx) }); err != nil {
				t.Fatal(err)
			}
			ix.near = nil
			for part := range slices.Chunk(records, size) {
				ix.applyRecords(t, part)
			}
			ix.checkBundles(t)
			got := ix.dumpBundles(t)
			if first == "" {
				first = got
				if n := strings.Count(got, "\n"); n < 20 {
					t.Fatalf("only %d items are in bundles:\n%s", n, got)
				}
			}
			if got != first {
				t.Errorf("in batches of %d the bundles are\n%s\none by one they are\n%s", size, got, first)
			}
		}
	})
}

// checkBundles compares each item's fingerprint with that of each other.
func (ix *index) checkBundles(t testing.TB) {
	t.Helper()
	rows, err := ix.Service.db.Reader().QueryContext(t.Context(), `SELECT position, origin, uri, print, bundle FROM search_doc ORDER BY born`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []member
	labels := map[int64]int64{}
	for rows.Next() {
		var m member
		var print []byte
		var label int64
		if err := rows.Scan(&m.position, &m.key.origin, &m.key.uri, &print, &label); err != nil {
			t.Fatal(err)
		}
		m.fingerprint = readPrint(print)
		labels[m.position] = label
		all = append(all, m)
	}
	for _, together := range components(all) {
		want := int64(0)
		if len(together) > 1 {
			want = bundleOf(together[0].key)
		}
		for _, m := range together {
			if labels[m.position] != want {
				t.Errorf("%s is in bundle %d, want %d", m.key.uri, labels[m.position], want)
			}
		}
	}
}

func (ix *index) dumpBundles(t testing.TB) string {
	t.Helper()
	rows, err := ix.Service.db.Reader().QueryContext(t.Context(), `SELECT uri, born, bundle FROM search_doc WHERE bundle <> 0 ORDER BY position`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var uri string
		var born, bundle int64
		if err := rows.Scan(&uri, &born, &bundle); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, uri, born, bundle)
	}
	return b.String()
}

func TestFailedBatchLeavesNoLinksBehind(t *testing.T) {
	story := newProse().text(2, 2500)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		records := []*ledger.Record{ix.record(t, act{item: text("urn:1", "en", "One", story)}), ix.record(t, act{item: text("urn:2", "en", "Two", story)})}
		write, err := ix.prepareBatch(t.Context(), records)
		if err != nil {
			t.Fatal(err)
		}
		d.Write(t.Context(), func(tx *db.Tx) error { //nolint:errcheck // it is to fail
			if err := write(t.Context(), tx); err != nil {
				t.Error(err)
			}
			return fmt.Errorf("the disk is full")
		})
		ix.applyRecords(t, records[:1])
		ix.expectTwins(t, "urn:1")
		ix.applyRecords(t, records[1:])
		ix.expectTwins(t, "urn:1", "wire.example urn:2")
		// Another process over the same database knows what this one wrote.
		other := &indexer{Service: ix.Service, analysers: ix.analysers}
		write, err = other.prepareBatch(t.Context(), []*ledger.Record{ix.record(t, act{item: text("urn:3", "en", "Three", story)})})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return write(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		ix.add(t, act{item: text("urn:4", "en", "Four", story)})
		ix.expectTwins(t, "urn:4", "wire.example urn:3", "wire.example urn:2", "wire.example urn:1")
	})
}

func TestBoilerplateCostsNoMoreThanOtherNews(t *testing.T) {
	n := newNeighbours()
	f := fingerprint{words: 100, kin: 1, near: 12345, exact: 1}
	for i := range 3 * reach {
		g := f
		g.near ^= uint64(i%3) << 40
		g.exact = uint64(i) + 2
		n.add(int64(i+1), g)
	}
	if found := n.of(3*reach+1, f); len(found) == 0 || len(found) > bands*maxCandidates || found[0] <= 2*reach {
		t.Errorf("%d candidates, the first at %d", len(found), found[0])
	}
	if len(n.entries) > 2*reach {
		t.Errorf("%d items are remembered", len(n.entries))
	}
}
