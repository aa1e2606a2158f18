package locales

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T) *Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryKeyHasEveryLanguageAndPluralForm(t *testing.T) {
	if n := len(load(t).Keys()); n < 500 {
		t.Errorf("only %d keys were compared", n)
	}
}

func TestALanguageThatLacksAWordOrAFormIsRefused(t *testing.T) {
	head := `{"language.name": "x", "language.dir": "ltr", "number.digits": "0123456789", "number.group": ","`
	if _, err := parse("ru", []byte(head+`, "k": {"one": "a", "few": "b", "other": "c"}}`)); err == nil || !strings.Contains(err.Error(), `"many"`) {
		t.Errorf("a missing plural form gave %v", err)
	}
	if _, err := parse("en", []byte(head+`, "k": {"one": "a", "other": "c", "few": "b"}}`)); err == nil {
		t.Error("a form that English lacks was accepted")
	}
	c := &Catalog{languages: map[string]*Language{}}
	for _, tag := range Tags {
		l, err := parse(tag, []byte(head+`}`))
		if err != nil {
			t.Fatal(err)
		}
		c.languages[tag] = l
	}
	c.languages["ar"].words["only.here"] = "x"
	if err := c.compare(); err == nil || !strings.Contains(err.Error(), "only.here") {
		t.Errorf("a missing word gave %v", err)
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func TestEveryLanguageUsesTheSamePlaceholders(t *testing.T) {
	c := load(t)
	for key, en := range c.languages["en"].words {
		want := placeholder.FindAllString(en, -1)
		slices.Sort(want)
		for _, tag := range Tags {
			got := placeholder.FindAllString(c.languages[tag].words[key], -1)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s in %s has %v, in English %v", key, tag, got, want)
			}
		}
	}
}

// families are the beginnings of keys whose end is decided when a page is made.
var families = regexp.MustCompile(`"([a-z_.]+[._])"(?:\s*\+|\))`)

func TestEveryWordIsUsedAndEveryUsedWordExists(t *testing.T) {
	c := load(t)
	var code strings.Builder
	for _, pattern := range []string{"../*.go", "../view/*.go", "../view/*.templ", "*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(b)
		}
	}
	text := code.String()
	used := regexp.MustCompile(`\.(?:T|N)\("([^"]+)"[,)]`)
	known := c.Keys()
	for _, m := range used.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("the pages use %q, which no locale has", m[1])
		}
	}
	var begins []string
	for _, m := range families.FindAllStringSubmatch(text, -1) {
		begins = append(begins, m[1])
	}
	for _, key := range known {
		if !strings.Contains(text, `"`+key+`"`) && !slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(key, b) }) {
			t.Errorf("%q is used nowhere", key)
		}
	}
}

func TestPluralsFollowEachLanguage(t *testing.T) {
	c := load(t)
	for _, one := range []struct {
		tag  string
		n    int64
		want string
	}{
		{"ar", 0, "لا قيود"}, {"ar", 1, "قيد واحد"}, {"ar", 2, "قيدان"}, {"ar", 3, "3 قيود"}, {"ar", 11, "11 قيداً"}, {"ar", 100, "100 قيد"},
		{"ru", 1, "1 запись"}, {"ru", 3, "3 записи"}, {"ru", 5, "5 записей"}, {"ru", 11, "11 записей"}, {"ru", 21, "21 запись"},
		{"ru", 12345, "12\u00a0345 записей"}, {"en", 1, "1 entry"}, {"en", 0, "0 entries"}, {"en", 12345, "12,345 entries"},
	} {
		if got := c.Language(one.tag).N("ledger.entries", one.n); got != one.want {
			t.Errorf("%s %d: %q, want %q", one.tag, one.n, got, one.want)
		}
	}
}

func TestValuesAreIsolatedAndCannotBecomePlaceholders(t *testing.T) {
	l := load(t).Language("ar")
	if got, want := l.T("title.agreement", "org", "ACME {org}"), "اتفاق مع \u2068ACME {org}\u2069"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTimesAreAsBriefAsTheyCanBe(t *testing.T) {
	now := time.Date(2026, 11, 25, 15, 4, 0, 0, time.UTC)
	c := load(t)
	for _, one := range []struct {
		tag  string
		t    time.Time
		want string
	}{
		{"en", now.Add(-time.Hour), "14:04"}, {"en", now.AddDate(0, 0, -2), "23 Nov, 15:04"}, {"en", now.AddDate(-1, 0, 0), "25 Nov 2025, 15:04"},
		{"ru", now.AddDate(0, 0, -2), "23 ноября, 15:04"}, {"ar", now.AddDate(0, 0, -2), "23 نوفمبر، 15:04"}, {"en", time.Time{}, "—"},
	} {
		if got := c.Language(one.tag).Moment(one.t, now); got != one.want {
			t.Errorf("%s: %q, want %q", one.tag, got, one.want)
		}
	}
}

func TestReaderGetsTheLanguageThatTheBrowserAsksFor(t *testing.T) {
	c := load(t)
	for header, want := range map[string]string{"ar-EG,ar;q=0.9,en;q=0.8": "ar", "ru": "ru", "de,ru;q=0.5": "ru", "fr": "en", "": "en", "a;b,,": "en"} {
		if got := c.Match(header).Tag; got != want {
			t.Errorf("%q gets %s, want %s", header, got, want)
		}
	}
}
