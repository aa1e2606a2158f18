package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/loss"
	"jisr/internal/format/web"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func samples(t testing.TB) []string {
	t.Helper()
	pages, err := filepath.Glob("testdata/*.html")
	texts, err2 := filepath.Glob("testdata/*.txt")
	if err != nil || err2 != nil || len(pages) < 3 || len(texts) < 3 {
		t.Fatal("too few sample files", pages, texts)
	}
	return append(pages, texts...)
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func read(data []byte) (*news.Item, []loss.Loss, error) {
	if web.DetectHTML(data) {
		return web.ReadHTML(data)
	}
	return web.ReadText(data)
}

// TestPagesAndTextsReadAsTheirGoldenFilesSay keeps what each file becomes.
func TestPagesAndTextsReadAsTheirGoldenFilesSay(t *testing.T) {
	for _, file := range samples(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data := readFile(t, file)
			if isPage := filepath.Ext(file) == ".html"; web.DetectHTML(data[:min(len(data), 512)]) != isPage || web.DetectText(data) == isPage {
				t.Error("taken for the wrong kind of file")
			}
			it, losses, err := read(data)
			if err != nil {
				t.Fatal(err)
			}
			if err := it.Validate(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
				t.Errorf("the item does not hold what the house asks: %v", err)
			}
			report := []string{}
			for _, l := range losses {
				report = append(report, l.String())
			}
			got := encode(t, map[string]any{"item": dump(t, it), "losses": report})
			golden := file + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, golden); !bytes.Equal(got, want) {
				t.Errorf("differs from %s; run with -update and look at the difference\ngot:\n%s", golden, got)
			}
		})
	}
}

func dump(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return prune(out)
}

// prune removes empty values; nil means that nothing is left.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = prune(x); x == nil {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = prune(v[i])
		}
	case string:
		if v == "" || v == "0001-01-01T00:00:00Z" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return v
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
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
	data := readFile(b, "testdata/paper-jsonld-ar.html")
	for b.Loop() {
		if _, _, err := web.ReadHTML(data); err != nil {
			b.Fatal(err)
		}
	}
}
