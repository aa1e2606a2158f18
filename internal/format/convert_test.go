package format

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"jisr/internal/news"
)

// TestPagesAndTextsReportEveryWordTheyLack sets the words of an item one field at a
// time: each must be in the output or among the losses.
func TestPagesAndTextsReportEveryWordTheyLack(t *testing.T) {
	const word = "zqxword"
	at := time.Date(2031, 7, 8, 9, 10, 0, 0, time.UTC)
	for _, to := range []string{"html", "text"} {
		for _, status := range []news.PubStatus{news.Usable, news.Withheld, news.Canceled} {
			fields := reflect.TypeFor[news.Item]()
			for i := range fields.NumField() {
				it := &news.Item{URI: "tag:x.example,2026:1", Type: news.Text, PubStatus: status}
				sign := word
				switch f := reflect.ValueOf(it).Elem().Field(i).Addr().Interface().(type) {
				case *string:
					*f = word
				case *time.Time:
					*f, sign = at, "2031-07-08"
				case *[]news.Words:
					*f = []news.Words{{Role: "aside", Value: word}}
				case *[]news.Concept:
					*f = []news.Concept{{Name: word, URI: "http://cv.example/1"}}
				case *[]news.Item:
					*f = []news.Item{{URI: word}}
				case *[]news.Rendition:
					*f = []news.Rendition{{Href: word}}
				default:
					continue
				}
				name := fields.Field(i).Name
				if name == "Type" || name == "PubStatus" {
					continue
				}
				w, err := Write(it, to)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(string(w.Data), sign) && !strings.Contains(losses(w), "/"+property(name)+": ") {
					t.Errorf("%s, %s: %s is neither shown nor lost: %v", to, status, name, w.Losses)
				}
			}
		}
	}
}

func TestAPlainStoryIsConvertedWithoutLoss(t *testing.T) {
	it := &news.Item{
		URI: "tag:x.example,2026:1", Type: news.Text, Language: "ru", PubStatus: news.Usable, By: "Анна",
		Headlines: []news.Words{{Value: "Лёд"}}, Bodies: []news.Words{{Value: "Лёд сошёл."}},
	}
	for _, to := range []string{"ninjs", "ninjs-1.4", "newsml-g2", "html", "text"} {
		w, err := Write(it, to)
		if err != nil || len(w.Losses) > 0 || !strings.Contains(string(w.Data), "Лёд сошёл.") {
			t.Errorf("%s: %v, losses %v\n%s", to, err, w.Losses, w.Data)
		}
		if problems, _ := Check(w.Data, to, ""); len(problems) > 0 {
			t.Errorf("%s: %v", to, problems)
		}
	}
}

func TestAnUnknownTargetIsRefused(t *testing.T) {
	if _, err := Write(&news.Item{}, "word"); news.KindOf(err) != news.Invalid {
		t.Error(err)
	}
}

// losses returns all losses, each at the start of a line with its path.
func losses(w Written) string {
	var b strings.Builder
	for _, l := range w.Losses {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}
