package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jisr/internal/deliver"
	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// traffic gives a house sources and subscribers, some of which fare badly, and
// returns their pages by name.
func traffic(t testing.TB, h *house) map[string]string {
	ctx := t.Context()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/shut" {
			http.Error(w, "closed", http.StatusForbidden)
			return
		}
		w.Write([]byte(feed))
	}))
	t.Cleanup(server.Close)
	rules := ingest.Rules{Desk: "world", Language: "ar", CreditLine: "وكالة النهر", Subjects: []news.Concept{{URI: "http://cv.iptc.org/newscodes/mediatopic/15000000"}}}
	good := must(h.ingest.CreateSource(ctx, ingest.Source{Name: "وكالة النهر", Kind: ingest.Feed, Address: server.URL + "/rss.xml", Active: true, Rules: rules}, ingest.Remote))(t)
	bad := must(h.ingest.CreateSource(ctx, ingest.Source{Name: "Балтийский телеграф", Kind: ingest.Feed, Address: server.URL + "/shut", Active: true}, ingest.Remote))(t)
	push := must(h.ingest.CreateSource(ctx, ingest.Source{Name: "Harbour Picture Desk", Kind: ingest.Push, Active: true}, ingest.Remote))(t)
	must(h.ingest.CollectNow(ctx, good.ID))(t)
	if _, err := h.ingest.CollectNow(ctx, bad.ID); err == nil {
		t.Fatal("a source that refuses was said to work")
	}
	must(h.ingest.CreateSource(ctx, ingest.Source{Name: "Inbox", Kind: ingest.Folder, Address: h.inbox, Active: true}, ingest.Remote))(t)
	check(t, os.WriteFile(filepath.Join(h.inbox, "broken story 2026-11.xml"), []byte("<newsItem><unfinished>"), 0o644))
	var failed []*ingest.Arrival
	eventually(t, "the broken file is kept", func() bool {
		failed = must(h.ingest.Arrivals(ctx, ingest.ArrivalFilter{State: ingest.Broken}))(t)
		return len(failed) == 1
	})

	all := &deliver.Product{Name: "أخبار النهر", Query: deliver.Query{Own: true, Languages: []string{"ar", "ru"}, Subjects: []string{"http://cv.iptc.org/newscodes/mediatopic/15000000"}}}
	check(t, h.deliver.AddProduct(ctx, all))
	check(t, h.deliver.AddProduct(ctx, &deliver.Product{Name: "Everything of ours", Query: deliver.Query{Own: true}}))
	products := must(h.deliver.Products(ctx, "", 10))(t)
	paper := &deliver.Subscriber{Name: "Вечерняя газета", Contact: "Ольга, +7 495 000-00-00", Active: true, Products: []string{products[0].ID, products[1].ID}}
	check(t, h.deliver.AddSubscriber(ctx, paper))
	check(t, h.deliver.AddSubscriber(ctx, &deliver.Subscriber{Name: "إذاعة الساحل", Contact: "غرفة الأخبار", Active: true}))
	cms := &deliver.Destination{Subscriber: paper.ID, Name: "CMS", Kind: deliver.HTTP, Address: server.URL + "/shut", Secret: strings.Repeat("secret ", 5), Active: true}
	check(t, h.deliver.AddDestination(ctx, cms))
	pull := &deliver.Destination{Subscriber: paper.ID, Name: "Лента сайта", Kind: deliver.Pull, Media: true, Active: true}
	check(t, h.deliver.AddDestination(ctx, pull))
	_, _, err := h.deliver.CreateFeedToken(ctx, pull.ID, "Сайт")
	check(t, err)
	for range 12 {
		h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "ar", Headlines: []news.Words{{Value: "نشرة أحوال الطقس"}}, Bodies: []news.Words{{Value: "<p>غائم.</p>", ContentType: "text/html"}}}})
	}
	eventually(t, "who refuses is paused", func() bool {
		troubles, err := h.deliver.Troubles(ctx)
		return err == nil && len(troubles) > 0 && troubles[0].Paused != ""
	})
	log := must(h.deliver.Deliveries(ctx, deliver.Log{Destination: cms.ID}))(t)
	return map[string]string{"sources": "/sources", "source": "/sources/" + good.ID, "source-bad": "/sources/" + bad.ID, "source-push": "/sources/" + push.ID,
		"source-new": "/sources/new", "source-form": "/sources/new?kind=sftp", "arrivals": "/arrivals", "arrival": "/arrivals/" + failed[0].ID,
		"subscribers": "/subscribers", "subscriber": "/subscribers/" + paper.ID, "product": "/products/" + all.ID, "destination": "/destinations/" + cms.ID,
		"feed": "/destinations/" + pull.ID, "destination-form": "/destinations/new?kind=ftp&subscriber=" + paper.ID, "deliveries": "/deliveries", "vocabularies": "/vocabulary", "vocabulary": "/vocabulary?scheme=medtop", "delivery": "/deliveries/" + log[0].ID}
}
