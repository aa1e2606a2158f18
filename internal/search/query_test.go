package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// desk is a small wire whose items have all that can be asked for.
func desk() []act {
	flood := text("urn:flood", "en", "Flood hits the old city", "The river rose at night. Officials opened the gates of the dam.")
	flood.Slugline, flood.By, flood.Urgency = "RIVER-FLOOD", "Jane Doe", 2
	flood.Subjects = []news.Concept{{URI: "http://cv.iptc.org/newscodes/mediatopic/20000151", Name: "natural disaster", Names: map[string]string{"ru": "стихийное бедствие"}}}
	flood.Places = []news.Concept{{Name: "Tunis", Names: map[string]string{"ar": "تونس"}}}
	flood.People = []news.Concept{{Name: "Amal Haddad"}}
	flood.Organisations = []news.Concept{{Name: "Red Crescent", Literal: "org:RC"}}

	dam := text("urn:dam", "ru", "Плотина выдержала", "Река поднялась ночью, но плотина выдержала. Говорит Иван Петров.")
	dam.Urgency, dam.By = 4, "Иван Петров"
	dam.Subjects = []news.Concept{{Literal: "medtop:20000151", Name: "стихийное бедствие"}}

	vote := text("urn:vote", "ar", "انتخابات تونس", "قال مسؤول إن التصويت بدأ صباح اليوم في تونس")
	vote.Type, vote.Urgency = news.Video, 5
	vote.Places = []news.Concept{{URI: "http://example.org/places/tn", Name: "تونس"}}
	return []act{
		{item: flood, at: noon.Add(-26 * time.Hour)},
		{origin: "other.example", item: dam, at: noon.Add(-time.Hour)},
		{item: vote, at: noon.Add(-40 * 24 * time.Hour)},
		{item: text("urn:night", "en", "Night market", "The old market of the city hits records"), at: noon.AddDate(-1, 0, 0)},
	}
}

func TestQueryFindsByFieldGroupAndTime(t *testing.T) {
	queries := map[string][]string{
		`headline:flood`:       {"urn:flood"},
		`headline:city`:        {"urn:flood"},
		`city`:                 {"urn:night", "urn:flood"},
		`headline:"old city"`:  {"urn:flood"},
		`headline:"city old"`:  nil,
		`title:flooded`:        {"urn:flood"},
		`заголовок:плотины`:    {"urn:dam"},
		`عنوان:الانتخابات`:     {"urn:vote"},
		`slugline:river-flood`: {"urn:flood"},
		`by:"jane doe"`:        {"urn:flood"},
		`by:doe`:               {"urn:flood"},
		`автор:петров`:         {"urn:dam"},
		`subject:disasters`:    {"urn:flood"},
		`subject:"стихийные бедствия"`: {"urn:dam", "urn:flood"},
		`subject:20000151`:        {"urn:dam", "urn:flood"},
		`subject:medtop:20000151`: {"urn:dam"},
		`subject:http://cv.iptc.org/newscodes/mediatopic/20000151`: {"urn:flood"},
		`place:تونس`:                         {"urn:vote", "urn:flood"},
		`place:TN`:                           {"urn:vote"},
		`person:haddad`:                      {"urn:flood"},
		`person:tunis`:                       nil,
		`org:"red crescent"`:                 {"urn:flood"},
		`org:org:rc`:                         {"urn:flood"},
		`lang:ar`:                            {"urn:vote"},
		`lang:EN-us`:                         {"urn:night", "urn:flood"},
		`type:video`:                         {"urn:vote"},
		`type:(video OR picture)`:            {"urn:vote"},
		`desk:World`:                         {"urn:night", "urn:vote", "urn:dam", "urn:flood"},
		`desk:"the sports desk"`:             nil,
		`origin:other.example`:               {"urn:dam"},
		`partner:Other.Example`:              {"urn:dam"},
		`-origin:other.example`:              {"urn:night", "urn:vote", "urn:flood"},
		`urgency:2`:                          {"urn:flood"},
		`urgency:٢`:                          {"urn:flood"},
		`urgency:1-4`:                        {"urn:dam", "urn:flood"},
		`status:usable flood`:                {"urn:flood"},
		`id:urn:flood`:                       {"urn:flood"},
		`id:urn:flood river`:                 {"urn:flood"},
		`id:urn:flood market`:                nil,
		`id:urn:nothing`:                     nil,
		`from:today`:                         {"urn:dam"},
		`от:сегодня`:                         {"urn:dam"},
		`from:yesterday`:                     {"urn:dam", "urn:flood"},
		`on:yesterday`:                       {"urn:flood"},
		`تاريخ:أمس`:                          {"urn:flood"},
		`to:yesterday`:                       {"urn:night", "urn:vote", "urn:flood"},
		`from:7d`:                            {"urn:dam", "urn:flood"},
		`from:2h`:                            {"urn:dam"},
		`from:2026-10-16`:                    {"urn:vote", "urn:dam", "urn:flood"},
		`from:2026-10 to:2026-10`:            {"urn:vote"},
		`on:2026-10-16`:                      {"urn:vote"},
		`on:16.10.2026`:                      {"urn:vote"},
		`to:2025`:                            {"urn:night"},
		`from:2025 to:2025`:                  {"urn:night"},
		`from:2026-11-24T10:00 market`:       nil,
		`on:2026-11-24T10:00`:                {"urn:flood"},
		`from:3000`:                          nil,
		`river (market OR gates)`:            {"urn:flood"},
		`(flood OR плотина) -lang:ru`:        {"urn:flood"},
		`flood OR (market night)`:            {"urn:night", "urn:flood"},
		`(river OR market) -(flood OR dam)`:  {"urn:night"},
		`city -headline:(flood OR election)`: {"urn:night"},
		`-(flood OR dam)`:                    {"urn:night", "urn:vote", "urn:dam"},
		`-lang:en OR flood`:                  {"urn:vote", "urn:dam", "urn:flood"},
		`-lang:ru -lang:ar -market`:          {"urn:flood"},
		`subject:(disaster -natural)`:        nil,
		`(city)`:                             {"urn:night", "urn:flood"},
		`city()`:                             {"urn:night", "urn:flood"},
		`city :)`:                            {"urn:night", "urn:flood"},
		`1) city`:                            nil, // there is no 1
		`"(city"`:                            {"urn:night", "urn:flood"},
		`http://city`:                        nil,
		`lang: city`:                         nil, // refused, see below
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, desk()...)
		for q, want := range queries {
			if strings.HasPrefix(q, "lang: ") {
				continue
			}
			ix.expect(t, Query{Text: q}, want...)
		}
		ix.expect(t, Query{Text: "from:yesterday -lang:ru", Language: "en", Type: news.Text, Origin: "wire.example", From: noon.AddDate(0, 0, -3), To: noon}, "urn:flood")
		// In Vladivostok it is late in the evening: what came 26 hours ago came yesterday, and an hour ago is today.
		far := time.FixedZone("far", 10*3600)
		ix.expect(t, Query{Text: "on:today", In: far}, "urn:dam")
		ix.clock = noon.Add(3 * time.Hour) // there a new day has begun
		ix.expect(t, Query{Text: "on:today", In: far})
		ix.expect(t, Query{Text: "on:yesterday", In: far}, "urn:dam")
	})
}

func TestWrongQuerySaysWhereAndHowToMendIt(t *testing.T) {
	a := newAnalyser()
	for q, want := range map[string]string{
		`flood (river OR dam`:             "at character 7: the parenthesis ( is not closed",
		`река (лес`:                       "at character 6",
		`lang: city`:                      `at character 1: lang: has no value`,
		`flood subject:()`:                "at character 7: subject: has no value",
		`flood headline:`:                 "at character 7: headline: has no value",
		`headline:the`:                    "holds no word that can be looked for",
		`type:movie`:                      "type:movie is not a type; there are text, picture",
		`status:gone`:                     "there are usable, held, killed",
		`urgency:12`:                      "from 1 (highest) to 9",
		`urgency:5-2`:                     "from 1 (highest) to 9",
		`from:tomorrowish`:                `"tomorrowish" is no date: write 2026-11-25`,
		`from:2026-13`:                    "is no date",
		`on:2026-02-30`:                   "is no date",
		`on:11/12/2026`:                   "is no date",
		`flood OR from:today`:             "at character 10: from: narrows the whole search",
		`from:today OR flood`:             "at character 12",
		`(from:today flood)`:              "write it by itself",
		`-to:today`:                       "without -",
		`id:a id:b`:                       "id: stands twice",
		strings.Repeat("(", 30) + "a":     "20 deep",
		strings.Repeat("lang:ar ", 60):    "50 words",
		strings.Repeat("headline:b ", 60): "50 words",
	} {
		_, err := parse(a, q, "", noon)
		if news.KindOf(err) != news.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", q, err, want)
		}
	}
}

// TestNotIsTheSameEverywhere checks what engines write differently, by trying all
// small expressions on both and in memory.
func TestExpressionsMeanTheSameOnBothEnginesAndInMemory(t *testing.T) {
	leaves := []string{"flood", "market", `"old city"`, "headline:city", "lang:ru", "night", "-river", "-market"}
	var queries []string
	for _, a := range leaves {
		for _, b := range leaves {
			queries = append(queries, a+" "+b, a+" OR "+b, "-("+a+" OR "+b+")", "-("+a+" "+b+")", "(-"+strings.TrimPrefix(a, "-")+") OR ("+b+" dam)",
				"("+a+" OR "+b+") (city OR -"+strings.TrimPrefix(b, "-")+")")
		}
	}
	reader := NewReader()
	texts := map[string]*Text{}
	for _, a := range desk() {
		texts[a.item.URI] = reader.Read(&a.item)
	}
	results := map[string][]string{}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, desk()...)
		for _, q := range queries {
			got := ix.find(t, Query{Text: q})
			if before, ok := results[q]; ok && !slices.Equal(got, before) {
				t.Errorf("%s found %v on %s, %v on the other engine", q, got, d.Engine, before)
			}
			results[q] = got
			w, err := NewWatch(q)
			if err != nil {
				t.Fatal(err)
			}
			for uri, text := range texts {
				if w.Matches(text) != slices.Contains(got, uri) {
					t.Errorf("%s found %v, but of %s a watch says %v", q, got, uri, w.Matches(text))
				}
			}
		}
	})
}

func TestBestFirstPutsItemsFirstThatAreAboutIt(t *testing.T) {
	acts := []act{
		{item: text("urn:title", "en", "Storm in the north", "A short text.")},
		{item: text("urn:matter", "en", "Weather", strings.Repeat("The storm came. ", 4))},
		{item: text("urn:once", "en", "Sports", "Nobody spoke of the storm.")},
		{item: text("urn:title2", "en", "North sees storm", "Another text.")},
		{item: text("urn:phrase", "en", "A north storm", "Another text.")},
	}
	for i := range 120 {
		acts = append(acts, act{item: text(fmt.Sprintf("urn:%d", i), "en", "Other", "a storm and more")})
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, acts...)
		ix.expect(t, Query{Text: "storm", Order: Best, Limit: 5}, "urn:phrase", "urn:title2", "urn:title", "urn:matter", "urn:119")
		ix.expect(t, Query{Text: `"north storm"`, Order: Best}, "urn:phrase")
		ix.expect(t, Query{Text: `"the north" storm`, Order: Best}, "urn:phrase", "urn:title2", "urn:title")
		ix.expect(t, Query{Text: `-storm`, Order: Best})
		ix.expect(t, Query{Text: `lang:en`, Order: Best, Limit: 1}, "urn:119")
		// Page by page the order is that of one long page.
		long := ix.find(t, Query{Text: "storm", Order: Best, Limit: 200})
		var pages []string
		q := Query{Text: "storm", Order: Best, Limit: 2}
		for {
			found, err := ix.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range found.Hits {
				pages = append(pages, h.URI)
			}
			if found.NextBefore == 0 {
				break
			}
			q.Before, q.Tier = found.NextBefore, found.NextTier
		}
		if !slices.Equal(pages, long) || len(long) != len(acts) {
			t.Errorf("page by page %d items in the order\n%v\nat once %d in\n%v", len(pages), pages, len(long), long)
		}
	})
}

func TestKilledItemsAreFoundByTheirStatus(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, act{item: text("urn:a", "en", "Minister", "libel")}, act{item: text("urn:b", "en", "Minister", "text")})
		ix.add(t, act{item: text("urn:a", "en", "Minister", "libel"), act: news.Kill, version: 2}, act{item: text("urn:b", "en", "Minister", "text"), act: news.Hold, version: 2})
		ix.expect(t, Query{Text: "minister"}, "urn:b")
		ix.expect(t, Query{Text: "minister status:killed"}, "urn:a")
		ix.expect(t, Query{Text: "status:held"}, "urn:b")
	})
}
