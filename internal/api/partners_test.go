package api

import (
	"net/url"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/exchange"
	"jisr/internal/people"
)

func TestTwoHousesAgreeAndExchangeOverHTTP(t *testing.T) {
	free := Limits{Rate: 1e6, Burst: 1e6}
	a := newNode(t, dbtest.Open(t, db.SQLite), "wire.example", free)
	b := newNode(t, dbtest.Open(t, db.SQLite), "daily.example", free)
	ta, tb := a.token(t, []people.Role{people.Chief}), b.token(t, []people.Role{people.Chief})

	var pb, pa partner
	a.do(t, ta, "POST", "/api/v1/partners", object{"url": b.URL}).want(201).into(&pb)
	b.do(t, tb, "POST", "/api/v1/partners", object{"url": a.URL}).want(201).into(&pa)
	var mine profile
	b.do(t, tb, "GET", "/api/v1/profile", nil).want(200).into(&mine)
	if pb.Fingerprint != mine.Fingerprint || pb.Organisation.Origin != "daily.example" {
		t.Fatalf("%+v is not %+v", pb, mine)
	}
	a.do(t, ta, "POST", "/api/v1/partners/daily.example/confirm", object{"fingerprint": pa.Fingerprint.Words}).problem(400)
	a.do(t, ta, "POST", "/api/v1/partners/daily.example/confirm", object{"fingerprint": pb.Fingerprint.Words}).want(204)
	b.do(t, tb, "POST", "/api/v1/partners/wire.example/confirm", object{"fingerprint": pa.Fingerprint.Hex}).want(204)
	a.do(t, ta, "GET", "/api/v1/partners", nil).want(200)

	flow := object{"translate": "yes", "edit": "ask", "onward": "no", "embargo": "deliver", "credit": "وكالة المثال"}
	var offered, seen, active agreement
	a.do(t, ta, "POST", "/api/v1/agreements", object{"partner": "daily.example",
		"terms": object{"flows": object{"wire.example": flow}}}).want(201).into(&offered)
	at := "/api/v1/agreement?id=" + url.QueryEscape(offered.ID)
	eventually(t, "the offer arrives", func() bool {
		r := b.do(t, tb, "GET", at, nil)
		if r.Status == 200 {
			r.into(&seen)
		}
		return seen.Digest != ""
	})
	b.do(t, tb, "POST", "/api/v1/agreement/accept", object{"id": offered.ID, "digest": "sha256:00"}).problem(409)
	b.do(t, tb, "POST", "/api/v1/agreement/accept", object{"id": offered.ID, "digest": seen.Digest}).want(200).into(&active)
	if active.State != exchange.Active || active.Terms.Flows["wire.example"].Credit != "وكالة المثال" {
		t.Errorf("accepted: %+v", active)
	}
	eventually(t, "the acceptance arrives", func() bool {
		a.do(t, ta, "GET", at, nil).want(200).into(&active)
		return active.State == exchange.Active
	})

	a.publish(t, ta, story("urn:x:1", "ar", "خبر للشريك"))
	path := itemPath("", "urn:x:1", "origin=wire.example")
	eventually(t, "the item arrives", func() bool { return b.do(t, tb, "GET", path, nil).Status == 200 })
	var may exchange.Decision
	b.do(t, tb, "GET", itemPath("/decision", "urn:x:1", "origin=wire.example", "purpose=edit"), nil).want(200).into(&may)
	if may.Answer != exchange.Ask || may.Credit != "وكالة المثال" {
		t.Errorf("may edit: %+v", may)
	}
	b.do(t, tb, "POST", "/api/v1/uses", object{"origin": "wire.example", "uri": "urn:x:1", "act": "published", "where": "صفحة 1"}).want(201)
	a.do(t, ta, "POST", "/api/v1/acts/kill", object{"uri": "urn:x:1", "reason": "خطأ"}).want(201)
	var open notices
	eventually(t, "the kill arrives", func() bool {
		b.do(t, tb, "GET", "/api/v1/notices?open=true", nil).want(200).into(&open)
		return len(open.Notices) == 1
	})
	confirm := "/api/v1/notices/" + itoa(open.Notices[0].Position) + "/confirm"
	b.do(t, tb, "POST", confirm, nil).want(204)
	b.do(t, tb, "POST", confirm, nil).problem(409)
	eventually(t, "the issuer sees that editors confirmed", func() bool {
		var it item
		a.do(t, ta, "GET", itemPath("", "urn:x:1"), nil).want(200).into(&it)
		return !it.Confirmed["daily.example"].IsZero() && !it.Applied["daily.example"].IsZero() && len(it.Uses) >= 3
	})

	a.do(t, ta, "POST", "/api/v1/agreement/amend", object{"id": offered.ID, "terms": object{"flows": object{"wire.example": flow}, "note": "ещё год"}}).want(200)
	a.do(t, ta, "POST", "/api/v1/agreement/end", object{"id": offered.ID, "reason": "срок истёк"}).want(200).into(&active)
	if active.State != exchange.Ended || active.Reason != "срок истёк" {
		t.Errorf("ended: %+v", active)
	}
	a.do(t, ta, "GET", "/api/v1/agreements?partner=daily.example", nil).want(200)
	a.do(t, ta, "POST", "/api/v1/partners/daily.example/block", nil).want(204)
	a.do(t, ta, "GET", "/api/v1/partners/daily.example", nil).want(200).into(&pb)
	if pb.State != exchange.Blocked {
		t.Errorf("blocked: %+v", pb)
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestProfileIsChangedOverHTTP(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	var p profile
	n.do(t, chief, "PUT", "/api/v1/profile", object{"names": object{"ar": "وكالة", "ru": "Агентство"}, "kind": "agency",
		"disclosure": object{"owner": "Trust"}, "url": n.URL}).want(200).into(&p)
	if p.Origin != "wire.example" || p.Names["ru"] != "Агентство" || p.Disclosure.Owner != "Trust" || p.Fingerprint.Words == "" {
		t.Errorf("the profile: %+v", p)
	}
}
