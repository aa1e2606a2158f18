package newsmlg2_test

import (
	"strings"
	"testing"

	"jisr/internal/format/newsmlg2"
	"jisr/internal/news"
)

func TestMarkupBecomesHTMLThatAnHTMLParserReadsTheSame(t *testing.T) {
	for _, c := range []struct{ name, xml, want string }{
		{"void and empty elements", `<div xmlns="http://www.w3.org/1999/xhtml"><p/><br/><img src="a.jpg" alt="&quot;A&quot; &lt;b&gt;"/></div>`,
			`<div><p></p><br><img src="a.jpg" alt="&quot;A&quot; &lt;b&gt;"></div>`},
		{"text stays escaped", `<p>1 &lt; 2 &amp;amp; "3" > 2</p>`, `<p>1 &lt; 2 &amp;amp; "3" &gt; 2</p>`},
		{"CDATA and comments", `<p>a<!-- x --><![CDATA[<b>]]></p>`, `<p>a&lt;b&gt;</p>`},
		{"namespaces go, languages stay", `<h:p xmlns:h="http://www.w3.org/1999/xhtml" xmlns:x="u" xml:lang="ar" x:y="1">م</h:p>`, `<p lang="ar">م</p>`},
		{"a style cannot break out", `<div><style>a{}&lt;/style&gt;&lt;script&gt;</style></div>`, `<div><style>a{}&lt;/style&gt;&lt;script&gt;</style></div>`},
		{"NITF without body.content", `<nitf><body><hl1>A</hl1><p>b <b>c</b> <i>d</i></p><bq><p>e</p></bq></body></nitf>`,
			`<h2>A</h2><p>b <strong>c</strong> <em>d</em></p><blockquote><p>e</p></blockquote>`},
		{"NITF lists and tables", `<body.content><ul><li>a</li></ul><nitf-table><table><tr><td colspan="2">1</td></tr></table></nitf-table></body.content>`,
			`<ul><li>a</li></ul><table><tr><td colspan="2">1</td></tr></table>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			it, _ := read(t, "<contentSet><inlineXML>"+c.xml+"</inlineXML></contentSet>")
			if b := it.Body(); b.Value != c.want || b.ContentType != "text/html" {
				t.Errorf("got  %s %s\nwant %s", b.ContentType, b.Value, c.want)
			}
		})
	}
}

func TestDurationsBecomeSecondsOrStayAsWritten(t *testing.T) {
	for _, c := range []struct {
		attrs string
		want  float64
		kept  string // of Extra
	}{
		{`duration="69"`, 69, ""},
		{`duration="69.5" durationunit="timeunit:seconds"`, 69.5, ""},
		{`duration="1500" durationunit="timeunit:milliseconds"`, 1.5, ""},
		{`duration="00:01:09.5" durationunit="timeunit:normalPlayTime"`, 69.5, ""},
		{`duration="250" durationunit="timeunit:frames" videoframerate="25"`, 10, ""},
		{`duration="250" durationunit="timeunit:frames"`, 0, `"250"`},
		{`duration="00:00:10:05" durationunit="timeunit:timeCode"`, 0, `"00:00:10:05"`},
		{`duration="-1"`, 0, ""},
		{`duration="NaN"`, 0, ""},
		{`duration="1e999"`, 0, ""},
	} {
		it, losses := read(t, `<contentSet><remoteContent href="a" `+c.attrs+`/></contentSet>`)
		r := it.Renditions[0]
		if r.Duration != c.want || string(r.Extra["duration"]) != c.kept {
			t.Errorf("%s: got %v, Extra %s; want %v, %s", c.attrs, r.Duration, r.Extra["duration"], c.want, c.kept)
		}
		if c.want == 0 && c.kept == "" && len(losses) == 0 {
			t.Errorf("%s: dropped without a word", c.attrs)
		}
	}
}

func TestOnlyASHA256OfTheWholeFileIsADigest(t *testing.T) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for _, c := range []struct{ hash, want string }{
		{`<hash hashtype="hashtype:sha256">` + sum + `</hash>`, "sha256:" + sum},
		{`<hash hashtypeuri="http://cv.iptc.org/newscodes/hashtype/SHA-256" scope="hashscope:content">` + strings.ToUpper(sum) + `</hash>`, "sha256:" + sum},
		{`<hash hashtype="x:SHA-256">n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=</hash>`, "sha256:" + sum},
		{`<hash hashtype="hashtype:sha256" scope="hashscope:metadata">` + sum + `</hash>`, ""},
		{`<hash hashtype="hashtype:MD5">098f6bcd4621d373cade4e832627b4f6</hash>`, ""},
		{`<hash hashtype="hashtype:sha256">nonsense</hash>`, ""},
	} {
		it, losses := read(t, `<contentSet><remoteContent href="a">`+c.hash+`</remoteContent></contentSet>`)
		r := it.Renditions[0]
		if r.Digest != c.want {
			t.Errorf("%s: got %q, want %q", c.hash, r.Digest, c.want)
		}
		if c.want == "" && r.Extra["hash"] == nil && len(losses) == 0 {
			t.Errorf("%s: dropped without a word", c.hash)
		}
	}
}

func TestTheTrueCharsetWinsOverTheDeclaredOne(t *testing.T) {
	declared := func(label, headline string) string {
		return `<?xml version="1.0" encoding="` + label + `"?>` + item("<contentMeta><headline>"+headline+"</headline></contentMeta>")
	}
	for _, c := range []struct {
		name, doc, want, notice string
	}{
		{"true one-byte charset", declared("iso-8859-6", "\xe5\xd7\xd1"), "مطر", ""},
		{"Cyrillic", declared("ISO-8859-5", "\xb4\xde\xd6\xd4\xec"), "Дождь", ""},
		{"UTF-8 declared as another", declared("windows-1251", "Дождь"), "Дождь", "is UTF-8"},
		{"UTF-8 declared as UTF-16", declared("UTF-16", "Дождь"), "Дождь", "is UTF-8"},
		{"byte order mark against the declaration", "\xef\xbb\xbf" + declared("windows-1256", "مطر"), "مطر", ""},
		{"ASCII under any name", declared("us-ascii", "Rain"), "Rain", ""},
		{"bytes that the charset does not have", declared("iso-8859-6", "\xe5\xff"), "م\uFFFD", "1 characters do not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			items, losses, err := newsmlg2.Read([]byte(c.doc))
			if err != nil {
				t.Fatal(err)
			}
			if got := items[0].Headline(); got != c.want {
				t.Errorf("headline %q, want %q", got, c.want)
			}
			notice := ""
			if len(losses) > 0 {
				notice = losses[0].Reason
			}
			if (notice == "") != (c.notice == "") || !strings.Contains(notice, c.notice) {
				t.Errorf("notice %q, want %q", notice, c.notice)
			}
		})
	}
}

func TestRelationsToOtherItemsSayHowTheItemWasMade(t *testing.T) {
	it, _ := read(t, `<itemMeta>
		<link rel="irel:translatedFrom" residref="urn:a"/><link rel="irel:derivedFrom" guidref="urn:b" version="2"/>
		<link rel="irel:copyOf" residref="urn:c"/><link rel="irel:partOf" residref="urn:d"/>
		<link rel="irel:seeAlso" href="https://e.example/"/><link residref="urn:f"/></itemMeta>`)
	want := []news.Derivation{
		{Relation: news.TranslationOf, URI: "urn:a"}, {Relation: news.RewriteOf, URI: "urn:b", Version: "2"},
		{Relation: news.CopyOf, URI: "urn:c"}, {Relation: news.PartOf, URI: "urn:d"},
	}
	for i, d := range want {
		if i >= len(it.DerivedFrom) || it.DerivedFrom[i] != d {
			t.Fatalf("derived from %+v, want %+v", it.DerivedFrom, want)
		}
	}
	if len(it.Associations) != 2 || it.Associations[0].Name != "seeAlso" || it.Associations[1].Name != "related" {
		t.Errorf("associations %+v", it.Associations)
	}
}

func TestAConceptTakesWhatItLacksFromTheAsserts(t *testing.T) {
	it, _ := read(t, `<contentMeta><subject qcode="medtop:1"><name xml:lang="en">own name</name></subject><subject qcode="medtop:1"/></contentMeta>
		<assert uri="http://cv.iptc.org/newscodes/mediatopic/1"><name xml:lang="ru">погода</name><name xml:lang="en">weather</name><broader qcode="medtop:0"/></assert>`)
	own, bare := it.Subjects[0], it.Subjects[1]
	if own.Name != "own name" || len(own.Names) != 1 {
		t.Errorf("the assert overwrote what the subject says: %+v", own)
	}
	if bare.Name != "weather" || bare.Names["ru"] != "погода" || len(bare.Broader) != 1 {
		t.Errorf("the subject got nothing from the assert: %+v", bare)
	}
	bare.Names["ru"] = "changed"
	if own.Names["ru"] == "changed" {
		t.Error("two concepts share one map of names")
	}
}

func TestAMessageCatalogServesItsItemsAndNoItemChangesIt(t *testing.T) {
	doc := strings.Replace(message(
		item(`<catalog><scheme alias="a" uri="http://one.example/"/></catalog><contentMeta><subject qcode="a:1"/></contentMeta>`),
		item(`<contentMeta><subject qcode="a:1"/></contentMeta>`),
	), "<itemSet>", `<header><catalog><scheme alias="a" uri="http://all.example/"/></catalog></header><itemSet>`, 1)
	items, _, err := newsmlg2.Read([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := items[0].Subjects[0].URI, items[1].Subjects[0].URI; a != "http://one.example/1" || b != "http://all.example/1" {
		t.Errorf("got %s and %s", a, b)
	}
}
