package format

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/feed"
	"jisr/internal/format/loss"
	"jisr/internal/format/picture"
	"jisr/internal/news"
)

// writers are all ways to write an item. A feed that leaves an item out returns no
// data.
var writers = map[string]func(t *testing.T, it *news.Item) ([]byte, []loss.Loss){
	"ninjs": convertTo("ninjs"), "ninjs-1.4": convertTo("ninjs-1.4"), "newsml-g2": convertTo("newsml-g2"), "nitf": convertTo("nitf"),
	"html": convertTo("html"), "text": convertTo("text"),
	"rss":  inFeed(func(c *feed.Channel, items []*news.Item) ([]byte, error) { return feed.WriteRSS(c, items), nil }),
	"atom": inFeed(func(c *feed.Channel, items []*news.Item) ([]byte, error) { return feed.WriteAtom(c, items), nil }),
	"json": inFeed(feed.WriteJSON),
	"jpeg": func(t *testing.T, it *news.Item) ([]byte, []loss.Loss) {
		blank, err := os.Open("picture/testdata/camera-exif-en.jpg")
		if err != nil {
			t.Fatal(err)
		}
		defer blank.Close()
		var b bytes.Buffer
		losses, err := picture.WriteJPEG(&b, blank, it)
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes(), losses
	},
}

func convertTo(format string) func(*testing.T, *news.Item) ([]byte, []loss.Loss) {
	return func(t *testing.T, it *news.Item) ([]byte, []loss.Loss) {
		w, err := Write(it, format)
		if err != nil {
			t.Fatal(err)
		}
		return w.Data, w.Losses
	}
}

func inFeed(write func(*feed.Channel, []*news.Item) ([]byte, error)) func(*testing.T, *news.Item) ([]byte, []loss.Loss) {
	return func(t *testing.T, it *news.Item) ([]byte, []loss.Loss) {
		data, err := write(&feed.Channel{Title: "T", Link: "https://x.example/", Self: "https://x.example/f", Updated: time.Now()}, []*news.Item{it})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), it.URI) {
			return nil, nil
		}
		return data, nil
	}
}

// TestIdentityAndStateSurviveEveryFormat writes an item in each state in each format
// and reads it back. Whoever gets it knows which item in which version it is, may
// not use it before the embargo ends, and never takes the end of an embargo for an
// expiry or a killed or withheld item for a usable one.
func TestIdentityAndStateSurviveEveryFormat(t *testing.T) {
	ends := time.Now().Add(48 * time.Hour).Truncate(time.Second).UTC()
	for format, write := range writers {
		feed := format == "rss" || format == "atom" || format == "json"
		for _, state := range []struct {
			status    news.PubStatus
			embargoed time.Time
		}{
			{"", time.Time{}}, {news.Usable, time.Time{}}, {news.Withheld, time.Time{}}, {news.Canceled, time.Time{}},
			{"", ends}, {news.Usable, ends}, {news.Withheld, ends}, {news.Canceled, ends},
		} {
			for _, uri := range []string{"https://x.example/2026/story", "urn:newsml:x.example:20260102:story", "tag:x.example,2026:قصة"} {
				t.Run(fmt.Sprint(format, " ", state.status, " ", !state.embargoed.IsZero(), " ", uri), func(t *testing.T) {
					it := &news.Item{
						URI: uri, Version: "7", Type: news.Text, Language: "en", PubStatus: state.status, Embargoed: state.embargoed,
						VersionCreated: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), EdNote: "Wrong quay in the second line.", Headlines: []news.Words{{Value: "Ferry sails again"}},
						Bodies: []news.Words{{Value: "The ferry sails again after a week of storms, the harbour master said on Monday morning."}},
					}
					data, losses := write(t, it)
					if data == nil {
						if !feed || state.status == news.Canceled || state.embargoed.IsZero() && state.status != news.Withheld {
							t.Error("the item was left out")
						}
						return
					}
					if feed && state.status == news.Canceled && !state.embargoed.IsZero() && strings.Contains(string(data), "quay") {
						t.Error("the reason of a kill went out under embargo")
					}
					res, err := Read(data, "f")
					if err != nil || len(res.Items) != 1 {
						t.Fatalf("%v\n%s", err, data)
					}
					got := res.Items[0]
					lost := func(path string) bool {
						return slices.ContainsFunc(losses, func(l loss.Loss) bool { return l.Path == path })
					}
					if got.URI != it.URI && !lost("/uri") {
						t.Errorf("known as %s", got.URI)
					}
					if got.Version != it.Version && !lost("/version") {
						t.Errorf("version %q", got.Version)
					}
					if !got.Expires.IsZero() {
						t.Errorf("expires %v", got.Expires)
					}
					// A feed has no embargo: what stands in it may be used, or was killed.
					if !feed && !got.Embargoed.Equal(it.Embargoed) {
						t.Errorf("embargoed until %v", got.Embargoed)
					}
					usable := func(s news.PubStatus) news.PubStatus { return cmp.Or(s, news.Usable) }
					if usable(got.PubStatus) != usable(it.PubStatus) {
						t.Errorf("status %q", got.PubStatus)
					}
				})
			}
		}
	}
}

// TestAnEmbargoThatCannotBeReadHoldsBack: in no format does what should be the end
// of an embargo let a story out because it is written wrongly.
func TestAnEmbargoThatCannotBeReadHoldsBack(t *testing.T) {
	it := &news.Item{
		URI: "https://x.example/2026/story", Type: news.Text, Language: "en", Embargoed: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC), Headlines: []news.Words{{Value: "Ferry sails again"}},
		Bodies: []news.Words{{Value: "The ferry sails again after a week of storms, the harbour master said on Monday morning."}},
	}
	for _, format := range []string{"ninjs", "ninjs-1.4", "newsml-g2", "nitf", "html", "text"} {
		data, _ := writers[format](t, it)
		broken := regexp.MustCompile(`2031-?05-?06[T ]?07:?08:?09(Z|\+0000|\+00:00)?`).ReplaceAll(data, []byte("soon"))
		if bytes.Equal(broken, data) {
			t.Errorf("%s: no embargo to break in %s", format, data)
		}
		res, err := Read(broken, "f")
		if err == nil && (len(res.Items) != 1 || res.Items[0].PubStatus != news.Withheld || len(res.Losses) == 0) {
			t.Errorf("%s: usable although the embargo cannot be read: %+v, %v", format, res.Items, res.Losses)
		}
	}
}
