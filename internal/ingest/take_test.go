package ingest

import (
	"testing"

	"jisr/internal/db"
	"jisr/internal/news"
)

func TestAnUpdateOrKillOfAKnownItemIsAVersionOfItWhateverTheChannel(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		wire, folder := h.source("Kuna by push", Push, nil), h.source("Kuna by folder", Folder, nil)
		h.wants(h.brings(wire, "1.json", item(story, "1", "First")), Done, story, 1, news.StatusUsable)
		h.wants(h.brings(folder, "3.json", item(story, "3", "Third")), Done, story, 2, news.StatusUsable)
		h.wants(h.brings(wire, "2.json", item(story, "2", "Second")), Done, story, 2, news.StatusUsable)
		if got := h.head(story).Item.Headline(); got != "Third" {
			t.Errorf("an older version replaced a newer one: %q", got)
		}
		h.wants(h.brings(folder, "4.json", item(story, "4", "Held", `"pubStatus":"withheld"`)), Done, story, 3, news.StatusHeld)
		h.wants(h.brings(wire, "5.json", item(story, "5", "Released")), Done, story, 5, news.StatusUsable)
		h.wants(h.brings(wire, "6.json", item(story, "6", "Killed", `"pubStatus":"canceled"`)), Done, story, 6, news.StatusKilled)
		h.wants(h.brings(folder, "7.json", item(story, "7", "Back")), SetAside, story, 6, news.StatusKilled)
	})
}
