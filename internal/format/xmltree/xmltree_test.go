package xmltree_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

func form(doctype bool) xmltree.Form {
	return xmltree.Form{
		Name: "Test", DOCTYPE: doctype, Space: "urn:test",
		Root:  func(name string) bool { return name == "doc" },
		Wraps: func(name string) bool { return name == "doc" },
		Item:  func(name string) bool { return name == "item" },
	}
}

func TestPartsComeOneByOneWithTheirPlace(t *testing.T) {
	p := xmltree.NewParser("<doc xmlns='urn:test'>\n<head/>\n<item a=' 1 '><x>one <b>two</b></x></item><item/></doc>", form(false))
	var got []string
	for {
		n, err := p.Next()
		if err != nil {
			t.Fatal(err)
		}
		if n == nil {
			break
		}
		got = append(got, n.Path()+" "+n.Attr("a")+" "+n.Down("x", "b").Line())
	}
	if want := "doc/head  |doc/item[1] 1 two|doc/item[2]  "; strings.Join(got, "|") != want {
		t.Errorf("got %q", strings.Join(got, "|"))
	}
}

func TestADoctypePassesOnlyWhereTheFormatHasOneAndExpandsNothing(t *testing.T) {
	const doc = `<!DOCTYPE doc SYSTEM "x.dtd" [<!ENTITY a "aaaa"><!ENTITY % n SYSTEM "file:///etc/passwd"> %n;]><doc><item>TEXT</item></doc>`
	read := func(doctype bool, text string) (string, error) {
		n, err := xmltree.NewParser(strings.Replace(doc, "TEXT", text, 1), form(doctype)).Next()
		return n.Line(), err
	}
	if s, err := read(true, "b"); err != nil || s != "b" {
		t.Errorf("%q, %v", s, err)
	}
	if _, err := read(true, "&a;"); news.KindOf(err) != news.Invalid || !strings.Contains(err.Error(), "entity") {
		t.Errorf("an entity of the document was taken: %v", err)
	}
	if _, err := read(false, "b"); news.KindOf(err) != news.Invalid || !strings.Contains(err.Error(), "DOCTYPE") {
		t.Errorf("%v", err)
	}
	f := form(true)
	f.Entities = xml.HTMLEntity
	if n, err := xmltree.NewParser("<doc><item>caf&eacute;</item></doc>", f).Next(); err != nil || n.Line() != "café" {
		t.Errorf("%q, %v", n.Line(), err)
	}
}

func TestASourceStandsAlone(t *testing.T) {
	const doc = `<doc xmlns="urn:test" xmlns:a="urn:a&amp;b" xmlns:c="urn:c"><item><a:x c:y="1"><z xmlns:c="urn:d" c:q=""/></a:x></item></doc>`
	n, err := xmltree.NewParser(doc, form(false)).Next()
	if err != nil {
		t.Fatal(err)
	}
	want := `<a:x xmlns:a="urn:a&amp;b" xmlns:c="urn:c" c:y="1"><z xmlns:c="urn:d" c:q=""/></a:x>`
	if got := n.FirstElement().Source(doc); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRootLooksBehindWhatStandsBeforeIt(t *testing.T) {
	for _, c := range []struct {
		head, name string
		doctype    bool
	}{
		{"<?xml version='1.0'?>\n<!-- <rss> --><n:doc a='1'>", "doc", false},
		{`<!DOCTYPE NewsML PUBLIC "a>b" 'c' [<!ENTITY % x SYSTEM "y">]><NewsML>`, "NewsML", true},
		{"\xff\xfe<\x00d\x00/\x00>\x00", "d", false},
		{"<\x00d\x00/\x00>\x00", "d", false},
		{"\xef\xbb\xbf <d>", "d", false},
		{"<!DOCTYPE d", "", true},
		{"<doc", "", false},
		{"text <doc>", "", false},
		{"", "", false},
	} {
		if name, doctype := xmltree.Root([]byte(c.head)); name != c.name || doctype != c.doctype {
			t.Errorf("%q: %q, %v", c.head, name, doctype)
		}
	}
}

func FuzzParser(f *testing.F) {
	f.Add("<doc xmlns:a='b'><item>x<a:y/>&amp;</item></doc>")
	f.Add(`<!DOCTYPE doc [<!ENTITY a "b">]><doc/>`)
	f.Fuzz(func(t *testing.T, doc string) {
		p := xmltree.NewParser(doc, form(true))
		for {
			n, err := p.Next()
			if err != nil && news.KindOf(err) == "" {
				t.Fatal(err)
			}
			if err != nil || n == nil {
				return
			}
			n.Source(doc)
			xmltree.Inner(n, xmltree.HTMLTag)
			n.Block()
		}
	})
}
