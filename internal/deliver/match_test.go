package deliver

import (
	"fmt"
	"strings"
	"testing"

	"jisr/internal/news"
	"jisr/internal/search"
)

func TestProductTakesWhatItsQueryMeans(t *testing.T) {
	item := &news.Item{URI: "urn:x:1", Type: news.Text, Language: "ar-EG", Urgency: 3,
		Headlines: []news.Words{{Value: "الباحثون ينشرون خرائط الأنهار"}},
		Bodies:    []news.Words{{ContentType: "text/html", Value: "<p>The river was <b>mapped</b> by researchers.</p>", Language: "en"}},
		Subjects: []news.Concept{{URI: "http://cv.iptc.org/newscodes/mediatopic/20000717", Names: map[string]string{"en": "environmental science"},
			Broader: []string{"http://cv.iptc.org/newscodes/mediatopic/13000000"}}},
		Places: []news.Concept{{Name: "Cairo"}}, Genres: []news.Concept{{Literal: "Feature"}}}
	for _, c := range []struct {
		name string
		q    Query
		want bool
	}{
		{"everything of this house", Query{Own: true}, true},
		{"only partners'", Query{Partners: []string{"b.example"}}, false},
		{"its language", Query{Own: true, Languages: []string{"ar"}}, true},
		{"its language and region", Query{Own: true, Languages: []string{"ru", "AR-eg"}}, true},
		{"another region", Query{Own: true, Languages: []string{"ar-SA"}}, false},
		{"a subject's URI", Query{Own: true, Subjects: []string{"http://cv.iptc.org/newscodes/mediatopic/20000717"}}, true},
		{"a broader subject", Query{Own: true, Subjects: []string{"http://cv.iptc.org/newscodes/mediatopic/13000000"}}, true},
		{"a subject's name", Query{Own: true, Subjects: []string{"Environmental Science"}}, true},
		{"another subject", Query{Own: true, Subjects: []string{"sport"}}, false},
		{"a place", Query{Own: true, Places: []string{"cairo"}}, true},
		{"a genre", Query{Own: true, Genres: []string{"feature"}}, true},
		{"its desk", Query{Own: true, Desks: []string{"science"}}, true},
		{"another desk", Query{Own: true, Desks: []string{"sport"}}, false},
		{"its type", Query{Own: true, Types: []news.Type{news.Text, news.Picture}}, true},
		{"another type", Query{Own: true, Types: []news.Type{news.Video}}, false},
		{"urgent enough", Query{Own: true, Urgency: 3}, true},
		{"not urgent enough", Query{Own: true, Urgency: 2}, false},
		{"words in another form", Query{Own: true, Words: "باحثين وخرائط"}, true},
		{"a phrase", Query{Own: true, Words: `"mapped by researchers"`}, true},
		{"a phrase in another order", Query{Own: true, Words: `"researchers mapped"`}, false},
		{"one of two", Query{Own: true, Words: "bridge OR river"}, true},
		{"not with that word", Query{Own: true, Words: "river -researcher"}, false},
		{"all must match", Query{Own: true, Languages: []string{"ar"}, Desks: []string{"sport"}}, false},
	} {
		m, err := compile(&c.q)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := m.matches(&candidate{origin: "a.example", own: true, desk: "science", item: item,
			text: func() *search.Text { return search.NewReader().Read(item) }})
		if got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	theirs, err := compile(&Query{Partners: []string{"b.example"}})
	if err != nil || !theirs.matches(&candidate{origin: "b.example", item: item}) || theirs.matches(&candidate{origin: "c.example", item: item}) {
		t.Errorf("partners' items: %v", err)
	}
}

func TestQueryThatCannotBeIsRefused(t *testing.T) {
	many := make([]string, maxChoices+1)
	for i := range many {
		many[i] = fmt.Sprint("s", i)
	}
	for _, q := range []Query{
		{}, {Partners: []string{"No Origin"}}, {Own: true, Languages: []string{"!"}}, {Own: true, Types: []news.Type{"song"}},
		{Own: true, Urgency: 10}, {Own: true, Subjects: many}, {Own: true, Desks: []string{" "}}, {Own: true, Words: "…"},
		{Own: true, Words: strings.Repeat("river ", 1000)}, {Own: true, Places: []string{"a\x00b"}},
	} {
		if _, err := compile(&q); news.KindOf(err) != news.Invalid && news.KindOf(err) != news.TooLarge {
			t.Errorf("%.80v: %v", q, err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	l := &listing{reader: search.NewReader()}
	for i := range 200 {
		m, err := compile(&Query{Own: true, Languages: []string{"en"}, Words: fmt.Sprint("river OR word", i)})
		if err != nil {
			b.Fatal(err)
		}
		l.products = append(l.products, offer{m, []*Destination{{ID: fmt.Sprint(i)}}})
	}
	it := story("urn:x:1", strings.Repeat("The river was mapped by researchers of the university ", 40))
	for b.Loop() {
		if len(l.takers(&candidate{own: true, item: it})) != 200 {
			b.Fatal("it matches nothing")
		}
	}
}
