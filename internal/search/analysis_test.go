package search

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// termsOf analyses a text of a language.
func termsOf(text, language string) []string {
	var t terms
	t.add(newAnalyser(), text, language, nil)
	return slices.DeleteFunc(t.texts(), func(s string) bool { return s == "" })
}

func TestFormsOfAWordShareATerm(t *testing.T) {
	for name, c := range map[string]struct {
		language string
		words    string
	}{
		"Arabic article and conjunction": {"ar", "صحفي الصحفي والصحفي بالصحفي للصحفي صحفية الصحفيين والصحفيات"},
		"Arabic hamza on alef":           {"ar", "أحمد احمد إحمد آحمد"},
		"Arabic hamza seats":             {"ar", "مسؤول مسئول المسؤول والمسئولين"},
		"Arabic diacritics and tatweel":  {"ar", "مُحَمَّد محمد محـــمد"},
		"Arabic ya and ta marbuta":       {"ar", "مستشفى مستشفي المستشفى"},
		"Arabic presentation forms":      {"ar", "سلام ﺳﻼﻡ"},
		"Arabic from a Persian keyboard": {"ar", "كتاب کتاب"},
		"Russian cases":                  {"ru", "корреспондент корреспонденты корреспондентов корреспонденту КОРРЕСПОНДЕНТАМИ"},
		"Russian adjective":              {"ru", "российский российского российским российские"},
		"Russian yo":                     {"ru", "самолёт самолет самолёты"},
		"Russian stress marks":           {"ru", "за́мок замок"},
		"English plural and past":        {"en", "report reports reported reporting Report's REPORTS"},
		"English possessive":             {"en", "journalist journalist's journalists’"},
		"Latin marks":                    {"en", "café cafe cafés CAFÉ"},
		"digits":                         {"ar", "2026 ٢٠٢٦ ۲۰۲۶ ２０２６"},
		"invisible characters":           {"ru", "Мо\u00adсква Москва \u202bМосква\u202c"},
	} {
		t.Run(name, func(t *testing.T) {
			got := slices.Compact(termsOf(c.words, c.language))
			if len(got) != 1 {
				t.Errorf("%s became %q, want one term", c.words, got)
			}
		})
	}
}

func TestDifferentWordsKeepDifferentTerms(t *testing.T) {
	for _, c := range []struct{ language, words string }{
		{"ar", "كتاب كاتب مكتبة"},
		{"ru", "мир море морковь"},
		{"en", "news new universe"},
		{"ru", "йод иод"},
	} {
		got := termsOf(c.words, c.language)
		if sorted := slices.Compact(slices.Sorted(slices.Values(got))); len(sorted) != len(strings.Fields(c.words)) {
			t.Errorf("%s became %q", c.words, got)
		}
	}
}

func TestStopWordGoesButTheNameThatLooksLikeItStays(t *testing.T) {
	if got := termsOf("على إلى في من", "ar"); len(got) != 0 {
		t.Errorf("stop words became %q", got)
	}
	if got := termsOf("علي", "ar"); len(got) != 1 {
		t.Errorf("the name became %q", got)
	}
	if got := termsOf("The report and the и на report", ""); !slices.Equal(got, []string{"report", "report"}) {
		t.Errorf("got %q", got)
	}
}

func TestLanguageOfTheItemDecidesWhereItIsWrittenInThatScript(t *testing.T) {
	for _, c := range []struct{ text, language, want string }{
		{"nations", "en", "nation"},
		{"nations", "", "nation"},
		{"nations", "ru", "nation"},  // an English word in a Russian text
		{"nations", "fr", "nations"}, // French is not stemmed, least of all as English
		{"новости", "uk", "новости"},
		{"новости", "ru", "новост"},
		{"новости", "en", "новост"},
		{"والكتاب", "fa", "والكتاب"},
		{"والكتاب", "en", "كتاب"},
	} {
		if got := termsOf(c.text, c.language); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s in %q became %q, want %s", c.text, c.language, got, c.want)
		}
	}
}

func TestWordsAreSplitAsUnicodeSaysWithOurExceptions(t *testing.T) {
	for text, want := range map[string]string{
		"vice-president's 3.5 %":       "vice president 3 5",
		"l'État, c’est moi":            "l État c est moi",
		"COVID-19 ٥٠٪":                 "COVID 19 ٥٠",
		"a_b@c.d/e":                    "a b c d e",
		"北京 2026年":                     "北 京 2026 年",
		"m²\x00\xffx":                  "m² x",
		"нет—да…":                      "нет да",
		"«قال»، ثم":                    "قال ثم",
		strings.Repeat("a", 70) + " b": strings.Repeat("a", 64) + " b",
	} {
		var got []string
		for w := range words(text) {
			got = append(got, text[w.start:w.end])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q became %q, want %s", text, got, want)
		}
	}
}

func TestLigatureOfSeveralWordsYieldsEach(t *testing.T) {
	if got := termsOf("ﷺ", "ar"); len(got) < 3 {
		t.Errorf("got %q", got)
	}
}

// FuzzTermsAreSafe checks what both engines rely on: a term holds letters,
// marks and digits alone, so it cannot be syntax anywhere.
func FuzzTermsAreSafe(f *testing.F) {
	for _, seed := range []string{`"a" OR b*`, "NEAR(x y) ^z", "والصحفي ﷺ ½", "a\x00'b\\", "ⓐⅷ㍿", "İstanbul ŉ ǆ", "เด็กไทย"} {
		f.Add(seed, "en")
	}
	f.Fuzz(func(t *testing.T, text, language string) {
		if len(text) > 1<<16 {
			return
		}
		a := newAnalyser()
		var all terms
		all.add(a, text, language, nil)
		got := all.texts()
		for w := range words(text) {
			if w.start >= w.end || w.end > len(text) {
				t.Fatalf("word %+v in a text of %d bytes", w, len(text))
			}
			got = append(got, strings.Fields(a.bare(text, w))...)
		}
		for _, term := range got {
			if !utf8.ValidString(term) {
				t.Fatalf("%q became %q, which is not UTF-8", text, term)
			}
			for _, r := range term {
				if !unicode.In(r, unicode.L, unicode.M, unicode.N) {
					t.Fatalf("%q became %q with %U", text, term, r)
				}
				if r < utf8.RuneSelf && !begins(r) {
					t.Fatalf("%q became %q with %U", text, term, r)
				}
			}
		}
	})
}
