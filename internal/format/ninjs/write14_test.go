package ninjs

import (
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// TestNinjs14IsValidAndWhatIsNotReportedLostComesBack writes generated items for
// old receivers.
func TestNinjs14IsValidAndWhatIsNotReportedLostComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := genItem(0).Draw(t, "item")
		written, losses, err := WriteAs(&it, "1.4")
		if err != nil {
			t.Fatal(err)
		}
		if problems := ValidateAs(written, "1.4"); len(problems) > 0 {
			t.Fatalf("not valid: %v\n%s", problems, written)
		}
		if v, _ := Version(written); v != "1.4" {
			t.Fatalf("Version = %q", v)
		}
		again, _, err := Read(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if d := unreported14(&it, again, losses); d != "" {
			t.Fatalf("%slosses %v\n%s", d, losses, written)
		}
	})
}

// unreported14 compares as 1.4 can: there a plain text has a type, and the code at
// the end of a URI is a literal too.
func unreported14(before, after *news.Item, losses []loss.Loss) string {
	b, a := *before, *after
	a.Standard, b.Standard = nil, nil
	for _, it := range []*news.Item{&b, &a} {
		plain14(it)
	}
	return goldentest.Unreported(&b, &a, losses, "")
}

func plain14(it *news.Item) {
	for _, texts := range [][]news.Words{it.Descriptions, it.Bodies} {
		for i := range texts {
			if texts[i].ContentType == "text/plain" {
				texts[i].ContentType = ""
			}
		}
	}
	for _, list := range [][]news.Concept{it.People, it.Organisations, it.Places, it.Subjects, it.Events, it.Objects, it.Genres, it.InfoSources, it.Signals} {
		for i := range list {
			if list[i].URI != "" {
				list[i].Literal = ""
			}
		}
	}
}

func TestFilesSurviveNinjs14(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		it := mustRead(t, testFile(t, filepath.Base(file)))
		written, losses, err := WriteAs(it, "1.4")
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if problems := ValidateAs(written, "1.4"); len(problems) > 0 {
			t.Errorf("%s: not valid: %v\n%s", file, problems, written)
		}
		if d := unreported14(it, mustRead(t, written), losses); d != "" {
			t.Errorf("%s: %slosses %v\n%s", file, d, losses, written)
		}
	}
}

func TestWriteAsKnowsItsVersions(t *testing.T) {
	it := &news.Item{URI: "urn:x:1", Parts: []news.Part{{Seq: 1}}, Type: news.Text, Headlines: []news.Words{{Value: "Дождь"}}, Bodies: []news.Words{{ContentType: "text/html", Value: "<p>مطر</p>"}}}
	three, losses, err := WriteAs(it, "3.0")
	if err != nil || len(losses) > 0 || string(three) != string(mustWrite(t, it)) {
		t.Errorf("%s, %v, %v", three, losses, err)
	}
	old, losses, err := WriteAs(it, "1.4")
	const want = `{"$standard":{"name":"ninjs","version":"1.4","schema":"http://www.iptc.org/std/ninjs/ninjs-schema_1.4.json"},"uri":"urn:x:1","type":"text","headline":"Дождь","body_html":"<p>مطر</p>"}`
	if err != nil || string(old) != want || len(losses) != 1 || losses[0].Path != "/parts" {
		t.Errorf("%s, %v, %v", old, losses, err)
	}
	for _, version := range []string{"", "1.3", "2.1", "3.1"} {
		if _, _, err := WriteAs(it, version); news.KindOf(err) != news.Invalid || !strings.Contains(err.Error(), "3.0 or 1.4") {
			t.Errorf("%q: %v", version, err)
		}
	}
	if _, _, err := WriteAs(&news.Item{URI: "none"}, "1.4"); news.KindOf(err) != news.Invalid {
		t.Errorf("an item without URI: %v", err)
	}
}
