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

	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
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

// TestPicturesReadAsTheirGoldenFilesSay keeps what each file becomes.
func TestPicturesReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: "testdata/*.[jptw]*", Fewest: 12, Detect: picture.Detect, Read: func(data []byte) ([]*news.Item, []loss.Loss, error) {
		it, losses, err := picture.Read(data)
		return []*news.Item{it}, losses, err
	}}.Check(t, *update)
}

// wordsOf returns what the item says, without what is of the file itself.
func wordsOf(it *news.Item) *news.Item {
	c := *it
	c.Renditions = nil
	return &c
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
			if d := goldentest.Diff(wordsOf(it), wordsOf(again)); d != "" {
				t.Error(d)
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
