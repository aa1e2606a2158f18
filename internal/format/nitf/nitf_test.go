package nitf_test

import (
	"encoding/json"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/nitf"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: "testdata/*.xml", Fewest: 8, Detect: nitf.Detect, Read: nitf.Read}.Check(t, *update)
}

// doc returns an article with the docdata and body content given.
func doc(docdata, content string) []byte {
	return []byte(`<nitf><head>` + docdata + `</head><body><body.content>` + content + `</body.content></body></nitf>`)
}

func read(t *testing.T, data []byte) *news.Item {
	t.Helper()
	items, _, err := nitf.Read(data)
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
		{"another root", "<rss/>", news.Invalid, "<rss> is not the root of a NITF document"},
		{"entity of its own", `<!DOCTYPE nitf [<!ENTITY a "b">]><nitf><body>&a;</body></nitf>`, news.Invalid, "invalid character entity &a;"},
		{"external entity", `<!DOCTYPE nitf [<!ENTITY a SYSTEM "file:///etc/passwd">]><nitf><body>&a;</body></nitf>`, news.Invalid, "invalid character entity"},
		{"cut off", "<nitf><body>\n<p>Rain", news.Invalid, "ends before <p> of line 2"},
		{"two articles", "<nitf/><nitf/>", news.Invalid, "second root"},
		{"too deep", "<nitf>" + strings.Repeat("<block>", 300), news.TooLarge, "more than 200 deep"},
		{"too many elements", "<nitf><body>" + strings.Repeat("<br/>", 250_000) + "</body></nitf>", news.TooLarge, "200000 elements"},
		{"too large", "<nitf>" + strings.Repeat(" ", nitf.MaxSize), news.TooLarge, "allowed"},
	} {
		_, _, err := nitf.Read([]byte(c.doc))
		if news.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.200v", c.name, err)
		}
	}
}

func TestWhatIsNotUnderstoodHoldsTheItemBack(t *testing.T) {
	const issue = `<date.issue norm="20260301T070000Z"/>`
	for _, c := range []struct {
		name, docdata string
		status        news.PubStatus
		embargo       string
	}{
		{"nothing said", `<docdata/>`, "", ""},
		{"usable", `<docdata management-status="usable"/>`, news.Usable, ""},
		{"released as issued", `<docdata>` + issue + `<date.release norm="20260301T070000Z"/></docdata>`, "", ""},
		{"released later", `<docdata>` + issue + `<date.release norm="20260301T100000+0200"/></docdata>`, "", "2026-03-01T10:00:00+02:00"},
		{"release before issue in order", `<docdata><date.release norm="20260301T080000Z"/>` + issue + `</docdata>`, "", "2026-03-01T08:00:00Z"},
		{"embargoed", `<docdata management-status="embargoed"><date.release norm="20260301T080000Z"/></docdata>`, news.Usable, "2026-03-01T08:00:00Z"},
		{"embargoed without end", `<docdata management-status="embargoed"/>`, news.Withheld, ""},
		{"release that cannot be read", `<docdata><date.release norm="soon"/></docdata>`, news.Withheld, ""},
		{"canceled with a bad release", `<docdata management-status="cancelled"><date.release norm="soon"/></docdata>`, news.Canceled, ""},
		{"unknown status", `<docdata management-status="spiked"/>`, news.Withheld, ""},
	} {
		it := read(t, doc(c.docdata, "<p>a</p>"))
		embargo := ""
		if !it.Embargoed.IsZero() {
			embargo = it.Embargoed.Format(time.RFC3339)
		}
		if it.PubStatus != c.status || embargo != c.embargo {
			t.Errorf("%s: %q until %q", c.name, it.PubStatus, embargo)
		}
	}
}

func TestVersionIsTheOneThatTheFileDeclares(t *testing.T) {
	for head, want := range map[string]string{
		`<nitf version="-//IPTC//DTD NITF 3.2//EN">`: "3.2", `<!DOCTYPE nitf SYSTEM "nitf-3-4.dtd"><nitf>`: "3.4",
		`<!DOCTYPE nitf PUBLIC "-//IPTC-NAA//DTD NITF-XML 2.5//EN" "nitf.dtd">`: "", "<nitf>": "",
	} {
		if got := nitf.Version([]byte(head)); got != want {
			t.Errorf("%s: %q, want %q", head, got, want)
		}
	}
}

// TestWhatIsReadSurvivesWriting writes each sample and reads it back: what NITF
// has a place for must come back as it was.
func TestWhatIsReadSurvivesWriting(t *testing.T) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			before := read(t, goldentest.File(t, file))
			written, losses, err := nitf.Write(before)
			if err != nil {
				t.Fatal(err)
			}
			after := read(t, written)
			again, _, err := nitf.Write(after)
			if err != nil {
				t.Fatal(err)
			}
			if string(again) != string(written) {
				t.Errorf("the second writing differs\n%s\n%s", written, again)
			}
			if before.PubStatus == "" {
				before.PubStatus = news.Usable // NITF says it
			}
			before.Standard, after.Standard = nil, nil
			for _, l := range losses {
				if l.Path == "/altIds" {
					before.AltIDs = after.AltIDs
				}
				if strings.HasPrefix(l.Path, "/extra/") {
					delete(before.Extra, strings.TrimPrefix(l.Path, "/extra/"))
				}
				if strings.HasPrefix(l.Path, "/associations") && len(after.Associations) == 0 {
					before.Associations = nil
				}
			}
			for i := range before.Bodies { // line breaks between blocks are the pretty-printer's
				before.Bodies[i].Value = strings.ReplaceAll(before.Bodies[i].Value, "\n", "")
			}
			if len(before.Extra) == 0 {
				before.Extra = nil
			}
			if d := goldentest.Diff(before, after); d != "" {
				t.Errorf("%s as %s", d, written)
			}
		})
	}
}

func TestMarkupThatNITFHasIsKeptAndTheRestIsReported(t *testing.T) {
	for _, c := range []struct{ html, want, lost string }{
		{`<p>a <strong>b</strong> <i>c</i><br>d</p>`, `<p>a <em class="strong">b</em> <em>c</em><br/>d</p>`, ""},
		{`loose <b>text</b><p>p</p>end`, `<p>loose <em class="strong">text</em></p><p>p</p><p>end</p>`, ""},
		{`<h2>A</h2><h3>B</h3>`, `<hl2 class="h2">A</hl2><hl2>B</hl2>`, ""},
		{`<h4 class="a" id="i">A</h4>`, `<hl2 class="h4" id="i">A</hl2>`, ""},
		{`<div><div><p>x</p></div></div>`, `<block><p>x</p></block>`, ""},
		{`<ul><li>a<ul><li>b</li></ul></li></ul>`, `<ul><li><p>a</p><ul><li>b</li></ul></li></ul>`, ""},
		{`<table><thead><tr><th>h</th></tr></thead><tbody><tr><td colspan="2">1</td></tr></tbody></table>`, `<table><thead><tr><th>h</th></tr></thead><tbody><tr><td colspan="2">1</td></tr></tbody></table>`, ""},
		{`<blockquote>said</blockquote>`, `<bq><block><p>said</p></block></bq>`, ""},
		{`<figure><img src="a.jpg" alt="A"><figcaption>C</figcaption></figure>`, `<media media-type="image"><media-reference source="a.jpg" alternate-text="A"/><media-caption>C</media-caption></media>`, ""},
		{`<p>x<img src="a.jpg">y</p>`, `<p>xy</p><media media-type="image"><media-reference source="a.jpg"/></media>`, ""},
		{`<p>E=mc<sup>2</sup></p><script>x</script>`, `<p>E=mc2</p>`, "<sup>"},
		{strings.Repeat("<div>", 300) + "deep", "", "60 deep"},
		{strings.Repeat("<div>", 600) + "deep", "deep", ""},
	} {
		written, losses, err := nitf.Write(&news.Item{URI: "urn:x:1", Type: news.Text, Bodies: []news.Words{{ContentType: "text/html", Value: c.html}}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(written), c.want) {
			t.Errorf("%.80s: got %s", c.html, written)
		}
		found := c.lost == ""
		for _, l := range losses {
			found = found || strings.Contains(l.Reason, c.lost)
		}
		if !found || c.lost == "" && len(losses) > 0 {
			t.Errorf("%.80s: losses %v", c.html, losses)
		}
	}
}

func TestWriteReportsWhatNITFHasNoPlaceFor(t *testing.T) {
	n := 50
	it := &news.Item{
		URI: "urn:x:1", Type: news.Video, Profile: "p", Parts: []news.Part{{Seq: 1}}, Urgency: 9, DigitalSourceType: "x",
		Subjects: []news.Concept{{Name: "s", Relevance: &n}}, Associations: []news.Item{{URI: "urn:x:2"}},
		Extra: map[string]json.RawMessage{"/a": json.RawMessage(`1`)},
	}
	written, losses, err := nitf.Write(it)
	if err != nil || !nitf.Detect(written) {
		t.Fatal(err)
	}
	said := ""
	for _, l := range losses {
		said += l.Path + " "
	}
	for _, path := range []string{"/profile", "/parts", "/urgency", "/digitalSourceType", "/subjects", "/associations/0", "/extra//a"} {
		if !strings.Contains(said, path+" ") {
			t.Errorf("%s was lost in silence: %s", path, said)
		}
	}
	if _, _, err := nitf.Write(&news.Item{}); news.KindOf(err) != news.Invalid {
		t.Errorf("an item without uri: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.xml")
	f.Add(doc("<docdata/>", "<media/><table/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, losses, err := nitf.Read(data)
		goldentest.Sound(t, items, losses, err)
		for _, it := range items {
			if it.URI == "" {
				continue
			}
			written, _, err := nitf.Write(it)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := nitf.Read(written); err != nil && news.KindOf(err) != news.TooLarge {
				t.Fatalf("%v\n%s", err, written)
			}
		}
	})
}
