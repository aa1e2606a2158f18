package feed_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"jisr/internal/format/feed"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.[jx]*")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d sample files, err %v", len(files), err)
	}
	return files
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFeedsReadAsTheirGoldenFilesSay keeps what each dialect becomes.
func TestFeedsReadAsTheirGoldenFilesSay(t *testing.T) {
	for _, file := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data := readFile(t, file)
			f, losses, err := feed.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range f.Items {
				if err := it.Validate(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
					t.Errorf("%s does not hold what the house asks of an item: %v", it.URI, err)
				}
			}
			report := []string{}
			for _, l := range losses {
				report = append(report, l.String())
			}
			got := encode(t, map[string]any{"feed": dump(t, f), "losses": report})
			golden := strings.TrimSuffix(file, filepath.Ext(file)) + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, golden); !bytes.Equal(got, want) {
				t.Errorf("differs from %s; run with -update and look at the difference\ngot:\n%s", golden, got)
			}
		})
	}
}

func dump(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return prune(out)
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

func rss(items string) []byte {
	return []byte(`<rss version="2.0"><channel><title>T</title><link>https://x.example/</link>` + items + `</channel></rss>`)
}

// TestAnEntryIsTheSameItemWhateverElseChanges polls a feed twice.
func TestAnEntryIsTheSameItemWhateverElseChanges(t *testing.T) {
	for _, c := range []struct{ name, before, after, uri string }{
		{"a URI is kept as it is", `<guid>https://x.example/?p=1</guid><title>A</title>`, `<guid>https://x.example/?p=1</guid><title>B</title>`, "https://x.example/?p=1"},
		{"an id that is no URI", `<guid>art 12</guid><link>https://x.example/a?utm=1</link>`, `<guid>art 12</guid><link>https://x.example/b</link>`, "https://x.example/#art%2012"},
		{"an id that only looks like a URI", `<guid>wire:12</guid>`, `<guid>wire:12</guid><title>B</title>`, "https://x.example/#wire:12"},
		{"a bare UUID", `<guid>{C9B1DE42-1f6a-4e55-9a3f-70cf41b5a012}</guid>`, `<guid>c9b1de42-1f6a-4e55-9a3f-70cf41b5a012</guid>`, "urn:uuid:c9b1de42-1f6a-4e55-9a3f-70cf41b5a012"},
		{"no id, a link", `<link>https://x.example/a</link><title>A</title>`, `<link>https://x.example/a</link><title>B</title>`, "https://x.example/a"},
		{"no id, a relative link", `<link>/a</link>`, `<link>/a</link><title>B</title>`, "https://x.example/a"},
	} {
		for _, entry := range []string{c.before, c.after} {
			f, _, err := feed.Read(rss("<item>" + entry + "</item>"))
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Items[0].URI; got != c.uri {
				t.Errorf("%s: %s, want %s", c.name, got, c.uri)
			}
		}
	}
}

func channel() *feed.Channel {
	return &feed.Channel{
		Title: "Wire <A> & B", Link: "https://wire.example/", Self: "https://wire.example/feeds/1", Hub: "https://hub.example/",
		Next: "https://wire.example/feeds/1?before=9", Language: "ar", Copyright: "© Wire", Interval: 10 * time.Minute,
		Updated: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC),
	}
}

func items() []*news.Item {
	at := time.Date(2026, 6, 1, 9, 0, 0, 0, time.FixedZone("", 3*60*60))
	return []*news.Item{
		{
			URI: "urn:newsml:wire.example:20260601:1", Type: news.Text, Language: "ar", By: "ليلى حداد", CopyrightNotice: "© آفاق",
			Headlines: []news.Words{{Value: "عنوان & <خبر>"}}, Descriptions: []news.Words{{Value: "ملخص < الخبر"}},
			Bodies:         []news.Words{{ContentType: "text/html", Value: `<p>نص <a href="https://x.example/?a=1&amp;b=2">رابط</a></p>`}},
			FirstCreated:   at,
			VersionCreated: at.Add(time.Hour),
			Subjects:       []news.Concept{{Name: "رياضة", URI: "http://cv.iptc.org/newscodes/mediatopic/15000000"}},
			Associations: []news.Item{{
				Name: "media-1", Type: news.Picture, URI: "https://wire.example/m/1.jpg", CreditLine: "Afaq & Co",
				Descriptions: []news.Words{{Role: "caption", Value: "صورة"}},
				Renditions:   []news.Rendition{{Name: "main", Href: "https://wire.example/m/1.jpg", ContentType: "image/jpeg", Width: 800, Height: 600, SizeInBytes: 1234}},
			}},
		},
		{URI: "tag:wire.example,2026:2", Type: news.Text, Language: "ru", Headlines: []news.Words{{Value: "Заголовок"}}, Bodies: []news.Words{{Value: "Раз\n\nДва"}}, FirstCreated: at, VersionCreated: at},
		{URI: "tag:wire.example,2026:3", Headlines: []news.Words{{Value: "SECRET withheld"}}, PubStatus: news.Withheld, VersionCreated: at},
		{URI: "tag:wire.example,2026:4", Headlines: []news.Words{{Value: "SECRET embargoed"}}, Embargoed: channel().Updated.Add(time.Second), VersionCreated: at},
		{URI: "tag:wire.example,2026:5", Headlines: []news.Words{{Value: "SECRET killed"}}, Bodies: []news.Words{{Value: "SECRET"}}, PubStatus: news.Canceled, EdNote: "wrong name", VersionCreated: at},
	}
}

func writers(t *testing.T) map[string][]byte {
	t.Helper()
	js, err := feed.WriteJSON(channel(), items())
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"rss": feed.WriteRSS(channel(), items()), "atom": feed.WriteAtom(channel(), items()), "jsonfeed": js}
}

func TestWithheldEmbargoedAndKilledWordsNeverLeaveInAFeed(t *testing.T) {
	for name, data := range writers(t) {
		if bytes.Contains(data, []byte("SECRET")) {
			t.Errorf("%s lets out what must stay in:\n%s", name, data)
		}
	}
}

func TestWrittenFeedsAreReadBack(t *testing.T) {
	for name, data := range writers(t) {
		t.Run(name, func(t *testing.T) {
			f, losses, err := feed.Read(data)
			if err != nil || len(losses) > 0 {
				t.Fatal(err, losses)
			}
			c := channel()
			if f.Format != name || f.Title != c.Title || f.Link != c.Link || f.Self != c.Self || f.Hub != c.Hub || f.Next != c.Next || f.Language != c.Language {
				t.Errorf("channel %+v", f)
			}
			if name == "rss" && f.Interval != c.Interval {
				t.Errorf("interval %v", f.Interval)
			}
			want := items()
			if len(f.Items) != 3 {
				t.Fatalf("%d items, want 3", len(f.Items))
			}
			got := f.Items[0]
			if got.URI != want[0].URI || got.Headline() != want[0].Headline() || got.Summary() != want[0].Summary() || got.By != want[0].By ||
				got.Body() != want[0].Body() || got.CopyrightNotice != want[0].CopyrightNotice ||
				!got.FirstCreated.Equal(want[0].FirstCreated) || !got.VersionCreated.Equal(want[0].VersionCreated) {
				t.Errorf("%+v", got)
			}
			if name == "atom" && (len(got.Subjects) != 1 || got.Subjects[0].URI != want[0].Subjects[0].URI || got.Subjects[0].Name != "رياضة") {
				t.Errorf("subjects %+v", got.Subjects)
			}
			if len(got.Associations) != 1 {
				t.Fatalf("associations %+v", got.Associations)
			}
			pic, was := got.Associations[0], want[0].Associations[0]
			if pic.URI != was.URI || pic.CreditLine != was.CreditLine || pic.Renditions[0].Href != was.Renditions[0].Href || pic.Type != news.Picture {
				t.Errorf("picture %+v", pic)
			}
			kill := f.Items[2]
			if kill.URI != want[4].URI || kill.PubStatus != news.Canceled || !strings.Contains(kill.EdNote+kill.Summary(), "wrong name") {
				t.Errorf("kill %+v", kill)
			}
		})
	}
}

func TestIntervalIsWhatTheFeedSaysWithinReason(t *testing.T) {
	for _, c := range []struct {
		said string
		want time.Duration
	}{
		{"<ttl>15</ttl>", 15 * time.Minute},
		{"<ttl>0</ttl>", 0},
		{"<ttl>99999999</ttl>", 0},
		{"<ttl>often</ttl>", 0},
		{`<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>`, 24 * time.Hour},
		{`<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">hourly</sy:updatePeriod><sy:updateFrequency xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">4</sy:updateFrequency>`, 15 * time.Minute},
	} {
		f, _, err := feed.Read(rss(c.said))
		if err != nil || f.Interval != c.want {
			t.Errorf("%s: %v, %v", c.said, f.Interval, err)
		}
	}
}

// bigFeed is a feed of 50 entries of about 1.3 KB, most of it the body.
func bigFeed() []byte {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, `<item><title>Rain comes to valley %d</title><link>https://x.example/%d</link><guid isPermaLink="false">https://x.example/?p=%d</guid><pubDate>Tue, 03 Mar 2026 09:%02d:44 +0000</pubDate><dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Ann Field</dc:creator><category>weather</category><category>valley</category><description>Rain is expected.</description><content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/"><![CDATA[`, i, i, i, i)
		for range 5 {
			b.WriteString("<p>Rain is expected in the valley from <em>Friday</em> on, the weather service said &amp; asked hikers to take a coat with them on the way to the upper lakes.</p>\n")
		}
		b.WriteString(`]]></content:encoded><media:content xmlns:media="http://search.yahoo.com/mrss/" url="https://x.example/p.jpg" medium="image" width="800" height="600"/></item>`)
	}
	return rss(b.String())
}

// BenchmarkRead prints feeds of 50 entries a second, and their ratio to gofeed
// alone, which turns the same bytes into structs of its own.
func BenchmarkRead(b *testing.B) {
	data := bigFeed()
	const sample = 100
	start := time.Now()
	for range sample {
		if f, err := gofeed.NewParser().Parse(bytes.NewReader(data)); err != nil || len(f.Items) != 50 {
			b.Fatal("the baseline does not read the feed", err)
		}
	}
	baseline := sample / time.Since(start).Seconds()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		f, _, err := feed.Read(data)
		if err != nil || len(f.Items) != 50 {
			b.Fatal(err)
		}
	}
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "feeds/s")
	b.ReportMetric(rate/baseline, "ratio-to-gofeed")
}
