package wxr_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/wxr"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestExportsReadAsTheirGoldenFilesSay keeps what each export becomes.
func TestExportsReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: "testdata/*.xml", Fewest: 2, Detect: wxr.Detect, Read: wxr.Read}.Check(t, *update)
}

func TestVersionIsTheOneOfTheNamespace(t *testing.T) {
	for head, want := range map[string]string{
		`<rss xmlns:wp="http://wordpress.org/export/1.2/">`: "1.2",
		`<rss xmlns:wp="http://wordpress.org/export/">`:     "",
		`<rss version="2.0">`:                               "",
	} {
		if got := wxr.Version([]byte(head)); got != want {
			t.Errorf("%s: %q", head, got)
		}
	}
}

func export(items string) []byte {
	return []byte(`<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><link>https://x.example</link>` + items + `</channel></rss>`)
}

func TestAPostIsOutOnlyIfWordPressHadItOut(t *testing.T) {
	for status, want := range map[string]news.PubStatus{
		"publish": news.Usable, "draft": news.Withheld, "pending": news.Withheld, "private": news.Withheld, "auto-draft": news.Withheld,
		"trash": news.Withheld, "": news.Withheld, "spiked": news.Withheld, "future": news.Withheld, // without a date
	} {
		items, _, err := wxr.Read(export(`<item><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type><wp:status>` + status + `</wp:status></item>`))
		if err != nil || len(items) != 1 || items[0].PubStatus != want {
			t.Errorf("%q: %+v, %v", status, items, err)
		}
	}
}

func TestBrokenOrHostileExportsAreRefusedWithAReason(t *testing.T) {
	for _, c := range []struct{ name, data, says string }{
		{"cut off", string(export("<item><title>a"))[:180], "cut off"},
		{"entity bomb", `<!DOCTYPE rss [<!ENTITY a "aaaa">]>` + string(export("")), "DOCTYPE"},
		{"too deep", string(export("<item>" + strings.Repeat("<a>", 300) + "</item>")), "200 deep"},
		{"too many posts", string(export(strings.Repeat("<item/>", wxr.MaxItems+1))), "50000 items"},
		{"too large", strings.Repeat(" ", wxr.MaxSize+1), "67108864 allowed"},
		{"no XML", "hello", "text outside"},
		{"no posts", string(export("")), "holds no posts"},
	} {
		_, _, err := wxr.Read([]byte(c.data))
		if k := news.KindOf(err); k != news.Invalid && k != news.TooLarge || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestManyPostsCostNoMoreThanTheirLength(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `<item><title>t</title><content:encoded>[x%d a]</content:encoded><wp:post_id>%d</wp:post_id><wp:post_type>post</wp:post_type><wp:status>s%d</wp:status></item>`, i, i, i)
	}
	start := time.Now()
	items, losses, err := wxr.Read(export(b.String()))
	if err != nil || len(items) != 5000 || len(losses) > 500 {
		t.Errorf("%d items, %d losses, %v", len(items), len(losses), err)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("took %v", took)
	}
}

// FuzzRead asks that no input crashes or hangs the reader, and that what it
// returns can be stored.
func FuzzRead(f *testing.F) {
	goldentest.Seed(f, "testdata/*.xml")
	f.Fuzz(func(t *testing.T, data []byte) {
		items, losses, err := wxr.Read(data)
		goldentest.Sound(t, items, losses, err)
	})
}
