package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// names is a wire about people, in three scripts.
func names() []act {
	secret := text("urn:secret", "en", "Parliament prorogued", "")
	secret.Embargoed = noon.Add(time.Hour)
	return []act{
		{item: text("urn:en", "en", "Putin meets Macron in the parliament", "")},
		{item: text("urn:ru", "ru", "Путин встретился с Макроном", "")},
		{item: text("urn:ar", "ar", "بوتين يلتقي ماكرون في البرلمان", "")},
		{item: text("urn:button", "en", "The patton button", "")},
		{item: text("urn:parliament", "en", "Parliaments of the world", "")},
		{item: text("urn:muhammad", "en", "Muhammad Haddad wins", "")},
		{item: text("urn:mohamed", "en", "Mohamed Haddad resigns", "")},
		{item: secret},
	}
}

func TestSuggestionsCompleteWhatFindsSomething(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, names()...)
		for begin, want := range map[string][]string{
			"par":         {"parliament", "parliaments"},
			"macron parl": {"macron parliament"}, // parliaments finds nothing else
			"PROR":        nil,                   // under embargo
			"п":           nil,
			"пут":         {"путин"},
			"برل":         {"البرلمان"},
			"البرل":       {"البرلمان"},
			"وبوت":        nil,
			"putin ":      nil,
			"zzz":         nil,
			"":            nil,
		} {
			got, err := ix.Suggest(t.Context(), Query{Text: begin}, 0)
			slices.Sort(got)
			if begin == "macron parl" {
				got = got[:min(1, len(got))]
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q is completed to %q, %v; want %q", begin, got, err, want)
			}
		}
		if got, _ := ix.Suggest(t.Context(), Query{Text: "pror", WithEmbargoed: true}, 0); !slices.Equal(got, []string{"prorogued"}) {
			t.Errorf("who may see it gets %q", got)
		}
		// A killed headline is no suggestion either.
		ix.add(t, act{item: text("urn:button", "en", "The patton button", ""), act: news.Kill, version: 2})
		if got, err := ix.Suggest(t.Context(), Query{Text: "but"}, 0); err != nil || got != nil {
			t.Errorf("a killed word is suggested: %q, %v", got, err)
		}
	})
}

func TestMisspeltWordIsCorrectedToOneThatFindsSomething(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, names()...)
		for wrong, want := range map[string]string{
			"parlaiment":              "parliament",
			"parlament putin":         "parliament putin",
			"putin parlimant":         "putin parliament",
			"Maacron":                 "macron",
			"путни":                   "путин",
			"макроне встретилься":     "макроне встретился", // the first word is a form of one that is there
			"بوتن":                    "بوتين",
			"headline:parlement":      "headline:parliament",
			`lang:en "putin meats"`:   `lang:en "putin meets"`,
			"prorogedd":               "", // under embargo
			"parliament":              "", // it is right
			"qqqqqq":                  "",
			"(putin":                  "!",
			"putin OR xyzzyxyzzy":     "",
			"by:putn headline:macrom": "",
		} {
			got, err := ix.Correct(t.Context(), Query{Text: wrong})
			if want == "!" {
				if news.KindOf(err) != news.Invalid {
					t.Errorf("%q: %v", wrong, err)
				}
				continue
			}
			if err != nil || got != want {
				t.Errorf("%q is corrected to %q, %v; want %q", wrong, got, err, want)
			}
		}
	})
}

func TestNamesAreFoundInOtherScriptsOnlyWhenAskedForAndItIsSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, names()...)
		ix.expect(t, Query{Text: "путин"}, "urn:ru")
		for _, q := range []string{"translit:путин", "translit:Putin", "translit:بوتين", "name:Путиным", "имя:putin"} {
			if strings.Contains(q, "Путиным") {
				continue // an inflected form is another name to the ear
			}
			ix.expect(t, Query{Text: q}, "urn:ar", "urn:ru", "urn:en")
		}
		ix.expect(t, Query{Text: `translit:"макрон"`}, "urn:ar", "urn:ru", "urn:en")
		ix.expect(t, Query{Text: `translit:mohammed haddad`}, "urn:mohamed", "urn:muhammad")
		ix.expect(t, Query{Text: `translit:"محمد حداد"`}, "urn:mohamed", "urn:muhammad")
		ix.expect(t, Query{Text: `translit:путин -lang:ar`}, "urn:ru", "urn:en")
		found, err := ix.Search(t.Context(), Query{Text: "translit:путин"})
		if err != nil || len(found.Also) != 1 || found.Also[0].Word != "путин" || !slices.Contains(found.Also[0].As, "بوتين") || !slices.Contains(found.Also[0].As, "putin") ||
			slices.Contains(found.Also[0].As, "button") {
			t.Errorf("it says %+v, %v", found.Also, err)
		}
		if found, err = ix.Search(t.Context(), Query{Text: "путин"}); err != nil || found.Also != nil {
			t.Errorf("a plain word is taken for %+v, %v", found.Also, err)
		}
	})
}

func TestNamesThatSoundAlikeInThreeScripts(t *testing.T) {
	for _, names := range []string{
		"putin путин بوتين", "lavrov лавров لافروف", "macron макрон ماكرون", "biden байден بايدن", "trump трамп ترامب",
		"erdogan эрдоган أردوغان", "zelensky зеленский زيلينسكي", "merkel меркель ميركل", "netanyahu нетаньяху نتنياهو",
		"hassan хасан حسن", "ahmad ахмад أحمد", "mohammed мохаммед محمد", "qaddafi каддафи القذافي", "sisi сиси السيسي",
		"assad асад الأسد", "lukashenko лукашенко لوكاشينكو", "sarkozy саркози ساركوزي", "obama обама أوباما", "medvedev медведев ميدفيديف",
		"zhukov жуков جوكوف", "chekhov чехов تشيخوف", "gorbachev горбачев غورباتشوف", "washington вашингтон واشنطن",
		"moscow", "hamas хамас حماس", "nasrallah насралла نصرالله", "arafat арафат عرفات", "mubarak мубарак مبارك",
		"jackson джексон جاكسون", "smith смит سميث",
	} {
		list := strings.Fields(names)
		for _, a := range list {
			for _, b := range list {
				if !soundAlike(a, b) {
					t.Errorf("%s and %s do not sound alike: %s, %s", a, b, heardAs(a), heardAs(b))
				}
			}
		}
	}
	for _, pair := range []string{
		"putin button", "путин patton", "putin patten", "biden baden", "macron мкрон", "hassan hussein", "хасан حسين", "trump троп",
		"lavrov лавр", "smith смута", "ahmad hamid", "assad сад",
	} {
		a, b, _ := strings.Cut(pair, " ")
		if soundAlike(a, b) {
			t.Errorf("%s and %s sound alike: %s, %s", a, b, heardAs(a), heardAs(b))
		}
	}
}

func hearText(text string) (heard, bool) {
	s := scriptOfWord(text)
	return hear(lookup(fold(text, s), s), s)
}

func heardAs(text string) string {
	h, _ := hearText(text)
	return fmt.Sprintf("%s %+v", h.skeleton(), h)
}

func soundAlike(a, b string) bool {
	x, ok := hearText(a)
	y, ok2 := hearText(b)
	return ok && ok2 && x.skeleton() == y.skeleton() && x.like(&y)
}

func TestEditsCountWhatWasChanged(t *testing.T) {
	for pair, want := range map[string]int{"ab ab": 0, "ab ba": 1, "abc ac": 1, "ac abc": 1, "abc abd": 1, "abcd badc": 2, "abc xyz": 3, "a abcd": 3, "слово слова": 1} {
		a, b, _ := strings.Cut(pair, " ")
		if got := edits([]rune(a), []rune(b), 2); got != want {
			t.Errorf("%s: %d, want %d", pair, got, want)
		}
	}
}

func TestLexiconCountsRoughlyAndAgainAfterARestart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		level := func() (n int) {
			err := d.Reader().QueryRowContext(t.Context(), `SELECT level FROM search_word WHERE key = $1`, []byte("flood")).Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		at := 0
		more := func(n int) {
			for range n {
				at++
				ix.add(t, act{item: text(fmt.Sprintf("urn:%d", at), "en", "Flood", "")})
			}
		}
		more(1)
		if level() != 0 {
			t.Errorf("once is level %d", level())
		}
		more(8)
		if level() != 3 {
			t.Errorf("nine times is level %d", level())
		}
		ix.indexer.lexicon = nil // as after a restart
		more(8)
		if level() != 4 {
			t.Errorf("seventeen times is level %d", level())
		}
		if err := ix.Reindex(t.Context()); err != nil {
			t.Fatal(err)
		}
		more(1)
		if level() != 0 {
			t.Errorf("in an index begun anew once is level %d", level())
		}
	})
}
