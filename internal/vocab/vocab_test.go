package vocab

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// open returns vocabularies with the embedded set.
func open(t testing.TB, d *db.DB) *Service {
	t.Helper()
	s := New(d, func() time.Time { return time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC) })
	t.Cleanup(s.Close)
	must(t, s.LoadEmbedded(t.Context()))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const medtop = "http://cv.iptc.org/newscodes/mediatopic/"

func TestTaggingWorksOnTheFirstDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), t.Context()
		schemes, err := s.Schemes(ctx)
		must(t, err)
		have := map[string]int{}
		for _, sc := range schemes {
			have[sc.Alias] = sc.Concepts
			for _, lang := range []string{"ar", "ru", "en"} {
				if sc.Names[lang] == "" {
					t.Errorf("%s has no name in %s", sc.Alias, lang)
				}
			}
		}
		for alias, n := range map[string]int{"medtop": 17, "genre": 51, "urgy": 9, "rnd": 8, "digsrctype": 17, "ninat": 7, "stat": 3, "sig": 3, "cpprole": 18} {
			if have[alias] != n {
				t.Errorf("%s has %d concepts in use, want %d", alias, have[alias], n)
			}
		}
		top, err := s.Children(ctx, "medtop", 0, 0)
		must(t, err)
		if len(top.Concepts) != 17 || top.Concepts[0].QCode() != "medtop:01000000" || top.Concepts[16].Code != "17000000" || top.Next != 0 {
			t.Errorf("the top of medtop: %d concepts, next %d", len(top.Concepts), top.Next)
		}
		for _, c := range top.Concepts {
			script(t, c, "ar", unicode.Arabic)
			script(t, c, "ru", unicode.Cyrillic)
			script(t, c, "en", unicode.Latin)
		}
	})
}

func script(t *testing.T, c *Concept, lang string, table *unicode.RangeTable) {
	t.Helper()
	for _, r := range c.Names[lang] {
		if unicode.IsLetter(r) && !unicode.Is(table, r) {
			t.Errorf("the %s name of %s is %q", lang, c.QCode(), c.Names[lang])
			return
		}
	}
	if c.Names[lang] == "" {
		t.Errorf("%s has no name in %s", c.QCode(), lang)
	}
}

func TestEmbeddedSetLoadsOnceAndIsNeverForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), t.Context()
		before := dump(t, d)
		must(t, s.LoadEmbedded(ctx))
		_, err := d.Writer().ExecContext(ctx, `UPDATE vocab_state SET embedded = 'older', words = 0`)
		must(t, err)
		must(t, s.LoadEmbedded(ctx))
		if after := dump(t, d); !slices.Equal(before, after) {
			t.Error("loading again changed the vocabularies")
		}
	})
}

// dump returns all rows of concepts and words as text.
func dump(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.Reader().QueryContext(t.Context(), `SELECT uri, names, place FROM vocab_concept ORDER BY uri`)
	must(t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var uri, names string
		var place int64
		must(t, rows.Scan(&uri, &names, &place))
		out = append(out, fmt.Sprint(uri, names, place))
	}
	var n int
	must(t, d.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM vocab_word`).Scan(&n))
	return append(out, fmt.Sprint(n))
}

func TestSearchFindsAsReadersType(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		for _, c := range []struct{ text, scheme, lang, want string }{
			{"sport", "", "en", "medtop:15000000"},
			{"Sports", "", "en", "medtop:15000000"}, // the stem
			{"спорт", "", "ru", "medtop:15000000"},
			{"спортом", "", "ru", "medtop:15000000"},
			{"рел", "", "ru", "medtop:12000000"},
			{"Съемка с натуры", "", "ru", "digsrctype:digitalCapture"}, // е for ё
			{"رياضة", "", "ar", "medtop:15000000"},
			{"الرياضة", "", "ar", "medtop:15000000"},   // with article
			{"الريا", "", "ar", "medtop:15000000"},     // and half typed
			{"رياضه", "", "ar", "medtop:15000000"},     // ha for ta marbuta
			{"إقتصاد", "", "ar", "medtop:04000000"},    // hamza that does not belong
			{"رِيَاضَة", "", "ar", "medtop:15000000"},  // vowels
			{"war peace", "", "en", "medtop:16000000"}, // any words of it
			{"peace con", "", "en", "medtop:16000000"}, // beginnings, in any order
			{"15000000", "", "en", "medtop:15000000"},  // a code
			{"medtop:15000000", "", "", "medtop:15000000"},
			{"https://cv.iptc.org/newscodes/mediatopic/15000000", "", "", "medtop:15000000"},
			{"تحليل", "genre", "ar", "genre:Analysis"},
			{"update", "", "en", "sig:update"}, // the genre of that name is retired
			{"Update", "genre", "en", "genre:Update"},
			{"print", "rnd", "en", "rnd:print"},
			{"print", "http://cv.iptc.org/newscodes/digitalsourcetype/", "en", "digsrctype:print"},
			{"", "stat", "ru", "stat:usable"},
		} {
			found, err := s.Search(t.Context(), Query{Text: c.text, Scheme: c.scheme, Language: c.lang})
			must(t, err)
			if len(found) == 0 || found[0].Concept.QCode() != c.want {
				t.Errorf("%q in %q finds %s, want %s", c.text, c.scheme, codes(found), c.want)
			}
		}
		for _, text := range []string{"zzzz", "sport zzzz", "…", "%", "_", "\x01sport", strings.Repeat("спорт ", 40)} {
			found, err := s.Search(t.Context(), Query{Text: text})
			must(t, err)
			if strings.Contains(text, "z") && len(found) > 0 || text == "%" && len(found) > 0 {
				t.Errorf("%q finds %s", text, codes(found))
			}
		}
		if _, err := s.Search(t.Context(), Query{Text: "x", Scheme: "nowhere"}); news.KindOf(err) != news.NotFound {
			t.Errorf("an unknown scheme: %v", err)
		}
		if _, err := s.Search(t.Context(), Query{Text: strings.Repeat("а", 301)}); news.KindOf(err) != news.TooLarge {
			t.Errorf("a long query: %v", err)
		}
	})
}

func codes(found []Match) []string {
	out := []string{}
	for _, m := range found {
		out = append(out, m.Concept.QCode())
	}
	return out
}

func TestQCodesAndURIsName1Concept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), t.Context()
		uri, err := s.Resolve(ctx, "medtop:15000000")
		must(t, err)
		if uri != medtop+"15000000" {
			t.Errorf("medtop:15000000 is %s", uri)
		}
		qcode, err := s.QCode(ctx, "https://cv.iptc.org/newscodes/mediatopic/15000000")
		must(t, err)
		if qcode != "medtop:15000000" {
			t.Errorf("the URI is %s", qcode)
		}
		if uri, err = s.Resolve(ctx, "subj:15000000"); err != nil || uri != "http://cv.iptc.org/newscodes/subjectcode/15000000" {
			t.Errorf("an alias of IPTC's catalog: %s, %v", uri, err)
		}
		if _, err := s.Resolve(ctx, "nobody:1"); news.KindOf(err) != news.NotFound {
			t.Errorf("an unknown alias: %v", err)
		}
		if _, err := s.Resolve(ctx, "15000000"); news.KindOf(err) != news.Invalid {
			t.Errorf("no alias: %v", err)
		}
		if _, err := s.Concept(ctx, medtop+"99999999"); news.KindOf(err) != news.NotFound {
			t.Errorf("an unknown concept: %v", err)
		}
	})
}

func TestReadersSeeNamesInTheirLanguageAndTheRecordStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		it := &news.Item{
			DigitalSourceType: "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
			Subjects: []news.Concept{
				{URI: medtop + "15000000"},
				{Literal: "medtop:12000000"},
				{URI: "https://cv.iptc.org/newscodes/mediatopic/17000000", Name: "weather"},
				{URI: medtop + "07000000", Name: "Gesundheit", Names: map[string]string{"ru": "медицина", "de": "Gesundheit"}},
				{URI: "http://agency.example/subjects/football", Name: "football"},
				{URI: "http://agency.example/subjects/football"},
				{Literal: "A-17"},
			},
			Associations: []news.Item{{Genres: []news.Concept{{URI: "http://cv.iptc.org/newscodes/genre/Obituary"}}}},
		}
		for lang, want := range map[string][]string{
			"ru":    {"спорт", "религия", "погода", "медицина", "football", "football", "A-17", "некролог"},
			"ar":    {"رياضة", "دين", "طقس", "صحة", "football", "football", "A-17", "نعي"},
			"en-GB": {"sport", "religion", "weather", "health", "football", "football", "A-17", "Obituary"},
			"fr":    {"sport", "religion", "weather", "Gesundheit", "football", "football", "A-17", "Obituary"},
		} {
			names, err := s.Names(t.Context(), lang, it)
			must(t, err)
			var got []string
			for i := range it.Subjects {
				got = append(got, names.Of(&it.Subjects[i]))
			}
			got = append(got, names.Of(&it.Associations[0].Genres[0]))
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", lang, got, want)
			}
		}
		names, err := s.Names(t.Context(), "ru", it)
		must(t, err)
		if got := names.OfURI(it.DigitalSourceType); got != "создано генеративным ИИ" {
			t.Errorf("the digital source type is %q", got)
		}
		if it.Subjects[0].Name != "" {
			t.Error("the item was changed")
		}
	})
}

func TestEveryEmbeddedConceptIsFoundByEachOfItsNames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		editions, err := Embedded()
		must(t, err)
		for _, e := range editions {
			must(t, e.check())
			for _, c := range e.Concepts {
				for lang, name := range c.Names {
					found, err := s.Search(t.Context(), Query{Text: name, Language: lang})
					must(t, err)
					if !slices.ContainsFunc(found, func(m Match) bool { return m.Concept.URI == c.URI }) {
						t.Errorf("%q does not find %s", name, c.URI)
					}
				}
			}
		}
	})
}

// alphabets are those in which generated labels are written.
var alphabets = map[string]string{"ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآءؤئىة", "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "en": "abcdefghijklmnopqrstuvwxyz", "zh-Hans": "新闻体育政治经济文化宗教健康"}

func TestEveryConceptIsFoundByEachOfItsLabels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			e := &Edition{Scheme: Scheme{URI: fmt.Sprintf("http://x.example/%d/", round), Alias: fmt.Sprintf("x%d", round)}}
			for i := range rapid.IntRange(1, 3).Draw(rt, "concepts") {
				c := Concept{URI: fmt.Sprintf("%s%d", e.Scheme.URI, i), Names: map[string]string{}, Labels: map[string][]string{}}
				for _, lang := range languages(alphabets) {
					word := rapid.StringOfN(rapid.SampledFrom([]rune(alphabets[lang])), 1, 9, -1)
					c.Names[lang] = strings.Join(rapid.SliceOfN(word, 1, 5).Draw(rt, lang), rapid.SampledFrom([]string{" ", ", ", "-", " / "}).Draw(rt, "between"))
					c.Labels[lang] = rapid.SliceOfN(word, 0, 2).Draw(rt, "labels")
				}
				e.Concepts = append(e.Concepts, c)
			}
			_, err := s.Load(t.Context(), e, Careful)
			must(t, err)
			for _, c := range e.Concepts {
				for lang, name := range c.Names {
					for _, label := range append([]string{name}, c.Labels[lang]...) {
						found, err := s.Search(t.Context(), Query{Text: label, Scheme: e.Scheme.Alias, Language: lang})
						must(t, err)
						if !slices.ContainsFunc(found, func(m Match) bool { return m.Concept.URI == c.URI }) {
							rt.Fatalf("%q in %s does not find %s: %q", label, lang, c.URI, codes(found))
						}
					}
				}
			}
		})
	})
}

func TestOtherProcessesSeeANewEdition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		one, ctx := open(t, d), t.Context()
		two := open(t, d)
		uri := medtop + "15000000"
		if c, err := two.Concept(ctx, uri); err != nil || c.Names["de"] != "" {
			t.Fatal(c, err)
		}
		_, err := one.Load(ctx, &Edition{Scheme: Scheme{URI: medtop, Alias: "medtop"}, Concepts: []Concept{{URI: uri, Names: map[string]string{"de": "Sport"}}}}, Careful)
		must(t, err)
		eventually(t, func() bool {
			c, err := two.Concept(ctx, uri)
			return err == nil && c.Names["de"] == "Sport"
		})
	})
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !ok() {
		if ctx.Err() != nil {
			t.Fatal("it did not happen")
		}
		time.Sleep(time.Millisecond)
	}
}
