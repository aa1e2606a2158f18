// Package benchtest makes the documents on which the speed of formats is measured,
// each of a size that is usual in a newsroom, and measures readers by them.
package benchtest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

const sentence = "Rain is expected in the valley from <em>Friday</em> on, the weather service said &amp; asked hikers to take a coat with them on the way to the upper lakes."

// NewsMLG2 is a newsItem of 20 KB with the metadata of a busy wire.
func NewsMLG2() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:newsml:bench.example:20260101:1" version="1" standard="NewsML-G2" standardversion="2.30" xml:lang="en">
<itemMeta><itemClass qcode="ninat:text"/><provider qcode="nprov:BNX"><name>Bench</name></provider>
<versionCreated>2026-01-01T10:00:00Z</versionCreated><firstCreated>2026-01-01T09:00:00Z</firstCreated><pubStatus qcode="stat:usable"/><title>Weather</title></itemMeta>
<contentMeta><urgency>4</urgency><contentCreated>2026-01-01T09:00:00Z</contentCreated>
`)
	for i := range 25 {
		fmt.Fprintf(&b, `<subject type="cpnat:abstract" qcode="medtop:2000%04d"><name xml:lang="en">topic %d</name><name xml:lang="ru">тема %d</name></subject>`+"\n", i, i, i)
	}
	b.WriteString(`<slugline>WEATHER</slugline><headline>Rain comes to the valley</headline></contentMeta>
<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><body>`)
	for b.Len() < 20_000 {
		b.WriteString("<p>" + sentence + "</p>\n")
	}
	b.WriteString("</body></html></inlineXML></contentSet></newsItem>")
	return []byte(b.String())
}

// UnmarshalXML reads what NewsMLG2 returns with encoding/xml alone.
func UnmarshalXML(doc []byte) error {
	var v struct {
		GUID     string `xml:"guid,attr"`
		ItemMeta struct {
			ItemClass, PubStatus struct {
				QCode string `xml:"qcode,attr"`
			}
			VersionCreated, FirstCreated string
		} `xml:"itemMeta"`
		ContentMeta struct {
			Urgency  int `xml:"urgency"`
			Subjects []struct {
				QCode string `xml:"qcode,attr"`
				Names []struct {
					Lang string `xml:"lang,attr"`
					Text string `xml:",chardata"`
				} `xml:"name"`
			} `xml:"subject"`
			Headline string `xml:"headline"`
		} `xml:"contentMeta"`
		Body struct {
			Paragraphs []struct {
				Text string   `xml:",chardata"`
				Em   []string `xml:"em"`
			} `xml:"p"`
		} `xml:"contentSet>inlineXML>html>body"`
	}
	if err := xml.Unmarshal(doc, &v); err != nil {
		return err
	}
	if len(v.Body.Paragraphs) == 0 {
		return fmt.Errorf("encoding/xml does not read the document")
	}
	return nil
}

// Ninjs is an Arabic item of 3 KB in ninjs 3.0.
func Ninjs() []byte {
	const before = `{"standard":{"name":"ninjs","version":"3.0","schema":"http://www.iptc.org/std/ninjs/ninjs-schema_3.0.json#"},"uri":"tag:bench.example,2026:rain","type":"text",` +
		`"version":"3","firstCreated":"2026-03-01T06:00:00+03:00","versionCreated":"2026-03-01T09:30:00+03:00","pubStatus":"usable","urgency":4,"language":"ar","by":"ليلى حداد",` +
		`"slugline":"WEATHER","headlines":[{"role":"main","value":"أمطار غزيرة على الساحل"}],"subjects":[{"name":"weather","uri":"http://cv.iptc.org/newscodes/mediatopic/17000000","relevance":90}],` +
		`"places":[{"name":"الساحل","geoJSON":{"type":"Point","coordinates":[35.5,33.9]}}],"renditions":[{"name":"main","href":"https://bench.example/1.jpg","contentType":"image/jpeg","width":1200,"height":800}],` +
		`"bodies":[{"role":"main","contentType":"text/plain","value":"`
	var b strings.Builder
	b.WriteString(before)
	for b.Len() < 3000 {
		b.WriteString(`وقال خبير الأرصاد سامي نور إن المنخفض سيستمر حتى مساء الثلاثاء.\n`)
	}
	b.WriteString(`"}]}`)
	return []byte(b.String())
}

// UnmarshalJSON reads JSON with encoding/json alone.
func UnmarshalJSON(doc []byte) error {
	var v map[string]any
	return json.Unmarshal(doc, &v)
}

// RSS is a feed of 50 entries of about 1.3 KB, most of it the body.
func RSS() []byte {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>T</title><link>https://x.example/</link>`)
	for i := range 50 {
		fmt.Fprintf(&b, `<item><title>Rain comes to valley %d</title><link>https://x.example/%d</link><guid isPermaLink="false">https://x.example/?p=%d</guid><pubDate>Tue, 03 Mar 2026 09:%02d:44 +0000</pubDate><dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Ann Field</dc:creator><category>weather</category><category>valley</category><description>Rain is expected.</description><content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/"><![CDATA[`, i, i, i, i)
		for range 5 {
			b.WriteString("<p>" + sentence + "</p>\n")
		}
		b.WriteString(`]]></content:encoded><media:content xmlns:media="http://search.yahoo.com/mrss/" url="https://x.example/p.jpg" medium="image" width="800" height="600"/></item>`)
	}
	b.WriteString(`</channel></rss>`)
	return []byte(b.String())
}

// Rate returns how many times a second read reads the document on this core.
func Rate(doc []byte, read func([]byte) error) (float64, error) {
	const least = 500 * time.Millisecond
	start := time.Now()
	for n := 1; ; n++ {
		if err := read(doc); err != nil {
			return 0, err
		}
		if took := time.Since(start); took > least {
			return float64(n) / took.Seconds(), nil
		}
	}
}
