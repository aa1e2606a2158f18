package api

import (
	"strings"
	"testing"

	"jisr/internal/news"
	"jisr/internal/people"
)

func TestItemWithoutURIIsReadAsOne(t *testing.T) {
	body := `"type":"text","headlines":[{"value":"x"}],"standard":{"name":"ninjs","version":"3.0"}}`
	for in, want := range map[string]string{
		"{" + body:                            "",
		" \n{ " + body:                        "",
		`{"uri":"urn:x:1",` + body:            "urn:x:1",
		`{"uri":"urn:jisr:draft",` + body:     "",
		"\ufeff" + `{"uri":"urn:x:1",` + body: "urn:x:1",
	} {
		it, _, err := readItem("item", []byte(in))
		if err != nil || it.URI != want {
			t.Errorf("%q: %+v, %v", in, it, err)
		}
	}
	for _, in := range []string{"", "{", "[]", "null", `{"uri":null}`, `{"uri":1}`, "{]", "\x00"} {
		if it, _, err := readItem("item", []byte(in)); err == nil {
			t.Errorf("%q is read as %+v", in, it)
		}
	}
}

// message is a NewsML-G2 message of two items, the second with the headline.
func message(headline string) string {
	item := func(guid, headline string) string {
		return `<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="` + guid + `" version="1" standard="NewsML-G2" standardversion="2.34" conformance="power" xml:lang="ru">
			<catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_40.xml"/>
			<itemMeta><itemClass qcode="ninat:text"/><provider literal="example"/><versionCreated>2026-01-02T03:04:05Z</versionCreated></itemMeta>
			<contentMeta>` + headline + `</contentMeta><contentSet><inlineData contenttype="text/plain">Текст</inlineData></contentSet></newsItem>`
	}
	return `<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header><sent>2026-01-02T03:04:05Z</sent></header><itemSet>` +
		item("urn:x:g2:1", "<headline>Первая</headline>") + item("urn:x:g2:2", headline) + `</itemSet></newsMessage>`
}

func TestFileOfManyItemsIsPublishedWholeAndSaysWhichOneIsWrong(t *testing.T) {
	n := sqliteNode(t)
	editor := n.token(t, []people.Role{people.Editor})
	p := n.do(t, editor, "POST", "/api/v1/items", message("")).problem(400)
	if !strings.HasPrefix(p.Detail, "item 2: ") || p.Field != "headline" {
		t.Errorf("%+v", p)
	}
	n.do(t, editor, "GET", itemPath("", "urn:x:g2:1"), nil).problem(404)
	var out issued
	n.do(t, editor, "POST", "/api/v1/items", message("<headline>Вторая</headline>")).want(201).into(&out)
	if len(out.Issued) != 2 || out.Issued[1].URI != "urn:x:g2:2" {
		t.Errorf("%+v", out)
	}
	update := object{"document": message("<headline>Вторая</headline>")}
	if p := n.do(t, editor, "POST", "/api/v1/acts/update", update).problem(400); p.Field != "document" {
		t.Errorf("two items as one version: %+v", p)
	}
}

func FuzzItemIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"type":"text","headlines":[{"value":"x"}]}`))
	f.Add([]byte(`{"uri":"urn:x:1","renditions":[{"name":"a","href":"sha256:0"}]}`))
	f.Add([]byte(` {} `))
	f.Add([]byte(message("")))
	f.Fuzz(func(t *testing.T, data []byte) {
		it, _, err := readItem("item", data)
		if err != nil {
			return
		}
		if it.URI == noURI {
			t.Error("the stand-in of a uri came through")
		}
		warningsOf([]*news.Item{it})
		b, err := withoutURI(it)
		if err != nil {
			return
		}
		again, _, err := readItem("item", b)
		if err != nil || again.URI != it.URI || again.Headline() != it.Headline() {
			t.Errorf("a draft came back as %+v, %v from %s", again, err, b)
		}
	})
}
