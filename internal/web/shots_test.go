package web_test

import (
	"context"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/node/demo/samples"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// fill gives two partners the demonstration's items, with what happened to them.
func fill(t testing.TB) (a, b *house) {
	t.Helper()
	c := must(samples.Load())(t)
	agency, broadcaster := c.Organisations()
	a, b = open(t, agency), open(t, broadcaster)
	agree(t, a, b)
	for _, h := range []*house{a, b} {
		for _, s := range c.Items(h.ledger.Origin(), time.Now()) {
			for _, m := range s.Media {
				h.store(m.Bytes())
			}
			issued := h.issue(newsroom.Issue{Act: news.Publish, Item: s.Item, Desk: s.Desk})
			for _, step := range s.Then {
				it := step.Item
				if it == nil {
					it = &news.Item{URI: issued.URI}
				}
				h.issue(newsroom.Issue{Act: step.Act, Item: it, Reason: step.Reason})
			}
		}
	}
	return a, b
}

// TestShots writes pictures of the main pages, for people to look at, into the
// folder that JISR_SHOTS names.
func TestShots(t *testing.T) {
	dir := os.Getenv("JISR_SHOTS")
	if dir == "" {
		t.Skip("JISR_SHOTS names no folder")
	}
	a, b := fill(t)
	for _, tag := range []string{"ar", "ru", "en"} {
		name := map[string]string{"ar": "ليلى حدّاد", "ru": "Анна Соколова", "en": "Mary Okafor"}[tag]
		for _, h := range []*house{a, b} {
			h.hire("all-"+tag, name, tag, people.Editor, people.Chief, people.Admin, people.Coordinator)
		}
	}
	held := a.issue(newsroom.Issue{Act: news.Publish, Desk: "world", Item: &news.Item{Language: "en", Urgency: 2,
		Headlines: []news.Words{{Value: "Talks on the river treaty resume \u202eediw eht ni\u202c <script>alert(1)</script>"}},
		Bodies:    []news.Words{{Value: "<p>Text</p><script>alert(1)</script>", ContentType: "text/html"}}}})
	a.issue(newsroom.Issue{Act: news.Hold, Item: &news.Item{URI: held.URI}, Reason: "A source has withdrawn its statement; we are checking."})
	a.issue(newsroom.Issue{Act: news.Publish, Desk: "science", Item: &news.Item{Language: "ru", Urgency: 4, Embargoed: time.Now().Add(26 * time.Hour),
		DigitalSourceType: news.DigitalSourceBase + "trainedAlgorithmicMedia",
		Headlines:         []news.Words{{Value: "Обсерватория представит новый каталог звёзд"}}, Descriptions: []news.Words{{Value: "Каталог выйдет завтра."}},
		Bodies: []news.Words{{Value: "<p>Текст.</p>", ContentType: "text/html"}}}})
	draft := must(a.newsroom.SaveDraft(t.Context(), &newsroom.Draft{Desk: "culture", Author: must(a.people.AccountByLogin(t.Context(), "all-en"))(t).ID,
		Item: &news.Item{Type: news.Text, Language: "ar", Slugline: "مكتبة", Located: "النهر", Headlines: []news.Words{{Value: "مكتبة النهر تفتح أبوابها ليلاً"}},
			Associations: []news.Item{{Type: news.Picture, URI: "tag:x,2026:media/1", Language: "ar", CreditLine: "مرسال", Descriptions: []news.Words{{Role: "caption", Value: "قاعة المطالعة مساءً"}},
				Renditions: []news.Rendition{{Name: "original", ContentType: "image/jpeg", Digest: a.store(photo(t)), OriginalFilename: "library-night.jpg"}}}},
			Bodies: []news.Words{{Value: "<p>تفتح المكتبة أبوابها ليلاً ابتداءً من الشهر المقبل.</p><p>ويقول القائمون عليها إن الفكرة جاءت من القرّاء.</p>", ContentType: "text/html"}}}}))(t)
	var corrected, killed, picture, partners *newsroom.Line
	for _, l := range must(a.newsroom.Wire(t.Context(), newsroom.Filter{Limit: 200, WithEmbargoed: true}))(t) {
		if l.Own && l.Act == news.Correction {
			corrected = l
		}
		if l.Status == news.StatusKilled {
			killed = l
		}
		if l.Own && l.Status == news.StatusUsable && picture == nil {
			if v := must(a.newsroom.Item(t.Context(), l.Origin, l.URI, true))(t); len(v.Item.Associations) > 0 && strings.HasPrefix(l.Language, "ar") {
				picture = l
			}
		}
		if !l.Own && l.Status == news.StatusUsable && partners == nil {
			partners = l
		}
	}
	pages := map[string]string{"sign-in": "/sign-in", "wire": "/wire", "search": "/wire?q=" + url.QueryEscape("النهر OR река"),
		"held": view.ItemLink("/item", held.Origin, held.URI), "drafts": "/drafts", "draft": "/draft/" + draft.ID, "issue": "/draft/" + draft.ID + "/issue",
		"partners": "/partners", "partner": "/partners/" + b.ledger.Origin(), "agreements": "/agreements", "offer": "/agreements/new",
		"organisation": "/organisation", "accounts": "/accounts", "me": "/me", "ledger": "/ledger", "missing": "/nowhere", "notices": "/notices"}
	for name, l := range map[string]*newsroom.Line{"corrected": corrected, "killed": killed, "item": picture, "theirs": partners} {
		if l == nil {
			t.Errorf("there is no item for %s", name)
			continue
		}
		pages[name] = view.ItemLink("/item", l.Origin, l.URI)
		switch name {
		case "corrected":
			pages["changes"] = view.ItemLink("/item/changes", l.Origin, l.URI, "from", "1", "to", "2")
		case "item":
			pages["kill"] = view.ItemLink("/item/act", l.Origin, l.URI, "act", "kill")
		}
	}
	maps.Copy(pages, traffic(t, a))
	g := must(a.exchange.Agreements(t.Context(), ""))(t)
	pages["agreement"] = view.Link("/agreement", "id", g[0].ID)
	time.Sleep(2 * time.Second) // cosignatures and media
	only := os.Getenv("JISR_SHOTS_ONLY")
	ctx := browser(t)
	for _, tag := range []string{"ar", "ru", "en"} {
		a.enter(ctx, "all-"+tag)
		for name, path := range pages {
			if only != "" && !strings.Contains(","+only+",", ","+name+",") {
				continue
			}
			for _, look := range []struct {
				name, scheme string
				width        int64
			}{{"desktop", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 390}} {
				if look.name == "dark" && tag != "en" {
					continue
				}
				shoot(t, ctx, a.url+path, look.scheme, look.width, filepath.Join(dir, name+"-"+tag+"-"+look.name+".png"))
			}
		}
	}
}

// shoot writes a picture of the page, and fails if it scrolls sideways.
func shoot(t *testing.T, ctx context.Context, address, scheme string, width int64, file string) {
	t.Helper()
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
	check(t, err)
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	check(t, err)
	check(t, chromedp.Do(ctx, chromedp.Navigate(address)))
	over := eval[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
	// Of a right-to-left page that fits the window, Chromium's full screenshot is
	// shifted.
	picture := chromedp.CaptureScreenshot()
	if eval[int](t, ctx, `document.documentElement.scrollHeight`) > 900 {
		picture = chromedp.FullScreenshot(100)
	}
	png := must(chromedp.Run(ctx, picture))(t)
	if over > 0 {
		t.Errorf("%s is %d pixels too wide at %d", filepath.Base(file), over, width)
	}
	check(t, os.WriteFile(file, png, 0o644))
}
