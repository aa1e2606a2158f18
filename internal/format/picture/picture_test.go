package picture_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/picture"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the test files and the golden files")

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("testdata", name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPicturesReadAsTheirGoldenFilesSay keeps what each file becomes: the item
// and the losses.
func TestPicturesReadAsTheirGoldenFilesSay(t *testing.T) {
	for name := range corpus() {
		t.Run(name, func(t *testing.T) {
			data := readFile(t, name)
			if !picture.Detect(data[:16]) {
				t.Error("the file is not detected")
			}
			it, losses, err := picture.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			if err := it.Validate(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
				t.Errorf("the item does not hold what the house asks: %v", err)
			}
			report := []string{}
			for _, l := range losses {
				report = append(report, l.String())
			}
			got := encode(t, map[string]any{"item": dump(t, it), "losses": report})
			golden := name + ".golden"
			if *update {
				write(t, golden, got)
			}
			if want := readFile(t, golden); !bytes.Equal(got, want) {
				t.Errorf("differs from %s; run with -update and look at the difference\ngot:\n%s", golden, got)
			}
		})
	}
}

func dump(t *testing.T, it *news.Item) any {
	t.Helper()
	data, err := json.Marshal(it)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return prune(v)
}

// prune removes empty values; nil means that nothing is left.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = prune(x); x == nil {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = prune(v[i])
		}
	case string:
		if v == "" || v == "0001-01-01T00:00:00Z" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return v
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// words returns what the item says, without what is of the file itself.
func wordsOf(t *testing.T, it *news.Item) string {
	t.Helper()
	c := *it
	c.Renditions = nil
	return string(encode(t, dump(t, &c)))
}

func TestWrittenWordsAreReadBackAndThePictureIsTheSame(t *testing.T) {
	for name, data := range corpus() {
		if !strings.HasSuffix(name, ".jpg") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			it, _, err := picture.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			if it.PubStatus == news.Withheld {
				t.Skip("the status of an item is not in a picture")
			}
			var out bytes.Buffer
			losses, err := picture.WriteJPEG(&out, bytes.NewReader(data), it)
			if err != nil || len(losses) > 0 {
				t.Fatal(err, losses)
			}
			again, losses, err := picture.Read(out.Bytes())
			if err != nil || len(losses) > 0 {
				t.Fatal(err, losses)
			}
			if was, is := wordsOf(t, it), wordsOf(t, again); was != is {
				t.Errorf("was %s\nis %s", was, is)
			}
			if scan := data[bytes.Index(data, []byte{0xff, 0xdb}):]; !bytes.HasSuffix(out.Bytes(), scan) {
				t.Error("the picture's own bytes changed")
			}
			var twice bytes.Buffer
			if _, err := picture.WriteJPEG(&twice, bytes.NewReader(out.Bytes()), it); err != nil || !bytes.Equal(twice.Bytes(), out.Bytes()) {
				t.Errorf("written twice, the file differs: %v", err)
			}
		})
	}
}

func TestWritingRemovesWhatTheItemNoLongerSaysAndKeepsWhatItHasNoFieldFor(t *testing.T) {
	data := readFile(t, "afaq-full-ar.jpg")
	it := &news.Item{URI: "urn:x:1", Headlines: []news.Words{{Value: "Boats"}}}
	var out bytes.Buffer
	if _, err := picture.WriteJPEG(&out, bytes.NewReader(data), it); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"سلمى الطائي", "حسن البحري", "25,17"} {
		if bytes.Contains(out.Bytes(), []byte(gone)) {
			t.Errorf("%s is still in the file", gone)
		}
	}
	for _, kept := range []string{"ToneCurve", "https://afaq.example/rights"} {
		if !bytes.Contains(out.Bytes(), []byte(kept)) {
			t.Errorf("%s was lost", kept)
		}
	}
}

func TestItemsOfOtherFormatsBecomeCaptions(t *testing.T) {
	it := &news.Item{
		URI: "urn:x:2", Slugline: "FLOOD", By: "Ann Field", Located: "Riverton", CreditLine: "Keystone",
		Headlines:    []news.Words{{Value: "A & B <c>"}},
		Descriptions: []news.Words{{ContentType: "text/html", Value: "<p>One</p><p>Two</p>"}},
		Subjects:     []news.Concept{{Name: "weather", URI: "http://cv.iptc.org/newscodes/mediatopic/17000000"}},
		Places:       []news.Concept{{Name: "Riverton", URI: "https://places.example/1", GeoJSON: json.RawMessage(`{"type":"Point","coordinates":[-0.5,-33.25]}`)}},
		Embargoed:    time.Date(2026, 5, 1, 6, 0, 0, 0, time.UTC),
	}
	var out bytes.Buffer
	if _, err := picture.WriteJPEG(&out, bytes.NewReader(plainJPEG()), it); err != nil {
		t.Fatal(err)
	}
	got, _, err := picture.Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got.URI != it.URI || got.Title != "FLOOD" || got.By != "Ann Field" || got.Located != "Riverton" || got.Headline() != "A & B <c>" ||
		got.Summary() != "One\n\nTwo" || !got.Embargoed.Equal(it.Embargoed) {
		t.Errorf("%+v", got)
	}
	if len(got.Subjects) != 1 || got.Subjects[0].URI != it.Subjects[0].URI || got.Subjects[0].Name != "weather" {
		t.Errorf("subjects %+v", got.Subjects)
	}
	if p := got.Places[len(got.Places)-1]; p.Name != "Riverton" || p.URI != it.Places[0].URI || string(p.GeoJSON) != string(it.Places[0].GeoJSON) {
		t.Errorf("place %+v", p)
	}
}

func BenchmarkRead(b *testing.B) {
	data := readFile(b, "afaq-full-ar.jpg")
	for b.Loop() {
		if _, _, err := picture.Read(data); err != nil {
			b.Fatal(err)
		}
	}
}
