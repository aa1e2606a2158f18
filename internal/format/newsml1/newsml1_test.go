package newsml1_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/newsml1"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: "testdata/*.xml", Fewest: 7, Detect: newsml1.Detect, Read: newsml1.Read}.Check(t, *update)
}

// doc returns an item with the management and component given.
func doc(management, component string) []byte {
	return []byte(`<NewsML><NewsItem xml:lang="en"><Identification><NewsIdentifier><ProviderId>x.example</ProviderId><DateId>20260101</DateId><NewsItemId>1</NewsItemId></NewsIdentifier></Identification>` +
		`<NewsManagement>` + management + `</NewsManagement><NewsComponent>` + component + `</NewsComponent></NewsItem></NewsML>`)
}

func read(t *testing.T, data []byte) *news.Item {
	t.Helper()
	items, _, err := newsml1.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return items[0]
}

func TestHostileOrBrokenFilesAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		kind      news.Kind
		says      string
	}{
		{"empty", "", news.Invalid, "no XML element"},
		{"another root", "<newsItem/>", news.Invalid, "<newsItem> is not the root of a NewsML 1 document"},
		{"no item", "<NewsML><NewsEnvelope/></NewsML>", news.Invalid, "holds no NewsItem"},
		{"entity of its own", `<!DOCTYPE NewsML [<!ENTITY a "b">]><NewsML><NewsItem>&a;</NewsItem></NewsML>`, news.Invalid, "invalid character entity &a;"},
		{"cut off", "<NewsML><NewsItem>\n<Comment>", news.Invalid, "ends before <Comment> of line 2"},
		{"too deep", "<NewsML><NewsItem>" + strings.Repeat("<NewsComponent>", 300), news.TooLarge, "more than 200 deep"},
		{"too many elements", "<NewsML><NewsItem>" + strings.Repeat("<a/>", 250_000) + "</NewsItem></NewsML>", news.TooLarge, "200000 elements"},
		{"too large an item", "<NewsML><NewsItem>" + strings.Repeat(" ", news.MaxContent) + "</NewsItem></NewsML>", news.TooLarge, "4194304 allowed"},
		{"too large a file", strings.Repeat(" ", newsml1.MaxSize+1), news.TooLarge, "16777216 allowed"},
		{"too many items", "<NewsML>" + strings.Repeat("<NewsItem/>", newsml1.MaxItems+1) + "</NewsML>", news.TooLarge, "10000 items"},
	} {
		_, _, err := newsml1.Read([]byte(c.doc))
		if news.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.200v", c.name, err)
		}
	}
}

func TestRepetitionCostsNoMoreThanItsLength(t *testing.T) {
	var lines strings.Builder
	for i := range 40_000 {
		lines.WriteString("<ByLine>writer ")
		lines.WriteString(strings.Repeat("x", i%7))
		lines.WriteString(string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)))
		lines.WriteString("</ByLine>")
	}
	for name, component := range map[string]string{
		"lines":      "<NewsLines>" + lines.String() + "</NewsLines>",
		"components": strings.Repeat(`<NewsComponent><Role FormalName="Photo"/></NewsComponent>`, 40_000),
		"nested":     strings.Repeat("<NewsComponent><NewsLines><HeadLine>a</HeadLine></NewsLines>", 150) + strings.Repeat("</NewsComponent>", 150),
	} {
		start := time.Now()
		it := read(t, doc("", component))
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if len(it.Associations) > news.MaxList {
			t.Errorf("%s: %d associations", name, len(it.Associations))
		}
	}
}

func TestWhatIsNotUnderstoodHoldsTheItemBack(t *testing.T) {
	change := func(future, at string) string {
		return `<StatusWillChange><FutureStatus FormalName="` + future + `"/><DateAndTime>` + at + `</DateAndTime></StatusWillChange>`
	}
	const at = "20260301T100000+0200"
	for _, c := range []struct {
		name, management string
		status           news.PubStatus
		embargo, expires bool
	}{
		{"nothing said", "", "", false, false},
		{"usable", `<Status FormalName="Usable"/>`, news.Usable, false, false},
		{"embargo", `<Status FormalName="Embargoed"/>` + change("Usable", at), news.Usable, true, false},
		{"embargo told first", change("Usable", at) + `<Status FormalName="Embargoed"/>`, news.Usable, true, false},
		{"embargo without end", `<Status FormalName="Embargoed"/>`, news.Withheld, false, false},
		{"embargo whose end cannot be read", `<Status FormalName="Embargoed"/>` + change("Usable", "soon"), news.Withheld, false, false},
		{"embargo that ends in a kill", `<Status FormalName="Embargoed"/>` + change("Canceled", at), news.Withheld, true, false},
		{"withheld until", `<Status FormalName="Withheld"/>` + change("Usable", at), news.Withheld, true, false},
		{"usable until", `<Status FormalName="Usable"/>` + change("Canceled", at), news.Usable, false, true},
		{"canceled", `<Status FormalName="Canceled"/>`, news.Canceled, false, false},
		{"in British spelling", `<Status FormalName="Cancelled"/>`, news.Canceled, false, false},
		{"killed by instruction", `<Instruction FormalName="Delete"/><Status FormalName="Usable"/>`, news.Canceled, false, false},
		{"unknown", `<Status FormalName="Spiked"/>`, news.Withheld, false, false},
		{"empty", `<Status/>`, news.Withheld, false, false},
	} {
		it := read(t, doc(c.management, ""))
		if it.PubStatus != c.status || it.Embargoed.IsZero() == c.embargo || it.Expires.IsZero() == c.expires {
			t.Errorf("%s: %q, embargo %v, expires %v", c.name, it.PubStatus, it.Embargoed, it.Expires)
		}
	}
}

func TestARevisionKeepsTheIdentityOfItsItem(t *testing.T) {
	id := func(s string) *news.Item {
		return read(t, []byte(`<NewsML><NewsItem><Identification><NewsIdentifier>`+s+`</NewsIdentifier></Identification></NewsItem></NewsML>`))
	}
	for _, c := range []struct{ in, uri, version string }{
		{"<ProviderId>x.example</ProviderId><DateId>20260101</DateId><NewsItemId>A1</NewsItemId><RevisionId>2</RevisionId>", "urn:newsml:x.example:20260101:A1", "2"},
		{"<PublicIdentifier>urn:newsml:x.example:20260101:A1:3U</PublicIdentifier>", "urn:newsml:x.example:20260101:A1", "3"},
		{"<PublicIdentifier>urn:newsml:x.example:20260101:A1</PublicIdentifier>", "urn:newsml:x.example:20260101:A1", ""},
		{"<PublicIdentifier>tag:x.example,2026:7</PublicIdentifier>", "tag:x.example,2026:7", ""},
		{"<ProviderId>Агентство 1</ProviderId><DateId>20260101</DateId><NewsItemId>a b</NewsItemId>", "urn:newsml:%D0%90%D0%B3%D0%B5%D0%BD%D1%82%D1%81%D1%82%D0%B2%D0%BE%201:20260101:a%20b", ""},
		{"<NewsItemId>A1</NewsItemId>", "urn:newsml:-:A1", ""},
	} {
		if it := id(c.in); it.URI != c.uri || it.Version != c.version {
			t.Errorf("%s: %s version %s", c.in, it.URI, it.Version)
		}
	}
}

func TestTheVersionIsTheOneThatTheFileDeclares(t *testing.T) {
	for head, want := range map[string]string{
		`<NewsML Version="1.2">`: "1.2", `<!DOCTYPE NewsML SYSTEM "NewsML_1.0.dtd"><NewsML>`: "1.0",
		`<!DOCTYPE NewsML PUBLIC "urn:newsml:iptc.org:20021018:NewsMLv1.1:1" "x">`: "1.1", `<NewsML>`: "",
	} {
		if got := newsml1.Version([]byte(head)); got != want {
			t.Errorf("%s: %q, want %q", head, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.xml")
	f.Add(doc(`<Status FormalName="Embargoed"/>`, `<ContentItem Href="a"/>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, losses, err := newsml1.Read(data)
		goldentest.Sound(t, items, losses, err)
	})
}

func TestAnEmbargoThatOnlyACommentKnowsHoldsTheItemBack(t *testing.T) {
	const usable = `<Status FormalName="Usable"/>`
	component := func(comment string) string {
		return `<NewsLines><HeadLine>h</HeadLine></NewsLines><NewsComponent><Comment>` + comment + `</Comment><ContentItem><DataContent><p>x</p></DataContent></ContentItem></NewsComponent>`
	}
	it := read(t, doc(usable, component("Embargoed to 0001 Tuesday June 03")))
	if it.PubStatus != news.Withheld || it.EdNote != "Embargoed to 0001 Tuesday June 03" {
		t.Errorf("%s, note %q", it.PubStatus, it.EdNote)
	}
	if it := read(t, doc(usable, component("The oil embargo goes on"))); it.PubStatus != news.Usable {
		t.Errorf("an embargo on oil: %s", it.PubStatus)
	}
	it = read(t, doc(usable+`<StatusWillChange><FutureStatus FormalName="Usable"/><DateAndTime>20260603T000100+0100</DateAndTime></StatusWillChange>`, component("Embargoed to 0001 Tuesday June 03")))
	if it.PubStatus == news.Withheld || it.Embargoed.IsZero() {
		t.Errorf("with a date: %s until %v", it.PubStatus, it.Embargoed)
	}
}
