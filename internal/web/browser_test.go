package web_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web"
	"jisr/internal/web/view"
)

// chromium is where Debian has it; tests that need a browser are skipped
// without one.
const chromium = "/usr/bin/chromium"

// browser starts a headless Chromium that ends with the test.
func browser(t testing.TB) context.Context {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		t.Fatal("there is no " + chromium + ": install it (Debian: apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	// A browser that hangs ends, and with it the test.
	limited, end := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(end)
	if os.Getenv("JISR_SHOTS") == "" {
		limited, end = context.WithTimeout(limited, 90*time.Second)
		t.Cleanup(end)
	}
	ctx, stop := chromedp.NewExecAllocator(limited, options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	check(t, chromedp.Do(ctx))
	return ctx
}

// enter gives the browser a session.
func (h *house) enter(ctx context.Context, login string) {
	h.t.Helper()
	secret, _, err := h.people.SignIn(h.t.Context(), people.Credentials{Login: login, Password: password, Address: "127.0.0.1:1"})
	check(h.t, err)
	_, err = chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: web.SessionCookie(h.ledger.Origin(), h.url), Value: secret, URL: h.url})
	check(h.t, err)
}

// eval runs an expression in the page.
func eval[T any](t testing.TB, ctx context.Context, expression string) T {
	t.Helper()
	return must(chromedp.Run(ctx, chromedp.Evaluate[T](expression)))(t)
}

func TestOpenWireShowsNewsWithoutMovingAndMarksStopsAtOnce(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.hire("reader", "قارئة", "ar", people.Reader)
	first := h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "ar", Headlines: []news.Words{{Value: "خبر أول"}}}})
	h.enter(ctx, "reader")
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/wire")))
	shown := func(expression string) func() bool { return func() bool { return eval[bool](t, ctx, expression) } }
	if eval[bool](t, ctx, `!document.querySelector('.news-bar').hidden`) {
		t.Error("the bar shows before there is news")
	}
	h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "ar", Headlines: []news.Words{{Value: "خبر ثانٍ"}}}})
	eventually(t, "the bar says that one item is new", shown(`document.querySelector('.news-bar a').textContent.includes('مادة جديدة واحدة') && !document.querySelector('.news-bar').hidden`))
	if n := eval[int](t, ctx, `document.querySelectorAll('.line').length`); n != 1 {
		t.Errorf("the list changed under the reader: %d lines", n)
	}
	h.issue(newsroom.Issue{Act: news.Kill, Item: &news.Item{URI: first.URI}, Reason: "خطأ"})
	eventually(t, "the killed line is marked", shown(`document.querySelector('.line').classList.contains('is-killed') && document.querySelector('.line [data-state]').textContent.includes('أُلغي الخبر')`))
	check(t, chromedp.Do(ctx, chromedp.Click(".news-bar a"), chromedp.WaitReady("body")))
	eventually(t, "the bar leads to the news", shown(`document.querySelectorAll('.line').length === 2`))
}

func TestPolicyLetsThePagesOwnFilesRunAndNothingElse(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.hire("all", "All", "en", people.Roles...)
	hostile := `<p>x</p><script>window.owned=1</script><img src=x onerror="window.owned=1"><a href="javascript:window.owned=1">x</a>`
	issued := h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Slugline: hostile, Headlines: []news.Words{{Value: hostile}},
		Descriptions: []news.Words{{Value: hostile}}, Bodies: []news.Words{{Value: hostile, ContentType: "text/html"}}}})
	h.enter(ctx, "all")
	var mu sync.Mutex
	var complaints []string
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/wire")))
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			mu.Lock()
			complaints = append(complaints, m.String())
			mu.Unlock()
		}
	}()
	for _, path := range []string{"/wire", view.ItemLink("/item", issued.Origin, issued.URI), "/draft/new", "/partners", "/agreements", "/organisation", "/accounts", "/me", "/ledger"} {
		check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+path)))
		if eval[bool](t, ctx, `window.owned === 1`) {
			t.Errorf("%s ran a stranger's script", path)
		}
		if eval[bool](t, ctx, `getComputedStyle(document.querySelector('.top')).display !== 'flex'`) {
			t.Errorf("%s has no style", path)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range complaints {
		if strings.Contains(c, "Content Security Policy") {
			t.Errorf("the browser says: %s", c)
		}
	}
}
