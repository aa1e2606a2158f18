package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// newest returns the newest draft.
func (h *house) newest() *newsroom.Draft {
	h.t.Helper()
	lines := must(h.newsroom.Work(h.t.Context(), newsroom.WorkFilter{Limit: 1}))(h.t)
	if len(lines) == 0 {
		return nil
	}
	return must(h.newsroom.Draft(h.t.Context(), lines[0].ID))(h.t)
}

func TestWhatIsTypedIsSavedAndOutlivesALostConnection(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.hire("lina", "لينا", "ar", people.Editor)
	h.enter(ctx, "lina")
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/draft/new")))
	if !eval[bool](t, ctx, `!!document.querySelector(".editor-page")`) {
		t.Fatal("the editor did not start: run make assets")
	}
	check(t, chromedp.Do(ctx, chromedp.SendKeys("#headline", "جسر جديد"), chromedp.SendKeys(".editor-page", "نص الخبر")))
	eventually(t, "the draft is saved by itself", func() bool {
		d := h.newest()
		return d != nil && strings.Contains(d.Item.Body().Value, "نص الخبر")
	})
	d := h.newest()
	if d.Item.Body().ContentType != "text/html" || !strings.Contains(d.Item.Body().Value, "<p") || d.Item.Headline() != "جسر جديد" {
		t.Errorf("saved %+v", d.Item)
	}
	eventually(t, "the page has the draft's address", func() bool { return eval[string](t, ctx, `location.pathname`) == "/draft/"+d.ID })
	offline := func(off bool) {
		_, err := chromedp.Call(ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{
			URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/draft/*", Block: off}}})
		check(t, err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	check(t, err)
	offline(true)
	check(t, chromedp.Do(ctx, chromedp.SendKeys(".editor-page", " وبقية")))
	eventually(t, "the browser keeps what could not be saved", func() bool {
		return eval[bool](t, ctx, `Object.keys(localStorage).some((k) => k.startsWith("draft:") && localStorage[k].includes("وبقية"))`)
	})
	offline(false)
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/sign-in"), chromedp.Navigate(h.url+"/draft/"+d.ID)))
	eval[bool](t, ctx, `document.querySelector("[data-autosaved] + button").click() === undefined`)
	eventually(t, "what was kept comes back and is saved", func() bool { return strings.Contains(h.newest().Item.Body().Value, "وبقية") })
}

func TestWordsMarkupIsCleanedWhenPasted(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.hire("lina", "Lina", "en", people.Editor)
	h.enter(ctx, "lina")
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/draft/new")))
	word := `<html><body><!--StartFragment--><p class=MsoNormal style='mso-margin:1'><span style='font-weight:bold;color:red'>Bold</span> text<o:p></o:p></p>` +
		`<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·&nbsp;</span>one</p>` +
		`<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·&nbsp;</span>two</p><script>window.owned=1</script><!--EndFragment--></body></html>`
	got := eval[string](t, ctx, `(() => {
		const data = new DataTransfer();
		data.setData("text/html", `+"`"+word+"`"+`);
		const page = document.querySelector(".editor-page");
		page.focus();
		page.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
		return page.innerHTML;
	})()`)
	for _, want := range []string{"<strong>Bold</strong>", "<ul", "one", "two"} {
		if !strings.Contains(got, want) {
			t.Errorf("pasted %s: no %s", got, want)
		}
	}
	for _, gone := range []string{"mso", "Mso", "color", "<script", "·"} {
		if strings.Contains(got, gone) {
			t.Errorf("pasted %s: still has %s", got, gone)
		}
	}
}

func TestLockIsSeenAndTakenOverWithoutScripts(t *testing.T) {
	h := open(t, organisation)
	lina := h.hire("lina", "Lina", "en", people.Editor)
	h.hire("ivan", "Иван", "ru", people.Editor)
	d := must(h.newsroom.SaveDraft(t.Context(), &newsroom.Draft{Item: &news.Item{Type: news.Text, Language: "en", Headlines: []news.Words{{Value: "Bridge"}}}, Author: lina.ID}))(t)
	must(h.newsroom.Lock(t.Context(), d.ID, lina.ID))(t)
	v := h.visit(t, "ivan").get("/draft/" + d.ID)
	if !strings.Contains(v.text, "открыт у коллеги") || !strings.Contains(v.text, "Lina") {
		t.Error("the page does not say who has it open")
	}
	v.send("/draft", "headline", "Мост", "do", "save")
	if v.status != 409 || !strings.Contains(v.text, "Мост") {
		t.Errorf("saving over a lock: %d", v.status)
	}
	v.get("/draft/"+d.ID).send("/draft/"+d.ID+"/work", "do", "take")
	if v.send("/draft", "headline", "Мост", "do", "save"); v.status != 200 || h.newest().Item.Headline() != "Мост" {
		t.Errorf("after the take-over: %d, %q", v.status, h.newest().Item.Headline())
	}
}

func TestWorkIsAssignedRemarkedScheduledAndBegunFromTemplates(t *testing.T) {
	h := open(t, organisation)
	lina := h.hire("lina", "Lina", "en", people.Chief)
	d := must(h.newsroom.SaveDraft(t.Context(), &newsroom.Draft{Item: &news.Item{Type: news.Text, Language: "en", Slugline: "markets", Headlines: []news.Words{{Value: "Markets"}}}, Author: lina.ID}))(t)
	at := "/draft/" + d.ID
	v := h.visit(t, "lina").get(at).send(at+"/work", "do", "assign", "assignee", lina.ID, "due", "2026-01-01T10:00", "stage", "review")
	v.send("/remarks", "remark", "Who says so?")
	if !strings.Contains(v.text, "Who says so?") {
		t.Error("the remark is not shown")
	}
	v.get(at).send(at+"/work", "do", "template", "template", "Daily markets")
	v.get("/drafts?mine=1&stage=review")
	if !strings.Contains(v.text, "Markets") || !strings.Contains(v.text, "1 remark") || !strings.Contains(v.text, "overdue") {
		t.Error("the board does not show the work")
	}
	if !strings.Contains(v.text, "Daily markets") {
		t.Error("the board offers no template")
	}
	soon := time.Now().In(time.FixedZone("EET", 2*3600)).Add(2 * time.Hour).Format("2006-01-02T15:04")
	v.get(at+"/issue").send(at+"/issue", "act", "publish", "do", "schedule", "at", soon)
	if !strings.Contains(v.text, "It will be issued by itself") {
		t.Errorf("not scheduled: %s %d", v.at, v.status)
	}
	v.get(at+"/issue").send(at+"/issue", "act", "publish", "do", "schedule", "at", "2020-01-01T00:00")
	if v.status != 400 || !strings.Contains(v.text, "still to come") {
		t.Errorf("scheduled into the past: %d", v.status)
	}
	v.get("/diary/new").send("/diary/new", "title", "Выборы", "starts", soon, "coverage_type", "picture", "coverage_assignee", lina.ID, "coverage_note", "")
	if v.get("/diary"); !strings.Contains(v.text, "Выборы") {
		t.Error("the diary does not show the event")
	}
}
