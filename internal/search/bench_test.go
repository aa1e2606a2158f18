package search

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ledger"
)

// prose writes texts of about 3 KB whose words are as unequally common as those
// of a language: of rank n, one in n.
type prose struct {
	rand  *rand.Rand
	zipf  *rand.Zipf
	vocab [3][]string
}

func newProse() *prose {
	r := rand.New(rand.NewPCG(1, 2))
	p := &prose{rand: r, zipf: rand.NewZipf(r, 1.07, 3, 29_999)}
	for i, letters := range []string{"ابتثجحخدرزسشصضطعغفقكلمنهوي", "абвгдежзийклмнопрстуфхцчшщыэюя", "abcdefghijklmnopqrstuvwxyz"} {
		runes := []rune(letters)
		for range 30_000 {
			w := make([]rune, 3+r.IntN(7))
			for j := range w {
				w[j] = runes[r.IntN(len(runes))]
			}
			p.vocab[i] = append(p.vocab[i], string(w))
		}
	}
	return p
}

func (p *prose) text(lang int, size int) string {
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(p.vocab[lang][p.zipf.Uint64()])
		b.WriteByte(' ')
		if p.rand.IntN(12) == 0 {
			b.WriteString(". ")
		}
	}
	return b.String()
}

// BenchmarkIndex indexes 20,000 items of 3 KB, 2,400 bytes of them text, and prints items a second, and
// what a search for common and rare words takes then, in microseconds.
func BenchmarkIndex(b *testing.B) {
	const items = 20_000
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			ix := newIndex(b, dbtest.Open(b, engine))
			p := newProse()
			records := make([]*ledger.Record, items)
			langs := []string{"ar", "ru", "en"}
			for i := range records {
				l := i % 3
				body := p.text(l, 2400)
				if i%5000 == 77 {
					body += " unicorn"
				}
				records[i] = ix.record(b, act{item: text(fmt.Sprintf("urn:newsml:wire.example:2026:%d", i), langs[l], p.text(l, 60), body)})
			}
			b.ResetTimer()
			begin := cpu()
			for range b.N {
				for i := 0; i < len(records); i += batch {
					ix.applyRecords(b, records[i:i+batch])
				}
			}
			b.StopTimer()
			b.ReportMetric(items*float64(b.N)/b.Elapsed().Seconds(), "items/s")
			b.ReportMetric(float64((cpu()-begin).Microseconds())/items/float64(b.N), "cpu-µs/item") // of this process
			common := p.vocab[2][0]
			for name, q := range map[string]Query{
				"rare":        {Text: "unicorn"},
				"common":      {Text: common},
				"two-common":  {Text: common + " " + p.vocab[2][1]},
				"rare-common": {Text: common + " unicorn"},
				"phrase":      {Text: `"` + p.vocab[2][0] + " " + p.vocab[2][1] + `"`},
				"not":         {Text: "-" + common},
				"deep":        {Text: common, Before: items / 2},
				"none":        {Text: common, Language: "fr"},
			} {
				const rounds = 50
				begin := time.Now()
				for range rounds {
					ix.find(b, q)
				}
				b.ReportMetric(float64(time.Since(begin).Microseconds())/rounds, "µs-"+name)
			}
		})
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) //nolint:errcheck
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
