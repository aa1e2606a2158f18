package api

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/people"
	"jisr/internal/search"
)

func TestItemIsPublishedCorrectedAndKilledOverHTTP(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := newNode(t, d, "wire.example", Limits{})
		chief := n.token(t, []people.Role{people.Editor, people.Chief})
		uri := "https://wire.example/أخبار/1?a=b&c"
		first := n.publish(t, chief, story(uri, "ar", "محطة تحلية جديدة"))
		if first.Version != 1 || first.URI != uri || first.Origin != "wire.example" {
			t.Fatalf("published as %+v", first)
		}

		var wire listed
		n.do(t, chief, "GET", "/api/v1/items?language=ar&desk=science", nil).want(200).into(&wire)
		if len(wire.Items) != 1 || wire.Items[0].Headline != "محطة تحلية جديدة" || !wire.Items[0].Usable {
			t.Fatalf("the wire shows %+v", wire.Items)
		}

		correction := object{"reason": "الطاقة 12 ألف متر", "expect": 1, "item": story(uri, "ar", "محطة تحلية أكبر")}
		r := n.do(t, chief, "POST", "/api/v1/acts/correction", correction).want(201)
		if r.Header.Get("Location") != "/api/v1/item?origin=wire.example&uri="+url.QueryEscape(uri) {
			t.Errorf("location %s", r.Header.Get("Location"))
		}
		p := n.do(t, chief, "POST", "/api/v1/acts/correction", correction).problem(409)
		if p.Field != "version" {
			t.Errorf("a late correction: %+v", p)
		}
		n.do(t, chief, "POST", "/api/v1/acts/kill", object{"uri": uri, "reason": "غير صحيح", "expect": 2}).want(201)

		var it item
		n.do(t, chief, "GET", itemPath("", uri), nil).want(200).into(&it)
		if it.Status != "killed" || it.Usable || len(it.Versions) != 3 || it.Versions[1].Reason != "الطاقة 12 ألف متر" {
			t.Errorf("the item: %+v", it)
		}
		if it.Versions[2].Actor.Role != "chief" || it.Versions[0].Actor.Role != "editor" {
			t.Errorf("acts are not under the least role that may do them: %+v", it.Versions)
		}
		var may exchange.Decision
		n.do(t, chief, "GET", itemPath("/decision", uri, "purpose=publish"), nil).want(200).into(&may)
		if may.Answer != exchange.No || may.Because != exchange.BecauseKilled {
			t.Errorf("may use: %+v", may)
		}
		n.do(t, chief, "POST", "/api/v1/acts/update", object{"item": story(uri, "ar", "x")}).problem(409)

		var j journalPage
		n.do(t, chief, "GET", "/api/v1/journal?after=0&limit=2", nil).want(200).into(&j)
		if len(j.Entries) != 2 || j.NextAfter != j.Entries[1].Position || j.Newest != 3 || j.Entries[0].Ref != uri {
			t.Errorf("the journal: %+v", j)
		}
		n.do(t, chief, "GET", "/api/v1/journal?after=2", nil).want(200).into(&j)
		if len(j.Entries) != 1 || !strings.Contains(string(j.Entries[0].Body), `"kill"`) {
			t.Errorf("the kill in the journal: %+v", j)
		}
		n.do(t, chief, "GET", "/api/v1/ledger", nil).want(200)
	})
}

func TestContentIsByteForByteWhatTheProofCovers(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	n.publish(t, chief, story("urn:x:1", "ru", "Ледоход начался"))
	n.do(t, chief, "POST", "/api/v1/acts/update", object{"item": story("urn:x:1", "ru", "Ледоход закончился")}).want(201)
	for version, headline := range map[string]string{"version=1": "Ледоход начался", "version=2": "Ледоход закончился", "": "Ледоход закончился"} {
		content := n.do(t, chief, "GET", itemPath("/content", "urn:x:1", version), nil).want(200)
		if !strings.Contains(string(content.Body), headline) {
			t.Errorf("%s: %s", version, content.Body)
		}
		if tag := `"` + ledger.Sum(content.Body).String() + `"`; content.Header.Get("ETag") != tag {
			t.Errorf("%s: the ETag %s is not the digest %s", version, content.Header.Get("ETag"), tag)
		}
		if content.Header.Get("Cache-Control") != "private, no-cache" || content.Header.Get("Jisr-Status") != "usable" {
			t.Errorf("%s: headers %v", version, content.Header)
		}
		proof := n.do(t, chief, "GET", itemPath("/proof", "urn:x:1", version), nil).want(200)
		v, err := exchange.VerifyProof(proof.Body, map[string][]byte{"content": content.Body}, nil)
		if err != nil || v.Files["content"] != "content" {
			t.Errorf("%s: %+v, %v", version, v, err)
		}
		tag := header{"If-None-Match", `"other", W/` + content.Header.Get("ETag")}
		if again := n.do(t, chief, "GET", itemPath("/content", "urn:x:1", version), nil, tag).want(304); len(again.Body) != 0 {
			t.Errorf("%s: an unchanged content was sent again", version)
		}
	}
	n.do(t, chief, "GET", itemPath("/content", "urn:x:1", "version=3"), nil).problem(404)
}

func TestFileIsPublishedWholeOrNotAtAll(t *testing.T) {
	n := sqliteNode(t)
	editor := n.token(t, []people.Role{people.Editor})
	var out issued
	n.do(t, editor, "POST", "/api/v1/items", story("", "en", "Map room opens")).want(201).into(&out)
	if !strings.HasPrefix(out.Issued[0].URI, "tag:wire.example,") {
		t.Errorf("an item without a uri became %s", out.Issued[0].URI)
	}
	n.do(t, editor, "POST", "/api/v1/items", story(out.Issued[0].URI, "en", "Again")).problem(409)
	n.do(t, editor, "POST", "/api/v1/items", "<html>not news</html>").problem(400)
	for _, name := range []string{"%22%0d%0aX-Evil:1", "..%2f..%2fetc%2fpasswd"} {
		n.do(t, editor, "POST", "/api/v1/items?filename="+name, "nothing").problem(400)
	}
}

func TestDraftBecomesOfRecordAndIsGone(t *testing.T) {
	n := sqliteNode(t)
	editor := n.token(t, []people.Role{people.Editor})
	unnamed := story("", "ru", "Черновик")
	var d, saved draft
	n.do(t, editor, "POST", "/api/v1/drafts", object{"desk": "science", "item": unnamed}).want(201).into(&d)
	if strings.Contains(string(d.Item), `"uri"`) {
		t.Errorf("a draft without a uri shows one: %s", d.Item)
	}
	n.do(t, editor, "PUT", "/api/v1/drafts/"+d.ID, object{"revision": d.Revision, "item": story("", "ru", "Второй черновик")}).want(200).into(&saved)
	n.do(t, editor, "PUT", "/api/v1/drafts/"+d.ID, object{"revision": d.Revision, "item": unnamed}).problem(409)
	var page draftPage
	n.do(t, editor, "GET", "/api/v1/drafts?limit=1", nil).want(200).into(&page)
	if len(page.Drafts) != 1 || page.Drafts[0].Headline != "Второй черновик" || page.Next == "" {
		t.Errorf("drafts: %+v", page)
	}
	var rest draftPage
	if n.do(t, editor, "GET", "/api/v1/drafts?limit=1&next="+page.Next, nil).want(200).into(&rest); len(rest.Drafts) != 0 {
		t.Errorf("the second page: %+v", rest)
	}
	n.do(t, editor, "GET", "/api/v1/drafts/"+d.ID, nil).want(200)

	blind := n.token(t, []people.Role{people.Editor}, people.ScopePublish)
	n.do(t, blind, "POST", "/api/v1/acts/publish", object{"draft": d.ID}).problem(403)
	var out issued
	n.do(t, editor, "POST", "/api/v1/acts/publish", object{"draft": d.ID}).want(201).into(&out)
	n.do(t, editor, "GET", "/api/v1/drafts/"+d.ID, nil).problem(404)
	content := n.do(t, editor, "GET", itemPath("/content", out.Issued[0].URI), nil).want(200)
	if !strings.Contains(string(content.Body), "Второй черновик") {
		t.Errorf("published %s", content.Body)
	}
	n.do(t, editor, "POST", "/api/v1/drafts", object{"item": unnamed}).want(201).into(&d)
	n.do(t, editor, "DELETE", "/api/v1/drafts/"+d.ID, nil).want(204)
	n.do(t, editor, "GET", "/api/v1/drafts/"+d.ID, nil).problem(404)
}

func TestHeldItemCanOnlyBeReleasedKilledOrRefiled(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	n.publish(t, chief, story("urn:x:1", "en", "Held"))
	n.do(t, chief, "POST", "/api/v1/acts/hold", object{"uri": "urn:x:1", "reason": "being checked"}).want(201)
	n.do(t, chief, "POST", "/api/v1/acts/update", object{"item": story("urn:x:1", "en", "x")}).problem(409)
	n.do(t, chief, "POST", "/api/v1/acts/release", object{"uri": "urn:x:1", "reason": "checked"}).want(201)
	n.do(t, chief, "POST", "/api/v1/acts/kill", object{"uri": "urn:x:1"}).problem(400)
	n.do(t, chief, "POST", "/api/v1/acts/kill", object{"uri": "urn:x:1", "reason": "wrong", "item": story("urn:x:1", "en", "x")}).problem(400)
	n.do(t, chief, "POST", "/api/v1/acts/kill", object{"uri": "urn:x:1", "reason": "wrong"}).want(201)
	refile := object{"uri": "urn:x:2", "reason": "anew", "item": story("urn:x:1", "en", "Anew")}
	if p := n.do(t, chief, "POST", "/api/v1/acts/refile", refile).problem(400); p.Field != "uri" {
		t.Errorf("an item of another name: %+v", p)
	}
	refile["uri"] = "urn:x:1"
	n.do(t, chief, "POST", "/api/v1/acts/refile", refile).want(201)
}

func TestEmbargoedItemIsHiddenFromThoseWhoMayNotSeeIt(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	reader := n.token(t, []people.Role{people.Reader})
	it := story("urn:x:secret", "en", "Budget")
	it["embargoedUntil"] = n.clock().Add(time.Hour).Format(time.RFC3339)
	pic := putBytes(t, n, chief, []byte("picture"))
	it["renditions"] = []object{rendition(pic, "image/png")}
	n.publish(t, chief, it)
	paths := []string{itemPath("", "urn:x:secret"), itemPath("/content", "urn:x:secret"), itemPath("/content", "urn:x:secret", "version=1"),
		itemPath("/proof", "urn:x:secret"), itemPath("/decision", "urn:x:secret", "purpose=publish"), "/api/v1/media/" + pic + "?uri=urn:x:secret"}
	for _, p := range paths {
		n.do(t, chief, "GET", p, nil).want(200)
		if r := n.do(t, reader, "GET", p, nil); r.problem(404).Status != 404 || strings.Contains(string(r.Body), "Budget") {
			t.Errorf("%s: %s", p, r.Body)
		}
	}
	var wire listed
	if n.do(t, reader, "GET", "/api/v1/items", nil).want(200).into(&wire); len(wire.Items) != 0 {
		t.Errorf("the wire shows %+v", wire.Items)
	}
	n.advance(time.Hour)
	for _, p := range paths {
		n.do(t, reader, "GET", p, nil).want(200)
	}
}

func TestJournalWithholdsEmbargoedContentOnTheClock(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	it := story("urn:x:secret", "en", "Budget")
	until := n.clock().Add(time.Hour).Truncate(time.Second)
	it["embargoedUntil"] = until.Format(time.RFC3339)
	at := n.publish(t, chief, it).Position
	r, err := n.Ledger.At(t.Context(), at)
	must(t, err)
	hidden := n.server.record(r, false)
	if hidden.Ref != "" || hidden.Body != nil || hidden.Content != nil || hidden.Hash != "" || hidden.Position != at {
		t.Errorf("a withheld entry says %+v", hidden)
	}
	if !hidden.WithheldUntil.Equal(until) {
		t.Errorf("withheld until %s", hidden.WithheldUntil)
	}
	if open := n.server.record(r, true); open.Content == nil || !open.WithheldUntil.IsZero() {
		t.Errorf("with the permission: %+v", open)
	}
	n.advance(time.Hour)
	if open := n.server.record(r, false); open.Content == nil || open.Ref != "urn:x:secret" {
		t.Errorf("after the embargo: %+v", open)
	}
}

func TestWirePagesAreComplete(t *testing.T) {
	n := sqliteNode(t)
	editor := n.token(t, []people.Role{people.Editor})
	for _, uri := range []string{"urn:x:1", "urn:x:2", "urn:x:3", "urn:x:4", "urn:x:5"} {
		n.publish(t, editor, story(uri, "en", uri))
	}
	seen := map[string]bool{}
	for path := "/api/v1/items?limit=2"; path != ""; {
		var page listed
		n.do(t, editor, "GET", path, nil).want(200).into(&page)
		for _, l := range page.Items {
			seen[l.URI] = true
		}
		path = ""
		if page.NextBefore > 0 {
			path = "/api/v1/items?limit=2&before=" + itoa(page.NextBefore)
		}
	}
	if len(seen) != 5 {
		t.Errorf("pages hold %v", seen)
	}
	n.do(t, editor, "GET", "/api/v1/items?q=x&desk=science", nil).problem(400)
	n.do(t, editor, "GET", "/api/v1/items?q=x&after=1", nil).problem(400)
}

func TestWordsAreFoundByThoseWhoMaySeeTheItem(t *testing.T) {
	n := sqliteNode(t)
	chief, reader := n.token(t, []people.Role{people.Chief}), n.token(t, []people.Role{people.Reader})
	n.publish(t, chief, story("urn:x:1", "ru", "Ледоход на реке"))
	secret := story("urn:x:2", "ru", "Река и бюджет")
	secret["embargoedUntil"] = n.clock().Add(time.Hour).Format(time.RFC3339)
	at := n.publish(t, chief, secret).Position
	must(t, n.Ledger.WaitFollower(t.Context(), search.Follower, at))
	for token, want := range map[string]int{chief: 2, reader: 1} {
		var found listed
		n.do(t, token, "GET", "/api/v1/items?q="+url.QueryEscape("реки"), nil).want(200).into(&found)
		if len(found.Items) != want {
			t.Errorf("found %+v, want %d", found.Items, want)
		}
	}
}
