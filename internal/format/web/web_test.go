package web_test

import (
	"bytes"
	"flag"
	"reflect"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
	"jisr/internal/format/web"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func read(data []byte) (*news.Item, []loss.Loss, error) {
	if web.DetectHTML(data) {
		return web.ReadHTML(data)
	}
	return web.ReadText(data)
}

// TestPagesAndTextsReadAsTheirGoldenFilesSay keeps what each file becomes.
func TestPagesAndTextsReadAsTheirGoldenFilesSay(t *testing.T) {
	one := func(read func([]byte) (*news.Item, []loss.Loss, error)) func([]byte) ([]*news.Item, []loss.Loss, error) {
		return func(data []byte) ([]*news.Item, []loss.Loss, error) {
			it, losses, err := read(data)
			return []*news.Item{it}, losses, err
		}
	}
	goldentest.Format{Pattern: "testdata/*.html", Fewest: 3, Detect: web.DetectHTML, Read: one(web.ReadHTML)}.Check(t, *update)
	goldentest.Format{Pattern: "testdata/*.txt", Fewest: 3, Detect: web.DetectText, Read: one(web.ReadText)}.Check(t, *update)
}

func TestAPageIsNoTextAndATextNoPage(t *testing.T) {
	for _, c := range []struct {
		head       string
		html, text bool
	}{
		{"<!DOCTYPE html><html>", true, false},
		{"<p>One</p>", true, false},
		{"<html xmlns=\"http://www.w3.org/1999/xhtml\">", true, false},
		{"<div xmlns=\"urn:x\">", false, false},
		{"<newsItem>", false, false},
		{"Rain today\n\nIt will rain on the coast today.", false, true},
		{"مطر اليوم\r\n\r\nتتساقط أمطار خفيفة على الساحل اليوم.", false, true},
		{"SLUG: RAIN\nIt will rain.", false, true},
		{"СЛАГ: ДОЖДЬ\n\nДождь", false, true},
		{"Dear editor", false, false},
		{"Dear editor,\nit will rain on the coast today.", false, false},
		{"null", false, false},
		{"Note: rain\n", false, false},
		{"{}", false, false},
		{"[1]", false, false},
		{"\x01ZCZC", false, false},
		{"%PDF-1.4", false, false},
		{"12345 67890 12345", false, false},
		{"", false, false},
	} {
		if html, text := web.DetectHTML([]byte(c.head)), web.DetectText([]byte(c.head)); html != c.html || text != c.text {
			t.Errorf("%q: page %v, text %v", c.head, html, text)
		}
	}
}

func story() *news.Item {
	at := time.Date(2026, 3, 8, 9, 0, 0, 0, time.FixedZone("", 3*60*60))
	return &news.Item{
		URI: "https://afaq.example/2026/1", Type: news.Text, Language: "ar", Slugline: "مكتبة", By: "عمر الشامي", Dateline: "مدينة النخيل", Urgency: 3,
		CopyrightNotice: "© آفاق", FirstCreated: at, VersionCreated: at, EdNote: "for evening pages",
		Headlines:    []news.Words{{Value: `افتتاح "المكتبة" & <الوطنية>`}},
		Descriptions: []news.Words{{Value: "ملخص"}},
		Bodies:       []news.Words{{ContentType: "text/html", Value: "<p>الفقرة الأولى &amp; تتمة.</p><p>الفقرة الثانية<br>سطر ثان.</p>"}},
		Subjects:     []news.Concept{{Name: "كتب"}, {Name: "ثقافة"}},
	}
}

func TestTextIsReadBackAsItWasWritten(t *testing.T) {
	it := story()
	got, losses, err := web.ReadText(web.Text(it))
	if err != nil || len(losses) > 0 {
		t.Fatal(err, losses)
	}
	if got.URI != it.URI || got.Headline() != it.Headline() || got.By != it.By || got.Slugline != it.Slugline || got.Language != it.Language || got.Urgency != 3 ||
		got.Dateline != it.Dateline || !got.VersionCreated.Equal(it.VersionCreated) || got.CopyrightNotice != it.CopyrightNotice || got.EdNote != it.EdNote || got.Summary() != "ملخص" {
		t.Errorf("%+v", got)
	}
	if want := "الفقرة الأولى & تتمة.\n\nالفقرة الثانية\nسطر ثان."; got.Body().Value != want {
		t.Errorf("body %q, want %q", got.Body().Value, want)
	}
	var names []string
	for _, s := range got.Subjects {
		names = append(names, s.Name)
	}
	if !reflect.DeepEqual(names, []string{"كتب", "ثقافة"}) {
		t.Errorf("subjects %v", names)
	}
}

func TestAPageIsReadBackAsItWasWritten(t *testing.T) {
	it := story()
	it.Bodies[0].Value = strings.Repeat("<p>فتحت المكتبة الوطنية الجديدة أبوابها صباح الأحد، وقال مديرها إن الدخول مجاني طوال الشهر الأول من هذا العام.</p>", 5)
	page := web.HTML(it)
	if !bytes.Contains(page, []byte(`<html lang="ar" dir="rtl">`)) {
		t.Error("the page has no direction")
	}
	got, _, err := web.ReadHTML(page)
	if err != nil {
		t.Fatal(err)
	}
	if got.URI != it.URI || got.Headline() != it.Headline() || got.By != it.By || got.Language != "ar" || !got.VersionCreated.Equal(it.VersionCreated) ||
		!strings.Contains(got.Body().Value, "الدخول مجاني") {
		t.Errorf("%+v", got)
	}
}

func TestAPageRunsAndLoadsNothing(t *testing.T) {
	it := story()
	it.Headlines[0].Value = `</title><script>alert(1)</script>`
	it.By = `"><img src=x onerror=alert(1)>`
	it.Language = `ar" onload="alert(1)`
	it.URI = "javascript:alert(1)"
	it.Bodies = []news.Words{
		{ContentType: "text/html", Value: `<p onclick="alert(1)">a</p><script>alert(1)</script><img src="javascript:alert(1)"><iframe src="https://x.example"></iframe><a href="data:text/html,x">b</a><style>x</style>`},
		{Value: `<script>alert(1)</script>`},
	}
	it.Associations = []news.Item{{Type: news.Picture, Renditions: []news.Rendition{{Href: `javascript:alert(1)`}}, Descriptions: []news.Words{{Value: `"><script>`}}}}
	page := string(web.HTML(it))
	for _, bad := range []string{"<script>", "onclick=", "<iframe", "<img src=x", `src="javascript`, `href="javascript`, `href="data:`, `" onload="`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %s:\n%s", bad, page)
		}
	}
}

func TestWhatMayNotBeUsedSaysSoInEveryForm(t *testing.T) {
	kill := story()
	kill.PubStatus, kill.EdNote = news.Canceled, "wrong name"
	for form, data := range map[string][]byte{"page": web.HTML(kill), "text": web.Text(kill)} {
		if bytes.Contains(data, []byte("المكتبة")) || !bytes.Contains(data, []byte("wrong name")) {
			t.Errorf("the %s of a killed item: %s", form, data)
		}
	}
	got, _, err := web.ReadText(web.Text(kill))
	if err != nil || got.PubStatus != news.Canceled || got.URI != kill.URI {
		t.Errorf("%+v, %v", got, err)
	}
	held := story()
	held.PubStatus = news.Withheld
	held.Embargoed = time.Date(2026, 3, 9, 6, 0, 0, 0, time.UTC)
	got, _, err = web.ReadText(web.Text(held))
	if err != nil || got.PubStatus != news.Withheld || !got.Embargoed.Equal(held.Embargoed) {
		t.Errorf("%+v, %v", got, err)
	}
	if !bytes.Contains(web.HTML(held), []byte("حتى إشعار آخر")) {
		t.Error("the page of a held item does not say so")
	}
}

func BenchmarkReadHTML(b *testing.B) {
	data := goldentest.File(b, "testdata/paper-jsonld-ar.html")
	for b.Loop() {
		if _, _, err := web.ReadHTML(data); err != nil {
			b.Fatal(err)
		}
	}
}
