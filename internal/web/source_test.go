package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"jisr/internal/ingest"
	"jisr/internal/people"
)

const feed = `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>River</title><link>http://agency.example</link>
<item><guid>http://agency.example/1</guid><title>Bridge &lt;b&gt;opens</title><description>It opened.</description><link>http://agency.example/1</link></item>
<item><guid>http://agency.example/2</guid><title>Library stays open</title><description>At night.</description></item></channel></rss>`

func TestFeedIsAddedFetchedPausedAndRemovedWithoutScripts(t *testing.T) {
	h := open(t, organisation)
	h.hire("omar", "Omar", "en", people.Admin, people.Editor)
	var down atomic.Bool
	agency := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "closed", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		io.WriteString(w, feed)
	}))
	t.Cleanup(agency.Close)

	v := h.visit(t, "omar").get("/sources").sees("No sources yet").get("/sources/new").sees("How does the news of this source reach you?")
	v.get("/sources/new?kind=feed").sees("Address of the feed")
	if strings.Contains(v.text, `name="host_key"`) || strings.Contains(v.text, `name="pattern"`) {
		t.Error("a feed is asked for what only folders have")
	}
	v.send("/sources", "name", "River Agency", "address", "ftp://agency.example/x").sees("This address does not suit this kind", `value="River Agency"`)
	v.send("/sources", "address", agency.URL, "subject.find", "health", "do", "find").sees("Tick what fits", `value="River Agency"`)
	v.send("/sources", "publish", "1", "subject", "http://cv.iptc.org/newscodes/mediatopic/15000000", "credit_line", "River").
		sees("The source is added", "is published at once", "sport")
	at, _, _ := strings.Cut(v.at, "?")
	v.send(at+"/act", "do", "fetch").sees("done=source_", "works", "2 items")
	v.get("/wire").sees("Bridge", "Library stays open")

	v.get(at).get(at+"/change").sees(`value="http://cv.iptc.org/newscodes/mediatopic/15000000" checked`).
		send(at, "name", "River Agency 2").sees("The source is saved", "River Agency 2")
	down.Store(true)
	v.send(at+"/act", "do", "fetch")
	if v.status == http.StatusOK {
		t.Error("a source that answers 403 is said to work")
	}
	v.get("/sources").sees("failing", "403").get(at).send(at+"/act", "do", "pause").sees("The source is paused").
		send(at+"/act", "do", "resume").sees("running again").send(at+"/act", "do", "remove").sees("The source is removed", "No sources yet")
}

func TestFileThatFailsIsKeptExplainedAndTakenAgainWithoutScripts(t *testing.T) {
	h := open(t, organisation)
	h.hire("omar", "Omar", "en", people.Admin)
	h.hire("lina", "Lina", "en", people.Editor)
	omar, lina := h.visit(t, "omar"), h.visit(t, "lina")
	omar.get("/sources/new?kind=folder").send("/sources", "name", "Elsewhere", "address", "/etc").sees("The operator of the node has not opened this place")
	omar.send("/sources", "name", "Inbox", "address", h.inbox).sees("The source is added", "waits for review")
	at, _, _ := strings.Cut(omar.at, "?")
	check(t, os.WriteFile(filepath.Join(h.inbox, "<b>broken.xml"), []byte("<newsItem><unfinished>"), 0o644))
	eventually(t, "the file is looked at", func() bool {
		omar.get(at).send(at+"/act", "do", "fetch")
		return strings.Contains(omar.get("/arrivals?state=failed").text, "&lt;b&gt;broken.xml")
	})
	lina.get("/sources")
	if lina.status != http.StatusForbidden {
		t.Errorf("an editor manages sources: %d", lina.status)
	}
	lina.get("/arrivals").sees("failed")
	found := must(h.ingest.Arrivals(t.Context(), ingest.ArrivalFilter{State: ingest.Broken}))(t)
	one := "/arrivals/" + found[0].ID
	lina.get(one).sees("This file could not be taken", found[0].Digest).send(one, "do", "retry").sees("being taken again")
	eventually(t, "it failed again", func() bool { return strings.Contains(lina.get(one).text, "could not be taken") })
	lina.send(one, "do", "dismiss").sees("The file is set aside")
	res := must(lina.client.Get(h.url + one + "/file"))(t)
	body := string(must(io.ReadAll(res.Body))(t))
	res.Body.Close()
	if body != "<newsItem><unfinished>" || res.Header.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the file is served as %q, %v", body, res.Header)
	}
	if res := must(omar.client.Get(h.url + one + "/file"))(t); res.StatusCode != http.StatusForbidden {
		t.Errorf("whoever runs the node reads what the newsroom got: %d", res.StatusCode)
	}
}

func TestPushedSourceNamesItsAddressAndHowToGetAToken(t *testing.T) {
	h := open(t, organisation)
	h.hire("omar", "عمر", "ar", people.Admin)
	v := h.visit(t, "omar").get("/sources/new?kind=push").send("/sources", "name", "وكالة")
	src := must(h.ingest.Sources(t.Context(), "", 1))(t)[0]
	v.sees(h.url+"/ingest/v1/"+src.ID, `href="/me#tokens"`)
}

func TestSubjectIsFoundAndChosenAsItIsTyped(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.hire("omar", "Omar", "en", people.Admin)
	h.enter(ctx, "omar")
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/sources/new?kind=push"), chromedp.SendKeys("#name", "Wire"), chromedp.SendKeys("#subject-find", "heal")))
	eventually(t, "the subject is offered", func() bool {
		return eval[bool](t, ctx, `document.querySelector("#subject-find").getAttribute("aria-expanded") === "true" && document.querySelector("#subject-find").value === "heal" && document.querySelector("[role=option]").dataset.uri.endsWith("/07000000")`)
	})
	check(t, chromedp.Do(ctx, chromedp.SendKeys("#subject-find", "\r")))
	if !eval[bool](t, ctx, `document.querySelector("input[name=subject][value$='07000000']").checked && document.querySelector("#subject-find").value === ""`) {
		t.Error("the subject is not chosen")
	}
	eval[bool](t, ctx, `document.querySelector("form.narrow").requestSubmit() === undefined`)
	eventually(t, "the source has the subject", func() bool {
		all := must(h.ingest.Sources(t.Context(), "", 1))(t)
		return len(all) == 1 && len(all[0].Rules.Subjects) == 1
	})
}
