package format

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// carriers are files of each format around a body, a date and a name that somebody
// else chose. %BODY% stands where markup or text of the story does, %DATE% where a
// date does; %DOCTYPE% behind the XML declaration.
var carriers = map[string]string{
	"newsml-g2": `<?xml version="1.0"?>%DOCTYPE%<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x:1" version="1" standard="NewsML-G2" standardversion="2.30"><itemMeta><itemClass qcode="ninat:text"/><provider qcode="nprov:X"/>` +
		`<versionCreated>%DATE%</versionCreated></itemMeta><contentMeta><headline>h</headline></contentMeta><contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><body><p>%BODY%</p></body></html></inlineXML></contentSet></newsItem>`,
	"newsml1": `<?xml version="1.0"?>%DOCTYPE%<NewsML><NewsItem><Identification><NewsIdentifier><ProviderId>x.example</ProviderId><DateId>20260101</DateId><NewsItemId>1</NewsItemId><RevisionId PreviousRevision="0" Update="N">1</RevisionId></NewsIdentifier></Identification>` +
		`<NewsManagement><NewsItemType FormalName="News"/><FirstCreated>%DATE%</FirstCreated><ThisRevisionCreated>%DATE%</ThisRevisionCreated><Status FormalName="Usable"/></NewsManagement><NewsComponent><NewsLines><HeadLine>h</HeadLine></NewsLines>` +
		`<ContentItem><DataContent><p>%BODY%</p></DataContent></ContentItem></NewsComponent></NewsItem></NewsML>`,
	"nitf":     `<?xml version="1.0"?>%DOCTYPE%<nitf><head><title>h</title><docdata><doc-id id-string="1" regsrc="x.example"/><date.issue norm="%DATE%"/></docdata></head><body><body.head><hedline><hl1>h</hl1></hedline></body.head><body.content><p>%BODY%</p></body.content></body></nitf>`,
	"rss":      `<?xml version="1.0"?>%DOCTYPE%<rss version="2.0"><channel><title>t</title><link>https://x.example/</link><item><guid>https://x.example/1</guid><title>h</title><pubDate>%DATE%</pubDate><description>%BODY%</description></item></channel></rss>`,
	"atom":     `<?xml version="1.0"?>%DOCTYPE%<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>urn:x:f</id><entry><id>urn:x:1</id><title>h</title><updated>%DATE%</updated><published>%DATE%</published><summary>%BODY%</summary></entry></feed>`,
	"wxr":      `<?xml version="1.0"?>%DOCTYPE%<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>t</title><link>https://x.example</link><wp:wxr_version>1.2</wp:wxr_version><item><title>h</title><link>https://x.example/1</link><guid>https://x.example/?p=1</guid><pubDate>%DATE%</pubDate><content:encoded>%BODY%</content:encoded><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type><wp:status>publish</wp:status></item></channel></rss>`,
	"jsonfeed": `{"version":"https://jsonfeed.org/version/1.1","title":"t","home_page_url":"https://x.example/","items":[{"id":"https://x.example/1","title":"h","date_published":"%DATE%","content_html":"%BODY%"}]}`,
	"ninjs":    `{"uri":"urn:x:1","type":"text","versionCreated":"%DATE%","headlines":[{"value":"h"}],"bodies":[{"contentType":"text/html","value":"%BODY%"}]}`,
	"ritzau":   `<?xml version="1.0"?>%DOCTYPE%<RBNews><NewsID>1</NewsID><PublishDate>%DATE%</PublishDate><headline>h</headline><content>%BODY%</content></RBNews>`,
	"ap-media": `{"api_version":"1.1","data":{"item":{"uri":"urn:x:1","type":"text","versioncreated":"%DATE%","headline":"h"}},"nitf":{"body_html":"%BODY%"}}`,
	"ldrs":     `{"total":1,"item":[{"uri":"urn:x:1","type":"story","versioncreated":"%DATE%","headline":"h","body_html":"%BODY%"}]}`,
	"html":     `%DOCTYPE%<html lang="en"><head><title>h</title><link rel="canonical" href="https://x.example/1"><meta property="article:published_time" content="%DATE%"></head><body><article><p>A story of some words that a reader can find in the page, about the ferry and the harbour.</p><p>%BODY%</p></article></body></html>`,
	"mail":     "Message-ID: <1@x.example>\r\nFrom: a@x.example\r\nTo: b@x.example\r\nSubject: h\r\nDate: %DATE%\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>%BODY%</p>\r\n",
	"text":     "URI: urn:x:1\nDATE: %DATE%\nHEADLINE: h\n\n%BODY%\n",
}

// carrier fills a carrier.
func carrier(format, doctype, body, date string) []byte {
	if strings.HasPrefix(carriers[format], "{") {
		body = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(body)
	}
	return []byte(strings.NewReplacer("%DOCTYPE%", doctype, "%BODY%", body, "%DATE%", date).Replace(carriers[format]))
}

// readWithin reads a file and fails if that takes long or much memory.
func readWithin(t *testing.T, name string, data []byte) (Result, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	res, err := Read(data, "f")
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if took > 10*time.Second {
		t.Errorf("%s: took %v", name, took)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 400<<20 {
		t.Errorf("%s: %d MB for a file of %d KB", name, used>>20, len(data)>>10)
	}
	if err == nil && len(res.Items) == 0 {
		t.Errorf("%s: neither an item nor a reason", name)
	}
	if err != nil && news.KindOf(err) != news.Invalid && news.KindOf(err) != news.TooLarge {
		t.Errorf("%s: an error of no kind: %v", name, err)
	}
	return res, err
}

// says checks the words of a refusal.
func says(t *testing.T, name string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %.300v; it should say %q", name, err, words)
	}
}

const innocent = "2026-03-01T09:00:00Z"

func TestTheCarriersAreReadWhenNobodyMeansHarm(t *testing.T) {
	for format := range carriers {
		res, err := readWithin(t, format, carrier(format, "", "The ferry sails again after the storm.", innocent))
		if err != nil || res.Format != format || !strings.Contains(res.Items[0].Body().Value+res.Items[0].Summary(), "ferry sails") {
			t.Errorf("%s: read as %s, %v", format, res.Format, err)
		}
	}
}

func TestNoEntityIsEverExpandedOrFetched(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "lollollollol">`
	for c := 'b'; c <= 'k'; c++ {
		bomb += fmt.Sprintf("<!ENTITY %c \"%s\">", c, strings.Repeat("&"+string(c-1)+";", 10))
	}
	bomb += "]>"
	refusals := map[string]string{
		"newsml-g2": "a DOCTYPE is not allowed", "newsml1": "invalid character entity &", "nitf": "invalid character entity &",
		"rss": "declares entities", "atom": "declares entities", "wxr": "a DOCTYPE is not allowed",
	}
	for what, c := range map[string]struct{ doctype, body string }{
		"a bomb":              {bomb, "&k;"},
		"a file":              {`<!DOCTYPE x [<!ENTITY k SYSTEM "file:///etc/passwd">]>`, "&k;"},
		"an address":          {`<!DOCTYPE x [<!ENTITY k SYSTEM "http://127.0.0.1:1/">]>`, "&k;"},
		"a parameter entity":  {`<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>`, "&k;"},
		"a quadratic blow-up": {`<!DOCTYPE x [<!ENTITY k "` + strings.Repeat("a", 50_000) + `">]>`, strings.Repeat("&k;", 50_000)},
	} {
		for format := range carriers {
			res, err := readWithin(t, format+": "+what, carrier(format, c.doctype, c.body, innocent))
			if words := refusals[format]; words != "" {
				says(t, format+": "+what, err, words)
			}
			for _, it := range res.Items {
				if s := it.Body().Value + it.Summary(); strings.Contains(s, "root:") || strings.Contains(s, "lollol") || strings.Count(s, "a") > 60_000 {
					t.Errorf("%s: %s was expanded: %.100s", format, what, s)
				}
			}
		}
	}
}

func TestNestingOf20000IsBounded(t *testing.T) {
	const deep = 20_000
	nested := strings.Repeat("<b>", deep) + "x" + strings.Repeat("</b>", deep)
	refusals := map[string]string{
		"newsml-g2": "nested more than 200 deep", "newsml1": "nested more than 200 deep", "nitf": "nested more than 200 deep",
		"rss": "nested more than 100 deep", "atom": "nested more than 100 deep", "wxr": "nested more than 200 deep", "ritzau": "nested more than 200 deep",
	}
	for format := range carriers {
		_, err := readWithin(t, format, carrier(format, "", nested, innocent))
		if words := refusals[format]; words != "" {
			says(t, format, err, words)
			if len(err.Error()) > 500 {
				t.Errorf("%s: nobody reads a reason of %d bytes", format, len(err.Error()))
			}
		}
		// Where the body is text to the format, it stays a body.
		if refusals[format] == "" && format != "html" && err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
	for name, c := range map[string]struct{ data, says string }{
		"associations":  {`{"uri":"urn:x:1","associations":` + strings.Repeat(`[{"uri":"urn:x:2","name":"n","associations":`, deep) + "[]" + strings.Repeat("}]", deep) + "}", "8 deep"},
		"an array":      {`{"uri":"urn:x:1","unknown":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}", "not JSON"},
		"a shape":       {`{"uri":"urn:x:1","places":[{"geoJSON":{"type":"Polygon","coordinates":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}}]}", "not JSON"},
		"a JSON feed":   {`{"version":"https://jsonfeed.org/version/1.1","items":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}", "JSON feed cannot be read"},
		"mails in mail": {"Message-ID: <1@x.example>\r\nFrom: a@x.example\r\nDate: " + innocent + "\r\nSubject: s\r\n" + strings.Repeat("Content-Type: message/rfc822\r\n\r\n", deep), "10 deep"},
	} {
		_, err := readWithin(t, name, []byte(c.data))
		says(t, name, err, c.says)
	}
}

// TestAFileOfAGigabyteIsRefusedUnread: the memory of such a file is not even touched
// beyond its head.
func TestAFileOfAGigabyteIsRefusedUnread(t *testing.T) {
	const size = 1 << 30
	data := make([]byte, size)
	heads := map[string][]byte{"iptc7901": []byte("\x01abc123 4 pol 12 word\r\n\x02"), "subtitles": []byte("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n"), "picture": append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 100)...)}
	for format := range carriers {
		heads[format] = carrier(format, "", "x", innocent)
	}
	for format, head := range heads {
		clear(data[:HeadSize])
		copy(data, head)
		// Behind its beginning the file goes on as such a file would.
		for i := len(head); i < HeadSize; i++ {
			data[i] = ' '
		}
		res, err := readWithin(t, format, data)
		if news.KindOf(err) != news.TooLarge || len(res.Items) > 0 || !strings.Contains(err.Error(), "allowed for") {
			t.Errorf("%s: %.200v", format, err)
		}
	}
}

func TestArchivesInMailAreKeptAndNeverOpened(t *testing.T) {
	var zipped, gzipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	f, err := z.Create("../../story.json")
	if err != nil {
		t.Fatal(err)
	}
	zeros := io.LimitReader(zeroes{}, 200<<20)
	if _, err := io.Copy(f, zeros); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	g := gzip.NewWriter(&gzipped)
	if _, err := io.Copy(g, io.LimitReader(zeroes{}, 200<<20)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for name, bomb := range map[string][]byte{"bomb.zip": zipped.Bytes(), "bomb.xml.gz": gzipped.Bytes(), "bomb.docx": zipped.Bytes()} {
		data := "Message-ID: <1@x.example>\r\nFrom: a@x.example\r\nDate: " + innocent + "\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n" +
			"Content-Type: application/zip\r\nContent-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=" + name + "\r\n\r\n" + base64.StdEncoding.EncodeToString(bomb) + "\r\n--b--\r\n"
		res, err := readWithin(t, name, []byte(data))
		if err != nil || len(res.Attachments) != 1 || !bytes.Equal(res.Attachments[0].Bytes, bomb) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestNamesOfFilesStayNames: a name from outside never says where something is kept.
func TestNamesOfFilesStayNames(t *testing.T) {
	for _, name := range []string{"../../etc/passwd", `..\..\windows\system32\a.exe`, "/etc/cron.d/x", "C:\\x.jpg", "a\u202egpj.exe", "a\x00b.jpg", ".htaccess", "..", "con/../../x.jpg"} {
		word := "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(name)) + "?="
		mail := "Message-ID: <1@x.example>\r\nFrom: a@x.example\r\nDate: " + innocent + "\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"" + word + "\"\r\n\r\nx\r\n--b--\r\n"
		files := map[string][]byte{"mail": []byte(mail), "subtitles": []byte("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n")}
		for format, data := range files {
			res, err := Read(data, name)
			if err != nil || len(res.Attachments) != 1 {
				t.Fatalf("%s: %q: %v", format, name, err)
			}
			for _, got := range []string{res.Attachments[0].Name, res.Items[0].Renditions[0].OriginalFilename} {
				if strings.ContainsAny(got, "/\\\x00\u202e") || strings.HasPrefix(got, ".") {
					t.Errorf("%s: %q became %q", format, name, got)
				}
			}
		}
	}
}

// TestATimeWithoutAZoneIsUTCAndSaidSo: a guess is worse than a question.
func TestATimeWithoutAZoneIsUTCAndSaidSo(t *testing.T) {
	dates := map[string]string{"rss": "Sun, 01 Mar 2026 09:00:00", "mail": "Sun, 1 Mar 2026 09:00:00", "wxr": "Sun, 01 Mar 2026 09:00:00", "newsml1": "20260301T090000", "nitf": "20260301T090000"}
	for format := range carriers {
		if format == "ritzau" { // its times are those of one agency, at one place
			continue
		}
		date := dates[format]
		if date == "" {
			date = "2026-03-01T09:00:00"
		}
		res, err := Read(carrier(format, "", "The ferry sails again after the storm.", date), "f")
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		it := res.Items[0]
		at := it.VersionCreated
		if at.IsZero() {
			at = it.FirstCreated
		}
		if want := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC); !at.Equal(want) {
			t.Errorf("%s: %v", format, at)
		}
		said := false
		for _, l := range res.Losses {
			said = said || strings.Contains(l.Reason, "UTC")
		}
		if !said {
			t.Errorf("%s: nobody is told: %v", format, res.Losses)
		}
	}
}

// TestContradictionsAreDecidedAndSaid: of two declarations that exclude each other
// the safe or the true one counts, and the desk is told.
func TestContradictionsAreDecidedAndSaid(t *testing.T) {
	koi8 := func(s string) string { // of Russian in lower case
		const order = "юабцдефгхийклмнопярстужвьызшэщчъ"
		var b strings.Builder
		for _, c := range s {
			if i := slices.Index([]rune(order), c); i >= 0 {
				b.WriteByte(byte(0xc0 + i))
			} else {
				b.WriteRune(c)
			}
		}
		return b.String()
	}
	const russian = "паром снова ходит после шторма сообщил начальник порта в понедельник утром"
	for _, c := range []struct {
		name, data, says string
		check            func(*news.Item) bool
	}{
		{"declared ISO 8859-1, is UTF-8", strings.Replace(string(carrier("newsml-g2", "", "café", innocent)), `"1.0"`, `"1.0" encoding="ISO-8859-1"`, 1), "UTF-8",
			func(it *news.Item) bool { return strings.Contains(it.Body().Value, "café") }},
		{"declared UTF-8, is KOI8-R", strings.Replace(string(carrier("nitf", "", koi8(russian), innocent)), `"1.0"`, `"1.0" encoding="UTF-8"`, 1), "koi8-r",
			func(it *news.Item) bool { return strings.Contains(it.Body().Value, "паром снова ходит") }},
		{"feed declared windows-1252, is UTF-8", strings.Replace(string(carrier("rss", "", "café", innocent)), `"1.0"`, `"1.0" encoding="windows-1252"`, 1), "UTF-8",
			func(it *news.Item) bool { return it.Summary() == "café" }},
		{"page declared ISO 8859-1, is UTF-8", strings.Replace(string(carrier("html", "", "café", innocent)), "<head>", `<head><meta charset="iso-8859-1">`, 1), "UTF-8",
			func(it *news.Item) bool { return strings.Contains(it.Body().Value, "café") }},
		{"mail declared us-ascii, is UTF-8", strings.Replace(string(carrier("mail", "", "café café café", innocent)), "charset=utf-8", "charset=us-ascii", 1), "UTF-8",
			func(it *news.Item) bool { return strings.Contains(it.Body().Value, "café") }},
		{"usable and under an embargo without end", strings.Replace(string(carrier("newsml-g2", "", "x", innocent)), "</itemMeta>", `<embargoed/><pubStatus qcode="stat:usable"/></itemMeta>`, 1), "embargo",
			func(it *news.Item) bool { return it.PubStatus == news.Withheld }},
		{"usable in a text that has an embargo nobody can read", "URI: urn:x:1\nEMBARGO: soon\nSTATUS: usable\nHEADLINE: h\n\nwords of a story\n", "cannot be read",
			func(it *news.Item) bool { return it.PubStatus == news.Withheld }},
		{"a second entry with the same id", strings.Replace(string(carrier("rss", "", "old", "Sun, 01 Mar 2026 09:00:00 +0000")), "</channel>", "<item><guid>https://x.example/1</guid><title>h</title><pubDate>Mon, 02 Mar 2026 09:00:00 +0000</pubDate><description>new</description></item></channel>", 1), "a second entry",
			func(it *news.Item) bool { return it.Summary() == "new" }},
		{"a standard that contradicts its schema", `{"standard":{"name":"ninjs","schema":"http://www.iptc.org/std/ninjs/ninjs-schema_1.3.json"},"uri":"urn:x:1","headlines":[{"value":"h"}]}`, "",
			func(it *news.Item) bool { return it.Headline() == "h" }},
	} {
		res, err := Read([]byte(c.data), "f")
		if err != nil || len(res.Items) != 1 || !c.check(res.Items[0]) {
			t.Errorf("%s: %+v, %v", c.name, res.Items, err)
		}
		said := c.says == ""
		for _, l := range res.Losses {
			said = said || strings.Contains(strings.ToLower(l.Reason), strings.ToLower(c.says))
		}
		if !said {
			t.Errorf("%s: nobody is told: %v", c.name, res.Losses)
		}
	}
	for name, c := range map[string]struct{ data, says string }{
		"a member given twice":             {`{"uri":"urn:x:1","pubStatus":"canceled","pubStatus":"usable"}`, "given twice"},
		"a property in two spellings":      {`{"uri":"urn:x:1","pubStatus":"canceled","pubstatus":"usable"}`, "pubstatus"},
		"an embargo in two spellings":      {`{"uri":"urn:x:1","embargoedUntil":"2031-01-01T00:00:00Z","embargoed":"2021-01-01T00:00:00Z"}`, "embargoed"},
		"a byte order mark that is not so": {"\xef\xbb\xbf<newsItem guid=\"a\">\xff</newsItem>", "UTF-8"},
	} {
		_, err := readWithin(t, name, []byte(c.data))
		says(t, name, err, c.says)
	}
}

// TestAHostileFileInAMailCostsOnlyItself: the mail is read, and the file is kept
// for a person to look at, with the reason why it was not read.
func TestAHostileFileInAMailCostsOnlyItself(t *testing.T) {
	nested := strings.Repeat("<b>", 20_000) + "x" + strings.Repeat("</b>", 20_000)
	for name, file := range map[string][]byte{
		"entity.xml": carrier("newsml-g2", `<!DOCTYPE x [<!ENTITY k SYSTEM "file:///etc/passwd">]>`, "&k;", innocent),
		"deep.xml":   carrier("nitf", "", nested, innocent),
		"twice.json": []byte(`{"uri":"urn:x:1","pubStatus":"canceled","pubStatus":"usable"}`),
	} {
		data := "Message-ID: <1@x.example>\r\nFrom: a@x.example\r\nDate: " + innocent + "\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n" +
			"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=" + name + "\r\n\r\n" + base64.StdEncoding.EncodeToString(file) + "\r\n--b--\r\n"
		res, err := readWithin(t, name, []byte(data))
		if err != nil || len(res.Items) != 1 || len(res.Attachments) != 1 || !bytes.Equal(res.Attachments[0].Bytes, file) {
			t.Fatalf("%s: %+v, %v", name, res.Items, err)
		}
		if !slices.ContainsFunc(res.Losses, func(l loss.Loss) bool {
			return strings.HasSuffix(l.Path, "/"+name) && strings.Contains(l.Reason, "kept as a file")
		}) {
			t.Errorf("%s: nobody is told why it was not read: %v", name, res.Losses)
		}
	}
}

// TestTheDocumentNamesTestsThatExist: a table that promises what nothing tests is
// worse than none.
func TestTheDocumentNamesTestsThatExist(t *testing.T) {
	doc, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests bytes.Buffer
	for _, pattern := range []string{"*_test.go", "*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(data)
		}
	}
	names := regexp.MustCompile("`(Test|Fuzz)[A-Z0-9][A-Za-z0-9]*`").FindAllString(string(doc), -1)
	if len(names) < 20 {
		t.Errorf("only %d tests are named", len(names))
	}
	for _, name := range names {
		if !strings.Contains(tests.String(), "func "+strings.Trim(name, "`")+"(") {
			t.Errorf("docs/formats.md names %s, which does not exist", name)
		}
	}
}
