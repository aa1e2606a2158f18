package ritzau_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/ritzau"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: "testdata/*.xml", Fewest: 2, Detect: ritzau.Detect, Read: ritzau.Read}.Check(t, *update)
}

func TestATimeWithoutZoneIsThatOfCopenhagen(t *testing.T) {
	for written, want := range map[string]string{
		"2026-01-12T08:05:00":       "2026-01-12T07:05:00Z", // winter
		"2026-07-01T17:32:18.397":   "2026-07-01T15:32:18.397Z",
		"2026-07-01T17:32:18+00:00": "2026-07-01T17:32:18Z",
	} {
		items, _, err := ritzau.Read([]byte(`<RBNews><NewsID>1</NewsID><PublishDate>` + written + `</PublishDate></RBNews>`))
		if err != nil {
			t.Fatal(err)
		}
		if got := items[0].VersionCreated.UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: %s, want %s", written, got, want)
		}
	}
}

func TestWhatMayBeAnnulledIsNotOut(t *testing.T) {
	for flag, want := range map[string]news.PubStatus{"true": news.Canceled, "1": news.Canceled, "false": news.Usable, "": news.Usable, "perhaps": news.Withheld} {
		items, _, err := ritzau.Read([]byte(`<RBNews><NewsID>1</NewsID><Annuleret>` + flag + `</Annuleret></RBNews>`))
		if err != nil || items[0].PubStatus != want {
			t.Errorf("%q: %v, %v", flag, items, err)
		}
	}
}

func TestHostileOrBrokenFilesAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		kind      news.Kind
		says      string
	}{
		{"empty list", "<ArrayOfRBNews/>", news.Invalid, "holds no items"},
		{"another root", "<rss/>", news.Invalid, "not the root of a RBNews document"},
		{"entity of its own", `<!DOCTYPE RBNews [<!ENTITY a "b">]><RBNews><headline>&a;</headline></RBNews>`, news.Invalid, "DOCTYPE"},
		{"cut off", "<RBNews><headline>Rain", news.Invalid, "<headline>"},
		{"too deep", "<RBNews>" + strings.Repeat("<a>", 300), news.TooLarge, "200 deep"},
		{"too many", "<ArrayOfRBNews>" + strings.Repeat("<RBNews/>", ritzau.MaxItems+1) + "</ArrayOfRBNews>", news.TooLarge, "1000 items"},
		{"too large", strings.Repeat(" ", ritzau.MaxSize+1), news.TooLarge, "16777216 allowed"},
	} {
		_, _, err := ritzau.Read([]byte(c.doc))
		if news.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.200v", c.name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.xml")
	f.Fuzz(func(t *testing.T, data []byte) {
		items, losses, err := ritzau.Read(data)
		goldentest.Sound(t, items, losses, err)
	})
}
