package newsmlg2_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/news"
)

// item returns a newsItem with the children given.
func item(children string) string {
	return `<newsItem xmlns="` + newsmlg2.Namespace + `" guid="urn:x:1" version="1" xml:lang="en">` + children + `</newsItem>`
}

func message(items ...string) string {
	return `<newsMessage xmlns="` + newsmlg2.Namespace + `"><itemSet>` + strings.Join(items, "") + `</itemSet></newsMessage>`
}

func TestHostileOrBrokenFilesAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		kind      news.Kind
		field     string // the element path
		says      string // part of the message
	}{
		{"empty file", "", news.Invalid, "", "holds no XML element"},
		{"not XML", "hello", news.Invalid, "", "text outside the root"},
		{"other root", "<rss/>", news.Invalid, "", "<rss> is not the root"},
		{"message without items", message(), news.Invalid, "newsMessage", "holds no item"},
		{"DOCTYPE", `<!DOCTYPE newsItem SYSTEM "file:///etc/passwd">` + item(""), news.Invalid, "", "DOCTYPE"},
		{"entity bomb", "<!DOCTYPE n [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n" + item("<itemMeta>&b;</itemMeta>"), news.Invalid, "", "DOCTYPE"},
		{"HTML entity", item("<itemMeta>\n<title>a&nbsp;b</title></itemMeta>"), news.Invalid, "newsItem[1]/itemMeta/title", "line 2: invalid character entity &nbsp;"},
		{"control character", item("<itemMeta><title>\x02</title></itemMeta>"), news.Invalid, "newsItem[1]/itemMeta/title", "line 1"},
		{"cut off", item("<itemMeta>\n<title>Rain")[:120], news.Invalid, "newsItem[1]/itemMeta/title", "ends before <title> of line 2"},
		{"crossed tags", item("<itemMeta><title></itemMeta></title>"), news.Invalid, "newsItem[1]/itemMeta/title", "</itemMeta> closes <title>"},
		{"two roots", item("") + item(""), news.Invalid, "", "second root"},
		{"text after the root", item("") + "x", news.Invalid, "", "text outside"},
		{"no guid", strings.Replace(item(""), `guid="urn:x:1"`, "", 1), news.Invalid, "newsItem[1]", "line 1: the item has no guid"},
		{"no guid inside a message", message(item(""), "\n<newsItem version=\"1\"/>"), news.Invalid, "newsMessage/itemSet/newsItem[2]", "line 2: the item has no guid"},
		{"knowledge item", `<knowledgeItem guid="urn:x:1"/>`, news.Invalid, "knowledgeItem[1]", "holds no news"},
		{"concept that is no event", `<conceptItem guid="urn:x:1"><concept><type qcode="cpnat:person"/></concept></conceptItem>`, news.Invalid, "conceptItem[1]", "not an event"},
		{"unknown charset", `<?xml version="1.0" encoding="x-klingon"?>` + item(""), news.Invalid, "xml declaration", "x-klingon"},
		{"charset that hides bytes", `<?xml version="1.0" encoding="iso-2022-kr"?>` + item(""), news.Invalid, "xml declaration", "not safe"},
		{"UTF-8 that is none", item("<itemMeta>\n<title>\xe9t\xe9</title></itemMeta>"), news.Invalid, "xml declaration", "line 2: byte"},
		{"too deep", item(strings.Repeat("<a>", 250)), news.TooLarge, "", "more than 200 deep"},
		{"too many attributes", item("<a " + attrs(100) + "/>"), news.TooLarge, "newsItem[1]", "100 attributes"},
		{"too many namespaces", item(nested(`<a xmlns:%s="u">`, 300)), news.TooLarge, "", "namespaces"},
		{"too many elements", item(strings.Repeat("<a/>", 250_000)), news.TooLarge, "newsItem[1]", "200000 elements"},
		{"too large an item", item("<x>" + strings.Repeat("a", news.MaxContent) + "</x>"), news.TooLarge, "newsItem[1]", "more than the 4194304 allowed"},
		{"too large a file", strings.Repeat(" ", newsmlg2.MaxSize+1), news.TooLarge, "", "16777216 allowed"},
		{"too many items", message(strings.Repeat(`<newsItem guid="urn:x:1"/>`, newsmlg2.MaxItems+1)), news.TooLarge, "newsMessage", "10000 items"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, _, err := newsmlg2.Read([]byte(c.doc))
			var e *news.Error
			if !errors.As(err, &e) {
				t.Fatalf("err = %v, want a news.Error", err)
			}
			if e.Kind != c.kind || c.field != "" && e.Field != c.field || !strings.Contains(e.Message, c.says) {
				t.Errorf("got %s at %q: %.300s\nwant %s at %q: …%s…", e.Kind, e.Field, e.Message, c.kind, c.field, c.says)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func attrs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d='' ", i)
	}
	return b.String()
}

// nested opens n/2 elements, two namespaces each, never closing them.
func nested(format string, n int) string {
	var b strings.Builder
	for i := range n / 2 {
		fmt.Fprintf(&b, strings.Replace(format, ">", " xmlns:%s='u'>", 1), fmt.Sprint("p", i), fmt.Sprint("q", i))
	}
	return b.String()
}

// A file of a few megabytes must not cost minutes or gigabytes, whatever it
// repeats.
func TestRepetitionCostsNoMoreThanItsLength(t *testing.T) {
	for _, c := range []struct{ name, doc string }{
		{"joined texts", item("<contentMeta>" + strings.Repeat("<by>A</by>", 90_000) + "</contentMeta>")},
		{"edNotes", item("<itemMeta>" + strings.Repeat("<edNote>A<br/></edNote>", 60_000) + "</itemMeta>")},
		{"one large assert, many uses", item("<contentMeta>" + strings.Repeat(`<subject qcode="medtop:1"/>`, 40_000) + "</contentMeta><assert qcode=\"medtop:1\">" + strings.Repeat(`<broader uri="u:1"/>`, 90_000) + "</assert>")},
		{"losses", item("<contentMeta>" + strings.Repeat("<urgency>x</urgency>", 60_000) + "</contentMeta>")},
		{"groups in a circle", `<packageItem guid="urn:x:1"><groupSet root="a"><group id="a"><groupRef idref="b"/></group><group id="b"><groupRef idref="a"/></group></groupSet></packageItem>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			items, losses, err := newsmlg2.Read([]byte(c.doc))
			if err != nil || len(items) != 1 {
				t.Fatalf("%d items, err %v", len(items), err)
			}
			if len(losses) > 1001 {
				t.Errorf("%d losses", len(losses))
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestARefusedItemDoesNotTakeTheOthersOfItsMessageWithIt(t *testing.T) {
	items, _, err := newsmlg2.Read([]byte(message(item(""), `<newsItem/>`, item(""))))
	if len(items) != 2 {
		t.Errorf("%d items, want 2", len(items))
	}
	if news.KindOf(err) != news.Invalid || !strings.Contains(err.Error(), "newsItem[2]") {
		t.Errorf("err = %v, want one about newsItem[2]", err)
	}
}

// read returns the one item of a newsItem with the children given.
func read(t *testing.T, children string) (*news.Item, []loss.Loss) {
	t.Helper()
	items, losses, err := newsmlg2.Read([]byte(item(children)))
	if err != nil {
		t.Fatal(err)
	}
	return items[0], losses
}

func TestWhatIsNotUnderstoodHoldsTheItemBack(t *testing.T) {
	for _, c := range []struct {
		name, meta string
		want       news.PubStatus
	}{
		{"usable", `<pubStatus qcode="stat:usable"/>`, news.Usable},
		{"absent", ``, ""},
		{"withheld", `<pubStatus qcode="stat:withheld"/>`, news.Withheld},
		{"canceled", `<pubStatus qcode="stat:canceled"/>`, news.Canceled},
		{"in British spelling", `<pubStatus qcode="stat:cancelled"/>`, news.Canceled},
		{"as a URI", `<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/canceled"/>`, news.Canceled},
		{"unknown", `<pubStatus qcode="x:spiked"/>`, news.Withheld},
		{"empty", `<pubStatus/>`, news.Withheld},
		{"embargo without end", `<pubStatus qcode="stat:usable"/><embargoed/>`, news.Withheld},
		{"embargo before status", `<embargoed/><pubStatus qcode="stat:usable"/>`, news.Withheld},
		{"embargo that cannot be read", `<embargoed>next Tuesday</embargoed>`, news.Withheld},
		{"embargo of a canceled item", `<pubStatus qcode="stat:canceled"/><embargoed/>`, news.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			it, losses := read(t, "<itemMeta>"+c.meta+"</itemMeta>")
			if it.PubStatus != c.want {
				t.Errorf("status %q, want %q", it.PubStatus, c.want)
			}
			if c.want == news.Withheld && !strings.Contains(c.meta, "stat:withheld") && len(losses) == 0 {
				t.Error("held back without a word to the desk")
			}
		})
	}
}

func TestTimesKeepTheirOffsetAndAreUTCWithoutOne(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"2026-03-01T07:00:00+03:00", "2026-03-01T07:00:00+03:00"},
		{"2026-03-01T07:00:00.25Z", "2026-03-01T07:00:00.25Z"},
		{"2026-03-01T07:00:00+0300", "2026-03-01T07:00:00+03:00"},
		{"20260301T070000Z", "2026-03-01T07:00:00Z"},
		{"2026-03-01T07:00:00", "2026-03-01T07:00:00Z notice"},
		{"2026-03-01", "2026-03-01T00:00:00Z notice"},
		{"2026-03", "0001-01-01T00:00:00Z notice"},
		{"1.3.2026", "0001-01-01T00:00:00Z notice"},
	} {
		it, losses := read(t, "<contentMeta><contentCreated>\n "+c.in+" </contentCreated></contentMeta>")
		got := it.ContentCreated.Format(time.RFC3339Nano)
		if len(losses) > 0 {
			got += " notice"
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestUTF16FilesAreRead(t *testing.T) {
	var doc []byte
	doc = append(doc, 0xff, 0xfe)
	for _, r := range `<?xml version="1.0" encoding="UTF-16"?>` + item("<contentMeta><headline>Дождь</headline></contentMeta>") {
		doc = append(doc, byte(r), byte(r>>8))
	}
	if !newsmlg2.Detect(doc) {
		t.Error("not detected")
	}
	items, _, err := newsmlg2.Read(doc)
	if err != nil || items[0].Headline() != "Дождь" {
		t.Errorf("items %v, err %v", items, err)
	}
}

func TestDetectAsksForTheRootElementOnly(t *testing.T) {
	for _, c := range []struct {
		head string
		want bool
	}{
		{`<newsItem guid="x">`, true},
		{"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <rss> --><nar:newsMessage xmlns:nar='x'>", true},
		{"<planningItem\n", true},
		{"<NewsML><NewsItem>", false}, // NewsML 1
		{"<nitf>", false},
		{`{"uri": "<newsItem>"}`, false},
		{"<!-- newsItem", false},
		{"<!DOCTYPE newsItem><newsItem>", true}, // Read refuses it with the reason
		{"", false},
	} {
		if got := newsmlg2.Detect([]byte(c.head)); got != c.want {
			t.Errorf("Detect(%q) = %v", c.head, got)
		}
	}
}

func TestVersionIsTheOneThatTheFileDeclares(t *testing.T) {
	for _, c := range []struct{ head, want string }{
		{`<newsItem standard="NewsML-G2" standardversion="2.30">`, "2.30"},
		{`<newsMessage><itemSet><newsItem standardversion='2.9'/>`, "2.9"},
		{`<newsItem guid="a">`, ""},
		{`<newsItem standardversion="2.3`, ""},
	} {
		if got := newsmlg2.Version([]byte(c.head)); got != c.want {
			t.Errorf("Version(%q) = %q, want %q", c.head, got, c.want)
		}
	}
}

func TestSchemesOfTheFileComeBeforeThoseOfIPTC(t *testing.T) {
	it, losses := read(t, `<catalog><scheme alias="medtop" uri="http://own.example/"/><scheme alias="own" uri="http://own.example/s/"/></catalog>`+
		`<contentMeta><subject qcode="medtop:1"/><subject qcode="own:ж"/><subject qcode="subj:2"/></contentMeta>`)
	want := []string{"http://own.example/1", "http://own.example/s/%D0%B6", "http://cv.iptc.org/newscodes/subjectcode/2"}
	for i, s := range it.Subjects {
		if s.URI != want[i] {
			t.Errorf("subject %d is %s, want %s", i, s.URI, want[i])
		}
	}
	if len(losses) > 0 {
		t.Errorf("losses %v", losses)
	}
}

// FuzzRead asks that no input crashes or hangs the reader, and that what it
// returns can be stored.
func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.xml")
	f.Add([]byte(item("<contentSet><inlineXML><nitf/></inlineXML></contentSet>")))
	f.Add([]byte(message(item(""), "<conceptItem guid='a'><concept><eventDetails/></concept></conceptItem>")))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, losses, err := newsmlg2.Read(data)
		goldentest.Sound(t, items, losses, err)
		if len(items) > 0 && !newsmlg2.Detect(data) {
			t.Error("read, but not detected")
		}
		newsmlg2.Check(data)
		if len(items) == 0 {
			return
		}
		written, losses, err := newsmlg2.Write(items[:1])
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := newsmlg2.Read(written)
		if news.KindOf(err) == news.TooLarge {
			return
		}
		if err != nil || len(again) != 1 {
			t.Fatalf("%v\n%s", err, written)
		}
		if d := goldentest.Unreported(items[0], again[0], losses, ""); d != "" {
			t.Errorf("%s%s", d, written)
		}
	})
}

// TestEveryElementEndsInAFieldOrInExtraOrInALoss puts an element that no version
// of NewsML-G2 has into every place where one could stand.
func TestEveryElementEndsInAFieldOrInExtraOrInALoss(t *testing.T) {
	for _, around := range []string{
		"%s",
		"<hopHistory>%s</hopHistory>", "<hopHistory><hop>%s</hop></hopHistory>", "<hopHistory><hop><party>%s</party></hop></hopHistory>",
		"<rightsInfo>%s</rightsInfo>", "<rightsInfo><copyrightHolder>%s</copyrightHolder></rightsInfo>",
		"<itemMeta>%s</itemMeta>", "<itemMeta><provider>%s</provider></itemMeta>", `<itemMeta><link residref="u:1">%s</link></itemMeta>`,
		"<contentMeta>%s</contentMeta>", `<contentMeta><subject literal="a">%s</subject></contentMeta>`,
		`<contentMeta><subject literal="a"><geoAreaDetails>%s</geoAreaDetails></subject></contentMeta>`,
		`<contentMeta><subject literal="a"><personDetails>%s</personDetails></subject></contentMeta>`,
		`<contentMeta><subject literal="a"><organisationDetails><contactInfo>%s</contactInfo></organisationDetails></subject></contentMeta>`,
		`<contentMeta><subject literal="a"><organisationDetails><contactInfo><address>%s</address></contactInfo></organisationDetails></subject></contentMeta>`,
		"<partMeta>%s</partMeta>", "<contentSet>%s</contentSet>", `<contentSet><remoteContent href="a">%s</remoteContent></contentSet>`,
		"<contentSet><inlineXML>%s</inlineXML></contentSet>", "<contentSet><inlineXML><nitf><body><body.head>%s</body.head></body></nitf></inlineXML></contentSet>",
		"<groupSet>%s</groupSet>", "<groupSet><group>%s</group></groupSet>", `<groupSet><group><itemRef residref="u:1">%s</itemRef></group></groupSet>`,
		"<newsCoverageSet>%s</newsCoverageSet>", "<newsCoverageSet><newsCoverage>%s</newsCoverage></newsCoverageSet>",
		"<newsCoverageSet><newsCoverage><planning>%s</planning></newsCoverage></newsCoverageSet>",
		"<newsCoverageSet><newsCoverage><delivery>%s</delivery></newsCoverage></newsCoverageSet>",
		"<concept>%s</concept>", "<concept><eventDetails>%s</eventDetails></concept>", "<concept><eventDetails><dates>%s</dates></eventDetails></concept>",
	} {
		it, losses := read(t, fmt.Sprintf(around, "<unheardOf>message in a bottle</unheardOf>"))
		kept := fmt.Sprintf("%s %+v", it.Extra, *it)
		for _, r := range it.Renditions {
			kept += fmt.Sprintf("%s", r.Extra)
		}
		for _, c := range it.PlannedCoverage {
			kept += fmt.Sprintf("%s", c.Extra)
		}
		reported := slices.ContainsFunc(losses, func(l loss.Loss) bool { return strings.Contains(l.Path, "unheardOf") })
		if !reported && !strings.Contains(kept, "message in a bottle") {
			t.Errorf("%s: the element vanished without a word", around)
		}
	}
}
