package node

import (
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/deliver"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

// One node's hub and the other's subscriber, over real connections. The feed is
// polled once, before there is anything in it.
func TestNewsAndKillReachAnotherNodeThroughTheHub(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			a, b := start(t, engine, "a.example"), start(t, engine, "b.example")
			for _, n := range []*running{a, b} {
				c := *n.Config
				c.AllowHosts = []string{"127.0.0.1"}
				n.stop()
				n.serve(&c)
				t.Cleanup(func() { n.stop() })
			}
			feed := a.subscribe(deliver.Query{Own: true}, deliver.Destination{Kind: deliver.WebSub, Format: "atom"})
			token, _, err := a.Deliver.CreateFeedToken(t.Context(), feed.ID, "b")
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.Ingest.CreateSource(t.Context(), ingest.Source{Name: "A", Kind: ingest.Feed, Active: true, Interval: time.Hour,
				Address: a.Config.URL + deliver.FeedPath + feed.ID + ".atom", Secret: token, Rules: ingest.Rules{Publish: true, Desk: "world"}}, ingest.Shell)
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "b subscribes at a's hub", func() bool {
				found, err := a.Deliver.Callbacks(t.Context(), feed.ID)
				return err == nil && len(found) == 1
			})
			const uri = "tag:a.example,2026:river"
			a.issue(news.Publish, story(uri, "en", "The river rises"), "")
			eventually(t, "the story is on b's wire", func() bool { return b.line("b.example", uri) != nil })
			a.issue(news.Correction, story(uri, "en", "The river falls"), "it fell")
			eventually(t, "the correction is on b's wire", func() bool { return b.line("b.example", uri).Headline == "The river falls" })
			a.issue(news.Kill, story(uri, "", ""), "it was another river")
			eventually(t, "the kill is on b's wire", func() bool { return b.line("b.example", uri).Status == news.StatusKilled })
			sound(t, b)
		})
	}
}
