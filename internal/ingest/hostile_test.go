package ingest

import (
	"strings"
	"testing"

	"jisr/internal/db"
	"jisr/internal/news"
)

func TestEveryBadFileStaysWithAReason(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Folder, nil)
		for name, f := range map[string]File{
			"leads up":        {Name: "../../etc/passwd.json", Data: []byte(item(story, "1", "x"))},
			"is absolute":     {Name: "/etc/passwd.json", Data: []byte(item(story, "1", "x"))},
			"of Windows":      {Name: `..\..\x.json`, Data: []byte(item(story, "1", "x"))},
			"with controls":   {Name: "a\nb.json", Data: []byte(item(story, "1", "x"))},
			"no UTF-8":        {Name: "a\xff.json", Data: []byte(item(story, "1", "x"))},
			"with NUL":        {Name: "a\x00.json", Data: []byte(item(story, "1", "x"))},
			"long name":       {Name: strings.Repeat("a", 5000), Data: []byte(item(story, "1", "x"))},
			"empty":           {Name: "empty.xml"},
			"too large":       {Name: "big.xml", Data: make([]byte, MaxFile+1)},
			"not fetched":     {Name: "huge.xml", Err: news.Errorf(news.TooLarge, "", "2 GB are more than is fetched: have it split")},
			"no format":       {Name: "x.txt", Data: []byte("\x01\x02\x03")},
			"bomb":            {Name: "bomb.xml", Data: []byte(`<?xml version="1.0"?><!DOCTYPE newsItem [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x:1" version="1"><contentMeta><headline>&b;</headline></contentMeta></newsItem>`)},
			"deep":            {Name: "deep.xml", Data: []byte(`<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x:1" version="1">` + strings.Repeat("<a>", 20000))},
			"no headline":     {Name: "none.json", Data: []byte(`{"uri":"urn:x:bad uri","type":"text","headlines":[{"value":"x"}]}`)},
			"broken off":      {Name: "half.json", Data: []byte(`{"uri":"urn:x:1","type":"te`)},
			"from the future": {Name: "future.json", Data: []byte(item("urn:x:2", "1", "x", `"versionCreated":"2036-01-01T00:00:00Z"`))},
		} {
			t.Run(name, func(t *testing.T) {
				f.Key = name
				a, isNew, err := h.keep(t.Context(), src, f)
				must(t, err)
				if !isNew {
					t.Fatal("it was not kept")
				}
				h.clock.advance(h.loneWait + 1)
				h.wants(h.taken(a.ID), Broken, story, 0, "")
				if f.Err == nil && len(f.Data) > 0 && len(f.Data) <= MaxFile {
					_, r, err := h.OpenArrival(t.Context(), a.ID)
					must(t, err)
					r.Close()
				}
			})
		}
		st, err := h.Source(t.Context(), src.ID)
		must(t, err)
		if h := st.Health; h.Failed != 16 || h.Waiting != 0 || h.ErrorRate != 1 || h.Recent != 16 {
			t.Errorf("health: %+v", h)
		}
	})
}

func TestOneBadItemDoesNotKeepTheOthersOfItsFile(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Blog", Feed, nil)
		feed := `<rss version="2.0"><channel><title>B</title><link>https://b.example/</link>` +
			`<item><guid>https://b.example/1</guid><title>One</title></item>` +
			`<item><guid>https://b.example/2</guid><title>Two</title><pubDate>Mon, 01 Jan 2057 00:00:00 GMT</pubDate></item></channel></rss>`
		a := h.brings(src, "feed", feed)
		h.wants(a, Broken, "https://b.example/1", 1, news.StatusUsable)
		h.wants(a, Broken, "https://b.example/2", 0, "")
		// The feed repeats what failed: that is one failure, not one a poll.
		b := h.brings(src, "feed again", strings.Replace(feed, "<title>B<", "<title>B <", 1))
		h.wants(b, Done, "https://b.example/2", 0, "")
		if b.Unchanged != 2 {
			t.Errorf("unchanged: %d", b.Unchanged)
		}
		// Trying again means trying: the reason is still there.
		_, err := h.Retry(t.Context(), a.ID)
		must(t, err)
		h.wants(h.taken(a.ID), Broken, "https://b.example/2", 0, "")
	})
}

func TestNoSourceReachesForWhatIsNotItsOwn(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		agency := h.source("Agency", Push, nil)
		stranger := h.source("Stranger", Push, &Rules{})
		h.wants(h.brings(agency, "1.json", item(story, "1", "First")), Done, story, 1, news.StatusUsable)
		h.wants(h.brings(stranger, "k.json", item(story, "2", "Kill", killed)), SetAside, story, 1, news.StatusUsable)
		const ours = "tag:house.example,2026:ours"
		_, err := h.desk.Issue(t.Context(), issueOf(ours))
		must(t, err)
		h.wants(h.brings(agency, "o.json", item(ours, "9", "Taken over")), SetAside, ours, 1, news.StatusUsable)
		h.wants(h.brings(agency, "ok.json", item(ours, "9", "Kill", killed)), SetAside, ours, 1, news.StatusUsable)
	})
}

func TestASourceIsDisclosedWhereTheItemNamesNone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Push, &Rules{Publish: true, Language: "ar", CreditLine: "Kuna/Jisr",
			Subjects: []news.Concept{{URI: "http://cv.iptc.org/newscodes/mediatopic/15000000", Name: "sport"}}})
		h.brings(src, "1.json", item(story, "1", "First", `"infoSources":[{"name":"Other"}]`, `"usageTerms":"theirs"`))
		h.brings(src, "2.json", item(story+"b", "1", "Second"))
		first, second := h.head(story).Item, h.head(story+"b").Item
		if first.InfoSources[0].Name != "Other" || first.Language != "en" || first.UsageTerms != "theirs" {
			t.Errorf("rules replaced what the sender wrote: %+v", first)
		}
		if second.InfoSources[0].Name != "Kuna" || second.CreditLine != "Kuna/Jisr" || len(second.Subjects) != 1 {
			t.Errorf("rules did not fill what was missing: %+v", second)
		}
	})
}
