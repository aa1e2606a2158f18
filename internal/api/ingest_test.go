package api

import (
	"strings"
	"testing"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ingest"
	"jisr/internal/people"
)

func TestASenderLearnsWhatBecameOfItsFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := newNode(t, d, "wire.example", Limits{Rate: 1e6, Burst: 1e6})
		admin := n.token(t, []people.Role{people.Admin}, people.ScopeAdmin)
		sender := n.token(t, []people.Role{people.Editor}, people.ScopeIngest)
		editor := n.token(t, []people.Role{people.Editor}, people.ScopeRead, people.ScopeWrite)
		var src ingest.SourceView
		n.do(t, admin, "POST", "/api/v1/sources", object{"name": "kuna", "kind": "push", "rules": object{"publish": true, "desk": "world"}}).want(201).into(&src)
		push := func(path string, body any, status int, headers ...header) (a ingest.ArrivalView) {
			t.Helper()
			n.do(t, sender, "POST", "/ingest/v1/"+path, body, headers...).want(status).into(&a)
			return a
		}
		const uri = "tag:kuna.example,2026:1"
		a := push("kuna?wait=20", story(uri, "en", "First"), 201)
		if a.State != ingest.Done || len(a.Items) != 1 || a.Items[0].URI != uri || a.Items[0].Outcome != ingest.Issued || a.Format != "ninjs" {
			t.Errorf("the sender is told %+v", a)
		}
		if again := push(src.ID+"?wait=20", story(uri, "en", "First"), 200); again.ID != a.ID {
			t.Errorf("the same bytes are another arrival: %s and %s", a.ID, again.ID)
		}
		key := header{"Idempotency-Key", "42"}
		b := push("kuna?wait=20", story(uri+"b", "en", "Second"), 201, key)
		if again := push("kuna?wait=20", story(uri+"c", "en", "Third"), 200, key); again.ID != b.ID {
			t.Errorf("the same key is another arrival: %s and %s", b.ID, again.ID)
		}
		bad := push("kuna?wait=20&name=half.json", `{"uri":"urn:x:1","type":"te`, 422)
		if bad.State != ingest.Broken || bad.Reason == "" || bad.Name != "half.json" {
			t.Errorf("of a broken file the sender is told %+v", bad)
		}
		if r := n.do(t, sender, "POST", "/ingest/v1/kuna", story(uri+"d", "en", "Fourth")); r.Status != 202 && r.Status != 201 {
			t.Errorf("without waiting: %d %s", r.Status, r.Body)
		}

		n.do(t, sender, "POST", "/ingest/v1/nobody", story(uri, "en", "x")).problem(404)
		n.do(t, sender, "GET", "/api/v1/arrivals", nil).problem(403)
		n.do(t, editor, "POST", "/ingest/v1/kuna", story(uri, "en", "x")).problem(403)
		n.do(t, sender, "POST", "/ingest/v1/kuna?wait=600", story(uri, "en", "x")).problem(400)

		var failed arrivals
		n.do(t, editor, "GET", "/api/v1/arrivals?state=failed&source="+src.ID, nil).want(200).into(&failed)
		if len(failed.Arrivals) != 1 || failed.Arrivals[0].ID != bad.ID {
			t.Errorf("failed arrivals: %+v", failed)
		}
		if r := n.do(t, editor, "GET", "/api/v1/arrivals/"+bad.ID+"/file", nil).want(200); string(r.Body) != `{"uri":"urn:x:1","type":"te` ||
			!strings.Contains(r.Header.Get("Content-Disposition"), "half.json") || r.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("the kept file: %v %s", r.Header, r.Body)
		}
		n.do(t, editor, "GET", "/api/v1/arrivals/"+bad.ID, nil).want(200)
		n.do(t, editor, "POST", "/api/v1/arrivals/"+bad.ID+"/retry", nil).want(202)
		n.do(t, editor, "POST", "/api/v1/arrivals/"+a.ID+"/retry", nil).problem(409)
		figures := string(n.do(t, admin, "GET", "/metrics", nil).want(200).Body)
		for _, f := range []string{`jisr_source_files{source="kuna",state="aside"} 0`, `jisr_source_failing{source="kuna"} 0`,
			`jisr_source_lag_seconds{source="kuna"}`, `jisr_source_success_timestamp_seconds{source="kuna"}`} {
			if !strings.Contains(figures, f) {
				t.Errorf("the figures lack %s", f)
			}
		}
		n.do(t, admin, "POST", "/api/v1/sources/"+src.ID+"/pause", nil).want(200)
		n.do(t, sender, "POST", "/ingest/v1/kuna", story(uri+"e", "en", "x")).problem(503)
	})
}

func TestSourcesAreManagedOverTheAPI(t *testing.T) {
	n := sqliteNode(t)
	admin := n.token(t, []people.Role{people.Admin}, people.ScopeAdmin)
	input := object{"name": "Wires", "kind": "sftp", "address": "sftp://wire.example/out", "user": "jisr", "secret": "hunter2",
		"interval": 60, "after": "move", "rules": object{"language": "ru", "subjects": []object{{"name": "sport"}}}}
	var src ingest.SourceView
	r := n.do(t, admin, "POST", "/api/v1/sources", input).want(201)
	r.into(&src)
	if strings.Contains(string(r.Body), "hunter2") || !src.HasSecret || !src.Active || src.Interval != 60 || src.Rules.Subjects[0].Name != "sport" {
		t.Errorf("the source is shown as %s", r.Body)
	}
	if r.Header.Get("Location") != "/api/v1/sources/"+src.ID {
		t.Errorf("location %q", r.Header.Get("Location"))
	}
	delete(input, "secret")
	input["name"] = "Wires 2"
	n.do(t, admin, "PUT", "/api/v1/sources/"+src.ID, input).want(200).into(&src)
	if src.Name != "Wires 2" || !src.HasSecret {
		t.Errorf("after a change: %+v", src)
	}
	n.do(t, admin, "POST", "/api/v1/sources/"+src.ID+"/pause", nil).want(200).into(&src)
	if src.Active {
		t.Error("it goes on")
	}
	n.do(t, admin, "PUT", "/api/v1/sources/"+src.ID, input).want(200).into(&src)
	if src.Active {
		t.Error("a change let a paused source go on")
	}
	n.do(t, admin, "POST", "/api/v1/sources/"+src.ID+"/resume", nil).want(200)
	n.do(t, admin, "POST", "/api/v1/sources", object{"name": "Etc", "kind": "folder", "address": "/etc"}).problem(403)
	n.do(t, admin, "POST", "/api/v1/sources", object{"name": "In", "kind": "folder", "address": "/srv/wires"}).want(201)
	if p := n.do(t, admin, "POST", "/api/v1/sources", object{"name": "F", "kind": "feed", "address": "gopher://x"}).problem(400); p.Field != "address" {
		t.Errorf("the fault is at %q", p.Field)
	}
	var page sources
	n.do(t, admin, "GET", "/api/v1/sources?limit=1", nil).want(200).into(&page)
	if len(page.Sources) != 1 || page.NextAfter != src.ID {
		t.Errorf("the first page: %+v", page)
	}
	n.do(t, admin, "DELETE", "/api/v1/sources/"+src.ID, nil).want(204)
	n.do(t, admin, "GET", "/api/v1/sources/"+src.ID, nil).problem(404)
}
