package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/people"
)

func mustURL(t testing.TB, path string) *url.URL {
	t.Helper()
	return &url.URL{Path: path}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestBadRequestsAreProblemsThatNameTheField(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief, people.Admin})
	long := strings.Repeat("x", 20<<10)
	tests := []struct {
		name, method, path string
		body               any
		status             int
		field              string
	}{
		{"misspelt filter", "GET", "/api/v1/items?langauge=ar", nil, 400, "langauge"},
		{"limit too long", "GET", "/api/v1/items?limit=201", nil, 400, "limit"},
		{"limit of nothing", "GET", "/api/v1/items?limit=0", nil, 400, "limit"},
		{"number that is none", "GET", "/api/v1/journal?after=-1", nil, 400, "after"},
		{"parameter twice", "GET", "/api/v1/items?desk=a&desk=b", nil, 400, "desk"},
		{"bad escape", "GET", "/api/v1/items?desk=%zz", nil, 400, ""},
		{"bad UTF-8", "GET", "/api/v1/items?desk=%ff", nil, 400, "desk"},
		{"NUL", "GET", "/api/v1/item?uri=urn:x:%00", nil, 400, "uri"},
		{"no uri", "GET", "/api/v1/item", nil, 400, "uri"},
		{"unknown item", "GET", "/api/v1/item?uri=urn:x:none", nil, 404, "item"},
		{"unknown purpose", "GET", "/api/v1/item/decision?uri=urn:x:1&purpose=sell", nil, 400, "purpose"},
		{"unknown member", "POST", "/api/v1/acts/kill", `{"uri":"urn:x:1","resaon":"x"}`, 400, "/resaon"},
		{"wrong type", "POST", "/api/v1/acts/kill", `{"uri":["urn:x:1"]}`, 400, "/uri"},
		{"member twice", "POST", "/api/v1/acts/kill", `{"uri":"urn:x:1","uri":"urn:x:2"}`, 400, "/uri"},
		{"no JSON", "POST", "/api/v1/acts/kill", `{"uri":`, 400, "/uri"},
		{"empty body", "POST", "/api/v1/acts/kill", ``, 400, ""},
		{"trailing text", "POST", "/api/v1/acts/kill", `{"uri":"urn:x:1","reason":"x"} and more`, 400, ""},
		{"not JSON by type", "POST", "/api/v1/acts/kill", []byte(`{}`), 400, "Content-Type"},
		{"deep JSON", "POST", "/api/v1/acts/update", `{"item":` + strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000) + `}`, 400, ""},
		{"deep ninjs", "POST", "/api/v1/items", strings.Repeat(`{"associations":[`, 50_000), 400, ""},
		{"oversize small body", "POST", "/api/v1/acts/kill", `{"uri":"` + long + `"}`, 413, ""},
		{"oversize file", "POST", "/api/v1/items", strings.Repeat(" ", maxFile+1), 413, ""},
		{"body where none belongs", "POST", "/api/v1/partners/x.example/block", "{}", 404, "origin"},
		{"reason too long", "POST", "/api/v1/acts/kill", object{"uri": "urn:x:1", "reason": long[:2001]}, 413, "reason"},
		{"no headline", "POST", "/api/v1/items", `{"uri":"urn:x:9","type":"text","standard":{"name":"ninjs","version":"3.0"}}`, 400, "headline"},
		{"unknown draft", "POST", "/api/v1/acts/publish", object{"draft": "none"}, 404, "draft"},
		{"two new versions", "POST", "/api/v1/acts/publish", object{"item": story("", "en", "x"), "document": "x"}, 400, "document"},
		{"no new version", "POST", "/api/v1/acts/update", object{"uri": "urn:x:1"}, 400, "item"},
		{"draft that is no object", "POST", "/api/v1/drafts", object{"item": "text"}, 400, "item"},
		{"bad cursor", "GET", "/api/v1/drafts?next=abc", nil, 400, "next"},
		{"notice that is none", "POST", "/api/v1/notices/abc/confirm", nil, 404, "notice"},
		{"unknown notice", "POST", "/api/v1/notices/99/confirm", nil, 404, "entry"},
		{"use of nothing", "POST", "/api/v1/uses", object{"origin": "a.example", "uri": "urn:x:1", "act": "published"}, 404, "item"},
		{"digest that is none", "POST", "/api/v1/media?digest=abc", []byte("x"), 400, "digest"},
		{"other bytes", "POST", "/api/v1/media?digest=sha256:" + strings.Repeat("0", 64), []byte("x"), 400, "digest"},
		{"partner that is no address", "POST", "/api/v1/partners", object{"url": "ftp://x"}, 400, "url"},
		{"unknown role", "POST", "/api/v1/accounts", object{"login": "abc", "language": "en", "roles": []string{"boss"}}, 400, "roles"},
		{"unknown account", "GET", "/api/v1/accounts/none", nil, 404, ""},
		{"profile of no kind", "PUT", "/api/v1/profile", object{"names": object{"en": "x"}, "kind": "bank"}, 400, "kind"},
		{"no such path", "GET", "/api/v1/nothing", nil, 404, ""},
		{"no such method", "DELETE", "/api/v1/items", nil, 405, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := n.do(t, chief, tt.method, tt.path, tt.body)
			p := r.problem(tt.status)
			if tt.field != "" && p.Field != tt.field {
				t.Errorf("field %q, want %q: %s", p.Field, tt.field, p.Detail)
			}
			for _, inside := range []string{"Go ", "struct", "api.server", "sql", "goroutine", ".go:"} {
				if strings.Contains(p.Detail, inside) {
					t.Errorf("the problem shows %q: %s", inside, p.Detail)
				}
			}
			if r.Header.Get("X-Content-Type-Options") == "" && tt.status != 404 && tt.status != 405 {
				t.Errorf("headers %v", r.Header)
			}
			if tt.status == 405 && r.Header.Get("Allow") == "" {
				t.Error("the methods that are allowed are not said")
			}
		})
	}
}

func TestInternalFailureStaysInside(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	must(t, n.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`DROP TABLE draft`)
		return err
	}))
	p := n.do(t, chief, "GET", "/api/v1/drafts", nil).problem(500)
	if strings.Contains(p.Detail, "draft") || strings.Contains(p.Detail, "table") {
		t.Errorf("the problem says %q", p.Detail)
	}
}

func TestNoTokenOrABadOneIsChallenged(t *testing.T) {
	n := sqliteNode(t)
	n.do(t, "", "GET", "/api/v1/items", nil).problem(401)
	for _, token := range []string{"jisr_wrong", "wrong", strings.Repeat("jisr_", 1000)} {
		r := n.do(t, token, "GET", "/api/v1/items", nil)
		r.problem(401)
		if h := r.Header.Get("WWW-Authenticate"); h != `Bearer realm="jisr", error="invalid_token"` {
			t.Errorf("challenge %q", h)
		}
	}
	r := n.do(t, "", "GET", "/api/v1/items", nil, header{"Cookie", "session=" + n.token(t, []people.Role{people.Chief})})
	r.problem(401)
	if h := r.Header.Get("WWW-Authenticate"); h != `Bearer realm="jisr"` {
		t.Errorf("challenge %q", h)
	}
}

func TestTokenThatAsksTooOftenIsToldWhenToComeAgain(t *testing.T) {
	n := newNode(t, dbtest.Open(t, db.SQLite), "wire.example", Limits{Rate: 0.5, Burst: 3})
	a, b := n.token(t, []people.Role{people.Reader}), n.token(t, []people.Role{people.Reader})
	for range 3 {
		n.do(t, a, "GET", "/api/v1/whoami", nil).want(200)
	}
	r := n.do(t, a, "GET", "/api/v1/whoami", nil)
	r.problem(http.StatusTooManyRequests)
	if r.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
	}
	n.do(t, b, "GET", "/api/v1/whoami", nil).want(200)
	n.advance(2 * time.Second)
	n.do(t, a, "GET", "/api/v1/whoami", nil).want(200)
}

func TestMemoryOfLimitsIsBounded(t *testing.T) {
	b := newBuckets(1, 2)
	now := time.Now()
	for i := range maxBuckets + 50 {
		must(t, b.take(fmt.Sprint(i), now))
	}
	if len(b.byKey) > maxBuckets {
		t.Errorf("%d buckets", len(b.byKey))
	}
}

func TestTrickyDirectionIsKeptAndFlagged(t *testing.T) {
	n := sqliteNode(t)
	editor := n.token(t, []people.Role{people.Editor})
	tests := []struct {
		headline string
		flagged  bool
	}{
		{"plain", false},
		{"نص \u2067معزول\u2069 مغلق", false},
		{"نص\u200f مع علامة", false},
		{"pay \u202e001 $", true},
		{"open \u2067isolate", true},
		{"open \u202aembedding", true},
	}
	for i, tt := range tests {
		var out issued
		uri := fmt.Sprint("urn:x:", i)
		n.do(t, editor, "POST", "/api/v1/items", story(uri, "ar", tt.headline)).want(201).into(&out)
		flagged := len(out.Warnings) > 0 && out.Warnings[0].Field == "headlines[0]"
		if flagged != tt.flagged {
			t.Errorf("%q: warnings %+v", tt.headline, out.Warnings)
		}
		var it item
		if n.do(t, editor, "GET", itemPath("", uri), nil).want(200).into(&it); it.Headline != tt.headline {
			t.Errorf("%q was kept as %q", tt.headline, it.Headline)
		}
	}
}
