package xmltree

import (
	"encoding/xml"
	"io"
	"reflect"
	"strings"
	"testing"
)

// reference returns the tokens of a document from an offset on as encoding/xml
// sees them, without comments and the like.
func reference(text string) (tokens []Token, ok bool) {
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Entity = map[string]string{"nbsp": "\u00A0"}
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		from := int(dec.InputOffset())
		line, _ := dec.InputPos()
		t, err := dec.RawToken()
		if err != nil {
			return tokens, err == io.EOF
		}
		token := Token{From: from, To: int(dec.InputOffset()), Line: line}
		switch t := t.(type) {
		case xml.StartElement:
			token.Kind, token.Name, token.Attrs = Start, t.Name, t.Attr
		case xml.EndElement:
			token.Kind, token.Name = End, t.Name
		case xml.CharData:
			token.Kind, token.Text = Text, string(t)
		default:
			continue
		}
		tokens = append(tokens, token)
	}
}

// FuzzScanner asks that what the scanner returns is what encoding/xml would have
// returned.
func FuzzScanner(f *testing.F) {
	for _, plain := range []string{
		`<?xml version="1.0" encoding="koi8-r"?><!-- c --><a b="1" c='&lt;"'><x:b/>t&amp;&#65;&#x42;&nbsp;` + "\r\n\r" + `<![CDATA[<&]>]]></a >` + "\n",
		"<a\n\tb='x'\n/>", "", " ", "<a/><b/>", "<?p?><a>\u00e9</a>", "<a>]]</a>",
	} {
		f.Add(plain)
	}
	for _, strange := range []string{
		"<a", "<", "<a b>", "<a b=c>", "<a b='<'>", "<a:b:c/>", "<:a/>", "<a:/>", "<é/>", "<a é='1'/>", "<1/>", "</>", "</a b>", "<a b='1'c='2'/>",
		"&x;", "&amp", "&#xD800;", "&#x110000;", "&#1;", "&#;", "&#+65;", "&#x_1;", "&#X41;", "&nbsp", "]]>", "<![CDATA[", "<![cdata[x]]>", "<!-- a -- b -->", "<!--->", "<!DOCTYPE a [<!ENTITY b 'c'>]>",
		"\x00", "\xff", "\ufffe", "<?xml version='1.1'?>", "<?xml version='1.0'?>", "<?xml?>", "<??>", "<? a?>", "<a / >", "<a b = 'c'/>", "<a>\x0b</a>",
	} {
		f.Add(strange)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, valid := reference(text)
		s := NewScanner(text, map[string]string{"nbsp": "\u00A0"})
		n := 0
		for ; s.Next(); n++ {
			if n >= len(want) {
				t.Fatalf("a token that encoding/xml does not have: %+v", s.Token)
			}
			got := s.Token
			if len(got.Attrs) == 0 && len(want[n].Attrs) == 0 {
				got.Attrs, want[n].Attrs = nil, nil
			}
			if !reflect.DeepEqual(got, want[n]) {
				t.Fatalf("token %d:\n%+v\nencoding/xml:\n%+v", n, got, want[n])
			}
		}
		if at, _ := s.Pos(); at == len(text) && (n != len(want) || !valid) {
			t.Fatalf("the scanner is through with %d tokens, encoding/xml has %d, valid %v", n, len(want), valid)
		}
	})
}

func TestScannerGoesThroughPlainDocuments(t *testing.T) {
	for _, text := range []string{
		`<?xml version="1.0" encoding="koi8-r"?><!-- c --><a b="1" c='&lt;"'><x:b/>t&amp;&#65;&#x42;` + "\r\n\r" + `<![CDATA[<&]>]]></a >` + "\n",
		"<a\n\tb='x'\n/>", "<?p?><a>\u00e9</a>",
	} {
		s := NewScanner(text, nil)
		for s.Next() {
		}
		if at, _ := s.Pos(); at != len(text) {
			t.Errorf("stopped at %q", text[at:])
		}
	}
}

// TestAttributesStayWhatTheyWere: nodes keep them while the scanner goes on.
func TestAttributesStayWhatTheyWere(t *testing.T) {
	s := NewScanner("<a>"+strings.Repeat(`<b c="1" d="2"/>`, 2000)+"</a>", nil)
	var all [][]xml.Attr
	for s.Next() {
		if s.Token.Kind == Start && s.Token.Name.Local == "b" {
			all = append(all, s.Token.Attrs)
		}
	}
	for i, attrs := range all {
		if len(attrs) != 2 || attrs[0].Value != "1" || attrs[1].Value != "2" {
			t.Fatalf("element %d: %v", i, attrs)
		}
	}
	if len(all) != 2000 {
		t.Error(len(all))
	}
}
