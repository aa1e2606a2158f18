package feed_test

import (
	"strings"
	"testing"
	"time"

	"jisr/internal/format/feed"
	"jisr/internal/format/goldentest"
	"jisr/internal/news"
)

func TestBrokenOrHostileFeedsAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct {
		name, data, says string
		kind             news.Kind
	}{
		{"no feed", "hello", "no RSS, Atom or JSON feed", news.Invalid},
		{"HTML", "<!DOCTYPE html><html><body>moved</body></html>", "no RSS, Atom or JSON feed", news.Invalid},
		{"cut off", `<rss version="2.0"><channel><item><title>a`, "not well-formed", news.Invalid},
		{"broken JSON", `{"version":"https://jsonfeed.org/version/1.1","items":[`, "cannot be read", news.Invalid},
		{"too deep", string(rss(strings.Repeat("<a>", 20_000) + strings.Repeat("</a>", 20_000))), "more than 100 deep", news.TooLarge},
		{"entity bomb", `<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + string(rss("<item><title>&b;</title></item>")), "entities", news.Invalid},
		{"external entity", `<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + string(rss("<item><title>&a;</title></item>")), "entities", news.Invalid},
		{"too many entries", string(rss(strings.Repeat("<item><guid>a</guid></item>", feed.MaxEntries+1))), "5000 entries", news.TooLarge},
		{"too large", strings.Repeat(" ", feed.MaxSize+1), "16777216 allowed", news.TooLarge},
		{"unknown charset", `<?xml version="1.0" encoding="x-klingon"?>` + string(rss("")), "x-klingon", news.Invalid},
	} {
		start := time.Now()
		_, _, err := feed.Read([]byte(c.data))
		if news.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.300v", c.name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
}

func TestWhatIsStrangeInAnEntryIsALoss(t *testing.T) {
	for _, c := range []struct{ name, entry, path string }{
		{"a date that is none", "<guid>a</guid><pubDate>soon</pubDate>", "entry[1]/pubDate"},
		{"a date without zone", "<guid>a</guid><pubDate>2026-01-01 10:00:00</pubDate>", "entry[1]/pubDate"},
		{"a link that runs a script", "<guid>a</guid><link>javascript:alert(1)</link>", "entry[1]/link"},
		{"no identity at all", "<title>A</title>", "entry[1]"},
		{"a file of another scheme", `<guid>a</guid><enclosure url="file:///etc/passwd" type="audio/mpeg" length="1"/>`, "entry[1]/link"},
		{"a status that we do not know", `<guid>a</guid><category domain="http://cv.iptc.org/newscodes/pubstatusg2/">spiked</category>`, "entry[1]/category"},
	} {
		f, losses, err := feed.Read(rss("<item>" + c.entry + "</item>"))
		if err != nil || len(f.Items) != 1 {
			t.Fatal(c.name, err)
		}
		if len(losses) != 1 || losses[0].Path != c.path {
			t.Errorf("%s: %v", c.name, losses)
		}
		if len(f.Items[0].Associations) > 0 {
			t.Errorf("%s: %+v", c.name, f.Items[0].Associations)
		}
	}
}

func TestRepetitionCostsNoMoreThanItsLength(t *testing.T) {
	for name, entry := range map[string]string{
		"categories": strings.Repeat("<category>a</category>", 100_000),
		"media":      strings.Repeat(`<media:content xmlns:media="http://search.yahoo.com/mrss/" url="https://x.example/a"/>`, 20_000),
		"extensions": strings.Repeat(`<x:a xmlns:x="u:x"><x:b/></x:a>`, 50_000),
		"ampersands": "<title>" + strings.Repeat("&amp;", 200_000) + "</title>",
	} {
		start := time.Now()
		f, losses, err := feed.Read(rss("<item><guid>a</guid>" + entry + "</item>"))
		if err != nil || len(f.Items) != 1 || len(losses) > 200 {
			t.Errorf("%s: %v, %d losses", name, err, len(losses))
		}
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// FuzzRead asks that no input crashes or hangs the reader, and that whatever is
// read can be written in all three formats and read again.
func FuzzRead(f *testing.F) {
	goldentest.Seed(f, pattern)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, losses, err := feed.Read(data)
		if err != nil {
			return
		}
		if feed.Detect(data) == "" || len(losses) > 200 {
			t.Error("not detected, or too many losses")
		}
		if len(got.Items) == 0 {
			return
		}
		goldentest.Sound(t, got.Items, losses, nil)
		c := &feed.Channel{Title: "T", Link: "https://x.example/", Self: "https://x.example/f", Updated: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}
		js, err := feed.WriteJSON(c, got.Items)
		if err != nil {
			t.Fatal(err)
		}
		for _, written := range [][]byte{feed.WriteRSS(c, got.Items), feed.WriteAtom(c, got.Items), js} {
			if _, _, err := feed.Read(written); err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
		}
	})
}
