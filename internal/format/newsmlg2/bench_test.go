package newsmlg2_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/newsmlg2"
)

// article returns a newsItem of about 20 KB with the metadata of a busy wire.
func article() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<newsItem xmlns="` + newsmlg2.Namespace + `" guid="urn:newsml:bench.example:20260101:1" version="1" standard="NewsML-G2" standardversion="2.30" xml:lang="en">
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
		b.WriteString("<p>Rain is expected in the valley from <em>Friday</em> on, the weather service said &amp; asked hikers to take a coat with them on the way to the upper lakes.</p>\n")
	}
	b.WriteString("</body></html></inlineXML></contentSet></newsItem>")
	return []byte(b.String())
}

// plainItem is the same kind of document for encoding/xml alone: the baseline.
type plainItem struct {
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

// BenchmarkRead prints documents a second and their ratio to encoding/xml
// unmarshalling the same bytes into a struct.
func BenchmarkRead(b *testing.B) {
	doc := article()
	const sample = 200
	start := time.Now()
	for range sample {
		var v plainItem
		if err := xml.Unmarshal(doc, &v); err != nil || len(v.Body.Paragraphs) == 0 {
			b.Fatal("the baseline does not read the document", err)
		}
	}
	baseline := sample / time.Since(start).Seconds()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := newsmlg2.Read(doc); err != nil {
			b.Fatal(err)
		}
	}
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "docs/s")
	b.ReportMetric(rate/baseline, "ratio-to-xml.Unmarshal")
}
