package prose

import (
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"

	"jisr/internal/news"
)

func TestHostileMarkupBecomesHarmless(t *testing.T) {
	s := NewSanitizer()
	for _, hostile := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<p onclick=alert(1)>x</p>`,
		`<a href="javascript:alert(1)">x</a>`, `<a href="data:text/html,x">x</a>`, `<iframe src="https://evil.example"></iframe>`,
		`<svg><script>alert(1)</script></svg>`, `<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>`,
		`<style>body{display:none}</style>`, `<p style="position:fixed">x</p>`, `<bdo dir=rtl>x</bdo>`,
		`<form action=/sign-out><button>x</button></form>`, `<base href="https://evil.example">`, `<meta http-equiv=refresh content=0>`,
	} {
		got := s.HTML(news.Words{ContentType: "text/html", Value: hostile})
		for _, bad := range []string{"<script", "onerror", "onclick", "javascript:", "data:", "<iframe", "<svg", "<style", "style=", "<bdo", "<form", "<button", "<base", "<meta", "<img"} {
			if strings.Contains(strings.ToLower(got), bad) {
				t.Errorf("%s became %s", hostile, got)
			}
		}
	}
}

func TestMarkupOfNewsIsKept(t *testing.T) {
	in := `<p dir="rtl" lang="ar">نص <strong>مهم</strong></p><ul><li>one</li></ul><table><tr><td colspan="2">x</td></tr></table>`
	if got := NewSanitizer().HTML(news.Words{ContentType: "text/html", Value: in}); got != in {
		t.Errorf("got %s", got)
	}
}

func TestTypedTextComesBackAsItWasTyped(t *testing.T) {
	for _, text := range []string{"one\n\ntwo", "line\nbreak", "a < b & c > d", "فقرة أولى\n\nفقرة ثانية", "", "<script>alert(1)</script>"} {
		w := news.Words{ContentType: "text/html", Value: Paragraphs(text)}
		if got := Plain(w); got != text {
			t.Errorf("%q came back as %q (by way of %q)", text, got, w.Value)
		}
		if HasMarkup(w) {
			t.Errorf("%q is plain but counts as marked up", w.Value)
		}
	}
}

func TestPlainLeavesOutWhatIsNoText(t *testing.T) {
	in := `<html><head><title>t</title></head><body><p>One <b>two</b></p><script>var x = "<p>";</script><ul><li>a</li><li>b</li></ul></body></html>`
	if got, want := Plain(news.Words{ContentType: "text/html", Value: in}), "One two\n\n– a\n– b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDirectionFollowsTheScript(t *testing.T) {
	for tag, want := range map[string]string{"ar": "rtl", "ar-EG": "rtl", "fa": "rtl", "he": "rtl", "ur": "rtl", "ru": "ltr", "en": "ltr", "az-Arab": "rtl", "az": "ltr", "": "auto", "not a tag": "auto"} {
		if got := Dir(tag); got != want {
			t.Errorf("Dir(%q) = %q, want %q", tag, got, want)
		}
	}
}

func TestOverridesAreShownAndNeverSaved(t *testing.T) {
	shown := string(ShowOverrides([]byte("pay \u202e001 \u202dx")))
	if strings.ContainsAny(shown, "\u202d\u202e") || !strings.Contains(shown, "U+202E") {
		t.Errorf("shown as %q", shown)
	}
	if got := FromForm(shown + "\r\ny \u202e"); got != "pay 001 x\ny" {
		t.Errorf("saved as %q", got)
	}
}

func TestDiffNamesTheWordsThatChanged(t *testing.T) {
	got := Diff("The bridge opened on Monday in Jisr.", "The new bridge opened on Tuesday in Jisr.")
	want := []Piece{{Same, "The "}, {Added, "new "}, {Same, "bridge opened on "}, {Removed, "Monday "}, {Added, "Tuesday "}, {Same, "in Jisr."}}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("piece %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestDiffAlignsParagraphs(t *testing.T) {
	got := DiffTexts("one\n\ntwo words\n\nthree", "one\n\ntwo other words\n\nthree\n\nfour")
	if len(got) != 4 || got[0].Changed() || !got[1].Changed() || got[2].Changed() || got[3][0] != (Piece{Added, "four"}) {
		t.Errorf("got %v", got)
	}
}

func TestDiffOfHugeTextsStaysBounded(t *testing.T) {
	a, b := strings.Repeat("a b ", 50_000), strings.Repeat("c d ", 50_000)
	got := Diff(a, b)
	if len(got) != 2 || got[0].Text != a || got[1].Text != b {
		t.Errorf("%d pieces", len(got))
	}
}

func FuzzDiffKeepsBothTexts(f *testing.F) {
	f.Add("one two", "two three")
	f.Fuzz(func(t *testing.T, a, b string) {
		var old, new strings.Builder
		for _, p := range Diff(a, b) {
			if p.Change != Added {
				old.WriteString(p.Text)
			}
			if p.Change != Removed {
				new.WriteString(p.Text)
			}
		}
		if new.String() != b || strings.Join(strings.Fields(old.String()), " ") != strings.Join(strings.Fields(a), " ") {
			t.Errorf("%q → %q became %q → %q", a, b, old.String(), new.String())
		}
	})
}

// FuzzSanitizedMarkupHoldsOnlyWhatIsAllowed reads the result as a browser
// would and looks for elements and attributes that could act.
func FuzzSanitizedMarkupHoldsOnlyWhatIsAllowed(f *testing.F) {
	f.Add(`<p>x</p>`)
	f.Add(`<math><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`)
	s := NewSanitizer()
	f.Fuzz(func(t *testing.T, in string) {
		nodes, err := xhtml.Parse(strings.NewReader(s.HTML(news.Words{ContentType: "text/html", Value: in})))
		if err != nil {
			t.Fatal(err)
		}
		for n := range nodes.Descendants() {
			if n.Type != xhtml.ElementNode {
				continue
			}
			switch n.Data {
			case "script", "style", "img", "iframe", "object", "embed", "form", "input", "svg", "math", "bdo", "link", "meta", "base":
				t.Fatalf("%q kept <%s>", in, n.Data)
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "id" || a.Key == "class" ||
					a.Key == "href" && !strings.HasPrefix(a.Val, "http") && !strings.HasPrefix(a.Val, "mailto:") {
					t.Fatalf("%q kept %s=%q", in, a.Key, a.Val)
				}
			}
		}
	})
}
