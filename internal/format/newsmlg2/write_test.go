package newsmlg2_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/news"
)

// TestWritingGivesBackWhatWasRead writes every item of the corpus and reads it
// again.
func TestWritingGivesBackWhatWasRead(t *testing.T) {
	// What the files say and the standard has no place for.
	beside := map[string]string{
		"efe-nitf-latin1.xml": "/associations/0: an association without URI is not written: NewsML-G2 only refers to items",
		"event-ar.xml":        "/eventDetails/dates/duration: an event has an end or a duration",
	}
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			items, _, err := newsmlg2.Read(goldentest.File(t, file))
			if err != nil {
				t.Fatal(err)
			}
			written, lost, apart, err := newsmlg2.WriteFor(items)
			if err != nil || len(lost) > 0 {
				t.Fatal(err, lost)
			}
			if problems := newsmlg2.Check(written); len(problems) > 0 {
				t.Errorf("not valid: %v\n%s", problems, written)
			}
			want := beside[filepath.Base(file)]
			if len(apart) > 0 != (want != "") || len(apart) > 0 && (len(apart) > 1 || apart[0].String() != want) {
				t.Errorf("beside the standard: %v", apart)
			}
			again, _, err := newsmlg2.Read(written)
			if err != nil || len(again) != len(items) {
				t.Fatalf("%v\n%s", err, written)
			}
			for i := range items {
				if d := goldentest.Diff(items[i], again[i]); d != "" {
					t.Errorf("%s%s", d, written)
				}
			}
		})
	}
}

// TestEveryItemComesBackAsItWas writes generated items of three scripts and reads
// them: each is as it was, the output is valid, and what the standard alone does not
// give back is named.
func TestEveryItemComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := genItem().Draw(t, "item")
		written, lost, apart, err := newsmlg2.WriteFor([]*news.Item{&it})
		if err != nil || len(lost) > 0 {
			t.Fatal(err, lost)
		}
		if problems := newsmlg2.Check(written); len(problems) > 0 {
			t.Fatalf("not valid: %v\n%s", problems, written)
		}
		if d := goldentest.Diff(&it, readOne(t, written)); d != "" {
			t.Fatalf("%s%s", d, written)
		}
		others := readOne(t, withoutMore(written))
		if d := goldentest.Unreported(&it, others, apart, ""); d != "" {
			t.Fatalf("to others: %sapart %v\n%s", d, apart, written)
		}
	})
}

// TestAChangeOnTheWayCounts: what stands beside the standard holds only as long as
// the rest of the document says what it said.
func TestAChangeOnTheWayCounts(t *testing.T) {
	it := &news.Item{
		URI: "urn:x:1", Type: news.Text, Embargoed: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), PubStatus: news.Withheld,
		Bodies: []news.Words{{Role: "main", Value: "The old text."}}, TrustIndicators: []news.Link{{Title: "t"}},
	}
	written, _, err := newsmlg2.Write([]*news.Item{it})
	if err != nil {
		t.Fatal(err)
	}
	if d := goldentest.Diff(it, readOne(t, written)); d != "" {
		t.Fatal(d)
	}
	changed := bytes.Replace(written, []byte(">The old text.<"), []byte(">The corrected text.<"), 1)
	items, losses, err := newsmlg2.Read(changed)
	if err != nil {
		t.Fatal(err)
	}
	if got := items[0].Body().Value; got != "The corrected text." || len(items[0].TrustIndicators) != 1 {
		t.Errorf("the change was undone: %q, %v", got, items[0].TrustIndicators)
	}
	if len(losses) != 1 || !strings.Contains(losses[0].Reason, "bodies was changed") {
		t.Errorf("losses %v", losses)
	}
	// Nobody lets out beside the standard what the standard's elements hold back.
	forged := bytes.Replace(written, []byte(` over="`), []byte(` over="embargoed:0 pubStatus:0 uri:0 nothing:0 `), 1)
	items, losses, err = newsmlg2.Read(forged)
	if err != nil || items[0].URI != "urn:x:1" || items[0].PubStatus != news.Withheld || items[0].Embargoed.IsZero() || len(losses) != 4 {
		t.Errorf("%+v, %v, %v", items, losses, err)
	}
	// What cannot be read is a loss, and the rest counts.
	for _, broken := range []string{"", "{", `{"uri":"urn:x:1","pubStatus":"spiked"}`} {
		text := regexp.MustCompile(`(?s)(<more [^>]*>).*?</more>`).ReplaceAll(written, []byte("${1}"+broken+"</more>"))
		items, losses, err = newsmlg2.Read(text)
		if err != nil || items[0].Body().Value != "The old text." || len(losses) != 1 {
			t.Errorf("%q: %+v, %v, %v", broken, items, losses, err)
		}
	}
}

// withoutMore returns what a receiver sees that knows the standard alone.
func withoutMore(data []byte) []byte {
	return regexp.MustCompile(`(?s)<more xmlns="urn:jisr:g2:".*?</more>`).ReplaceAll(data, nil)
}

func readOne(t rapid.TB, data []byte) *news.Item {
	items, _, err := newsmlg2.Read(data)
	if err != nil || len(items) != 1 {
		t.Fatalf("%v\n%s", err, data)
	}
	return items[0]
}

func genText() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{
		"عَمَّان", "أخبار", "Ёлка", "«да»", "café", "plain", `"quoted"`, "<b>&amp;</b>", "🙂", "a\nb", "x:y", " pad", "http://x.example/a", "c\x01d",
	})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 2).Draw(t, "absent") == 0 {
			return ""
		}
		return strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, "words"), " ")
	})
}

func genURI() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"", "urn:newsml:x.example:20260101:1", "http://cv.iptc.org/newscodes/mediatopic/20000123", "http://cv.example/a/b#c", "https://x.example/ж",
		"http://cv.iptc.org/newscodes/none/x", "tag:x.example,2026:a", "ag:code", "http://x.example/%D0%B6",
	})
}

func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		at, err := time.Parse(time.RFC3339, rapid.SampledFrom([]string{
			"0001-01-01T00:00:00Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789+03:00", "1969-07-16T13:32:00-04:30",
		}).Draw(t, "time"))
		if err != nil {
			t.Fatal(err)
		}
		return at
	})
}

func genList[T any](g *rapid.Generator[T], most int) *rapid.Generator[[]T] {
	return rapid.Custom(func(t *rapid.T) []T {
		if s := rapid.SliceOfN(g, 0, most).Draw(t, "list"); len(s) > 0 {
			return s
		}
		return nil
	})
}

func genConcept(rels ...string) *rapid.Generator[news.Concept] {
	return rapid.Custom(func(t *rapid.T) news.Concept {
		text := genText()
		c := news.Concept{
			Name: text.Draw(t, "name"), URI: genURI().Draw(t, "uri"), Literal: text.Draw(t, "literal"),
			Rel: rapid.SampledFrom(append(rels, "")).Draw(t, "rel"), Role: rapid.SampledFrom([]string{"", "speaker", "provider", "own:role", "http://x.example/role", "two words"}).Draw(t, "role"),
		}
		if rapid.IntRange(0, 3).Draw(t, "rich") == 0 {
			n := rapid.IntRange(0, 100).Draw(t, "relevance")
			c.Relevance, c.Confidence = &n, &n
			c.Names = map[string]string{"ar": "اسم", "ru": text.Draw(t, "ru"), "en-GB": text.Draw(t, "en")}
			c.Broader = genList(genURI(), 2).Draw(t, "broader")
			c.GeoJSON = rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage(`{"type":"Point","coordinates":[1,2.5]}`), json.RawMessage(`{"type":"Polygon"}`)}).Draw(t, "geo")
			c.Symbols = genList(rapid.Custom(func(t *rapid.T) news.Symbol {
				return rapid.SampledFrom([]news.Symbol{{Ticker: "ACM", Exchange: "NYX"}, {SymbolType: "isin", Symbol: "X1"}, {Symbol: "y"}, {SymbolType: "http://x.example/t", Symbol: "z"}}).Draw(t, "symbol")
			}), 2).Draw(t, "symbols")
			c.Contacts = genList(rapid.Custom(func(t *rapid.T) news.Contact {
				return rapid.SampledFrom([]news.Contact{
					{Type: "email", Value: "a@x.example", Role: "work", Lang: "ar"}, {Type: "pigeon", Value: "x"}, {Type: "phone", Value: "1", Name: "n"},
					{Type: "address", Address: &news.Address{Lines: []string{"1 ул."}, Locality: "Riga", Country: "LV", PostalCode: "1"}},
				}).Draw(t, "contact")
			}), 2).Draw(t, "contacts")
		}
		return c
	})
}

func genWords(role string) *rapid.Generator[news.Words] {
	return rapid.Custom(func(t *rapid.T) news.Words {
		return news.Words{
			Role: rapid.SampledFrom([]string{"", role, "own:role"}).Draw(t, "role"), ContentType: rapid.SampledFrom([]string{"", "", "text/html"}).Draw(t, "type"),
			Language: rapid.SampledFrom([]string{"", "ru", "??"}).Draw(t, "lang"), Value: genText().Draw(t, "value"),
		}
	})
}

func genBody() *rapid.Generator[news.Words] {
	return rapid.Custom(func(t *rapid.T) news.Words {
		b := rapid.SampledFrom([]news.Words{
			{Value: "Первая строка\nвторая\n\nabc"}, {ContentType: "text/html", Value: `<p>خبر <em>a</em><br>b &amp; c</p><img src="x.jpg" alt="">`},
			{ContentType: "text/html", Value: `<p>open <b>tags<p>x`}, {ContentType: "text/html", Value: "plain & simple"},
			{ContentType: "text/markdown", Value: "# a"}, {ContentType: "application/xml", Value: `<x:data xmlns:x="urn:x"><x:n>1</x:n></x:data>`},
			{ContentType: "application/json", Value: "{}"}, {ContentType: "text/html", Value: " <p>pad</p> "}, {Value: ""},
		}).Draw(t, "body")
		b.WordCount = rapid.IntRange(0, 2).Draw(t, "words")
		b.Language = rapid.SampledFrom([]string{"", "ru"}).Draw(t, "lang")
		return b
	})
}

func genRendition() *rapid.Generator[news.Rendition] {
	return rapid.Custom(func(t *rapid.T) news.Rendition {
		text, n := genText(), rapid.IntRange(0, 5000)
		f := rapid.SampledFrom([]float64{0, 0.5, 25, 8000, 1e20})
		r := news.Rendition{
			Name: rapid.SampledFrom([]string{"main", "thumbnail", "two words"}).Draw(t, "name"), URI: text.Draw(t, "uri"), VersionGUID: text.Draw(t, "guid"), Href: genURI().Draw(t, "href"),
			Version: n.Draw(t, "version"), ContentType: "image/jpeg", Title: text.Draw(t, "title"), Format: text.Draw(t, "format"), Generated: genTime().Draw(t, "generated"),
			Width: n.Draw(t, "w"), Height: n.Draw(t, "h"), SizeInBytes: rapid.Int64Range(0, 1<<40).Draw(t, "size"), Duration: f.Draw(t, "duration"),
			OriginalFilename: text.Draw(t, "file"), Digest: rapid.SampledFrom([]string{"", "sha256:" + strings.Repeat("0a", 32), "md5:1"}).Draw(t, "digest"),
			AverageBitRate: f.Draw(t, "abr"), BitRate: f.Draw(t, "br"), SampleRate: f.Draw(t, "sr"), AudioChannels: n.Draw(t, "channels"), AspectRatio: "16:9",
			ColourSpace: text.Draw(t, "cs"), FrameRate: f.Draw(t, "fps"), Scene: text.Draw(t, "scene"),
		}
		if rapid.Bool().Draw(t, "rich") {
			r.PointOfInterest = &news.Point{X: n.Draw(t, "x"), Y: 7}
			r.Extra = map[string]json.RawMessage{"resolution": json.RawMessage(`"300"`), "channel": json.RawMessage(`"<channel chnlid=\"1\"/>"`), "odd": json.RawMessage(`{}`)}
		}
		return r
	})
}

func genAssociation() *rapid.Generator[news.Item] {
	return rapid.Custom(func(t *rapid.T) news.Item {
		return news.Item{
			URI: genURI().Draw(t, "uri"), Name: rapid.SampledFrom([]string{"main", "side", "related", "copyOf", "delivery", "two words"}).Draw(t, "name"), Version: rapid.SampledFrom([]string{"", "2", "x"}).Draw(t, "version"),
			Type: rapid.SampledFrom([]news.Type{"", news.Text, news.Picture}).Draw(t, "type"), Title: genText().Draw(t, "title"), Representation: "partial",
			Headlines: genList(genWords("main"), 1).Draw(t, "headlines"), PubStatus: rapid.SampledFrom([]news.PubStatus{"", news.Canceled}).Draw(t, "status"),
			Renditions: genList(genRendition(), 1).Draw(t, "renditions"),
		}
	})
}

func genDates() *rapid.Generator[*news.Dates] {
	return rapid.Custom(func(t *rapid.T) *news.Dates {
		truncated := rapid.SampledFrom([]string{"", "2026", "2026-03", "2026-03-01", "spring"})
		return &news.Dates{
			Start: genTime().Draw(t, "start"), End: genTime().Draw(t, "end"), ExpectedStart: truncated.Draw(t, "es"), ExpectedEnd: truncated.Draw(t, "ee"),
			Duration:   rapid.SampledFrom([]string{"", "P1D"}).Draw(t, "duration"),
			Recurrence: rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage(`{"rRule":[{"freq":"YEARLY","interval":"1"}]}`), json.RawMessage(`{"daily":1}`)}).Draw(t, "recurrence"),
		}
	})
}

func genCoverage() *rapid.Generator[news.Coverage] {
	return rapid.Custom(func(t *rapid.T) news.Coverage {
		text, n := genText(), rapid.IntRange(0, 9)
		v := news.Coverage{
			URI: rapid.SampledFrom([]string{"", "c1", "c2", "not an id"}).Draw(t, "uri"), Title: text.Draw(t, "title"), Type: rapid.SampledFrom([]string{"", "text", "picture", "gallery"}).Draw(t, "type"),
			Status: genURI().Draw(t, "status"), Headline: text.Draw(t, "headline"), EdNote: text.Draw(t, "note"), Urgency: n.Draw(t, "urgency"), Language: "ru",
			Scheduled: "2026-03", Services: genList(text, 1).Draw(t, "services"), AssignedTo: text.Draw(t, "to"), ItemCountFrom: n.Draw(t, "from"), ItemCountTo: n.Draw(t, "count"), WordCount: n.Draw(t, "words"),
		}
		if rapid.Bool().Draw(t, "dated") {
			v.Dates = &news.Dates{Start: genTime().Draw(t, "start")}
		}
		return v
	})
}

func genItem() *rapid.Generator[news.Item] {
	return rapid.Custom(func(t *rapid.T) news.Item {
		text, at, concepts := genText(), genTime(), genList(genConcept(), 2)
		it := news.Item{
			URI: "urn:newsml:x.example:20260101:1", Type: rapid.SampledFrom(append(news.Types, "")).Draw(t, "type"), Version: rapid.SampledFrom([]string{"", "3", "1a"}).Draw(t, "version"),
			Profile: text.Draw(t, "profile"), Title: text.Draw(t, "title"), Slugline: text.Draw(t, "slugline"), By: rapid.SampledFrom([]string{"", "By me", "Ада"}).Draw(t, "by"),
			Located: text.Draw(t, "located"), Dateline: text.Draw(t, "dateline"), CreditLine: text.Draw(t, "credit"), Language: rapid.SampledFrom([]string{"", "ar", "en-GB"}).Draw(t, "language"),
			Urgency: rapid.IntRange(0, 9).Draw(t, "urgency"), EdNote: text.Draw(t, "note"), Service: text.Draw(t, "service"),
			Headlines: genList(genWords("main"), 2).Draw(t, "headlines"), Descriptions: genList(genWords("caption"), 2).Draw(t, "descriptions"), Bodies: genList(genBody(), 2).Draw(t, "bodies"),
			FirstCreated: at.Draw(t, "first"), VersionCreated: at.Draw(t, "created"), ContentCreated: at.Draw(t, "content"), ContentDigitised: at.Draw(t, "digitised"),
			Embargoed: at.Draw(t, "embargoed"), Expires: at.Draw(t, "expires"), Representation: rapid.SampledFrom([]string{"", "full", "partial"}).Draw(t, "representation"), PubStatus: rapid.SampledFrom([]news.PubStatus{"", news.Usable, news.Withheld, news.Canceled}).Draw(t, "status"),
			Signals:         genList(genConcept(), 2).Draw(t, "signals"),
			CopyrightHolder: text.Draw(t, "holder"), CopyrightNotice: text.Draw(t, "notice"), UsageTerms: text.Draw(t, "terms"),
			People: concepts.Draw(t, "people"), Organisations: concepts.Draw(t, "organisations"), Places: genList(genConcept("located", "about"), 2).Draw(t, "places"),
			Subjects: genList(genConcept("keyword", "own:kind", "series"), 3).Draw(t, "subjects"), Events: genList(genConcept("broader", "related", "own:rel"), 2).Draw(t, "events"),
			Objects: concepts.Draw(t, "objects"), Genres: concepts.Draw(t, "genres"), InfoSources: concepts.Draw(t, "sources"), Creators: concepts.Draw(t, "creators"), Audiences: concepts.Draw(t, "audiences"),
			DigitalSourceType: rapid.SampledFrom([]string{"", news.DigitalSourceBase + "digitalCapture", "own"}).Draw(t, "source type"),
			AltIDs: genList(rapid.Custom(func(t *rapid.T) news.AltID {
				return news.AltID{Role: rapid.SampledFrom([]string{"", "guid", "own:id", "http://x.example/id", "a b"}).Draw(t, "role"), Value: text.Draw(t, "value")}
			}), 2).Draw(t, "altIds"),
			DerivedFrom: genList(rapid.Custom(func(t *rapid.T) news.Derivation {
				return news.Derivation{Relation: rapid.SampledFrom([]news.DerivationRelation{news.TranslationOf, news.RewriteOf, news.CopyOf, news.PartOf, "echoOf"}).Draw(t, "relation"),
					URI: genURI().Draw(t, "uri"), Version: rapid.SampledFrom([]string{"", "2", "v"}).Draw(t, "version"), Origin: rapid.SampledFrom([]string{"", "x.example/1"}).Draw(t, "origin")}
			}), 2).Draw(t, "derived"),
			Hops: genList(rapid.Custom(func(t *rapid.T) news.Hop {
				return news.Hop{Seq: rapid.IntRange(0, 3).Draw(t, "seq"), Party: genConcept().Draw(t, "party"), Action: rapid.SampledFrom([]string{"", "sent", "edited text, sent", "own:act", "a b c"}).Draw(t, "action"), At: at.Draw(t, "at")}
			}), 2).Draw(t, "hops"),
			Renditions: genList(genRendition(), 2).Draw(t, "renditions"), Associations: genList(genAssociation(), 3).Draw(t, "associations"),
			Parts: genList(rapid.Custom(func(t *rapid.T) news.Part {
				return news.Part{ID: rapid.SampledFrom([]string{"", "p1", "1"}).Draw(t, "id"), Role: rapid.SampledFrom([]string{"", "shot", "own:part", "a b"}).Draw(t, "role"), Seq: rapid.IntRange(0, 3).Draw(t, "seq"),
					Start: "0", End: rapid.SampledFrom([]string{"", "25"}).Draw(t, "end"), Unit: rapid.SampledFrom([]string{"", "frames", "a b"}).Draw(t, "unit"), Description: text.Draw(t, "d"), Language: "ar"}
			}), 2).Draw(t, "parts"),
			PlannedCoverage: genList(genCoverage(), 3).Draw(t, "coverage"),
			Standard:        rapid.SampledFrom([]*news.Standard{nil, {Name: "NewsML-G2", Version: "2.28"}, {Name: "ninjs", Version: "3.0", Schema: "http://x.example/s"}}).Draw(t, "standard"),
			Extra: rapid.SampledFrom([]map[string]json.RawMessage{nil,
				{"itemMeta/generator": json.RawMessage(`"<generator versioninfo=\"3\">X</generator>"`), "contentMeta/contentModified": json.RawMessage(`"2026-01-02T03:04:05Z"`), "itemMeta/memberOf": json.RawMessage(`["<memberOf qcode=\"a:b\"/>","<memberOf qcode=\"a:c\"/>"]`)},
				{"/ninjs": json.RawMessage(`{"a":1}`), "head/meta": json.RawMessage(`"<meta/>"`), "itemMeta/unheardOf": json.RawMessage(`"x"`), "itemMeta/lineage": json.RawMessage(`"<r:lineage xmlns:r=\"urn:r\" depth=\"2\"/>"`)},
			}).Draw(t, "extra"),
		}
		if rapid.Bool().Draw(t, "rich") {
			it.Rights = rapid.SampledFrom([]*news.Rights{{LinkedRights: "https://x.example/r"}, {LangID: "odrl", EncodedRights: `<o:x xmlns:o="urn:o"/>`}, {LangID: "odrl", EncodedRights: "plain"}, {LangID: "odrl"}}).Draw(t, "rights")
			it.EventDetails = &news.EventDetails{Status: genURI().Draw(t, "status"), CoverageStatus: genURI().Draw(t, "coverage"), Dates: genDates().Draw(t, "dates")}
			if rapid.Bool().Draw(t, "organiser") {
				c := genConcept().Draw(t, "organiser")
				it.EventDetails.Organiser = &c
			}
		}
		return it
	})
}

func TestSeveralItemsBecomeOneMessage(t *testing.T) {
	shot := news.Part{ID: "p1", Start: "0", End: "1", Unit: "seconds"}
	group := []news.Item{{URI: "urn:x:9", Name: "main", Representation: "partial"}}
	items := []*news.Item{
		{URI: "urn:x:1", Type: news.Video, Language: "ar", Headlines: []news.Words{{Value: "مطر"}}, Parts: []news.Part{shot}, VersionCreated: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{URI: "urn:x:2", Type: news.Video, Language: "ru", Headlines: []news.Words{{Value: "Дождь"}}, Parts: []news.Part{shot}},
		{URI: "urn:x:3", Type: news.Composite, Associations: group}, {URI: "urn:x:4", Type: news.Composite, Associations: group},
	}
	written, lost, apart, err := newsmlg2.WriteFor(items)
	if err != nil || len(lost) > 0 {
		t.Fatal(err, lost)
	}
	if problems := newsmlg2.Check(written); len(problems) > 0 {
		t.Errorf("not valid: %v\n%s", problems, written)
	}
	if !bytes.Contains(written, []byte("<sent>2026-01-02T03:04:05Z</sent>")) {
		t.Errorf("the message was not sent when its newest item was made: %s", written)
	}
	if len(apart) != 1 || apart[0].Path != "/1/parts/0/id" {
		t.Errorf("an id may stand once in a document: %v", apart)
	}
	again, _, err := newsmlg2.Read(written)
	if err != nil || len(again) != len(items) {
		t.Fatal(len(again), err)
	}
	for i := range items {
		if d := goldentest.Diff(items[i], again[i]); d != "" {
			t.Error(d)
		}
	}
}

func TestItemsThatCannotBeWrittenAreRefused(t *testing.T) {
	for _, items := range [][]*news.Item{nil, {{}}, {{URI: "urn:x:1"}, {}}} {
		if _, _, err := newsmlg2.Write(items); news.KindOf(err) != news.Invalid {
			t.Errorf("%d items: %v", len(items), err)
		}
	}
}

func TestHTMLBecomesXHTMLAndBack(t *testing.T) {
	for _, c := range []struct {
		html, want string
		lost       bool
	}{
		{`<p>a<br>b</p><img src="x" alt="">`, "", false},
		{`<p lang="ar">م &amp; &lt;</p>`, "", false},
		{`<p>a&nbsp;b</p>`, "<p>a\u00a0b</p>", true},
		{`<p>open<p>b`, `<p>open</p><p>b</p>`, true},
		{`<b>x</i></b>`, `<b>x</b>`, true},
		{`<p onclick=go()>x</p>`, `<p onclick="go()">x</p>`, true},
		{`<script>if (a < b) {}</script>`, `<script>if (a &lt; b) {}</script>`, true},
		{`<o:p>x</o:p>`, `x`, true},
		{strings.Repeat("<div>", 400) + "deep", "<p>deep</p>", true},
		{"a < b", "a &lt; b", true},
	} {
		it := &news.Item{URI: "urn:x:1", Type: news.Text, Bodies: []news.Words{{ContentType: "text/html", Value: c.html}}}
		written, lost, apart, err := newsmlg2.WriteFor([]*news.Item{it})
		if err != nil || len(lost) > 0 {
			t.Fatal(err, lost)
		}
		if got := readOne(t, written).Body().Value; got != c.html {
			t.Errorf("%.60s: got %s", c.html, got)
		}
		want := c.want
		if want == "" {
			want = c.html
		}
		if got := readOne(t, withoutMore(written)).Body().Value; got != want || len(apart) > 0 != c.lost {
			t.Errorf("%.60s: others get %s, apart %v", c.html, got, apart)
		}
	}
}
