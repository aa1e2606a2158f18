package samples

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"jisr/internal/news"
)

var now = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// The pictures take a moment to draw, so the tests share one collection.
var loadOnce = sync.OnceValues(Load)

func collection(t *testing.T) *Collection {
	t.Helper()
	c, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func everything(c *Collection) []Sample {
	agency, broadcaster := c.Organisations()
	return append(c.Items(agency.Origin, now), c.Items(broadcaster.Origin, now)...)
}

func TestEveryItemIsValidAndLabelled(t *testing.T) {
	c := collection(t)
	uris := map[string]bool{}
	for _, s := range everything(c) {
		steps := []*news.Item{s.Item}
		for _, step := range s.Then {
			if step.Item != nil {
				steps = append(steps, step.Item)
			}
		}
		for _, it := range steps {
			if err := it.Validate(now); err != nil {
				t.Errorf("%s: %v", it.URI, err)
			}
			if it.EdNote == "" || it.UsageTerms == "" || it.CreditLine == "" || it.By == "" || it.Located == "" {
				t.Errorf("%s lacks its note, usage terms, credit, byline or place", it.URI)
			}
			if len(it.Subjects) == 0 || len(it.Genres) == 0 || len(it.Places) == 0 || it.Places[0].GeoJSON == nil {
				t.Errorf("%s lacks a subject, genre or point", it.URI)
			}
		}
		if uris[s.Item.URI] {
			t.Errorf("two items are named %s", s.Item.URI)
		}
		uris[s.Item.URI] = true
	}
	if len(uris) < 36 {
		t.Errorf("the demonstration has %d items, fewer than 36", len(uris))
	}
}

func TestEachOrganisationHasTextsAndPicturesInItsLanguages(t *testing.T) {
	c := collection(t)
	agency, broadcaster := c.Organisations()
	for _, tt := range []struct{ origin, language string }{{agency.Origin, "ar"}, {broadcaster.Origin, "ru"}} {
		types, languages := map[news.Type]int{}, map[string]int{}
		for _, s := range c.Items(tt.origin, now) {
			types[s.Item.Type]++
			languages[s.Item.Language]++
		}
		if types[news.Text] < 10 || types[news.Picture] < 3 {
			t.Errorf("%s has types %v, want at least 10 texts and 3 pictures", tt.origin, types)
		}
		if languages[tt.language] < 12 || languages["en"] < 3 || len(languages) != 2 {
			t.Errorf("%s has languages %v, want mostly %s and some en", tt.origin, languages, tt.language)
		}
	}
	if got := c.Items("nobody.example", now); got != nil {
		t.Errorf("an unknown origin has %d items", len(got))
	}
}

func TestTextsAreAsLongAsAgencyCopyAndInTheirScript(t *testing.T) {
	scripts := map[string]*unicode.RangeTable{"ar": unicode.Arabic, "ru": unicode.Cyrillic, "en": unicode.Latin}
	for _, s := range everything(collection(t)) {
		it := s.Item
		if it.Type != news.Text {
			continue
		}
		if n := it.Body().WordCount; n < 120 || n > 300 {
			t.Errorf("%s has %d words, want 120 to 300", it.URI, n)
		}
		text := it.Headline() + it.Summary() + strings.NewReplacer("<p>", "", "</p>", "").Replace(it.Body().Value)
		for _, r := range text {
			if unicode.IsLetter(r) && !unicode.Is(scripts[it.Language], r) && !strings.ContainsRune("XIV", r) {
				t.Errorf("%s: %q does not belong to %s", it.URI, r, it.Language)
			}
		}
	}
}

func TestTheScriptHasOneOfEachAct(t *testing.T) {
	c := collection(t)
	found := map[string]int{}
	issued := map[string]bool{}
	for _, s := range everything(c) {
		it := s.Item
		for _, step := range s.Then {
			found[string(step.Act)]++
			if step.After <= 0 || step.Reason == "" {
				t.Errorf("%s: the %s lacks its time or reason", it.URI, step.Act)
			}
			if step.Act == news.Correction && (step.Item.URI != it.URI || reflect.DeepEqual(step.Item.Bodies, it.Bodies)) {
				t.Errorf("%s: the correction changes the identity or nothing", it.URI)
			}
		}
		if it.Embargoed.After(now) {
			found["embargo"]++
		}
		for _, d := range it.DerivedFrom {
			found[string(d.Relation)]++
			if !issued[d.URI] {
				t.Errorf("%s translates %s, which nobody issued before", it.URI, d.URI)
			}
		}
		if it.Type == news.Composite {
			found["package"]++
		}
		for _, a := range it.Associations {
			if !issued[a.URI] {
				t.Errorf("%s refers to %s, which was not issued before", it.URI, a.URI)
			}
		}
		if it.DigitalSourceType == digitalSourceTypes+"algorithmicMedia" {
			found["machine-made"]++
		}
		issued[it.URI] = true
	}
	for _, what := range []string{"correction", "kill", "embargo", "translationOf", "package", "machine-made"} {
		if found[what] != 1 {
			t.Errorf("%d items have %s, want 1", found[what], what)
		}
	}
}

func TestRenditionsDescribeTheirBytes(t *testing.T) {
	pictures := 0
	for _, s := range everything(collection(t)) {
		media := map[string]Media{}
		for _, m := range s.Media {
			media[m.Digest] = m
		}
		for _, digest := range s.Item.Digests() {
			if _, ok := media[digest]; !ok {
				t.Errorf("%s: there are no bytes for %s", s.Item.URI, digest)
			}
		}
		for _, r := range s.Item.Renditions {
			pictures++
			b := media[r.Digest].Bytes()
			sum := sha256.Sum256(b)
			if r.Digest != "sha256:"+hex.EncodeToString(sum[:]) || r.SizeInBytes != int64(len(b)) {
				t.Errorf("%s: the digest or size is not that of the bytes", s.Item.URI)
			}
			m, format, err := image.Decode(bytes.NewReader(b))
			if err != nil {
				t.Errorf("%s: %v", s.Item.URI, err)
				continue
			}
			if m.Bounds() != image.Rect(0, 0, r.Width, r.Height) || "image/"+format != r.ContentType {
				t.Errorf("%s: the bytes are a %v %s", s.Item.URI, m.Bounds(), format)
			}
		}
	}
	if pictures != 6 {
		t.Errorf("there are %d pictures, want 6", pictures)
	}
}

func TestItemsAreTheSameAtTheSameTimeAndKeepTheirURIs(t *testing.T) {
	c := collection(t)
	agency, _ := c.Organisations()
	first, again, later := c.Items(agency.Origin, now), c.Items(agency.Origin, now), c.Items(agency.Origin, now.Add(time.Hour))
	for i := range first {
		if !reflect.DeepEqual(first[i].Item, again[i].Item) {
			t.Errorf("%s differs between two calls", first[i].Item.URI)
		}
		if first[i].Item.URI != later[i].Item.URI {
			t.Errorf("%s is named %s an hour later", first[i].Item.URI, later[i].Item.URI)
		}
	}
}

func TestLoadNamesTheSlip(t *testing.T) {
	const good = "Desk: science\nLanguage: en\nSlug: S\nPlace: tunis\nGenre: current\nUrgency: 5\nHeadline: H\nSummary: S\n\nText.\n"
	for _, tt := range []struct{ name, text, want string }{
		{"a header that does not exist", "Dest: science\n" + good, `line 1: there is no header "Dest"`},
		{"a header twice", good[:14] + good, "line 2: there are two headers Desk"},
		{"a header without value", "Desk:\n", "line 1"},
		{"a missing header", strings.Replace(good, "Genre: current\n", "", 1), "Genre is missing"},
		{"a bad number", strings.Replace(good, "5", "five", 1), "line 6"},
		{"no text", strings.Replace(good, "Text.", "", 1), "no text"},
		{"an unknown type", "Type: video\n" + good, "line 1"},
		{"an unknown desk", strings.Replace(good, "science", "politics", 1), `no desk "politics"`},
		{"an unknown place", strings.Replace(good, "tunis", "atlantis", 1), `no place "atlantis"`},
		{"an unknown subject", "Subject: war\n" + good, `no subject "war"`},
		{"an unknown genre", strings.Replace(good, "current", "poem", 1), `no genre "poem"`},
		{"an unknown language", strings.Replace(good, ": en", ": tlh", 1), "no language"},
		{"an unknown picture", "Picture: cat\n" + good, `no picture "cat"`},
		{"an unknown part", "Part: nothing\n" + good, `no part "nothing"`},
		{"an unknown source to translate", "Translation-Of: mirsal/nothing\n" + good, "no source"},
		{"half a correction", "Correct-After: 1m\n" + good, "a correction needs"},
		{"half a kill", "Kill-After: 1m\n" + good, "a kill needs"},
		{"a part younger than the whole", "Age: 99h\nPart: eclipse-guide\n" + good, "younger than what it is a part of"},
		{"a correction of nothing", "Correct-After: 1m\nCorrect-Reason: R\nCorrect-Replace: old => new\n" + good, `"old" does not occur`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(withFile(t, "mirsal/slip.txt", tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "mirsal/slip.txt") {
				t.Errorf("got %v, want it to name the file and %q", err, tt.want)
			}
		})
	}
	if _, err := load(withFile(t, "mirsal/slip.txt", good)); err != nil {
		t.Errorf("a good file is refused: %v", err)
	}
}

// withFile returns the embedded data with one more file.
func withFile(t *testing.T, name, text string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{name: {Data: []byte(text)}}
	for _, dir := range []string{"data", "data/mirsal", "data/semvetrov", "data/live"} {
		entries, err := dataFS.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			b, err := dataFS.ReadFile(dir + "/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			key := strings.TrimPrefix(strings.TrimPrefix(dir+"/"+e.Name(), "data"), "/")
			if key != name {
				out[key] = &fstest.MapFile{Data: b}
			}
		}
	}
	return out
}
