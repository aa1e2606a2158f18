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
	"jisr/internal/news"
)

// TestMatcherAgreesWithSearch makes items and queries at random of few words, so
// that much is found, and holds what the matcher says of each item against what
// the index finds.
func TestMatcherAgreesWithSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	vocabulary := strings.Fields("flood river city storm the of vice-president النهر المدينة والفيضان مسؤول река город наводнения самолёт 2026 covid-19")
	langs := []string{"en", "ar", "ru", "fr", ""}
	some := func(n int) string {
		out := make([]string, 1+r.IntN(n))
		for i := range out {
			out[i] = vocabulary[r.IntN(len(vocabulary))]
		}
		return strings.Join(out, " ")
	}
	var acts []act
	for i := range 120 {
		it := text(fmt.Sprintf("urn:%d", i), langs[r.IntN(len(langs))], some(4), some(12))
		it.Slugline, it.By, it.Urgency = some(2), some(2), r.IntN(5)
		it.Subjects = []news.Concept{{Name: some(2), Literal: fmt.Sprintf("code:%d", r.IntN(4))}}
		if r.IntN(6) == 0 {
			it.Embargoed = noon.Add(time.Duration(r.IntN(3)-1) * time.Hour)
		}
		if r.IntN(5) == 0 {
			it.Type = news.Picture
		}
		acts = append(acts, act{item: it, at: noon.Add(-time.Duration(r.IntN(72)) * time.Hour), origin: []string{"", "other.example"}[r.IntN(2)],
			act: []news.Act{"", "", "", news.Hold, news.Kill}[r.IntN(5)]})
	}
	leaf := func() string {
		word := vocabulary[r.IntN(len(vocabulary))]
		switch r.IntN(14) {
		case 0:
			return "headline:" + word
		case 1:
			return `headline:"` + some(2) + ` flood"`
		case 2:
			return "subject:" + word
		case 3:
			return fmt.Sprintf("subject:%d", r.IntN(4))
		case 4:
			return "lang:" + langs[r.IntN(4)]
		case 5:
			return "urgency:1-2"
		case 6:
			return `"` + some(2) + ` river"`
		case 7:
			return "origin:other.example"
		case 8:
			return "status:" + []string{"usable", "held", "killed"}[r.IntN(3)]
		case 9:
			return "desk:world"
		case 10:
			return "type:(picture OR video)"
		case 11:
			return "slugline:river"
		}
		return word
	}
	var query func(depth int) string
	query = func(depth int) string {
		var b strings.Builder
		for i := range 1 + r.IntN(3) {
			if i > 0 {
				b.WriteString([]string{" ", " OR "}[r.IntN(2)])
			}
			if r.IntN(4) == 0 {
				b.WriteByte('-')
			}
			if depth < 2 && r.IntN(4) == 0 {
				b.WriteString("(" + query(depth+1) + ")")
			} else {
				b.WriteString(leaf())
			}
		}
		return b.String()
	}
	queries := []Query{{Language: "ar"}, {Origin: "other.example", Type: news.Text}, {From: noon.Add(-10 * time.Hour)}, {Text: "id:urn:7"}}
	for i := range 400 {
		q := Query{Text: query(0), WithEmbargoed: r.IntN(2) == 0, WithKilled: r.IntN(2) == 0}
		switch i % 8 {
		case 0:
			q.Text += " from:yesterday"
		case 1:
			q.Text += " on:2026-11-23"
		case 2:
			q.Language = "ru"
		}
		queries = append(queries, q)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		m, reader := NewMatcher(), NewReader()
		for i, q := range queries {
			w, err := ix.Watch(t.Context(), q)
			if news.KindOf(err) == news.Invalid {
				queries[i].Limit = -1 // only stop words
				continue
			}
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			m.Set(fmt.Sprint(i), w)
		}
		if m.Len() < 300 {
			t.Fatalf("only %d watches", m.Len())
		}
		matched := map[string][]string{} // uris by watch
		for _, a := range acts {
			record := ix.record(t, a)
			text, err := reader.ReadRecord(record, readJSON)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range m.Match(text, noon) {
				matched[id] = append(matched[id], a.item.URI)
			}
		}
		ix.position = 0
		ix.add(t, acts...)
		hits := 0
		for i, q := range queries {
			if q.Limit < 0 {
				continue
			}
			q.Limit = 200
			want := ix.find(t, q)
			got := matched[fmt.Sprint(i)]
			slices.Sort(want)
			slices.Sort(got)
			hits += len(want)
			if !slices.Equal(got, want) {
				t.Errorf("%+v\nthe index finds %v\nthe matcher     %v", q, want, got)
			}
		}
		if hits < 2000 {
			t.Errorf("only %d hits: the test says little", hits)
		}
	})
}

func TestMatcherForgetsWhatWasRemovedOrReplaced(t *testing.T) {
	m, reader := NewMatcher(), NewReader()
	watch := func(q string) *Watch {
		w, err := NewWatch(q)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	it := text("urn:1", "en", "Flood", "The river rose")
	expect := func(want ...string) {
		t.Helper()
		if got := m.Match(reader.Read(&it), noon); !slices.Equal(got, want) {
			t.Errorf("matched %v, want %v", got, want)
		}
	}
	m.Set("a", watch("flood"))
	m.Set("b", watch("river OR sea"))
	m.Set("c", watch("-sea"))
	m.Set("d", watch("sea"))
	expect("a", "b", "c")
	m.Set("a", watch("sea"))
	m.Set("d", watch("rivers"))
	m.Remove("c")
	m.Remove("nobody")
	expect("b", "d")
	m.Remove("b")
	m.Remove("d")
	m.Remove("a")
	if expect(); len(m.waiting)+len(m.open)+m.Len() != 0 {
		t.Errorf("left are %v and %v", m.waiting, m.open)
	}
}

// BenchmarkMatcher holds ten thousand saved searches against items of 3 KB.
func BenchmarkMatcher(b *testing.B) {
	p := newProse()
	m, reader := NewMatcher(), NewReader()
	for i := range 10_000 {
		words := p.vocab[i%3]
		w, err := NewWatch(words[p.zipf.Uint64()] + " " + words[p.rand.IntN(len(words))])
		if err != nil {
			b.Fatal(err)
		}
		m.Set(fmt.Sprint(i), w)
	}
	it := text("urn:1", "en", p.text(2, 60), p.text(2, 2400))
	b.ResetTimer()
	for range b.N {
		m.Match(reader.Read(&it), noon)
	}
}
