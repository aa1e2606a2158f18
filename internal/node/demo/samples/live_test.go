package samples

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"jisr/internal/news"
)

func TestLiveIsDeterministicAndNeverRepeatsAURI(t *testing.T) {
	c := collection(t)
	uris := map[string]bool{}
	for n := range 3000 {
		a, b := c.Live(n, now), c.Live(n, now)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("item %d differs between two calls", n)
		}
		if uris[a.Item.URI] {
			t.Fatalf("item %d repeats %s", n, a.Item.URI)
		}
		uris[a.Item.URI] = true
	}
	if restarted := c.Live(0, now.Add(time.Second)); uris[restarted.Item.URI] {
		t.Errorf("counting from 0 again repeats %s", restarted.Item.URI)
	}
}

func TestLiveItemsAreValidFilledInAndLabelledMachineMade(t *testing.T) {
	c := collection(t)
	languages, origins := map[string]int{}, map[string]int{}
	headlines := map[string]bool{}
	const rounds = 600
	for n := range rounds {
		s := c.Live(n, now)
		it := s.Item
		if err := it.Validate(now); err != nil {
			t.Fatalf("item %d: %v", n, err)
		}
		if text := it.Headline() + it.Summary() + it.Body().Value; strings.ContainsAny(text, "{}|") || strings.Contains(text, "..") {
			t.Errorf("item %d has a blank left: %s", n, text)
		}
		if it.DigitalSourceType != digitalSourceTypes+"algorithmicMedia" || !strings.Contains(it.EdNote, c.vocabulary.Generated[it.Language]) {
			t.Errorf("item %d is not labelled machine-made", n)
		}
		if it.Type != news.Text || !strings.HasPrefix(it.URI, "tag:"+s.Origin+",") {
			t.Errorf("item %d: %s of %s", n, it.URI, s.Origin)
		}
		languages[it.Language]++
		origins[s.Origin]++
		headlines[it.Headline()] = true
	}
	if languages["ar"] < rounds/4 || languages["ru"] < rounds/4 || languages["en"] < rounds/4 {
		t.Errorf("languages are not in turn: %v", languages)
	}
	if len(origins) != 2 || len(headlines) < rounds/2 {
		t.Errorf("%d organisations and %d headlines in %d items", len(origins), len(headlines), rounds)
	}
}

func TestTemplatesAreCheckedWhenRead(t *testing.T) {
	const head = "Origin: mirsal\nDesk: science\nLanguage: en\nSlug: S\nPlace: tunis\nGenre: current\nUrgency: 5\nHeadline: H\nSummary: S\n\n"
	for _, tt := range []struct{ name, text, want string }{
		{"a blank never declared", "{n}", `"n" is used and never declared`},
		{"a blank declared twice", "{n:1..2} {n:a|b}", `"n" is declared twice`},
		{"a reserved blank", "{place:a|b}", `"place" is declared twice`},
		{"an empty range", "{n:5..5}", "is not a range"},
		{"a range of words", "{n:few..many}", "is not a range"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(withFile(t, "live/99-slip.txt", head+tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "live/99-slip.txt") {
				t.Errorf("got %v, want it to name the file and %q", err, tt.want)
			}
		})
	}
}

func TestNumbersAreWrittenAsTheLanguageWritesThem(t *testing.T) {
	c := collection(t)
	for n := range 240 {
		it := c.Live(n, now).Item
		if it.Language == "ru" && strings.Contains(it.Headline(), "%") && !strings.Contains(it.Headline(), ",") {
			t.Errorf("a Russian percentage without a decimal comma: %s", it.Headline())
		}
	}
}
