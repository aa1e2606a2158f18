package filename

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"jisr/internal/fetch/remote"
	"jisr/internal/news"
)

var file = File{
	Origin: "kuna.example", URI: "urn:newsml:kuna.example:20260504:1", Version: 3, Act: news.Correction,
	Issued:   time.Date(2026, 5, 4, 15, 30, 9, 0, time.FixedZone("", 3*3600)),
	Slugline: "Kuwait/budget 2026", Headline: "الكويت: قمّة «النفط» غدًا", Language: "ar-KW", Urgency: 2, Ext: "xml",
}

func TestNameFollowsTheTemplate(t *testing.T) {
	russian := file
	russian.Slugline = "Щука съела ёжика"
	dangerous := file
	dangerous.Slugline, dangerous.Headline, dangerous.Language = "../../etc/passwd", "a\r\nb\x00\u202etxt.exe", "NUL"
	empty := File{Ext: "xml", Issued: file.Issued}
	for _, tt := range []struct {
		file     *File
		template string
		want     string
	}{
		{&file, "", "20260504-123009-Kuwait-budget-2026-" + id(&file) + "-v3.xml"},
		{&file, "{origin}/{date}/{urgency}_{act}_{language}.{ext}", "kuna.example/20260504/2_correction_ar-KW.xml"},
		{&file, "{headline}.{ext}", "الكويت-قمّة-النفط-غدًا.xml"},
		{&file, "{headline:ascii}.{ext}", "alkwyt-qma-alnft-ghda.xml"},
		{&russian, "{slugline}", "Щука-съела-ёжика"},
		{&russian, "{slugline:ascii}", "Shchuka-sela-iozhika"},
		{&dangerous, "{slugline}/{headline}", "etc-passwd/a-b-txt.exe"},
		{&dangerous, "{language}.{ext}", "xNUL.xml"},
		{&empty, "{slugline}-{headline:ascii}-{urgency}.{ext}", "x-x-0.xml"},
	} {
		got, err := Name(tt.template, tt.file)
		if err != nil || got != tt.want {
			t.Errorf("%s gives %q, want %q (%v)", tt.template, got, tt.want, err)
		}
	}
}

func TestUnknownPlaceholdersAreRefusedWithTheKnownOnes(t *testing.T) {
	for _, template := range []string{"{title}.{ext}", "{date:ascii}", "{slugline:ASCII}", "{slugline:}", "{}", "{ date}"} {
		_, err := Parse(template)
		if news.KindOf(err) != news.Invalid {
			t.Errorf("%s: %v", template, err)
			continue
		}
		for _, known := range Known() {
			if !strings.Contains(err.Error(), known) {
				t.Errorf("%s: the message lacks %s: %v", template, known, err)
			}
		}
	}
}

func TestTemplatesThatCouldLeadElsewhereAreRefused(t *testing.T) {
	for _, template := range []string{"/abs/{id}", "../{id}", "a/../{id}", "{id}/", "a//{id}", ".{id}", "{id}.", "a\\{id}", "a\x00{id}", "{id", "id}",
		"a:b{id}", "{id}?", "x\u202e{id}", strings.Repeat("x", 300), "{headline}{slugline}{headline}", strings.Repeat("{origin}/", 13) + "x"} {
		if _, err := Parse(template); news.KindOf(err) != news.Invalid {
			t.Errorf("%q was taken: %v", template, err)
		}
	}
}

func TestCollidingNamesAreCautioned(t *testing.T) {
	for template, want := range map[string][]Caution{
		"": nil, "{id}-{version}": nil, "{id}": {Replaced}, "{slugline}-{version}": {SharedName}, "x.{ext}": {SharedName, Replaced},
	} {
		parsed, err := Parse(template)
		if err != nil {
			t.Fatal(err)
		}
		got := parsed.Cautions()
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%q: %v, want %v", template, got, want)
		}
	}
}

func TestEveryNameIsSafeBoundedAndTheSameAgain(t *testing.T) {
	tokens := append(Known(), "-", "_", "/", "a", "news ", "خبر")
	rapid.Check(t, func(t *rapid.T) {
		template := strings.Join(rapid.SliceOfN(rapid.SampledFrom(tokens), 1, 8).Draw(t, "template"), "")
		parsed, err := Parse(template)
		if err != nil {
			return
		}
		if parsed.String() != template {
			t.Fatalf("%q became %q", template, parsed)
		}
		f := File{
			Origin: rapid.String().Draw(t, "origin"), URI: rapid.String().Draw(t, "uri"), Version: rapid.Int().Draw(t, "version"),
			Act: news.Act(rapid.String().Draw(t, "act")), Issued: time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "issued"), 0),
			Slugline: rapid.StringN(0, 400, -1).Draw(t, "slugline"), Headline: string(rapid.SliceOf(rapid.Byte()).Draw(t, "headline")),
			Language: rapid.String().Draw(t, "language"), Urgency: rapid.Int().Draw(t, "urgency"), Ext: rapid.String().Draw(t, "ext"),
		}
		name := parsed.Name(&f)
		if err := remote.CheckName(name); err != nil {
			t.Fatalf("%q gives %q: %v", template, name, err)
		}
		if len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, forbidden) || strings.HasPrefix(name, ".") ||
			strings.Count(name, "/") != strings.Count(template, "/") {
			t.Fatalf("%q gives %q", template, name)
		}
		if parsed.Name(&f) != name {
			t.Fatal("another name the second time")
		}
		if media := Media(name, "sha256:"+strings.Repeat("ab", 32), f.Ext); remote.CheckName(media) != nil || !strings.Contains(media, "abababababababab") {
			t.Fatalf("media file %q", media)
		}
	})
}

func TestASCIINamesAreASCII(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := File{Slugline: rapid.String().Draw(t, "slugline")}
		name, err := Name("{slugline:ascii}", &f)
		if err != nil || strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
			t.Fatalf("%q: %v", name, err)
		}
	})
}
