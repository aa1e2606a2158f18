package api

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"jisr/internal/people"
	"jisr/internal/search"
)

func TestSearchAnswersWithPagesStoriesAndCorrections(t *testing.T) {
	n := sqliteNode(t)
	chief, reader := n.token(t, []people.Role{people.Chief}), n.token(t, []people.Role{people.Reader})
	body := strings.Repeat("The river rose in the night and the gates of the dam were opened by officials. ", 6)
	for _, uri := range []string{"urn:x:1", "urn:x:2", "urn:x:3"} {
		it := story(uri, "en", "Flood "+uri[6:])
		it["bodies"] = []any{map[string]any{"value": body}}
		n.publish(t, chief, it)
	}
	n.publish(t, chief, story("urn:x:ru", "ru", "Путин в Каире"))
	n.publish(t, chief, story("urn:x:en", "en", "Putin in Cairo"))
	secret := story("urn:x:secret", "en", "Flood budget")
	secret["embargoedUntil"] = n.clock().Add(time.Hour).Format(time.RFC3339)
	must(t, n.Ledger.WaitFollower(t.Context(), search.Follower, n.publish(t, chief, secret).Position))

	find := func(token, query string) (out searchResult) {
		t.Helper()
		n.do(t, token, "GET", "/api/v1/search?"+query, nil).want(200).into(&out)
		return out
	}
	seen := map[string]bool{}
	for next := ""; ; {
		page := find(reader, "q=flood&order=best&limit=2&next="+next)
		for _, l := range page.Items {
			seen[l.URI] = true
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(seen) != 3 {
		t.Errorf("a reader finds %v", seen)
	}
	if got := find(chief, "q=headline:flood&timezone=Africa/Tunis"); len(got.Items) != 4 || len(got.Stories) != 1 ||
		got.Stories[0].Size != 3 || len(got.Stories[0].Items) != 3 {
		t.Errorf("the chief finds %+v", got)
	}
	if got := find(reader, "q="+url.QueryEscape("translit:путин")); len(got.Items) != 2 || len(got.Also) != 1 {
		t.Errorf("a name: %+v", got)
	}
	if got := find(reader, "q=flodo"); got.Correction != "flood" || len(got.Items) != 0 {
		t.Errorf("a misspelt word: %+v", got)
	}
	var f facets
	n.do(t, reader, "GET", "/api/v1/search/facets?q=flood", nil).want(200).into(&f)
	if f.Total != 3 || f.More || len(f.Languages) != 1 || f.Languages[0] != (facet{"en", "", 3}) {
		t.Errorf("facets %+v", f)
	}
	var s suggestions
	n.do(t, reader, "GET", "/api/v1/search/suggestions?q=cairo%20pu", nil).want(200).into(&s)
	if len(s.Queries) != 1 || s.Queries[0] != "cairo putin" {
		t.Errorf("suggestions %+v", s)
	}
	var same twins
	n.do(t, reader, "GET", "/api/v1/item/similar?uri=urn:x:1", nil).want(200).into(&same)
	if len(same.Items) != 2 || !same.Items[0].Exact || same.Items[0].URI != "urn:x:3" {
		t.Errorf("similar %+v", same)
	}
	n.do(t, reader, "GET", "/api/v1/item/similar?uri=urn:x:secret", nil).problem(404)
	for _, wrong := range []string{"q=(flood", "q=from:never", "order=oldest", "next=1", "next=a.b", "timezone=Mars/Base", "timezone=Local", "killed=maybe", "words=x"} {
		n.do(t, reader, "GET", "/api/v1/search?"+wrong, nil).problem(400)
	}
}
