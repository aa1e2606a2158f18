package feed

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// bothWays reads a feed as usual and through gofeed alone, and reports what differs.
func bothWays(t *testing.T, data []byte) {
	t.Helper()
	fast, fastLosses, fastErr := Read(data)
	slow, slowLosses, slowErr := read(data, gofeedRSS, gofeedAtom)
	if (fastErr == nil) != (slowErr == nil) {
		t.Fatalf("%v\ngofeed alone: %v\n%s", fastErr, slowErr, data)
	}
	if !reflect.DeepEqual(fastLosses, slowLosses) {
		t.Fatalf("losses %v\ngofeed alone: %v\n%s", fastLosses, slowLosses, data)
	}
	if fastErr != nil {
		return
	}
	if len(fast.Items) != len(slow.Items) {
		t.Fatalf("%d items, %d through gofeed alone\n%s", len(fast.Items), len(slow.Items), data)
	}
	for i := range fast.Items {
		if !reflect.DeepEqual(fast.Items[i], slow.Items[i]) {
			t.Fatalf("item %d:\n%+v\ngofeed alone:\n%+v\n%s", i, fast.Items[i], slow.Items[i], data)
		}
	}
	fast.Items, slow.Items = nil, nil
	if !reflect.DeepEqual(fast, slow) {
		t.Fatalf("feed %+v\ngofeed alone: %+v\n%s", fast, slow, data)
	}
}

// shapes are feeds whose peculiarities gofeed and the short way have to share.
var shapes = []string{
	`<rss version="2.0"><channel><title> A &amp; B&nbsp; </title><link>https://x.example/</link><ttl>5</ttl><item><guid>1</guid><title><![CDATA[ <b>x</b> ]]> &amp;amp; y</title><description>a &lt;p&gt; &copy2; &copy; & lone</description></item></channel></rss>`,
	`<rss version="2.0"><channel><title>T</title><link href="https://x.example/%zz a"/><item><link href="HTTPS://X.example/ü"/><title>a<b>c</b>&#8217;</title><Custom k="v">c</Custom><comments>https://x.example/c</comments></item></channel></rss>`,
	`<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:x="urn:x" xmlns:a="http://www.w3.org/2005/Atom"><channel><title>T</title><link>https://x.example/</link><a:link rel="hub" href="https://hub.example/ x"/><item><guid isPermaLink="false">2</guid><dc:creator>A</dc:creator><dc:creator>B</dc:creator><x:y src="A b" z="1">v<w><x:q src="A b"/></w> u</x:y><category domain="d">c</category><source url="https://s.example/">S</source><enclosure url="https://x.example/a.mp3" length="1" type="audio/mpeg">junk<x/></enclosure></item></channel></rss>`,
	`<rss version="2.0" xmlns:c="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"><channel><item><guid>3</guid><c:encoded><![CDATA[<p>a]]>&gt;<![CDATA[b</p>]]></c:encoded><media:group><media:content url="https://x.example/1.jpg" medium="image"/><media:title>t</media:title></media:group></item></channel></rss>`,
	`<rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/" xmlns:n="http://search.yahoo.com/mrss/" xmlns:u="urn:u" xmlns:v="urn:u"><channel><item><guid>4</guid><m:content url="https://x.example/1.jpg"/><n:content url="https://x.example/2.jpg"/><u:a>1</u:a><v:a>2</v:a></item></channel></rss>`,
	`<rss version="2.0" xmlns="http://www.w3.org/2005/Atom"><channel><item><guid>5</guid></item></channel></rss>`,
	`<rss version="2.0" xml:base="https://x.example/"><channel><item><guid>6</guid><link>a</link></item></channel></rss>`,
	`<rss version="2.0"><item><guid>7</guid></item><channel><title>T</title></channel><channel><title>U</title></channel></rss>`,
	`<rss version="2.0"><channel><dc:creator>undeclared</dc:creator><item><guid>8</guid><content:encoded>x</content:encoded></item></channel></rss>`,
	`<rss version="2.0"><channel><title>unclosed<item><guid>9</guid></channel></rss>`,
	`<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ru"><title type="html">A &amp;lt;b&gt;</title><id> urn:x:1 </id><link href="https://x.example/ q"/><link rel="self" href="https://x.example/f"/><author><name>N</name><uri>https://n.example/ ü</uri></author><entry><id>urn:x:2</id><title>T</title><updated>2026-01-01T00:00:00Z</updated><content type="html">&lt;p&gt;x&lt;/p&gt;</content><category term="t" scheme="https://s.example/a b" label="l"/><link rel="enclosure" href="https://x.example/a" type="image/png" length="3" title="p"/></entry></feed>`,
	`<feed xmlns="http://www.w3.org/2005/Atom" xmlns:th="http://purl.org/syndication/thread/1.0" xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>T</title><at:deleted-entry ref="urn:x:3" when="2026-01-01T00:00:00Z"><at:comment>gone</at:comment></at:deleted-entry><entry><id>urn:x:4</id><th:total>3</th:total><summary type="text">a &amp; b</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></content></entry></feed>`,
	`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:x:5</id><content type="image/png">aGFsbG8=</content><source><id>urn:s</id><title>S</title></source><contributor><name>C</name></contributor></entry><entry><id>urn:x:6</id><content type="html"><![CDATA[<p>y</p>]]></content><content src="https://x.example/v.mp4" type="video/mp4"/></entry></feed>`,
	`<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>urn:x:7</a:id></a:entry></a:feed>`,
	`<feed xmlns="http://www.w3.org/2005/Atom" xmlns:a="http://www.w3.org/2005/Atom"><entry><a:id>urn:x:8</a:id><id mode="escaped">urn:x:9</id></entry></feed>`,
}

// TestPlainFeedsAreReadAsGofeedReadsThem: the short way may change nothing.
func TestPlainFeedsAreReadAsGofeedReadsThem(t *testing.T) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) < 7 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bothWays(t, data)
	}
	for _, data := range shapes {
		bothWays(t, []byte(data))
	}
}

// TestUsualFeedsTakeTheShortWay: else it would be of no use.
func TestUsualFeedsTakeTheShortWay(t *testing.T) {
	for _, i := range []int{0, 1, 2, 3} {
		text := strings.NewReplacer("&nbsp;", "", "&copy2;", "", "&copy;", "", " & ", " ").Replace(shapes[i])
		if _, ok := plainRSS([]byte(text)); !ok {
			t.Errorf("gofeed has to read %s", text)
		}
	}
	if _, ok := plainAtom([]byte(shapes[10])); !ok {
		t.Errorf("gofeed has to read %s", shapes[10])
	}
	for _, i := range []int{4, 5, 6, 7, 8, 9, 14} {
		text := []byte(shapes[i])
		if _, ok := plainRSS(text); ok {
			t.Errorf("too strange for the short way: %s", text)
		}
		if _, ok := plainAtom(text); ok {
			t.Errorf("too strange for the short way: %s", text)
		}
	}
}

// FuzzPlainFeeds asks the same of any feed.
func FuzzPlainFeeds(f *testing.F) {
	for _, data := range shapes {
		f.Add([]byte(data))
	}
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(bothWays)
}

// TestFeedsOfAnyShapeAreReadAsGofeedReadsThem makes feeds of the elements,
// attributes and texts in which the two ways could part.
func TestFeedsOfAnyShapeAreReadAsGofeedReadsThem(t *testing.T) {
	names := rapid.SampledFrom(strings.Fields("title link guid pubDate PUBDATE category author source enclosure description comments custom id updated published " +
		"summary content rights name email uri homepage entry item channel image dc:creator dc:date dc:subject content:encoded media:content media:group media:title " +
		"atom:link atom:updated x:a y:a u:b sy:updatePeriod georss:point geo:lat at:deleted-entry"))
	attrs := rapid.SampledFrom([]string{"", ` url="https://x.example/ a"`, ` href="HTTP://x.example/%zz"`, ` href="a b"`, ` type="html"`, ` type="text"`, ` type="xhtml"`, ` type="image/png"`,
		` mode="xml"`, ` x:type="text" type="html"`, ` rel="hub"`, ` scheme="A:b c" term="t"`, ` domain="http://d.example/" x:domain="e"`, ` xml:lang="ru"`, ` xml:base="https://b.example/"`,
		` xmlns="urn:other"`, ` xmlns:x="urn:x2"`, ` xmlns:y="urn:x"`, ` ref="urn:r" when="2026-01-01T00:00:00Z"`, ` medium="image" width="10px"`})
	texts := rapid.SampledFrom([]string{"", " ", "word", " a &amp; b ", "&#8217;&#150;", "&lt;p&gt;x&lt;/p&gt;", "<![CDATA[<b>c</b> &amp;]]>", "x<![CDATA[y]]>&amp;lt;<![CDATA[z]]>", "<!-- &c; -->", "https://x.example/ü 1",
		"Tue, 03 Mar 2026 09:00:44 +0000", "12.5 33.1", "\r\n", "aGFsbG8=", "&nbsp;"})
	var element func(t *rapid.T, depth int) string
	element = func(t *rapid.T, depth int) string {
		name := names.Draw(t, "name")
		s := "<" + name + attrs.Draw(t, "attrs") + ">" + texts.Draw(t, "text")
		if depth < 3 {
			for range rapid.IntRange(0, 3-depth).Draw(t, "children") {
				s += element(t, depth+1) + texts.Draw(t, "text")
			}
		}
		return s + "</" + name + ">"
	}
	const spaces = ` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"` +
		` xmlns:atom="http://www.w3.org/2005/Atom" xmlns:x="urn:x" xmlns:y="urn:y" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:georss="http://www.georss.org/georss"` +
		` xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:at="http://purl.org/atompub/tombstones/1.0"`
	rapid.Check(t, func(rt *rapid.T) {
		entry, channel, before, after := "entry", "", `<feed xmlns="http://www.w3.org/2005/Atom"`+spaces+">", "</feed>"
		if rapid.Bool().Draw(rt, "rss") {
			entry, before, after = "item", `<rss version="2.0"`+spaces+"><channel>", "</channel></rss>"
		}
		for range rapid.IntRange(0, 3).Draw(rt, "of the channel") {
			channel += element(rt, 1)
		}
		for range rapid.IntRange(0, 3).Draw(rt, "entries") {
			channel += "<" + entry + ">"
			for range rapid.IntRange(0, 5).Draw(rt, "of the entry") {
				channel += element(rt, 1)
			}
			channel += "</" + entry + ">"
		}
		bothWays(t, []byte(before+channel+after))
	})
}
