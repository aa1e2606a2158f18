package iptc7901_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/iptc7901"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: "testdata/*.iptc", Fewest: 8, Detect: iptc7901.Detect, Read: iptc7901.Read}.Check(t, *update)
}

func TestDetectDoesNotTakeOrdinaryText(t *testing.T) {
	for _, c := range []struct {
		head    string
		want    bool
		version string
	}{
		{"\x01dpx0417 4 spo 118\r\n\x02Text", true, "7901"},
		{"\x16\x16\r\n\x01dpx 0417 4 spo 118 slug\n\x02", true, "7901"},
		{"\x01a0421\x1f-\r\nr i bc-x 4-12 0212\n\x02", true, "1312"},
		{"ZCZC NTL0031 5 env 30 parks\nText", true, "7901"},
		{"ZCZC HBR114\n$F\n^Headline\nText", true, "ZCZC"},
		{"  ZCZC\r\n#Keyword\r\n:Headline\r\nText", true, "ZCZC"},
		{"ZCZC HBR114\nText without marks", false, ""},
		{"dpx0417 4 spo 118\n\x02Text", false, ""}, // no SOH
		{"\x01dpx0417 4 spo 118\nno STX", false, ""},
		{"\x01\x02\x03\x04binary", false, ""},
		{"ZCZC is how telegrams began.\nThis is a text about them.", false, ""},
		{"The story of a0421 r i bc-x 4-12 0212\n", false, ""},
		{"\x01dear editor, 12 words\n\x02", false, ""},
		{"", false, ""},
	} {
		if got := iptc7901.Detect([]byte(c.head)); got != c.want || iptc7901.Version([]byte(c.head)) != c.version {
			t.Errorf("%q: %v, version %q", c.head, got, iptc7901.Version([]byte(c.head)))
		}
	}
}

func TestHostileOrBrokenFilesAreRefusedWithAReason(t *testing.T) {
	const good = "\x01dpx0417 4 spo 118\n\x02Text\n\x03\x04"
	for _, c := range []struct {
		name, doc string
		items     int
		kind      news.Kind
		says      string
	}{
		{"empty", "", 0, news.Invalid, "holds no message"},
		{"text", "Dear editor", 0, news.Invalid, "holds no message"},
		{"a header that is none", "\x01hello\n\x02x", 0, news.Invalid, `the header "hello"`},
		{"no text", "\x01dpx0417 4 spo 118\n", 0, news.Invalid, "the header"},
		{"one of two", good + "\x01hello\n\x02x", 1, news.Invalid, "message[2]: "},
		{"too large a message", "\x01dpx0417 4 spo 118\n\x02" + strings.Repeat("x", news.MaxContent), 0, news.TooLarge, "4194304 allowed"},
		{"too large a file", strings.Repeat(" ", iptc7901.MaxSize+1), 0, news.TooLarge, "16777216 allowed"},
		{"too many messages", strings.Repeat(good, iptc7901.MaxItems+1), 0, news.TooLarge, "10000 messages"},
		{"millions of beginnings", strings.Repeat("\x01", 4<<20), 0, news.TooLarge, "10000 messages"},
	} {
		start := time.Now()
		items, _, err := iptc7901.Read([]byte(c.doc))
		if news.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || len(items) != c.items {
			t.Errorf("%s: %d items, %.200v", c.name, len(items), err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
}

// message returns a message with the slug and text given.
func message(slug, text string) []byte {
	return []byte("\x01dpx0417 4 spo 118 " + slug + "\r\n\x02" + text + "\r\n\x03\r\n051530 GMT Apr 26\r\n\x04")
}

func read(t *testing.T, data []byte) *news.Item {
	t.Helper()
	items, _, err := iptc7901.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return items[0]
}

func TestSlugsTellCorrectionsKillsAndEmbargoes(t *testing.T) {
	for _, c := range []struct {
		slug, text string
		signal     string
		status     news.PubStatus
	}{
		{"ferry", "The ferry\n  It runs.", "", ""},
		{"ferry, CORRECTION", "The ferry\n  It runs.", "correction", ""},
		{"паром ИСПРАВЛЕНИЕ", "Паром", "correction", ""},
		{"عبارة/تصحيح", "العبارة", "correction", ""},
		{"ferry, 2nd Ld", "The ferry\n  It runs.", "update", ""},
		{"ferry KILL", "Kill it", "kill", news.Canceled},
		{"Road-Kill", "Fewer hedgehogs on roads", "", ""},
		{"ferry", "KILL: the ferry\n  Please kill it.", "kill", news.Canceled},
		{"ferry", "Fans kill time at the pier\n  They wait.", "", ""},
		{"ferry", "The ferry\n  EMBARGOED until Monday\n  It runs.", "", news.Withheld},
		{"паром ЭМБАРГО", "Паром", "", news.Withheld},
	} {
		it := read(t, message(c.slug, c.text))
		signal := ""
		if len(it.Signals) > 0 {
			signal = it.Signals[0].URI[strings.LastIndexByte(it.Signals[0].URI, '/')+1:]
		}
		if signal != c.signal || it.PubStatus != c.status {
			t.Errorf("%s: %s: signal %q, status %q", c.slug, c.text, signal, it.PubStatus)
		}
	}
}

func TestLinesAreJoinedToParagraphs(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"indented", "Head\n   One line\nand another.\n   Second.", "<p>One line and another.</p><p>Second.</p>"},
		{"empty lines", "Head\n\nOne line\nand another.\n\nSecond.", "<p>One line and another.</p><p>Second.</p>"},
		{"neither", "Head\n\nA first line that is long enough to be broken by the width of the\nwire.\nA second paragraph.", "<p>A first line that is long enough to be broken by the width of the wire.</p><p>A second paragraph.</p>"},
		{"quad left", "Head\n\nOne<\nTwo<", "<p>One</p><p>Two</p>"},
		{"a table", "Head\n\nResults:\nAlca     7:30\nUrga    <9:30>\n\nEnd.", "<p>Results:</p><pre>Alca     7:30\nUrga    &lt;9:30&gt;</pre><p>End.</p>"},
		{"separators of ANPA", "Head\n\nOne\x1e  Two\x1d  Three", "<p>One</p><p>Two</p><p>Three</p>"},
		{"markup is text", "Head\n\n<b>bold</b> & more", "<p>&lt;b&gt;bold&lt;/b&gt; &amp; more</p>"},
		{"control characters", "Head\n\n\x0e\x0fOne\x07", "<p>One</p>"},
	} {
		it := read(t, message("s", c.text))
		if got := it.Body().Value; got != c.want || it.Headline() != "Head" {
			t.Errorf("%s: %q under %q", c.name, got, it.Headline())
		}
	}
}

func TestWhatIsNotForPublicationGoesToTheDesk(t *testing.T) {
	it := read(t, message("s", "Head\n\nThe story.\n\nThe following information is not for publication:\nDesk: 12 34\nAuthor: g@x.example"))
	if it.Body().Value != "<p>The story.</p>" || !strings.Contains(it.EdNote, "Desk: 12 34\nAuthor") {
		t.Errorf("%q, note %q", it.Body().Value, it.EdNote)
	}
}

func TestDatesBehindTheTextAreRead(t *testing.T) {
	for _, c := range []struct{ trailer, want string }{
		{"051530 Apr 26", "2026-04-05T15:30:00Z"},
		{"051530 GMT APR 2026", "2026-04-05T15:30:00Z"},
		{"051530 MSK Okt 26", "2026-10-05T15:30:00+03:00"},
		{"RW-04-12-26 0815EDT<", "2026-04-12T08:15:00-04:00"},
		{"RW-04-12-26 0815 GMT", "2026-04-12T08:15:00Z"},
		{"991530 Apr 26", "0001-01-01T00:00:00Z"},
		{"", "0001-01-01T00:00:00Z"},
	} {
		it := read(t, []byte("\x01dpx0417 4 spo 118\n\x02Head\n\x03\r\n"+c.trailer+"\r\n\x04"))
		if got := it.VersionCreated.Format(time.RFC3339); got != c.want {
			t.Errorf("%q: %s", c.trailer, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.iptc")
	f.Add(message("a, KILL", "^x<\n^By y=\nz   z   z\nz   z   z"))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, losses, err := iptc7901.Read(data)
		goldentest.Sound(t, items, losses, err)
	})
}
