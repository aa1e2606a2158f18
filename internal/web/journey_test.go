package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// visitor is a person with a browser that runs no scripts: it reads pages and
// sends the forms that it finds in them.
type visitor struct {
	t      *testing.T
	h      *house
	client *http.Client
	at     string // path and query of the page
	status int
	page   *html.Node
	text   string
}

func (h *house) visit(t *testing.T, login string) *visitor {
	return &visitor{t: t, h: h, client: h.client(login)}
}

// get opens a page and follows where it leads.
func (v *visitor) get(path string) *visitor {
	v.t.Helper()
	return v.read(must(v.client.Get(v.h.url + path))(v.t))
}

func (v *visitor) read(res *http.Response) *visitor {
	v.t.Helper()
	body := must(io.ReadAll(res.Body))(v.t)
	res.Body.Close()
	if l := res.Header.Get("Location"); l != "" {
		return v.get(l)
	}
	v.at, v.status = res.Request.URL.RequestURI(), res.StatusCode
	v.page = must(html.Parse(bytes.NewReader(body)))(v.t)
	v.text = string(body)
	return v
}

// send fills in the form whose action begins so, presses its button and follows
// where it leads. Fields are names and values in turn.
func (v *visitor) send(action string, fields ...string) *visitor {
	v.t.Helper()
	form := v.form(action)
	if form == nil {
		v.t.Fatalf("%s (%d) has no form to %s", v.at, v.status, action)
	}
	values := defaults(form)
	set := map[string]bool{}
	for i := 0; i+1 < len(fields); i += 2 {
		if !set[fields[i]] {
			values.Del(fields[i])
		}
		set[fields[i]] = true
		values.Add(fields[i], fields[i+1])
	}
	return v.read(must(v.client.PostForm(v.h.url+attr(form, "action"), values))(v.t))
}

func (v *visitor) form(action string) *html.Node {
	var like *html.Node
	for n := range v.page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || attr(n, "method") != "post" {
			continue
		}
		if attr(n, "action") == action {
			return n
		}
		if like == nil && strings.HasPrefix(attr(n, "action"), action) {
			like = n
		}
	}
	return like
}

// defaults are the values with which a form comes.
func defaults(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch name := attr(n, "name"); {
		case name == "":
		case n.Data == "input" && (attr(n, "type") == "checkbox" || attr(n, "type") == "radio"):
			if has(n, "checked") {
				values.Add(name, attr(n, "value"))
			}
		case n.Data == "input":
			values.Add(name, attr(n, "value"))
		case n.Data == "textarea":
			if n.FirstChild != nil {
				values.Add(name, n.FirstChild.Data)
			}
		case n.Data == "select":
			first := true
			for o := range n.Descendants() {
				if o.Data == "option" && (has(o, "selected") || first) {
					values.Set(name, attr(o, "value"))
					first = false
				}
			}
		}
	}
	return values
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// sees fails unless the page has all the texts.
func (v *visitor) sees(texts ...string) *visitor {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(v.text, text) {
			v.t.Fatalf("%s (%d) does not say %q:\n%s", v.at, v.status, text, v.words())
		}
	}
	return v
}

// words is the text of the page's content, for messages.
func (v *visitor) words() string {
	var b strings.Builder
	for n := range v.page.Descendants() {
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			b.WriteString(strings.TrimSpace(n.Data) + " | ")
		}
	}
	return b.String()
}

func TestFirstPersonMakesTheirAccountAndNobodyAfterThem(t *testing.T) {
	h := open(t, organisation)
	v := h.visit(t, "").get("/").sees("Welcome to Jisr")
	v.send("/welcome", "name", "Layla", "login", "layla@a.example", "password", "short")
	if v.status != http.StatusBadRequest {
		t.Errorf("a short password was answered with %d", v.status)
	}
	v.sees(`value="layla@a.example"`).send("/welcome", "password", password).sees("The account is made", "Organisation")
	res := must(h.client("").PostForm(h.url+"/welcome", url.Values{"name": {"Mallory"}, "login": {"mallory"}, "password": {password}}))(t)
	res.Body.Close()
	if res.StatusCode != http.StatusConflict {
		t.Errorf("a second first account was answered with %d", res.StatusCode)
	}
	v.send("/sign-out").sees("You are signed out").get("/wire").sees(`name="password"`)
	v.send("/sign-in", "login", "layla@a.example", "password", "wrong words here").sees("The login or the password is wrong")
	if v.send("/sign-in", "password", password); !strings.HasPrefix(v.at, "/wire") {
		t.Errorf("sign-in led to %s", v.at)
	}
}

func TestStoryIsWrittenPublishedCorrectedAndKilledWithoutScripts(t *testing.T) {
	a := open(t, organisation)
	b := open(t, news.Organisation{Origin: "b.example", Kind: "broadcaster", Names: map[string]string{"en": "B Radio"}})
	agree(t, a, b)
	a.hire("mary", "Mary Okafor", "en", people.Chief)
	b.hire("anna", "Анна", "ru", people.Editor)
	mary, anna := a.visit(t, "mary"), b.visit(t, "anna")

	mary.get("/draft/new").send("/draft", "headline", "Bridge opnes", "body", "It opened on Monday.\r\n\r\nPeople <came>.", "language", "en",
		"subject", "http://cv.iptc.org/newscodes/mediatopic/14000000", "urgency", "2", "do", "save").sees("The draft is saved", "People &lt;came&gt;.")
	mary.send("/draft", "do", "issue").sees("1 partner will be told", "B Radio")
	mary.send("/draft/", "act", "publish").sees("The item is published", "Bridge opnes", "A signed checkpoint", "Urgent")
	item := strings.TrimSuffix(mary.at, "&done=publish")

	eventually(t, "the item is on the partner's wire", func() bool { return strings.Contains(anna.get("/wire").text, "Bridge opnes") })
	anna.get(item).sees("Можно ли нам использовать?", "По соглашению (", "Nahr Wire / Baltika", "общество")
	anna.send("/item/use", "use", "published", "where", "Evening programme").sees("Сообщение внесено")

	mary.get(item).send("/item/edit", "act", "correction").sees("Bridge opnes").
		send("/draft", "headline", "Bridge opens", "do", "issue").sees("Correct")
	mary.send("/draft/", "act", "correction", "reason", "").sees("Say why")
	mary.send("/draft/", "act", "correction", "reason", "A word was misspelt.").sees("The correction is issued", "A word was misspelt.")
	mary.get("/item/changes?"+strings.TrimPrefix(item, "/item?")+"&from=1&to=2").sees("<del>opnes</del>", "<ins>opens</ins>")

	mary.get(strings.Replace(item, "/item?", "/item/act?", 1)+"&act=kill").sees("B Radio", "cannot be undone").
		send("/item/act", "reason", "The bridge is closed.").sees("The item is killed", "Killed — do not use")
	eventually(t, "the partner is told", func() bool {
		return strings.Contains(anna.get("/wire").text, "1 отзыв использованного")
	})
	anna.get(item).sees("Аннулировано", "The bridge is closed.")
	if strings.Contains(anna.text, "People &lt;came&gt;") {
		t.Error("the killed text is still shown")
	}
	anna.get("/notices?open=1").sees("Мы использовали этот материал").send("/notices").sees("Подтверждено, источник узнает")
	eventually(t, "the issuer sees who followed the kill", func() bool {
		mary.get(item)
		return strings.Contains(mary.text, "Confirmed by an editor") && strings.Count(mary.text, "B Radio") > 0
	})
}

func TestTwoWhoWriteAtOnceLoseNothing(t *testing.T) {
	h := open(t, organisation)
	h.hire("one", "One", "en", people.Reporter)
	h.hire("two", "Two", "en", people.Reporter)
	one, two := h.visit(t, "one"), h.visit(t, "two")
	one.get("/draft/new").send("/draft", "headline", "First", "body", "Shared paragraph.", "do", "save")
	draft, _, _ := strings.Cut(one.at, "?")
	two.get(draft).send("/draft", "headline", "Second", "do", "save")
	one.send("/draft", "headline", "Mine", "body", "Shared paragraph.\n\nAnd more of mine.", "do", "save").
		sees("A colleague saved this draft while you were writing", "Two", "<del>Second</del>", "And more of mine.")
	if one.status != http.StatusConflict {
		t.Errorf("answered %d", one.status)
	}
	one.send("/draft", "do", "save").sees("The draft is saved", "And more of mine.")
}

func TestEmbargoedItemIsHiddenFromWhoMayNotSeeIt(t *testing.T) {
	h := open(t, organisation)
	h.hire("editor", "Editor", "en", people.Editor)
	h.hire("reader", "Reader", "en", people.Reader)
	editor, reader := h.visit(t, "editor"), h.visit(t, "reader")
	editor.get("/draft/new").send("/draft", "headline", "Secret until noon", "embargo", "2099-01-01T12:00", "zone", "Not/AZone", "do", "save").
		sees("Give a zone such as", `value="Secret until noon"`)
	editor.send("/draft", "zone", "Africa/Cairo", "do", "issue").sees("Embargo until").
		send("/draft/", "act", "publish").sees("Embargo until", "1 Jan 2099, 12:00")
	item := strings.TrimSuffix(editor.at, "&done=publish")
	for _, path := range []string{"/wire", "/wire?q=Secret"} {
		if strings.Contains(reader.get(path).text, "Secret until noon") {
			t.Errorf("a reader sees the item at %s", path)
		}
	}
	for _, path := range []string{item, strings.Replace(item, "/item?", "/item/proof?", 1), strings.Replace(item, "/item?", "/item/changes?", 1)} {
		if reader.get(path).status != http.StatusNotFound {
			t.Errorf("%s answered %d", path, reader.status)
		}
	}
}

func TestMarkupThatNobodyTouchedSurvivesAnEdit(t *testing.T) {
	h := open(t, organisation)
	h.hire("editor", "Editor", "en", people.Editor)
	const body = `<p>One <strong>two</strong></p><ul><li>three</li></ul>`
	issued := h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Role: "main", Value: "Head"}},
		Bodies: []news.Words{{Value: body, ContentType: "text/html"}}, Genres: []news.Concept{{Name: "Feature"}}}})
	v := h.visit(t, "editor").get(view.ItemLink("/item", issued.Origin, issued.URI)).send("/item/edit", "act", "update").sees("has markup")
	v.send("/draft", "headline", "New head", "do", "issue").send("/draft/", "act", "update")
	got := must(h.newsroom.Item(t.Context(), issued.Origin, issued.URI, true))(t).Item
	if got.Headline() != "New head" || got.Body().Value != body || len(got.Genres) != 1 {
		t.Errorf("became %q, %q, %v", got.Headline(), got.Body().Value, got.Genres)
	}
}

func TestPartnersMeetAndAgreeInTheBrowser(t *testing.T) {
	a := open(t, organisation)
	b := open(t, news.Organisation{Origin: "b.example", Kind: "broadcaster", Names: map[string]string{"en": "B Radio"}})
	a.hire("mary", "Mary", "en", people.Chief)
	b.hire("omar", "Omar", "en", people.Chief)
	mary, omar := a.visit(t, "mary"), b.visit(t, "omar")
	mary.get("/partners").send("/partners", "url", "http://127.0.0.1:1").sees(`value="http://127.0.0.1:1"`)
	mary.send("/partners", "url", b.url).sees("The partner is added", "B Radio", "added, not confirmed")
	mary.send("/partners/b.example/confirm", "fingerprint", "babab babab").sees("This is not the partner")
	mary.send("/partners/b.example/confirm", "fingerprint", b.exchange.OwnFingerprint().Words).sees("The partner is confirmed")
	omar.get("/partners").sees("A News", "asked us").get("/partners/a.example").
		send("/partners/a.example/confirm", "fingerprint", a.exchange.OwnFingerprint().Hex).sees("The partner is confirmed")
	mary.get("/agreements/new?partner=b.example").send("/agreements", "out.language", "ar، ru", "out.credit", "A News / B", "in.sends", "", "out.retention", "30").
		sees("The offer is made", "In these languages", "Arabic", "Kept for 30 days", "Ask before editing")
	agreement := strings.TrimSuffix(mary.at, "&done=offered")
	eventually(t, "the offer arrives", func() bool { return strings.Contains(omar.get(agreement).text, "Accept these terms") })
	omar.send("/agreement/accept").sees("The agreement is in force")
	eventually(t, "the acceptance arrives", func() bool { return strings.Contains(mary.get(agreement).text, "Terms in force") })
	mary.send("/agreement/end", "reason", "Trial over").sees("The agreement is ended", "Trial over")
}

func TestProofOfThePageVerifiesOffline(t *testing.T) {
	h := open(t, organisation)
	h.hire("reader", "Reader", "ar", people.Reader)
	issued := h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "Head"}}}})
	res := must(h.client("reader").Get(h.url + view.ItemLink("/item/proof", issued.Origin, issued.URI, "version", "1")))(t)
	defer res.Body.Close()
	doc := must(io.ReadAll(res.Body))(t)
	verified := must(exchange.VerifyProof(doc, nil, nil))(t)
	if verified.URI != issued.URI || verified.Origin != issued.Origin || !strings.Contains(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("verified %+v as %v", verified, res.Header)
	}
	if !json.Valid(doc) {
		t.Error("the proof is not JSON")
	}
}

func TestOpenWireIsToldOfNewsAndStops(t *testing.T) {
	h := open(t, organisation)
	h.hire("reader", "Reader", "ru", people.Reader)
	issued := h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "Head"}}}})
	res := must(h.client("reader").Get(h.url + view.Link("/wire/stream", "after", "1")))(t)
	defer res.Body.Close()
	messages := make(chan string, 10)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := res.Body.Read(b)
			if err != nil {
				return
			}
			messages <- string(b[:n])
		}
	}()
	await := func(what string) {
		t.Helper()
		for end := time.After(10 * time.Second); ; {
			select {
			case m := <-messages:
				if strings.Contains(m, what) {
					return
				}
			case <-end:
				t.Fatalf("the page was not told %q", what)
			}
		}
	}
	h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "Second"}}}})
	await("1 новый материал")
	h.issue(newsroom.Issue{Act: news.Kill, Item: &news.Item{URI: issued.URI}, Reason: "Wrong."})
	await(view.Key(issued.Origin, issued.URI))
}

func TestMediaOfStrangersIsNeverAPageOfThisSite(t *testing.T) {
	h := open(t, organisation)
	h.hire("reader", "Reader", "en", people.Reader)
	for name, body := range map[string]string{"html": "<html><script>alert(1)</script>", "svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "xml": "<?xml version='1.0'?><x/>", "text": "plain", "pdf": "%PDF-1.7"} {
		res := must(h.client("reader").Get(h.url + "/media/" + h.store([]byte(body))))(t)
		res.Body.Close()
		if res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("Content-Disposition") != "attachment" ||
			!strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s is served as %v", name, res.Header)
		}
	}
}

func TestEveryStatusHasItsPageInTheReadersLanguage(t *testing.T) {
	h := open(t, organisation)
	h.hire("ru", "Р", "ru", people.Reader)
	h.hire("ar", "ع", "ar", people.Reader)
	h.visit(t, "ru").get("/nowhere").sees("Здесь ничего нет", `lang="ru"`).get("/accounts").sees("Нет доступа")
	h.visit(t, "ar").get("/nowhere").sees("لا شيء هنا", `dir="rtl"`).get("/accounts").sees("غير مسموح")
}
