package ninjs

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jisr/internal/news"
)

// TestRoundTripIsIdentity writes generated items, which use every field, and
// reads them back. The output must be valid 3.0, formats included.
func TestRoundTripIsIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := genItem(0).Draw(t, "item")
		written, err := Write(&it)
		if err != nil {
			t.Fatal(err)
		}
		if problems := ValidateAs(written, "3.0"); len(problems) > 0 {
			t.Fatalf("not valid: %v\n%s", problems, written)
		}
		if v, ok := Version(written); !ok || v != "3.0" {
			t.Fatalf("Version = %q, %v", v, ok)
		}
		again, losses, err := Read(written)
		if err != nil || len(losses) > 0 {
			t.Fatalf("%v, losses %v\n%s", err, losses, written)
		}
		if d := diff(&it, again); d != "" {
			t.Fatalf("the item changed: %s", d)
		}
		if twice := mustWriteRapid(t, again); !bytes.Equal(written, twice) {
			t.Fatalf("the bytes changed\n%s\n%s", written, twice)
		}
	})
}

func mustWriteRapid(t *rapid.T, it *news.Item) []byte {
	data, err := Write(it)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// genText draws texts in three scripts, with combining marks, both directions
// and what JSON escapes; often none.
func genText() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{
		"عَمَّان", "لَا إِلٰهَ", "أخبار ١٢٣", "\u200fنص\u200e mixed", "Ёлка", "и\u0306", "съезд — «да»", "café", "e\u0301\u0327",
		"plain", "\"quoted\"", `back\slash`, "<b>&amp;</b>", "line\nbreak\ttab", "\u2028", "🙂", "\x01\x7f", "jisr:more", "/a~1b", "true", "7",
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
		"", "urn:newsml:x.example:20260101:1", "tag:x.example,2026:a", "https://x.example/a?b=c#d", "http://[::1]/x",
		"https://ar.wikipedia.example/wiki/القاهرة", "https://x.example/a b", "cptype:city", "no uri", "http://x.example/%zz", "urn:x:a#b#c", "ُ:",
	})
}

func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		s := rapid.SampledFrom([]string{
			"0001-01-01T00:00:00Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789+03:00", "1969-07-16T13:32:00-04:30", "9999-12-31T23:59:59+14:00",
		}).Draw(t, "time")
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	})
}

func genList[T any](g *rapid.Generator[T], most int) *rapid.Generator[[]T] {
	return rapid.Custom(func(t *rapid.T) []T {
		s := rapid.SliceOfN(g, 0, most).Draw(t, "list")
		if len(s) == 0 {
			return nil
		}
		return s
	})
}

func genWords(role string) *rapid.Generator[news.Words] {
	return rapid.Custom(func(t *rapid.T) news.Words {
		return news.Words{
			Role: rapid.SampledFrom([]string{"", "main", role}).Draw(t, "role"), ContentType: rapid.SampledFrom([]string{"", "text/html", typeMore}).Draw(t, "type"),
			Language: rapid.SampledFrom([]string{"", "ar", "ru"}).Draw(t, "lang"), Value: genText().Draw(t, "value"),
			CharCount: rapid.IntRange(0, 2).Draw(t, "chars"), WordCount: rapid.IntRange(0, 2).Draw(t, "words"),
		}
	})
}

func genConcept() *rapid.Generator[news.Concept] {
	return rapid.Custom(func(t *rapid.T) news.Concept {
		text, uri := genText(), genURI()
		c := news.Concept{
			ID: text.Draw(t, "id"), Name: text.Draw(t, "name"), Rel: text.Draw(t, "rel"), Role: text.Draw(t, "role"),
			URI: uri.Draw(t, "uri"), Literal: text.Draw(t, "literal"), Creator: text.Draw(t, "creator"),
			Broader: genList(text, 2).Draw(t, "broader"),
		}
		if rapid.Bool().Draw(t, "rich") {
			n := rapid.IntRange(-1, 101).Draw(t, "relevance")
			c.Relevance, c.Confidence = &n, &n
			c.Names = map[string]string{"ar": text.Draw(t, "ar"), "ru": "имя"}
			c.Symbols = genList(rapid.Custom(func(t *rapid.T) news.Symbol {
				return news.Symbol{Ticker: text.Draw(t, "t"), Exchange: text.Draw(t, "e"), SymbolType: uri.Draw(t, "st"), Symbol: text.Draw(t, "s")}
			}), 2).Draw(t, "symbols")
			c.Contacts = genList(genContact(), 2).Draw(t, "contacts")
			c.GeoJSON = rapid.SampledFrom([]rawJSON{nil, rawJSON(`{"type":"Point","coordinates":[1,2.5]}`), rawJSON(`{"type":"Foo"}`)}).Draw(t, "geo")
		}
		return c
	})
}

func genContact() *rapid.Generator[news.Contact] {
	return rapid.Custom(func(t *rapid.T) news.Contact {
		text := genText()
		c := news.Contact{Type: text.Draw(t, "type"), Role: text.Draw(t, "role"), Lang: "ar", Name: text.Draw(t, "name"), Value: text.Draw(t, "value")}
		if rapid.Bool().Draw(t, "address") {
			c.Address = &news.Address{Lines: genList(text, 2).Draw(t, "lines"), Locality: text.Draw(t, "l"), Area: "a", PostalCode: "1", Country: text.Draw(t, "c")}
		}
		return c
	})
}

// genGenre also draws what could be mistaken for our own genres.
func genGenre() *rapid.Generator[news.Concept] {
	return rapid.Custom(func(t *rapid.T) news.Concept {
		return news.Concept{
			Name:    genText().Draw(t, "name"),
			URI:     rapid.SampledFrom([]string{"", "http://cv.iptc.org/newscodes/genre/Current", "http://" + sourceTypeCV + "digitalCapture", "https://" + signalCV + "update", "x"}).Draw(t, "uri"),
			Literal: rapid.SampledFrom([]string{"", markData, markProgram, "g"}).Draw(t, "literal"),
			Rel:     rapid.SampledFrom([]string{"", "r"}).Draw(t, "rel"),
		}
	})
}

func genRendition() *rapid.Generator[news.Rendition] {
	return rapid.Custom(func(t *rapid.T) news.Rendition {
		text, uri, n := genText(), genURI(), rapid.IntRange(0, 5000)
		f := rapid.SampledFrom([]float64{0, 0.5, 23.976, 1e-9, 1e21, 8000})
		r := news.Rendition{
			Name: text.Draw(t, "name"), URI: uri.Draw(t, "uri"), VersionGUID: text.Draw(t, "guid"), Href: uri.Draw(t, "href"), Version: n.Draw(t, "version"),
			ContentType: "image/jpeg", Title: text.Draw(t, "title"), Format: text.Draw(t, "format"), Generated: genTime().Draw(t, "generated"),
			Width: n.Draw(t, "w"), Height: n.Draw(t, "h"), SizeInBytes: rapid.Int64Range(0, 1<<40).Draw(t, "size"), Duration: f.Draw(t, "duration"),
			OriginalFilename: text.Draw(t, "file"), FileExt: "jpg", Digest: text.Draw(t, "digest"), AverageBitRate: f.Draw(t, "abr"), BitRate: f.Draw(t, "br"),
			SampleRate: f.Draw(t, "sr"), AudioBitRate: f.Draw(t, "aubr"), AudioChannels: n.Draw(t, "ch"), AspectRatio: text.Draw(t, "ar"), ColourSpace: text.Draw(t, "cs"),
			BackgroundColour: text.Draw(t, "bg"), Orientation: text.Draw(t, "o"), VideoCodec: text.Draw(t, "vc"), AudioCodec: text.Draw(t, "ac"), VideoScaling: text.Draw(t, "vs"),
			ScanType: rapid.SampledFrom([]string{"", "progressive", "psf"}).Draw(t, "scan"), FrameRate: f.Draw(t, "fps"), Scene: text.Draw(t, "scene"),
			PrintSize: f.Draw(t, "ps"), Code: text.Draw(t, "code"), Signal: text.Draw(t, "signal"),
		}
		if rapid.Bool().Draw(t, "rich") {
			r.PointOfInterest = &news.Point{X: n.Draw(t, "x"), Y: n.Draw(t, "y")}
			r.Extra = map[string]rawJSON{"transportProtocol": rawJSON(`"https"`), "port": rawJSON("1024"), "width": rawJSON(`"210"`), "digest": rawJSON("1"), "extra": rawJSON("{}"), "bitrate": rawJSON(`"4 Mbit"`), `a"b`: rawJSON("[]")}
		}
		return r
	})
}

func genDates() *rapid.Generator[*news.Dates] {
	return rapid.Custom(func(t *rapid.T) *news.Dates {
		if rapid.Bool().Draw(t, "absent") {
			return nil
		}
		truncated := rapid.SampledFrom([]string{"", "2026", "2026-03", "2026-03-01T10:00:00+03:00", "spring"})
		return &news.Dates{
			Start: genTime().Draw(t, "start"), End: genTime().Draw(t, "end"), ExpectedStart: truncated.Draw(t, "estart"), ExpectedEnd: truncated.Draw(t, "eend"),
			Duration: "PT1H", Recurrence: rapid.SampledFrom([]rawJSON{nil, rawJSON(`{"recurrenceRules":[{"frequency":"daily","count":3}]}`), rawJSON(`{"recurrenceDates":["2026"]}`)}).Draw(t, "recurrence"),
		}
	})
}

func genCoverage() *rapid.Generator[news.Coverage] {
	return rapid.Custom(func(t *rapid.T) news.Coverage {
		text, n := genText(), rapid.IntRange(0, 9)
		return news.Coverage{
			URI: genURI().Draw(t, "uri"), Title: text.Draw(t, "title"), Type: rapid.SampledFrom([]string{"", "text", "gallery"}).Draw(t, "type"), Event: text.Draw(t, "event"),
			PubStatus: news.Withheld, Status: text.Draw(t, "status"), Dates: genDates().Draw(t, "dates"), Headline: text.Draw(t, "headline"), EdNote: text.Draw(t, "note"),
			Urgency: n.Draw(t, "urgency"), Language: "ru", Scheduled: text.Draw(t, "scheduled"), Services: genList(text, 2).Draw(t, "services"),
			AssignedTo: text.Draw(t, "to"), ItemCountFrom: n.Draw(t, "from"), ItemCountTo: n.Draw(t, "count"), WordCount: n.Draw(t, "words"),
			Renditions: genList(genRendition(), 1).Draw(t, "renditions"),
			Extra:      rapid.SampledFrom([]map[string]rawJSON{nil, {"commissioned": rawJSON(`{"by":"x"}`)}, {"audiences": rawJSON(`"none"`), "title": rawJSON("[]"), "x": rawJSON("1")}}).Draw(t, "extra"),
		}
	})
}

func genItem(depth int) *rapid.Generator[news.Item] {
	return rapid.Custom(func(t *rapid.T) news.Item {
		text, uri, at, concepts := genText(), genURI(), genTime(), genList(genConcept(), 2)
		it := news.Item{
			URI:  uri.Filter(func(s string) bool { return depth > 0 || asURI(s) != "" }).Draw(t, "uri"),
			Type: rapid.SampledFrom(append(news.Types, "")).Draw(t, "type"), Version: text.Draw(t, "version"),
			Representation: rapid.SampledFrom([]string{"", "full", "half"}).Draw(t, "representation"), Profile: text.Draw(t, "profile"),
			Title: text.Draw(t, "title"), Slugline: text.Draw(t, "slugline"), By: text.Draw(t, "by"), Located: text.Draw(t, "located"),
			Dateline: text.Draw(t, "dateline"), CreditLine: text.Draw(t, "credit"), Language: "ar", Urgency: rapid.IntRange(0, 9).Draw(t, "urgency"),
			EdNote: text.Draw(t, "note"), Service: text.Draw(t, "service"),
			Headlines:    genList(genWords("alt"), 2).Draw(t, "headlines"),
			Descriptions: genList(genWords("caption"), 2).Draw(t, "descriptions"),
			Bodies:       genList(genWords("script"), 2).Draw(t, "bodies"),
			FirstCreated: at.Draw(t, "first"), VersionCreated: at.Draw(t, "created"), ContentCreated: at.Draw(t, "content"), ContentDigitised: at.Draw(t, "digitised"),
			Embargoed: at.Draw(t, "embargoed"), Expires: at.Draw(t, "expires"), PubStatus: rapid.SampledFrom([]news.PubStatus{"", news.Usable, news.Canceled}).Draw(t, "status"),
			Signals:         genList(genGenre(), 2).Draw(t, "signals"),
			CopyrightHolder: text.Draw(t, "holder"), CopyrightNotice: text.Draw(t, "notice"), UsageTerms: text.Draw(t, "terms"),
			People: concepts.Draw(t, "people"), Organisations: concepts.Draw(t, "organisations"), Places: concepts.Draw(t, "places"),
			Subjects: concepts.Draw(t, "subjects"), Events: concepts.Draw(t, "events"), Objects: concepts.Draw(t, "objects"),
			Genres: genList(genGenre(), 3).Draw(t, "genres"), InfoSources: concepts.Draw(t, "sources"),
			Creators: concepts.Draw(t, "creators"), Audiences: concepts.Draw(t, "audiences"),
			DigitalSourceType: rapid.SampledFrom([]string{"", "http://" + sourceTypeCV + "digitalCapture", "own"}).Draw(t, "source type"),
			TrustIndicators: genList(rapid.Custom(func(t *rapid.T) news.Link {
				return news.Link{Role: uri.Draw(t, "role"), Title: text.Draw(t, "title"), Href: uri.Draw(t, "href")}
			}), 2).Draw(t, "trust"),
			AltIDs: genList(rapid.Custom(func(t *rapid.T) news.AltID {
				return news.AltID{Role: rapid.SampledFrom([]string{"", "desk", roleDateline, roleOrigin}).Draw(t, "role"), Value: text.Draw(t, "value")}
			}), 2).Draw(t, "altIds"),
			DerivedFrom: genList(rapid.Custom(func(t *rapid.T) news.Derivation {
				return news.Derivation{Relation: rapid.SampledFrom([]news.DerivationRelation{news.TranslationOf, news.CopyOf, "echoOf"}).Draw(t, "relation"),
					URI: uri.Draw(t, "uri"), Version: text.Draw(t, "version"), Origin: text.Draw(t, "origin")}
			}), 2).Draw(t, "derived"),
			Hops: genList(rapid.Custom(func(t *rapid.T) news.Hop {
				return news.Hop{Seq: 1, Party: genConcept().Draw(t, "party"), Action: text.Draw(t, "action"), At: at.Draw(t, "at")}
			}), 2).Draw(t, "hops"),
			Renditions: genList(genRendition(), 2).Draw(t, "renditions"),
			Parts: genList(rapid.Custom(func(t *rapid.T) news.Part {
				return news.Part{ID: text.Draw(t, "id"), Role: "shot", Seq: rapid.IntRange(0, 3).Draw(t, "seq"), Start: "1", End: "2", Unit: "seconds", Description: text.Draw(t, "d"), Language: "ar"}
			}), 2).Draw(t, "parts"),
			PlannedCoverage: genList(genCoverage(), 2).Draw(t, "coverage"),
		}
		if rapid.Bool().Draw(t, "rich") {
			it.Rights = rapid.SampledFrom([]*news.Rights{
				{LangID: "urn:x:odrl", LinkedRights: "https://x.example/r"}, {LangID: "odrl", EncodedRights: "<x/>"},
				{LinkedRights: "https://x.example/r", EncodedRights: "<x/>"}, {LangID: "urn:x:odrl"}, {LinkedRights: "see page 3"},
				{LinkedRights: "see page 3", EncodedRights: "<x/>"},
			}).Draw(t, "rights")
			it.EventDetails = &news.EventDetails{Status: uri.Draw(t, "status"), CoverageStatus: uri.Draw(t, "coverage"), Dates: genDates().Draw(t, "dates")}
			if rapid.Bool().Draw(t, "organiser") {
				c := genConcept().Draw(t, "organiser")
				it.EventDetails.Organiser = &c
			}
			it.Standard = &news.Standard{Name: "ninjs", Version: "1." + strconv.Itoa(rapid.IntRange(0, 8).Draw(t, "minor"))}
			it.Extra = map[string]rawJSON{"/people/0/x": rawJSON(`{"a":["\u003c\u0416\/"]}`), "newsItem/x": rawJSON("1"), "/uri": rawJSON(`"x"`), "plain": rawJSON("[null]")}
		}
		if depth > 0 {
			it.Name, it.Rel = text.Draw(t, "name"), text.Draw(t, "rel")
		}
		if depth < 2 {
			it.Associations = genList(genItem(depth+1), 1).Draw(t, "associations")
		}
		return it
	})
}

// FuzzRead looks for bytes that make Read panic, or that it reads as an item
// which Write then cannot hold.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"text_ar_3.0", "picture_ru_3.0-draft", "video_en_3.3", "event_en_3.0", "planning_ar_3.0", "kill_ar_3.0", "embargo_ru_2.1", "place_en_2.0", "composite_en_1.4"} {
		data := testFile(f, name+".json")
		f.Add(data)
		it := mustRead(f, data)
		f.Add(mustWrite(f, it))
	}
	f.Add([]byte(`{"uri":"urn:x:1","descriptions":[{"role":"jisr:more","contentType":"application/json","value":"{\"uri\":\"x\",\"altIds\":[{\"role\":\"jisr:service\",\"value\":\"v\"}],\"genres\":[{\"literal\":\"jisr:data\"}],\"type\":\"component\",\"extra\":{\"/a\":1}}"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		Detect(data)
		Validate(data)
		it, _, err := Read(data)
		if err != nil {
			if news.KindOf(err) == "" {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		written, err := Write(it)
		if err != nil {
			if news.KindOf(err) == "" {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		again, _, err := Read(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if d := diff(it, again); d != "" {
			t.Fatalf("the item changed: %s\n%s", d, written)
		}
	})
}
