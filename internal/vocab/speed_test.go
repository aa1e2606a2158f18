package vocab

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/search"
)

// large is a vocabulary of a national agency: as large as IPTC's own, or larger.
func large(concepts int) *Edition {
	e := &Edition{Scheme: Scheme{URI: "http://large.example/", Alias: "large"}}
	r := rand.New(rand.NewPCG(1, 2))
	word := func(lang string) string {
		letters := []rune(alphabets[lang])
		w := make([]rune, 2+r.IntN(7))
		for i := range w {
			w[i] = letters[r.IntN(len(letters))]
		}
		return string(w)
	}
	for i := range concepts {
		c := Concept{URI: fmt.Sprintf("%s%d", e.Scheme.URI, i), Names: map[string]string{}, Labels: map[string][]string{}}
		for lang := range alphabets {
			for _, region := range []string{"", "-AA", "-BB"} { // 12 languages
				words := make([]string, 1+r.IntN(4))
				for j := range words {
					words[j] = word(lang)
				}
				c.Names[lang+region] = strings.Join(words, " ")
			}
			c.Labels[lang] = []string{word(lang)}
		}
		if i >= 20 {
			c.Broader = []string{fmt.Sprintf("%s%d", e.Scheme.URI, r.IntN(i))}
		}
		e.Concepts = append(e.Concepts, c)
	}
	return e
}

func TestSearchReadsNoTableWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), t.Context()
		begun := time.Now()
		_, err := s.Load(ctx, large(1500), Careful)
		must(t, err)
		t.Logf("1,500 concepts in 12 languages were loaded in %s", time.Since(begun).Round(time.Millisecond))
		_, err = d.Writer().ExecContext(ctx, `ANALYZE`)
		must(t, err)
		for _, text := range []string{"a", "ab", "спорт", "ж", "ال", "ab cd", "а б в"} {
			query, args := statement(search.NewAnalysis().Forms(text, ""), 0)
			explain := "EXPLAIN QUERY PLAN "
			if d.Engine == db.Postgres {
				explain = "EXPLAIN "
			}
			rows, err := d.Reader().QueryContext(ctx, explain+query, args...)
			must(t, err)
			defer rows.Close()
			var plan strings.Builder
			for rows.Next() {
				var line string
				var n [3]int
				if d.Engine == db.Postgres {
					must(t, rows.Scan(&line))
				} else {
					must(t, rows.Scan(&n[0], &n[1], &n[2], &line))
				}
				plan.WriteString(line + "\n")
			}
			must(t, rows.Err())
			for _, bad := range []string{"Seq Scan on vocab_word", "SCAN vocab_word", "SCAN o\n", "SCAN c\n"} {
				if strings.Contains(plan.String(), bad) {
					t.Errorf("%q is searched with %s:\n%s", text, bad, plan.String())
				}
			}
			begun := time.Now()
			const times = 10
			for range times {
				_, err = s.Search(ctx, Query{Text: text, Language: "ru"})
				must(t, err)
			}
			t.Logf("%q: %s", text, (time.Since(begun) / times).Round(10*time.Microsecond))
		}
	})
}
