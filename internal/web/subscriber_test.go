package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"jisr/internal/deliver"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// at is the address of the page without what was just done.
func (v *visitor) path() string {
	p, _, _ := strings.Cut(v.at, "?")
	return p
}

func TestSubscriberGetsWhatTheProductTakesAndTheLogProvesIt(t *testing.T) {
	h := open(t, organisation)
	h.hire("mary", "Mary", "en", people.Chief)
	var got, refuse atomic.Int64
	paper := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse.Load() > 0 {
			http.Error(w, "not <b>you</b>", http.StatusForbidden)
			return
		}
		io.Copy(io.Discard, r.Body)
		got.Add(1)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(paper.Close)
	h.issue(newsroom.Issue{Act: news.Publish, Desk: "world", Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "Bridge opens"}}}})
	h.issue(newsroom.Issue{Act: news.Publish, Desk: "world", Item: &news.Item{Language: "ru", Headlines: []news.Words{{Value: "Мост открыт"}}}})

	v := h.visit(t, "mary").get("/subscribers").sees("No subscribers yet").get("/products/new")
	v.send("/products", "name", "Bridges", "own", "", "do", "save").sees("Say whose items", `value="Bridges"`)
	v.send("/products", "own", "1", "words", "bridge", "do", "preview").sees("1\u2069 of the newest", "Bridge opens")
	if strings.Contains(v.text, "Мост") {
		t.Error("the preview shows what the words do not take")
	}
	v.send("/products", "do", "save").sees("The product is saved")

	product := must(h.deliver.Products(t.Context(), "", 1))(t)[0].ID
	v.get("/subscribers").send("/subscribers", "name", "River Paper", "contact", "Ali, +20 2", "products", product).sees("The subscriber is added", "nothing reaches this subscriber")
	subscriber := v.path()
	v.get("/destinations/new?kind=http&subscriber="+strings.TrimPrefix(subscriber, "/subscribers/")).
		send("/destinations", "name", "CMS", "address", "ftp://x.example/").sees("This address does not suit this kind", `value="CMS"`)
	v.send("/destinations", "address", paper.URL, "secret", "a very secret word that signs").sees("The destination is added", "not used yet")
	destination := v.path()
	if strings.Contains(v.get(destination+"/change").text, "a very secret word that signs") {
		t.Error("the secret is shown")
	}
	v.get(destination).send(destination+"/act", "do", "test").sees("The test was accepted", "202")

	h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "Second bridge"}}}})
	h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "A tunnel"}}}})
	eventually(t, "the item is delivered", func() bool { return strings.Contains(v.get("/deliveries?state=sent").text, "Second bridge") })
	if strings.Contains(v.get("/deliveries").text, "A tunnel") {
		t.Error("what the product does not take was delivered")
	}
	one := must(h.deliver.Deliveries(t.Context(), deliver.Log{State: deliver.Sent}))(t)[0]
	v.get("/deliveries/"+one.ID).sees("202", one.Body, one.Entry, "/item/proof?")
	res := must(v.client.Get(h.url + "/deliveries/" + one.ID + "/body"))(t)
	body := string(must(io.ReadAll(res.Body))(t))
	res.Body.Close()
	if !strings.Contains(body, "Second bridge") || res.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("the bytes sent are %.80q, %v", body, res.Header)
	}
	before := got.Load()
	v.get("/deliveries/"+one.ID).send("/deliveries/", "x", "").sees("It is being sent again")
	eventually(t, "it was sent again", func() bool { return got.Load() > before })

	refuse.Store(1)
	for range 12 {
		h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "Bridge <b>closed"}}}})
	}
	eventually(t, "who refuses everything is paused, and that is seen at once", func() bool {
		return strings.Contains(v.get("/subscribers").text, "Sending has stopped")
	})
	refuse.Store(0)
	v.send(destination+"/act", "do", "resume").sees("Sending goes on")
	eventually(t, "it works again", func() bool { return strings.Contains(v.get(destination).text, "works") })
	v.get(subscriber).send(subscriber, "name", "River Paper 2", "do", "save").sees("The subscriber is saved", "River Paper 2").
		send(subscriber, "do", "remove").sees("are removed")
}

func TestFeedOpensWithATokenThatIsShownOnce(t *testing.T) {
	h := open(t, organisation)
	h.hire("mary", "مريم", "ar", people.Coordinator)
	p := &deliver.Product{Name: "All", Query: deliver.Query{Own: true}}
	check(t, h.deliver.AddProduct(t.Context(), p))
	sub := &deliver.Subscriber{Name: "Radio", Active: true, Products: []string{p.ID}}
	check(t, h.deliver.AddSubscriber(t.Context(), sub))
	v := h.visit(t, "mary").get("/destinations/new?kind=pull&subscriber="+sub.ID).send("/destinations", "name", "Feed").sees(".rss", ".newsml-g2")
	at := v.path()
	v.send(at+"/tokens", "name", "Radio").sees("jisrfeed_")
	_, rest, _ := strings.Cut(v.text, "jisrfeed_")
	secret := "jisrfeed_" + rest[:strings.IndexAny(rest, "<")]
	if strings.Contains(v.get(at).text, secret) {
		t.Error("the token is shown again")
	}
	h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "ar", Headlines: []news.Words{{Value: "جسر"}}}})
	feed := func() (int, string) {
		req := must(http.NewRequest("GET", h.url+at[len("/destinations"):], nil))(t)
		req.URL.Path = "/feeds/" + strings.TrimPrefix(at, "/destinations/") + ".atom"
		req.Header.Set("Authorization", "Bearer "+secret)
		res := must(http.DefaultClient.Do(req))(t)
		defer res.Body.Close()
		return res.StatusCode, string(must(io.ReadAll(res.Body))(t))
	}
	eventually(t, "the item is in the feed", func() bool { _, body := feed(); return strings.Contains(body, "جسر") })
	v.get(at).send(at+"/tokens/revoke", "token", must(h.deliver.FeedTokens(t.Context(), strings.TrimPrefix(at, "/destinations/")))(t)[0].ID)
	if status, _ := feed(); status != http.StatusUnauthorized {
		t.Errorf("a revoked token is answered with %d", status)
	}
}

func TestProductIsTriedAndSavedInABrowser(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.hire("mary", "Mary", "ru", people.Chief)
	h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "ru", Headlines: []news.Words{{Value: "Мост открыт"}}}})
	h.enter(ctx, "mary")
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/products/new"), chromedp.SendKeys("#name", "Мосты"), chromedp.SendKeys("#words", "мосты")))
	eval[bool](t, ctx, `document.querySelector("form.product button[value=preview]:not(.hidden)").click() === undefined`)
	eventually(t, "the preview shows the item", func() bool {
		return eval[bool](t, ctx, `!!document.querySelector("#preview") && document.querySelector("#preview").parentElement.textContent.includes("Мост открыт")`)
	})
	eval[bool](t, ctx, `document.querySelector("form.product button[value=save]").click() === undefined`)
	eventually(t, "the product is saved", func() bool { return len(must(h.deliver.Products(t.Context(), "", 1))(t)) == 1 })
}
