package markup_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"jisr/internal/format/markup"
)

func TestTextIsWhatAReaderOfThePageSees(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"<p>One</p><p>Two</p>", "One\n\nTwo"},
		{"<p>One<br>two<br/>three</p>", "One\ntwo\nthree"},
		{"<p>a <b>b</b>c\n  d</p>", "a bc d"},
		{"<p>مرحبا&nbsp;بكم &amp; أهلا</p>", "مرحبا بكم & أهلا"},
		{"x<script>alert(1)</script>y<style>p{}</style>", "xy"},
		{"<ul><li>один</li><li>два</li></ul>", "• один\n• два"},
		{"<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1\t2\n3"},
		{"<pre>a\n   b</pre>", "a\nb"},
		{"a < b & c", "a < b & c"},
		{"<img src=x onerror=alert(1)>seen", "seen"},
		{"<!-- hidden -->seen", "seen"},
		{"<p>cut <b", "cut"},
		{"", ""},
	} {
		if got := markup.Text(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestHTMLMeansNoMarkupThatTheTextDidNot(t *testing.T) {
	got := markup.HTML("One & <two>\nthree\r\n\r\n\n<script>x</script>\n")
	want := "<p>One &amp; &lt;two&gt;<br>three</p>\n<p>&lt;script&gt;x&lt;/script&gt;</p>\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDirectionFollowsTheScript(t *testing.T) {
	for lang, want := range map[string]string{"ar": "rtl", "fa-IR": "rtl", "he": "rtl", "ru": "ltr", "en-GB": "ltr", "az-Arab": "rtl", "": "ltr", "??": "ltr"} {
		if got := markup.Direction(lang); got != want {
			t.Errorf("%q is %s, want %s", lang, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("<p>One<br>two</p><table><td>x")
	f.Fuzz(func(t *testing.T, s string) {
		got := markup.Text(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Error("the text is not UTF-8")
		}
		if again := markup.Text(markup.HTML(got)); strings.Join(strings.Fields(again), " ") != strings.Join(strings.Fields(got), " ") {
			t.Errorf("written as HTML and read again: %q became %q", got, again)
		}
	})
}

func TestRootTagSkipsWhatStandsBeforeTheRoot(t *testing.T) {
	for _, c := range []struct{ head, tag, name string }{
		{`<rss version="2.0"><channel>`, `rss version="2.0"`, "rss"},
		{"\ufeff<?xml version='1.0'?>\n<!-- <feed> --><!DOCTYPE x><rdf:RDF\n a='b'>", "rdf:RDF\n a='b'", "RDF"},
		{"\xff\xfe<\x00a\x00/\x00>\x00", "a/", "a"},
		{`<!DOCTYPE a [<!ENTITY b "c">]><a>`, "a", "a"},
		{`<!DOCTYPE a [<!ENTITY b "c">`, "", ""},
		{"<!-- open", "", ""},
		{"text", "", ""},
	} {
		if tag, name := markup.RootTag([]byte(c.head)); tag != c.tag || name != c.name {
			t.Errorf("%q: %q, %q", c.head, tag, name)
		}
	}
}
