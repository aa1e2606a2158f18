package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// index is a search under test that is fed records by hand.
type index struct {
	*Service
	*indexer
	clock    time.Time
	position int64
	places   map[string]int64 // next index by origin
}

func readJSON(b []byte) (*news.Item, error) {
	var it news.Item
	return &it, json.Unmarshal(b, &it)
}

func newIndex(t testing.TB, d *db.DB) *index {
	t.Helper()
	ix := &index{clock: noon, places: map[string]int64{}}
	s, err := New(t.Context(), Options{DB: d, Ledger: newLedger(t, d), Read: readJSON,
		Now: func() time.Time { return ix.clock }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ix.Service = s
	ix.indexer = &indexer{Service: s, analysers: []*analyser{newAnalyser(), newAnalyser()}}
	return ix
}

func newLedger(t testing.TB, d *db.DB) *ledger.Ledger {
	t.Helper()
	keys, err := ledger.OpenKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := ledger.Options{DB: d, Keys: keys, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	k, err := ledger.GenerateKey("wire.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Create(t.Context(), o, k); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// act is an entry about an item.
type act struct {
	origin  string // wire.example if empty
	item    news.Item
	act     news.Act // publish if empty
	version int      // 1 if 0
	at      time.Time
	index   int64 // the next of its origin if 0
	bare    bool  // without content
}

func (ix *index) record(t testing.TB, a act) *ledger.Record {
	t.Helper()
	if a.origin == "" {
		a.origin = "wire.example"
	}
	if a.act == "" {
		a.act = news.Publish
	}
	if a.at.IsZero() {
		a.at = noon
	}
	ix.position++
	ix.places[a.origin]++
	if a.index == 0 {
		a.index = ix.places[a.origin]
	}
	body, err := json.Marshal(news.ItemBody{Act: a.act, Version: max(a.version, 1), Label: news.LabelOf(&a.item, "world")})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"v": 1, "kind": "item", "origin": a.origin, "at": a.at,
		"nonce": strings.Repeat("00", 16), "ref": a.item.URI, "body": json.RawMessage(body)})
	if err != nil {
		t.Fatal(err)
	}
	r := &ledger.Record{Position: ix.position, Origin: a.origin, Index: a.index, Kind: ledger.KindItem, Ref: a.item.URI, Bytes: b}
	if !a.bare {
		if r.Body, err = json.Marshal(a.item); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// add indexes entries in one batch.
func (ix *index) add(t testing.TB, acts ...act) {
	t.Helper()
	records := make([]*ledger.Record, len(acts))
	for i, a := range acts {
		records[i] = ix.record(t, a)
	}
	ix.applyRecords(t, records)
}

func (ix *index) applyRecords(t testing.TB, records []*ledger.Record) {
	t.Helper()
	write, err := ix.prepareBatch(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	if err := ix.Service.db.Write(t.Context(), func(tx *db.Tx) error { return write(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func text(uri, language, headline, body string) news.Item {
	return news.Item{URI: uri, Type: news.Text, Language: language,
		Headlines: []news.Words{{Value: headline}}, Bodies: []news.Words{{Value: body}}}
}

// find returns the URIs of what is found, newest first.
func (ix *index) find(t testing.TB, q Query) []string {
	t.Helper()
	found, err := ix.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("search %+v: %v", q, err)
	}
	out := make([]string, len(found.Hits))
	for i, h := range found.Hits {
		out[i] = h.URI
	}
	return out
}

func (ix *index) expect(t *testing.T, q Query, want ...string) {
	t.Helper()
	if got := ix.find(t, q); !slices.Equal(got, want) {
		t.Errorf("search %q %+v found %v, want %v", q.Text, q, got, want)
	}
}

// library is a small wire in several languages.
func library() []act {
	return []act{
		{item: text("urn:ar1", "ar", "الصحفي يكتب عن المعرض", "قال مسؤول في القاهرة إنّ المعرض الدولي يفتح أبوابه")},
		{item: text("urn:ar2", "ar", "معرض الكتاب", "والصحفيون حضروا المعرض. شارك مسئول من وزارة الثقافة")},
		{item: text("urn:ru1", "ru", "Выставка открылась в Москве", "Корреспонденты сообщили о выставке. Самолёты не летали.")},
		{item: text("urn:ru2", "ru", "Погода", "Московские корреспонденты ждут снега в ноябре, пишет Reuters")},
		{item: text("urn:en1", "en-GB", "Vice-president's reports", "The journalist reported from Cairo on COVID-19 vaccines")},
		{item: text("urn:en2", "en", "Weather report", "The president of the vice squad: snow in Moscow, 3.5 metres")},
		{item: text("urn:fr1", "fr", "Les nations unies", "La journaliste de l'État écrit un but")},
		{origin: "other.example", item: text("urn:x1", "", "Отчёт Report تقرير", "mixed text without a language")},
		{origin: "other.example", item: news.Item{URI: "urn:pic", Type: news.Picture, Language: "en",
			Headlines: []news.Words{{Value: "Snow"}}, Bodies: []news.Words{{ContentType: "text/html",
				Value: `<p>Snow<b>fall</b> &amp; <i>ice</i></p><script>hidden()</script><p>Moscow</p>`}},
			People:       []news.Concept{{Name: "Ivan", Names: map[string]string{"ar": "إيفان", "ru": "Иван"}}},
			Associations: []news.Item{{Name: "main", Headlines: []news.Words{{Value: "Tramway"}}}}}},
	}
}

func TestBothEnginesFindTheSame(t *testing.T) {
	queries := []struct {
		q    Query
		want []string
	}{
		{Query{Text: "صحفي"}, []string{"urn:ar2", "urn:ar1"}},
		{Query{Text: "والصحفي"}, []string{"urn:ar2", "urn:ar1"}},
		{Query{Text: "مسئول"}, []string{"urn:ar2", "urn:ar1"}},
		{Query{Text: "مَعْرَض"}, []string{"urn:ar2", "urn:ar1"}},
		{Query{Text: `"المعرض الدولي"`}, []string{"urn:ar1"}},
		{Query{Text: `"معرض الكتاب"`}, []string{"urn:ar2"}},
		{Query{Text: "معرض -كتاب"}, []string{"urn:ar1"}},
		{Query{Text: "выставка"}, []string{"urn:ru1"}},
		{Query{Text: "корреспондентов"}, []string{"urn:ru2", "urn:ru1"}},
		{Query{Text: "самолета"}, []string{"urn:ru1"}},
		{Query{Text: "КОРРЕСПОНДЕНТ -снег"}, []string{"urn:ru1"}},
		{Query{Text: "reuters снег"}, []string{"urn:ru2"}},
		{Query{Text: "report"}, []string{"urn:x1", "urn:en2", "urn:en1"}},
		{Query{Text: "reporting journalists"}, []string{"urn:en1"}},
		{Query{Text: "vice president"}, []string{"urn:en2", "urn:en1"}},
		{Query{Text: "vice-president"}, []string{"urn:en1"}},
		{Query{Text: `"vice president"`}, []string{"urn:en1"}},
		{Query{Text: `“the vice president”`}, []string{"urn:en1"}},
		{Query{Text: "covid-19"}, []string{"urn:en1"}},
		{Query{Text: "3.5"}, []string{"urn:en2"}},
		{Query{Text: "٣.٥"}, []string{"urn:en2"}},
		{Query{Text: `"squad snow"`}, []string{"urn:en2"}},
		{Query{Text: `"report the"`}, []string{"urn:x1", "urn:en2", "urn:en1"}},
		{Query{Text: `"report president"`}, nil}, // the headline ends between them
		{Query{Text: "nations"}, []string{"urn:fr1"}},
		{Query{Text: "etat"}, []string{"urn:fr1"}},
		{Query{Text: "تقارير OR تقرير"}, []string{"urn:x1"}},
		{Query{Text: "погода OR выставка"}, []string{"urn:ru2", "urn:ru1"}},
		{Query{Text: "погода ИЛИ weather | معرض"}, []string{"urn:en2", "urn:ru2", "urn:ar2", "urn:ar1"}},
		{Query{Text: "snow moscow"}, []string{"urn:pic", "urn:en2"}},
		{Query{Text: "snowfall"}, []string{"urn:pic"}},
		{Query{Text: "hidden"}, nil},
		{Query{Text: "иван"}, []string{"urn:pic"}},
		{Query{Text: "ايفان"}, []string{"urn:pic"}},
		{Query{Text: "tramways"}, []string{"urn:pic"}},
		{Query{Text: "-snow", Language: "en"}, []string{"urn:en1"}},
		{Query{Text: "snow", Type: news.Picture}, []string{"urn:pic"}},
		{Query{Text: "report", Origin: "other.example"}, []string{"urn:x1"}},
		{Query{Text: "report", Language: "en-US"}, []string{"urn:en2", "urn:en1"}},
		{Query{Origin: "other.example"}, []string{"urn:pic", "urn:x1"}},
		{Query{Limit: 2}, []string{"urn:pic", "urn:x1"}},
		{Query{Limit: 2, Before: 8}, []string{"urn:fr1", "urn:en2"}},
		{Query{Text: "report", Limit: 1, Before: 8}, []string{"urn:en2"}},
		{Query{Text: "the"}, nil},
		{Query{Text: "  \n"}, []string{"urn:pic", "urn:x1", "urn:fr1", "urn:en2", "urn:en1", "urn:ru2", "urn:ru1", "urn:ar2", "urn:ar1"}},
		{Query{Text: "!?"}, nil},
		{Query{Text: "absent"}, nil},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, library()...)
		for _, c := range queries {
			ix.expect(t, c.q, c.want...)
		}
	})
}

func TestHostileQueriesAreTextLikeAnyOther(t *testing.T) {
	hostile := []string{
		`"`, `""`, `"""`, `-`, `--`, `-"`, `-""`, `*`, `a*`, `^a`, `a^`, `NEAR(a b, 3)`, `NEAR/2`, `a NEAR b`, `AND`, `OR`, `OR OR`,
		`NOT`, `NOT a`, `a AND`, `a OR`, `OR a`, `- OR -`, `words:a`, `{words}:a`, `-words:a`, `(a`, `a)`, `()`, `a + b`, `'a'`, `a' OR '1'='1`,
		`a:*`, `a:A`, `!a`, `a & b`, `a | b`, `a <-> b`, `a\`, `\'`, `$1`, `%s`, `?`, ";--", "a\x00b", "\xff\xfe", "\ue001en", "\ue005", "«", `“a`, `a”b"c`,
		strings.Repeat(`"a `, 300), strings.Repeat("(", 500), strings.Repeat("-a", 500),
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, library()...)
		for _, q := range hostile {
			if _, err := ix.Search(t.Context(), Query{Text: q}); err != nil && news.KindOf(err) != news.Invalid {
				t.Errorf("%.40q: %v", q, err)
			}
		}
		for q, want := range map[string]news.Kind{
			strings.Repeat("b ", 5000): news.TooLarge,
			strings.Repeat("b ", 500):  news.Invalid,
			strings.Repeat("北", 500):   news.Invalid,
		} {
			_, err := ix.Search(t.Context(), Query{Text: q})
			if news.KindOf(err) != want {
				t.Errorf("%.20q: %v, want kind %s", q, err, want)
			}
		}
		ix.expect(t, Query{Text: "\ue001en"})
		if all := ix.find(t, Query{Language: "en') OR 1=1 --"}); len(all) != 0 {
			t.Errorf("a hostile filter found %v", all)
		}
	})
}

func TestOnlyTheNewestVersionIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, act{item: text("urn:a", "en", "Flood", "first")}, act{item: text("urn:b", "en", "Flood", "other")})
		ix.add(t, act{item: text("urn:a", "en", "Flood", "second"), act: news.Update, version: 2},
			act{item: text("urn:a", "en", "Flood", "third"), act: news.Correction, version: 3})
		ix.expect(t, Query{Text: "flood"}, "urn:a", "urn:b")
		ix.expect(t, Query{Text: "first"})
		ix.expect(t, Query{Text: "second"})
		ix.expect(t, Query{Text: "third"}, "urn:a")
		// The same URI of another house is another item; a version that is revealed
		// late is an older one all the same.
		ix.add(t, act{origin: "other.example", item: text("urn:a", "en", "Flood", "copy")},
			act{item: text("urn:a", "en", "Flood", "second"), act: news.Update, version: 2, index: 3})
		ix.expect(t, Query{Text: "flood"}, "urn:a", "urn:a", "urn:b")
		ix.expect(t, Query{Text: "third"}, "urn:a")
		ix.expect(t, Query{Text: "second"})
	})
}

func TestEmbargoedItemIsNotFoundBeforeItsTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		it := text("urn:e", "en", "Budget", "secret")
		it.Embargoed = noon.Add(time.Hour)
		ix.add(t, act{item: it}, act{item: text("urn:f", "en", "Budget", "open")})
		// Without its content an entry still carries the embargo on its label.
		it.URI = "urn:g"
		ix.add(t, act{item: it, bare: true})
		ix.expect(t, Query{Text: "budget"}, "urn:f")
		ix.expect(t, Query{}, "urn:f")
		ix.expect(t, Query{Text: "budget", WithEmbargoed: true}, "urn:f", "urn:e")
		ix.clock = noon.Add(time.Hour - time.Microsecond)
		ix.expect(t, Query{Text: "secret"})
		ix.clock = noon.Add(time.Hour)
		ix.expect(t, Query{Text: "secret"}, "urn:e")
		ix.expect(t, Query{}, "urn:g", "urn:f", "urn:e")
	})
}

func TestKilledItemIsFoundByItsHeadlineAndOnlyWhenAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		it := text("urn:k", "en", "Minister", "libel")
		ix.add(t, act{item: it})
		ix.expect(t, Query{Text: "libel"}, "urn:k")
		ix.add(t, act{item: it, act: news.Kill, version: 2})
		ix.expect(t, Query{Text: "minister"})
		ix.expect(t, Query{Text: "minister", WithKilled: true}, "urn:k")
		ix.expect(t, Query{Text: "libel", WithKilled: true})
		ix.add(t, act{item: it, act: news.Refile, version: 3})
		ix.expect(t, Query{Text: "libel"}, "urn:k")
		ix.add(t, act{item: it, act: news.Hold, version: 4})
		found, err := ix.Search(t.Context(), Query{Text: "libel"})
		if err != nil || len(found.Hits) != 1 || found.Hits[0].Status != news.StatusHeld || found.Hits[0].Version != 4 {
			t.Errorf("a held item shows as %+v, %v", found, err)
		}
	})
}

func TestPeriodFindsWhatWasIssuedInIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		for month := 1; month <= 11; month++ {
			ix.add(t, act{item: text(fmt.Sprintf("urn:%d", month), "en", "Snow", ""), at: time.Date(2026, time.Month(month), 15, 0, 0, 0, 0, time.UTC)})
		}
		from, to := time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 15, 0, 0, 0, 0, time.UTC)
		ix.expect(t, Query{Text: "snow", From: from, To: to}, "urn:3", "urn:2")
		ix.expect(t, Query{Text: "snow", From: from, To: to.Add(time.Microsecond)}, "urn:4", "urn:3", "urn:2")
		ix.expect(t, Query{From: from.AddDate(-50, 0, 0), To: from}, "urn:1")
		ix.expect(t, Query{To: from}, "urn:1")
		ix.expect(t, Query{From: time.Date(2026, 10, 16, 0, 0, 0, 0, time.UTC)}, "urn:11")
	})
}

func TestEntryThatCannotBeReadIsLeftOutAndStopsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		broken, foreign := ix.record(t, act{item: text("urn:1", "en", "Snow", "")}), ix.record(t, act{item: text("urn:2", "en", "Snow", "")})
		broken.Body = []byte("{")
		foreign.Body = []byte(`{"URI":"urn:other"}`)
		malformed := &ledger.Record{Position: 100, Origin: "wire.example", Index: 100, Kind: ledger.KindItem, Bytes: []byte("{}")}
		ix.applyRecords(t, []*ledger.Record{broken, foreign, malformed, ix.record(t, act{item: text("urn:3", "en", "Snow", "")})})
		ix.expect(t, Query{Text: "snow"}, "urn:3")
	})
}

func TestHugeTextIsIndexedWithinTheEnginesLimits(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "word%d ", i)
	}
	b.WriteString("needle haystack ")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, act{item: text("urn:long", "en", "Transcript", b.String())},
			act{item: text("urn:wide", "en", "Wide", strings.Repeat(strings.Repeat("ж", 64)+" ", 20_000))},
			act{item: text("urn:unique", "en", "Unique", uniqueWords(40_000))})
		ix.expect(t, Query{Text: "word7 word59999 needle"}, "urn:long")
		ix.expect(t, Query{Text: `"word7 word8"`}, "urn:long")
		ix.expect(t, Query{Text: `"needle haystack"`}) // beyond the places that phrases know
		ix.expect(t, Query{Text: "wide"}, "urn:wide")
		ix.expect(t, Query{Text: "unique"}, "urn:unique")
	})
}

func uniqueWords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%d ", strings.Repeat("щ", 50), i)
	}
	return b.String()
}

func TestIndexBuiltAnewIsTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLedger(t, d)
		s, err := New(t.Context(), Options{DB: d, Ledger: l, Read: readJSON, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { s.Run(ctx); close(ended) }()
		defer func() { cancel(); <-ended }()
		var last int64
		for i, a := range library() {
			for version, act := range []news.Act{news.Publish, news.Update, news.Kill}[:1+i%3] {
				out, err := l.Append(t.Context(), func(_ context.Context, _ *db.Tx, ap *ledger.Appender) error {
					content, err := json.Marshal(a.item)
					_, aerr := ap.Add(ledger.Draft{Kind: ledger.KindItem, Ref: a.item.URI, Content: content,
						Body: news.ItemBody{Act: act, Version: version + 1, Label: news.LabelOf(&a.item, "world")}})
					return errors.Join(err, aerr)
				})
				if err != nil {
					t.Fatal(err)
				}
				last = out.Last()
			}
		}
		dump := func() string {
			if err := l.WaitFollower(t.Context(), Follower, last); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, q := range []string{"", "snow", "معرض", "корреспондент", "report"} {
				found, err := s.Search(t.Context(), Query{Text: q, WithKilled: true})
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%s: %+v\n", q, found.Hits)
			}
			return b.String()
		}
		before := dump()
		if strings.Count(before, "URI:") < 12 {
			t.Fatalf("too little was indexed: %s", before)
		}
		if err := s.Reindex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := dump(); after != before {
			t.Errorf("before\n%s\nafter\n%s", before, after)
		}
	})
}

func TestOtherRulesOfAnalysisMeanANewIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, library()...)
		again := Options{DB: d, Ledger: ix.ledger, Read: readJSON, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		count := func() (n int) {
			s, err := New(t.Context(), again)
			if err != nil {
				t.Fatal(err)
			}
			found, err := s.Search(t.Context(), Query{})
			if err != nil {
				t.Fatal(err)
			}
			return len(found.Hits)
		}
		if n := count(); n != len(library()) {
			t.Fatalf("a restart left %d items", n)
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE search_state SET analysis = 0`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 0 {
			t.Errorf("%d items of other rules are still there", n)
		}
	})
}
