package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// marked returns the marked pieces of an excerpt.
func marked(t *testing.T, e Excerpt) []string {
	t.Helper()
	var out []string
	last := 0
	for _, m := range e.Marks {
		if m.Start < last || m.End <= m.Start || m.End > len(e.Text) {
			t.Fatalf("mark %+v after %d in %d bytes", m, last, len(e.Text))
		}
		last = m.End
		out = append(out, e.Text[m.Start:m.End])
	}
	return out
}

func TestSnippetMarksEveryFormOfTheWords(t *testing.T) {
	for _, c := range []struct {
		text, query, language string
		want                  []string
	}{
		{"قال الصحفي إن مُحَمَّداً والصحفيين حضروا", "صحفي", "ar", []string{"الصحفي", "والصحفيين"}},
		{"Корреспонденты сообщили корреспонденту", "корреспондент", "ru", []string{"Корреспонденты", "корреспонденту"}},
		{"The reports, reported by Reuters’", `"report by" -x reuters`, "en", []string{"reports", "reported", "Reuters"}},
		{"Les nations unies", "nations", "fr", []string{"nations"}},
		{"Les nations unies", "nations", "", []string{"nations"}},
		{"The reports of Reuters", `headline:(report OR "of reuters") lang:en type:text from:today`, "en", []string{"reports", "Reuters"}},
		{"nothing of it", "absent -nothing", "en", nil},
		{"nothing of it", `"`, "en", nil},
		{"", "x", "en", nil},
	} {
		e := Snippet(c.text, c.query, c.language)
		if got := marked(t, e); !slices.Equal(got, c.want) || e.Text != c.text {
			t.Errorf("%q in %q: %q marked %q, want %q", c.query, c.text, e.Text, got, c.want)
		}
	}
}

func TestSnippetMarksNamesInOtherScripts(t *testing.T) {
	e := Snippet("Putin met officials", "translit:путин officials", "en", Spelling{"путин", []string{"putin", "بوتين"}})
	if got := marked(t, e); !slices.Equal(got, []string{"Putin", "officials"}) {
		t.Errorf("marked %q", got)
	}
}

func TestSnippetShowsWhereTheMostWordsStand(t *testing.T) {
	filler := strings.Repeat("Ничего нового не произошло. ", 40)
	text := filler + "Снег выпал. " + filler + "В Москве\nвыпал первый снег, сообщил корреспондент. " + filler
	e := Snippet(text, "снег москва корреспондент", "ru")
	if got := marked(t, e); !slices.Equal(got, []string{"Москве", "снег", "корреспондент"}) {
		t.Errorf("marked %q in %q", got, e.Text)
	}
	if !strings.HasPrefix(e.Text, "… ") || !strings.HasSuffix(e.Text, " …") || strings.Contains(e.Text, "\n") {
		t.Errorf("excerpt %q", e.Text)
	}
	if n := utf8.RuneCountInString(e.Text); n > excerptLength+excerptLead || n < excerptLength/2 {
		t.Errorf("%d characters", n)
	}
	if first, _, _ := strings.Cut(strings.TrimPrefix(e.Text, "… "), " "); !strings.Contains(filler, first+" ") {
		t.Errorf("it begins within a word: %q", first)
	}
}

func FuzzSnippetAndQuery(f *testing.F) {
	f.Add("قال الصحفي «إن» والصحفيين", `صحفي -"قال`, "ar")
	f.Add("The report\xff\x00 of the", `"a OR b" | report*`, "en")
	f.Add(strings.Repeat("x", 500)+" y", "y -", "")
	f.Fuzz(func(t *testing.T, text, query, language string) {
		if len(text)+len(query) > 1<<14 {
			return
		}
		marked(t, Snippet(text, query, language))
		p, err := parse(newAnalyser(), query, language, noon)
		if err != nil {
			return
		}
		p.expr.phrases(func(ph phrase) bool {
			if len(ph) == 0 || slices.Contains(ph, "") || strings.ContainsAny(strings.Join(ph, ""), "\"'\\ \x00") {
				t.Fatalf("%q became %q", query, ph)
			}
			return true
		})
	})
}
