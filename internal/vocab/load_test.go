package vocab

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

const water = "http://cv.jisr.example/newscodes/watertopic/"

// read reads a file in the shape of IPTC's own.
func read(t testing.TB, name string) *Edition {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	must(t, err)
	e, err := Read(b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return e
}

func TestOneVocabularyReadsTheSameInEachForm(t *testing.T) {
	want := read(t, "water.json")
	must(t, want.check())
	if len(want.Concepts) != 5 || len(want.Notes) > 0 {
		t.Fatalf("%d concepts, notes %q", len(want.Concepts), want.Notes)
	}
	c := want.Concepts[0]
	if c.Definitions["en-GB"] != "Fresh water that runs or stands on land" || c.Names["ar"] != "أنهار وبحيرات" || c.Labels["en-GB"][0] != "inland waters" ||
		c.ExactMatch[0] != "http://cv.iptc.org/newscodes/subjectcode/06005000" || want.Concepts[2].Broader[0] != water+"01000000" {
		t.Errorf("the JSON was read as %+v", want.Concepts)
	}
	if r := want.Concepts[4]; r.Retired.IsZero() || r.ReplacedBy != water+"02000000" {
		t.Errorf("the retired concept was read as %+v", r)
	}
	for _, name := range []string{"water.g2.xml", "water.rdf"} {
		got := read(t, name)
		must(t, got.check())
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s was read as\n%+v, want\n%+v", name, got, want)
		}
	}
}

func TestNewEditionRetiresWhatIsGoneAndDeletesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), t.Context()
		report, err := s.Load(ctx, read(t, "water.json"), Careful)
		must(t, err)
		if len(report.Added) != 5 || len(report.Changed)+len(report.Retired)+report.Unchanged != 0 {
			t.Errorf("the first time: %+v", report)
		}
		if report, err = s.Load(ctx, read(t, "water.g2.xml"), Careful); err != nil || report.Unchanged != 5 || len(report.Added)+len(report.Changed)+len(report.Retired) != 0 {
			t.Errorf("the same in another form: %+v, %v", report, err)
		}

		next := read(t, "water.json")
		next.Scheme.Edition = next.Scheme.Edition.AddDate(0, 6, 0)
		next.Concepts[1].Names["fr"] = "mers et océans"
		next.Concepts = append(slices.Delete(next.Concepts, 2, 3), Concept{URI: water + "20000004", Names: map[string]string{"en-GB": "tides"}, Broader: []string{water + "02000000"}})
		report, err = s.Load(ctx, next, Careful)
		must(t, err)
		if !slices.Equal(report.Added, []string{"20000004"}) || !slices.Equal(report.Changed, []string{"02000000"}) || !slices.Equal(report.Retired, []string{"20000001"}) || report.Unchanged != 3 {
			t.Errorf("the next edition: %+v", report)
		}
		gone, err := s.Concept(ctx, water+"20000001")
		must(t, err)
		if gone.Name("ar") != "سدود" || !gone.Retired.Equal(next.Scheme.Edition) {
			t.Errorf("the concept that is gone: %+v", gone)
		}
		under, err := s.Children(ctx, water+"01000000", 0, 0)
		must(t, err)
		if len(under.Concepts) != 1 || under.Concepts[0].Code != "20000002" {
			t.Errorf("under rivers stand %d concepts", len(under.Concepts))
		}

		back := read(t, "water.json")
		back.Scheme.Edition = next.Scheme.Edition.AddDate(0, 1, 0)
		if _, err = s.Load(ctx, back, Careful); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Concept(ctx, water+"20000001"); err != nil || !c.Retired.IsZero() {
			t.Errorf("a concept that came back: %+v, %v", c, err)
		}
	})
}

func TestTranslationsOfTheHouseOutliveAFileThatLacksThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), t.Context()
		// IPTC's edition: no Russian, and British English in place of our English.
		e := &Edition{Scheme: Scheme{URI: medtop, Alias: "medtop", Edition: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), Authority: "http://www.iptc.org"}}
		for i := 1; i <= 17; i++ {
			e.Concepts = append(e.Concepts, Concept{URI: fmt.Sprintf("%s%02d000000", medtop, i), Names: map[string]string{"en-GB": fmt.Sprintf("topic %d", i), "ar": fmt.Sprintf("موضوع %d", i)}})
		}
		_, err := s.Load(ctx, e, Careful)
		must(t, err)
		c, err := s.Concept(ctx, medtop+"15000000")
		must(t, err)
		if want := map[string]string{"en-GB": "topic 15", "ar": "موضوع 15", "ru": "спорт"}; !reflect.DeepEqual(c.Names, want) {
			t.Errorf("the names are %q, want %q", c.Names, want)
		}
		sc, err := s.Scheme(ctx, "medtop")
		must(t, err)
		if sc.Embedded || sc.Names["ru"] == "" || sc.Concepts != 17 {
			t.Errorf("the scheme is %+v", sc)
		}

		// A program with a newer embedded set adds what is missing and no more.
		_, err = d.Writer().ExecContext(ctx, `UPDATE vocab_state SET embedded = 'older'`)
		must(t, err)
		_, err = d.Writer().ExecContext(ctx, `UPDATE vocab_concept SET names = '{"en-GB":"topic 15"}' WHERE uri = $1`, medtop+"15000000")
		must(t, err)
		must(t, s.LoadEmbedded(ctx))
		fresh := New(d, time.Now)
		defer fresh.Close()
		if c, err = fresh.Concept(ctx, medtop+"15000000"); err != nil || !reflect.DeepEqual(c.Names, map[string]string{"en-GB": "topic 15", "ar": "رياضة", "ru": "спорт"}) {
			t.Errorf("the names are %q, %v", c.Names, err)
		}
		if sc, err = fresh.Scheme(ctx, "medtop"); err != nil || sc.Embedded || !sc.Edition.Equal(e.Scheme.Edition) {
			t.Errorf("the scheme is %+v, %v", sc, err)
		}

		// A file in one language alone leaves the others as they are.
		one := &Edition{Scheme: e.Scheme}
		for _, c := range e.Concepts {
			one.Concepts = append(one.Concepts, Concept{URI: c.URI, Names: map[string]string{"sv": "ämne"}})
		}
		_, err = s.Load(ctx, one, Careful)
		must(t, err)
		if c, err = s.Concept(ctx, medtop+"01000000"); err != nil || len(c.Names) != 4 {
			t.Errorf("the names are %q, %v", c.Names, err)
		}
	})
}

func TestFileThatLooksLikeAMistakeIsRefusedUntilForced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := open(t, d), t.Context()
		_, err := s.Load(ctx, read(t, "water.json"), Careful)
		must(t, err)
		older, cut := read(t, "water.json"), read(t, "water.json")
		older.Scheme.Edition = older.Scheme.Edition.AddDate(-1, 0, 0)
		cut.Concepts = cut.Concepts[:1]
		for name, e := range map[string]*Edition{"older": older, "cut off": cut} {
			if _, err := s.Load(ctx, e, Careful); news.KindOf(err) != news.Conflict || !strings.Contains(err.Error(), "--force") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if sc, err := s.Scheme(ctx, "watertop"); err != nil || sc.Concepts != 4 || !sc.Edition.Equal(read(t, "water.json").Scheme.Edition) {
			t.Errorf("after refusals: %+v, %v", sc, err)
		}
		report, err := s.Load(ctx, cut, Forced)
		must(t, err)
		if len(report.Retired) != 3 {
			t.Errorf("forced: %+v", report)
		}

		hijack, thief := read(t, "water.json"), read(t, "water.json")
		hijack.Scheme.URI, hijack.Scheme.Alias = "http://evil.example/", "medtop"
		thief.Scheme.URI, thief.Scheme.Alias = "http://evil.example/", "evil"
		for name, e := range map[string]*Edition{"another's alias": hijack, "another's concepts": thief} {
			if _, err := s.Load(ctx, e, Forced); news.KindOf(err) != news.Conflict {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestEditionThatCannotBeKeptIsRefusedOrRepaired(t *testing.T) {
	good := func() *Edition {
		return &Edition{Scheme: Scheme{URI: "http://x.example/v/", Alias: "x"}, Concepts: []Concept{{URI: "http://x.example/v/1"}}}
	}
	for name, spoil := range map[string]func(*Edition){
		"no URI":              func(e *Edition) { e.Scheme.URI = "" },
		"a relative URI":      func(e *Edition) { e.Scheme.URI = "/v/" },
		"an alias with colon": func(e *Edition) { e.Scheme.Alias = "a:b" },
		"no concepts":         func(e *Edition) { e.Concepts = nil },
		"a URI twice":         func(e *Edition) { e.Concepts = append(e.Concepts, e.Concepts[0]) },
		"a code twice": func(e *Edition) {
			e.Concepts = append(e.Concepts, Concept{URI: "http://x.example/v/2", Code: "1"})
		},
		"a URI with a space": func(e *Edition) { e.Concepts[0].URI += " 2" },
		"a long URI":         func(e *Edition) { e.Concepts[0].URI += strings.Repeat("x", maxURI) },
		"a long code":        func(e *Edition) { e.Concepts[0].Code = strings.Repeat("x", maxLabel+1) },
	} {
		e := good()
		spoil(e)
		if err := e.check(); news.KindOf(err) != news.Invalid && news.KindOf(err) != news.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := good()
	e.Concepts[0].Names = map[string]string{"en": "a\x00b \u00a0 c", "<b>": "x", "ru": strings.Repeat("ж", maxLabel+1)}
	e.Concepts[0].Broader = []string{"http://x.example/v/1", "javascript:\n", "http://x.example/v/2"}
	must(t, e.check())
	if c := e.Concepts[0]; !reflect.DeepEqual(c.Names, map[string]string{"en": "a b c"}) || !slices.Equal(c.Broader, []string{"http://x.example/v/2"}) || len(e.Notes) != 4 {
		t.Errorf("repaired to %+v, notes %q", c, e.Notes)
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	bomb := `<!DOCTYPE knowledgeItem [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>`
	for name, text := range map[string]string{
		"nothing":            "",
		"a web page":         "<!doctype html><html><body>cv.iptc.org</body></html>",
		"Turtle":             "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n",
		"one concept":        `{"uri":"http://cv.iptc.org/newscodes/mediatopic/15000000","qcode":"medtop:15000000","prefLabel":{"en-GB":"sport"}}`,
		"JSON cut off":       `{"uri":"http://x.example/","conceptSet":[{"uri":`,
		"JSON of other type": `{"uri":7,"conceptSet":"x"}`,
		"deep JSON":          `{"conceptSet":` + strings.Repeat("[", 20_000),
		"an entity bomb":     bomb + `<knowledgeItem><conceptSet><concept><name>&b;</name></concept></conceptSet></knowledgeItem>`,
		"an entity":          `<knowledgeItem><conceptSet><concept><name>&xxe;</name></concept></conceptSet></knowledgeItem>`,
		"a DTD in RDF":       `<!DOCTYPE rdf:RDF SYSTEM "file:///etc/passwd"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>`,
		"deep XML":           `<knowledgeItem>` + strings.Repeat("<conceptSet>", 20_000),
		"RDF of something":   `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="x"/></rdf:RDF>`,
		"XML cut off":        `<knowledgeItem><conceptSet><concept>`,
		"another item":       `<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/"/>`,
	} {
		e, err := Read([]byte(text))
		if err == nil {
			err = e.check()
		}
		if k := news.KindOf(err); k != news.Invalid && k != news.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(make([]byte, MaxFile+1)); news.KindOf(err) != news.TooLarge {
		t.Errorf("a large file: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"water.json", "water.g2.xml", "water.rdf"} {
		b, err := os.ReadFile("testdata/" + name)
		must(f, err)
		f.Add(b)
	}
	f.Add([]byte(`{"uri":"http://x.example/","conceptSet":[{"@id":"x:1","broader":"y:2","prefLabel":null}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Read(b)
		if err == nil {
			err = e.check()
		}
		if err != nil {
			if news.KindOf(err) == "" {
				t.Fatalf("an error that nobody can act on: %v", err)
			}
			return
		}
		before := len(e.Concepts)
		must(t, e.check()) // what was checked passes again
		if len(e.Concepts) != before || before == 0 {
			t.Fatal("checking lost concepts")
		}
	})
}
