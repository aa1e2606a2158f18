package search

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// BenchmarkGrown measures what a reader waits for in a large index: the 95th
// percentile of the first page and of the facets, in microseconds. JISR_BENCH_ITEMS
// says how large (20,000 otherwise); JISR_BENCH_DB keeps the index of SQLite in a
// file, to let it grow further or measure it again.
func BenchmarkGrown(b *testing.B) {
	items, err := strconv.Atoi(os.Getenv("JISR_BENCH_ITEMS"))
	if err != nil {
		items = 20_000
	}
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			ix := overDB(b, benchDB(b, engine))
			p := newProse()
			items := ix.grow(b, p, items)
			common, second, rare := p.vocab[2][0], p.vocab[2][1], p.vocab[2][25_000]
			minutes := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
			queries := map[string]Query{
				"rare":           {Text: rare},
				"common":         {Text: common},
				"two-common":     {Text: common + " " + second},
				"rare-common":    {Text: common + " " + rare},
				"middling":       {Text: p.vocab[2][2000]},
				"phrase":         {Text: `"` + common + " " + second + `"`},
				"not":            {Text: common + " -" + second},
				"or":             {Text: common + " OR " + rare},
				"headline":       {Text: "headline:" + common},
				"headline-rare":  {Text: "headline:" + rare},
				"language":       {Text: common, Language: "en"},
				"wrong-language": {Text: common, Language: "ar"},
				"deep":           {Text: common, Before: int64(items / 2)},
				"best-common":    {Text: common, Order: Best},
				"best-two":       {Text: common + " " + second, Order: Best},
				"best-rare":      {Text: rare, Order: Best},
				"day":            {Text: common, From: minutes(items / 2), To: minutes(items/2 + 1440)},
				"until":          {Text: common, To: minutes(items / 2)},
				"nothing":        {Text: "nosuchword"},
			}
			b.ResetTimer()
			for _, name := range slices.Sorted(maps.Keys(queries)) {
				q := queries[name]
				b.ReportMetric(slow(b, func() error { _, err := ix.Search(b.Context(), q); return err }), "µs-"+name)
			}
			for _, name := range []string{"common", "rare", "two-common", "language"} {
				q := queries[name]
				b.ReportMetric(slow(b, func() error { _, err := ix.Facets(b.Context(), q); return err }), "µs-facets-"+name)
			}
			b.ReportMetric(slow(b, func() error { _, err := ix.Suggest(b.Context(), Query{Text: rare[:2]}, 0); return err }), "µs-suggest")
			b.ReportMetric(slow(b, func() error { _, err := ix.Correct(b.Context(), Query{Text: rare + "q"}); return err }), "µs-correct")
			b.ReportMetric(float64(items), "items")
		})
	}
}

// slow returns the 95th percentile of what something takes, in microseconds.
func slow(b *testing.B, do func() error) float64 {
	took := make([]float64, 40)
	for i := range took {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		took[i] = float64(time.Since(began).Microseconds())
	}
	slices.Sort(took)
	return took[len(took)*95/100]
}

func benchDB(b *testing.B, engine db.Engine) *db.DB {
	path := os.Getenv("JISR_BENCH_DB")
	if path == "" || engine != db.SQLite {
		return dbtest.Open(b, engine)
	}
	d, err := db.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d
}

// overDB returns an index over a database that may hold one already. Its ledger is
// another's, and empty.
func overDB(b *testing.B, d *db.DB) *index {
	ix := &index{clock: noon.AddDate(10, 0, 0), places: map[string]int64{}}
	s, err := New(b.Context(), Options{DB: d, Ledger: newLedger(b, dbtest.Open(b, db.SQLite)), Read: readJSON,
		Now: func() time.Time { return ix.clock }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	ix.Service, ix.indexer = s, newIndexer(s)
	return ix
}

// grow indexes items until there are so many, one a minute, and returns their
// number.
func (ix *index) grow(b *testing.B, p *prose, items int) int {
	var have int
	if err := ix.Service.db.Reader().QueryRowContext(b.Context(), `SELECT coalesce(max(position), 0) FROM search_doc`).Scan(&have); err != nil {
		b.Fatal(err)
	}
	ix.position = int64(have)
	langs := []string{"ar", "ru", "en"}
	for have < items {
		records := make([]*ledger.Record, 0, batch)
		for range min(batch, items-have) {
			l := have % 3
			it := text(fmt.Sprintf("urn:newsml:wire.example:2026:%d", have), langs[l], p.text(l, 60), p.text(l, 2400))
			it.Slugline, it.Urgency = p.text(l, 12), 1+have%5
			it.Subjects = []news.Concept{{URI: fmt.Sprintf("http://cv.iptc.org/newscodes/mediatopic/%d", have%40), Name: p.text(l, 10)}}
			records = append(records, ix.record(b, act{item: it, at: noon.Add(time.Duration(have) * time.Minute)}))
			have++
		}
		ix.applyRecords(b, records)
	}
	return have
}
