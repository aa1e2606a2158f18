package api

import (
	"context"
	"strings"
	"testing"

	"jisr/internal/deliver"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// standings asks the newsroom as the node does.
type standings struct{ newsroom *newsroom.Service }

func (s standings) Standing(ctx context.Context, items []deliver.Item) (map[deliver.Item]deliver.Standing, error) {
	keys := make([][2]string, len(items))
	for i, it := range items {
		keys[i] = [2]string{it.Origin, it.URI}
	}
	lines, err := s.newsroom.Lines(ctx, keys, true)
	out := map[deliver.Item]deliver.Standing{}
	for _, l := range lines {
		out[deliver.Item{Origin: l.Origin, URI: l.URI}] = deliver.Standing{Position: l.Position, Index: l.Index, Status: l.Status,
			Blocked: l.Blocked, Embargoed: l.Embargoed, Expires: l.Expires}
	}
	return out, err
}

// mailbox takes what is sent to https://good.example and refuses the rest.
type mailbox struct{}

func (*mailbox) Send(_ context.Context, d *deliver.Destination, _ *deliver.Message) (deliver.Receipt, error) {
	if strings.Contains(d.Address, "good") {
		return deliver.Receipt{Status: "202 Accepted"}, nil
	}
	return deliver.Receipt{}, &deliver.Refusal{Status: "403 Forbidden", Reason: "the signature does not hold"}
}

func TestSubscribersGetWhatTheyTakeAndTheLogShowsIt(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	make := func(path string, body object) object {
		t.Helper()
		var out object
		n.do(t, chief, "POST", "/api/v1/"+path, body).want(201).into(&out)
		return out
	}
	product := make("products", object{"name": "All in English", "query": object{"own": true, "languages": []string{"en"}, "words": "river"}})
	sub := make("subscribers", object{"name": "الصحيفة", "contact": "desk@paper.example", "language": "ar", "products": []any{product["id"]}})
	good := make("destinations", object{"subscriber": sub["id"], "name": "CMS", "kind": "http", "address": "https://good.example/in", "secret": "not to be shown"})
	bad := make("destinations", object{"subscriber": sub["id"], "name": "Archive", "kind": "http", "address": "https://bad.example/in", "format": "newsml-g2"})
	feed := make("destinations", object{"subscriber": sub["id"], "name": "Feed", "kind": "websub"})
	n.do(t, chief, "POST", "/api/v1/items", story("urn:x:1", "en", "The river rises")).want(201)
	n.do(t, chief, "POST", "/api/v1/items", story("urn:x:2", "en", "The bridge")).want(201)
	var log struct{ Deliveries []object }
	eventually(t, "the deliveries to be done with", func() bool {
		n.do(t, chief, "GET", "/api/v1/deliveries?uri=urn:x:1", nil).want(200).into(&log)
		states := ""
		for _, d := range log.Deliveries {
			states += " " + d["state"].(string)
		}
		return len(log.Deliveries) == 3 && strings.Contains(states, "sent") && strings.Contains(states, "refused") && strings.Contains(states, "offered")
	})
	n.do(t, chief, "GET", "/api/v1/deliveries?uri=urn:x:2", nil).want(200).into(&log)
	if len(log.Deliveries) != 0 {
		t.Errorf("what no product takes was delivered: %v", log.Deliveries)
	}
	n.do(t, chief, "GET", "/api/v1/deliveries?destination="+good["id"].(string)+"&state=sent", nil).want(200).into(&log)
	sent := "/api/v1/deliveries/" + log.Deliveries[0]["id"].(string)
	if r := n.do(t, chief, "GET", sent+"/body", nil).want(200); !strings.Contains(string(r.Body), "The river rises") {
		t.Errorf("the body: %s", r.Body)
	}
	n.do(t, chief, "GET", sent, nil).want(200)
	n.do(t, chief, "POST", sent+"/resend", nil).want(201)
	if r := n.do(t, chief, "GET", "/api/v1/destinations", nil).want(200); strings.Contains(string(r.Body), "not to be shown") {
		t.Errorf("a secret is shown: %s", r.Body)
	}
	id := func(o object) string { return o["id"].(string) }
	n.do(t, chief, "POST", "/api/v1/destinations/"+id(good)+"/test", nil).want(200)
	if p := n.do(t, chief, "POST", "/api/v1/destinations/"+id(bad)+"/test", nil).problem(409); !strings.Contains(p.Detail, "signature") {
		t.Errorf("the refused test: %+v", p)
	}
	n.do(t, chief, "POST", "/api/v1/destinations/"+id(feed)+"/test", nil).problem(409)
	n.do(t, chief, "POST", "/api/v1/destinations/"+id(bad)+"/resume", nil).want(200)
	var token struct{ ID, Secret string }
	n.do(t, chief, "POST", "/api/v1/destinations/"+id(feed)+"/tokens", object{"name": "The paper"}).want(201).into(&token)
	if r := n.do(t, "", "GET", "/feeds/"+id(feed)+".atom?token="+token.Secret, nil).want(200); !strings.Contains(string(r.Body), "urn:x:1") {
		t.Errorf("the feed: %s", r.Body)
	}
	if r := n.do(t, chief, "GET", "/api/v1/destinations/"+id(feed)+"/tokens", nil).want(200); strings.Contains(string(r.Body), token.Secret) {
		t.Errorf("a token is shown again: %s", r.Body)
	}
	n.do(t, chief, "GET", "/api/v1/destinations/"+id(feed)+"/callbacks", nil).want(200)
	n.do(t, chief, "DELETE", "/api/v1/destinations/"+id(feed)+"/tokens/"+token.ID, nil).want(204)
	n.do(t, "", "GET", "/feeds/"+id(feed)+".atom?token="+token.Secret, nil).want(401)
	n.do(t, chief, "PUT", "/api/v1/subscribers/"+id(sub), object{"name": "الصحيفة", "active": false}).want(200)
	n.do(t, chief, "PUT", "/api/v1/products/"+id(product), object{"name": "All", "query": object{"own": true}}).want(200)
	n.do(t, chief, "PUT", "/api/v1/destinations/"+id(good), object{"name": "CMS", "address": "https://good.example/other"}).want(200)
	n.do(t, chief, "PUT", "/api/v1/destinations/"+id(good), object{"name": "CMS", "address": "https://elsewhere.example/"}).problem(400)
	for _, path := range []string{"subscribers", "products", "destinations"} {
		n.do(t, chief, "GET", "/api/v1/"+path, nil).want(200)
	}
	// A subscriber takes its destinations along, so it goes last.
	for _, path := range []string{"destinations/" + id(good), "products/" + id(product), "subscribers/" + id(sub)} {
		n.do(t, chief, "GET", "/api/v1/"+path, nil).want(200)
		n.do(t, chief, "DELETE", "/api/v1/"+path, nil).want(204)
		n.do(t, chief, "GET", "/api/v1/"+path, nil).problem(404)
	}
	for _, in := range []struct {
		path string
		body object
	}{
		{"subscribers", object{"name": ""}},
		{"subscribers", object{"name": "x", "products": []string{"none"}}},
		{"products", object{"name": "x", "query": object{"own": false}}},
		{"products", object{"name": "x", "query": object{"own": true, "languages": []string{"!"}}}},
		{"products", object{"name": "x", "query": object{"own": true, "words": "…"}}},
		{"destinations", object{"name": "x", "subscriber": "none", "kind": "http", "address": "https://a.example/"}},
		{"destinations", object{"name": "x", "kind": "http", "address": "file:///etc/passwd"}},
		{"destinations", object{"name": "x", "kind": "callback", "address": "https://a.example/"}},
		{"destinations", object{"name": "x", "kind": "mail", "address": "A <a@b.example>"}},
		{"destinations", object{"name": "x", "kind": "pull", "embargo": "deliver"}},
		{"destinations", object{"name": "x", "kind": "http", "address": "https://a.example/", "file_name": "{what}"}},
	} {
		n.do(t, chief, "POST", "/api/v1/"+in.path, in.body).problem(400)
	}
	n.do(t, chief, "GET", "/api/v1/deliveries?state=lost", nil).problem(400)
	n.do(t, chief, "POST", "/api/v1/deliveries/none/resend", nil).problem(404)
}

func TestDestinationThatRefusesEverythingIsNoticedInHealth(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	ctx := t.Context()
	p := &deliver.Product{Name: "All", Query: deliver.Query{Own: true}}
	must(t, n.Deliver.AddProduct(ctx, p))
	sub := &deliver.Subscriber{Name: "Paper", Active: true, Products: []string{p.ID}}
	must(t, n.Deliver.AddSubscriber(ctx, sub))
	d := &deliver.Destination{Subscriber: sub.ID, Name: "Paper's archive", Kind: deliver.HTTP, Address: "https://bad.example/", Active: true}
	must(t, n.Deliver.AddDestination(ctx, d))
	for _, x := range "abcdefghijkl" {
		n.do(t, chief, "POST", "/api/v1/items", story("urn:x:"+string(x), "en", "x")).want(201)
	}
	eventually(t, "the notice", func() bool {
		w := n.probe("/readyz", here, "")
		return w.Code == 200 && strings.Contains(w.Body.String(), "Paper's archive") && strings.Contains(w.Body.String(), `"paused":true`)
	})
	if w := n.probe("/readyz", stranger, ""); strings.Contains(w.Body.String(), "archive") {
		t.Errorf("strangers are told: %s", w.Body)
	}
	eventually(t, "the figures", func() bool {
		w := n.probe("/metrics", here, "")
		return strings.Contains(w.Body.String(), `jisr_destination_failing{destination="`+d.ID+`"} 1`) &&
			strings.Contains(w.Body.String(), `jisr_deliveries{state="waiting"} 12`)
	})
}
