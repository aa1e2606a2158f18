package ingest

import (
	"testing"
	"time"

	"jisr/internal/news"
)

func TestItemsAreActedOnAsTheirSenderSaysAndNeverTwice(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	correction := []news.Concept{{URI: "http://cv.iptc.org/newscodes/signal/correction"}}
	issued := func(status news.Status, version string, created time.Time) *known {
		return &known{exists: true, version: 3, status: status, edition: edition{version, created, "sha256:old"}, content: "sha256:ours"}
	}
	for name, tt := range map[string]struct {
		known   *known
		item    news.Item
		created time.Time
		same    bool
		want    []news.Act
		fails   bool
	}{
		"an unknown item is published":                    {known: &known{}, item: news.Item{Version: "7"}, want: []news.Act{news.Publish}},
		"a kill of an unknown item does nothing":          {known: &known{}, item: news.Item{PubStatus: news.Canceled}},
		"a withheld unknown item is not published":        {known: &known{}, item: news.Item{PubStatus: news.Withheld}},
		"a newer version is an update":                    {known: issued(news.StatusUsable, "9", noon), item: news.Item{Version: "10"}, want: []news.Act{news.Update}},
		"one signalled as a correction is a correction":   {known: issued(news.StatusUsable, "9", noon), item: news.Item{Version: "10", Signals: correction}, want: []news.Act{news.Correction}},
		"an older version is skipped":                     {known: issued(news.StatusUsable, "10", noon), item: news.Item{Version: "9"}},
		"the same version is skipped":                     {known: issued(news.StatusUsable, "10", noon), item: news.Item{Version: "10"}},
		"the same content is skipped":                     {known: issued(news.StatusUsable, "", time.Time{}), same: true},
		"a later time of the same version is newer":       {known: issued(news.StatusUsable, "1", noon), item: news.Item{Version: "1"}, created: noon.Add(time.Second), want: []news.Act{news.Update}},
		"an earlier time without versions is older":       {known: issued(news.StatusUsable, "", noon), created: noon.Add(-time.Second)},
		"what nothing tells apart is newer if it differs": {known: issued(news.StatusUsable, "", time.Time{}), want: []news.Act{news.Update}},
		"a kill kills, also without a new version":        {known: issued(news.StatusUsable, "9", noon), item: news.Item{Version: "9", PubStatus: news.Canceled}, want: []news.Act{news.Kill}},
		"an older kill does not":                          {known: issued(news.StatusUsable, "9", noon), item: news.Item{Version: "8", PubStatus: news.Canceled}},
		"a kill of a killed item is skipped":              {known: issued(news.StatusKilled, "9", noon), item: news.Item{Version: "10", PubStatus: news.Canceled}},
		"a withheld item is put on hold":                  {known: issued(news.StatusUsable, "9", noon), item: news.Item{Version: "10", PubStatus: news.Withheld}, want: []news.Act{news.Hold}},
		"a usable version lifts the hold":                 {known: issued(news.StatusHeld, "9", noon), item: news.Item{Version: "10"}, want: []news.Act{news.Release, news.Update}},
		"a killed item does not come back by itself":      {known: issued(news.StatusKilled, "9", noon), item: news.Item{Version: "10"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := edition{tt.item.Version, tt.created, "sha256:new"}
			content := "sha256:new"
			if tt.same {
				content = tt.known.content
			}
			acts, why, err := decide(tt.known, &tt.item, s, content)
			if len(acts) != len(tt.want) || (err != nil) != tt.fails {
				t.Fatalf("%v, %q, %v; want %v", acts, why, err, tt.want)
			}
			for i, act := range acts {
				if act != tt.want[i] {
					t.Errorf("%v, want %v", acts, tt.want)
				}
			}
			if len(acts) == 0 && err == nil && why == "" {
				t.Error("it does not say why nothing is done")
			}
		})
	}
}

func TestSendersVersionSurvivesItsMarks(t *testing.T) {
	s := edition{"12", time.Date(2026, 11, 25, 12, 0, 0, 5000, time.UTC), "sha256:abc"}
	it := &news.Item{AltIDs: []news.AltID{{Role: "internal", Value: "4711"}}}
	s.mark(it)
	s.mark(it)
	if got := markedIn(it); got.version != s.version || !got.created.Equal(s.created) || got.digest != s.digest {
		t.Errorf("marked %+v, read %+v", s, got)
	}
	if len(it.AltIDs) != 4 || it.AltIDs[0].Value != "4711" {
		t.Errorf("alternative ids %v", it.AltIDs)
	}
}
