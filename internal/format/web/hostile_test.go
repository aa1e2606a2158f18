package web_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/web"
	"jisr/internal/news"
)

func TestFilesThatHoldNoWordsAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct{ name, data, says string }{
		{"empty page", "<html></html>", "neither a title nor a text"},
		{"script only", "<html><body><script>render()</script><div id=root></div></body></html>", "neither a title nor a text"},
		{"text of NULs", "ab\x00cd", "NUL"},
		{"blank text", " \n\t\n", "no words"},
		{"page of 60,000 elements", "<html>" + strings.Repeat("<b>x</b>", 60_000), "30000 elements"},
		{"page of nothing but depth", "<html>" + strings.Repeat("<div>", 100_000), ""},
		{"page over the limit", "<html>" + strings.Repeat(" ", web.MaxSize), "8388608 allowed"},
		{"text over the limit", "word " + strings.Repeat("x", news.MaxText), "3145728 allowed"},
	} {
		start := time.Now()
		_, _, err := read([]byte(c.data))
		if k := news.KindOf(err); k != news.Invalid && k != news.TooLarge || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
}

func TestAnEmbargoThatCannotBeReadHoldsTheTextBack(t *testing.T) {
	for _, c := range []struct {
		text string
		want news.PubStatus
	}{
		{"EMBARGO: next Friday\n\nA story", news.Withheld},
		{"ЭМБАРГО:\n\nЗаголовок", news.Withheld},
		{"محظور النشر حتى: الغد\n\nعنوان", news.Withheld},
		{"STATUS: spiked\n\nA story", news.Withheld},
		{"STATUS: canceled\nEMBARGO: x\n\nA story", news.Canceled},
		{"EMBARGO: 2026-05-01T06:00:00Z\n\nA story", ""},
		{"The embargo: a story\n\nOf trade.", ""},
	} {
		it, losses, err := web.ReadText([]byte(c.text))
		if err != nil || it.PubStatus != c.want {
			t.Errorf("%q: %q, %v", c.text, it.PubStatus, err)
		}
		if c.want == news.Withheld && len(losses) == 0 {
			t.Errorf("%q: held back without a word to the desk", c.text)
		}
	}
}

func TestLanguageIsNotGuessedFromAFewWords(t *testing.T) {
	for text, want := range map[string]string{
		"Rain today": "",
		"Дождь":      "",
		"Rain\n\n" + strings.Repeat("The ferry between the two quays runs again, the harbour office said. ", 3): "en",
		"Дождь\n\n" + strings.Repeat("Этим утром жители вышли на берег, чтобы увидеть, как лёд пошёл вниз по течению; такого раннего ледохода здесь ещё не было, говорят старожилы. ", 3): "ru",
		"مطر\n\n" + strings.Repeat("فتحت المكتبة الوطنية أبوابها صباح الأحد وقال مديرها إن الدخول مجاني. ", 3):                                                                            "ar",
	} {
		it, losses, err := web.ReadText([]byte(text))
		if err != nil || it.Language != want {
			t.Errorf("%.30q: %q, %v", text, it.Language, err)
		}
		if want != "" && len(losses) != 1 {
			t.Errorf("%.30q: the guess was not said: %v", text, losses)
		}
	}
}

func TestBrokenLinkedDataCostsOnlyItself(t *testing.T) {
	for _, script := range []string{"{", `[[[[[[[[{"@type":"NewsArticle","headline":"deep"}]]]]]]]]`, `{"@type":7}`, `null`, `{"@type":"NewsArticle","headline":{"a":1},"author":[[]],"image":[],"datePublished":5}`} {
		it, _, err := web.ReadHTML([]byte(`<html><head><title>T</title><script type="application/ld+json">` + script + `</script></head><body>x</body></html>`))
		if err != nil || it.Headline() != "T" {
			t.Errorf("%s: %v", script, err)
		}
	}
}

// FuzzRead asks that no input crashes or hangs the readers, and that whatever is
// read can be written as page and text.
func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.html")
	goldentest.Seed(f, "testdata/*.txt")
	f.Fuzz(func(t *testing.T, data []byte) {
		it, losses, err := read(data)
		if err != nil {
			return
		}
		goldentest.Sound(t, []*news.Item{it}, losses, nil)
		page := web.HTML(it)
		if n := bytes.Count(page, []byte("<script")); n > 1 || n == 1 && !bytes.Contains(page, []byte(`<script type="application/ld+json">`)) {
			t.Errorf("a script in the page:\n%s", page)
		}
		if again, _, err := web.ReadText(web.Text(it)); err != nil || again.PubStatus != it.PubStatus {
			t.Errorf("%v\n%s", err, web.Text(it))
		}
	})
}
