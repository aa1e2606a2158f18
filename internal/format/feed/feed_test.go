package feed_test

import (
	"bytes"
	"flag"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"jisr/internal/format/benchtest"
	"jisr/internal/format/feed"
	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
	"jisr/internal/news"
)

const pattern = "testdata/*.[jx]*"

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFeedsReadAsTheirGoldenFilesSay keeps what each dialect becomes.
func TestFeedsReadAsTheirGoldenFilesSay(t *testing.T) {
	f := goldentest.Format{Pattern: pattern, Fewest: 8, Detect: func(head []byte) bool { return feed.Detect(head) != "" }}
	f.Read = func(data []byte) ([]*news.Item, []loss.Loss, error) {
		got, losses, err := feed.Read(data)
		if err != nil {
			return nil, nil, err
		}
		return got.Items, losses, nil
	}
	f.Check(t, *update)
}

// TestFeedsSayHowToFetchThemNext: what a poller needs to know of each dialect.
func TestFeedsSayHowToFetchThemNext(t *testing.T) {
	for _, c := range []struct {
		file string
		want feed.Feed
	}{
		{"wordpress-en.xml", feed.Feed{Format: "rss", Version: "2.0", Title: "Harbour Post – News", Link: "https://harbourpost.example", Language: "en-GB",
			Self: "https://harbourpost.example/feed/", Interval: 30 * time.Minute}},
		{"broadcaster-media-ar.xml", feed.Feed{Format: "rss", Version: "2.0", Title: "قناة الأفق - أخبار", Link: "https://ufuq.example/ar", Language: "ar",
			Copyright: "جميع الحقوق محفوظة لقناة الأفق 2026", Self: "https://ufuq.example/ar/rss.xml", Hub: "https://hub.ufuq.example/", Interval: 15 * time.Minute}},
		{"atom-ru.xml", feed.Feed{Format: "atom", Version: "1.0", Title: "Маяк. Наука", Link: "https://mayak.example/science", Language: "ru", Copyright: "© Маяк, 2026",
			Self: "https://mayak.example/science.atom", Hub: "https://hub.mayak.example/websub", Next: "https://mayak.example/science.atom?page=2"}},
		{"jsonfeed-ar.json", feed.Feed{Format: "jsonfeed", Version: "1.1", Title: "صحيفة المرسى", Link: "https://marsa.example/", Language: "ar",
			Self: "https://marsa.example/feed.json", Hub: "https://hub.marsa.example/", Next: "https://marsa.example/feed.json?p=2"}},
		{"rdf-en.xml", feed.Feed{Format: "rss", Version: "1.0", Title: "Official Gazette", Link: "https://gazette.example/", Language: "en", Copyright: "Open licence"}},
	} {
		data := goldentest.File(t, "testdata/"+c.file)
		if v := feed.Version(data[:min(len(data), 1024)]); v != c.want.Version {
			t.Errorf("%s: version %q", c.file, v)
		}
		got, _, err := feed.Read(data)
		if err != nil {
			t.Fatal(err)
		}
		got.Items = nil
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: %+v", c.file, *got)
		}
	}
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

// BenchmarkRead prints feeds of 50 entries a second, and their ratio to gofeed
// alone, which turns the same bytes into structs of its own.
func BenchmarkRead(b *testing.B) {
	data := benchtest.RSS()
	baseline, err := benchtest.Rate(data, func(data []byte) error {
		_, err := gofeed.NewParser().Parse(bytes.NewReader(data))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
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
