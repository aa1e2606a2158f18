package web_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web"
)

var organisation = news.Organisation{Origin: "a.example", Kind: "agency", Names: map[string]string{"en": "A News", "ar": "وكالة ألف", "ru": "Агентство А"}}

// TestEveryRouteOpensToItsRolesOnly walks all routes as every role and as a
// stranger, over HTTP, and compares who was let in with testdata/routes.txt: a
// change of who may do what is seen in a review.
func TestEveryRouteOpensToItsRolesOnly(t *testing.T) {
	h := open(t, organisation)
	clients := map[string]*http.Client{"stranger": h.client("")}
	for _, r := range people.Roles {
		h.hire(string(r), string(r), "en", r)
		clients[string(r)] = h.client(string(r))
	}
	h.hire("nobody", "nobody", "en")
	clients["nobody"] = h.client("nobody")
	everyone := []string{"stranger", "nobody"}
	for _, r := range people.Roles {
		everyone = append(everyone, string(r))
	}
	var got strings.Builder
	routes := web.Routes()
	slices.SortStableFunc(routes, func(a, b string) int { return strings.Compare(path(a), path(b)) })
	for _, pattern := range routes {
		var in []string
		for _, who := range everyone {
			client := clients[who]
			if pattern == "POST /sign-out" {
				client = h.client("") // the others are still needed
			}
			if admitted(t, h, client, pattern) {
				in = append(in, who)
			}
		}
		line := strings.Join(in, " ")
		if len(in) == len(everyone) {
			line = "everyone"
		}
		fmt.Fprintf(&got, "%-46s %s\n", pattern, line)
	}
	const golden = "testdata/routes.txt"
	if os.Getenv("UPDATE") != "" {
		check(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	if want := must(os.ReadFile(golden))(t); got.String() != string(want) {
		t.Errorf("who may use what has changed (UPDATE=1 writes it down):\n%s", got.String())
	}
}

func path(pattern string) string {
	_, p, _ := strings.Cut(pattern, " ")
	return p
}

// admitted reports whether the route's handler was reached.
func admitted(t *testing.T, h *house, c *http.Client, pattern string) bool {
	t.Helper()
	method, p, _ := strings.Cut(pattern, " ")
	p = strings.NewReplacer("{$}", "", "{digest}", "sha256:"+strings.Repeat("0", 64), "{id}", "none", "{origin}", "none.example").Replace(p)
	if strings.HasSuffix(p, "/stream") {
		p += "?after=0"
	}
	req := must(http.NewRequestWithContext(t.Context(), method, h.url+p, nil))(t)
	res := must(c.Do(req))(t)
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return false
	case res.StatusCode == http.StatusSeeOther && strings.HasPrefix(res.Header.Get("Location"), "/sign-in?next"):
		return false
	case res.StatusCode == http.StatusForbidden:
		b := must(io.ReadAll(res.Body))(t)
		return !strings.Contains(string(b), "none of your roles")
	case res.StatusCode >= 500:
		t.Errorf("%s answered %d", pattern, res.StatusCode)
	}
	return true
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	h := open(t, organisation)
	h.hire("all", "all", "en", people.Roles...)
	c := h.client("all")
	for _, p := range []string{"/wire", "/me", "/nowhere", "/static/nothing", "/media/x", "/fingerprint.png"} {
		res := must(c.Get(h.url + p))(t)
		res.Body.Close()
		csp := res.Header.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") && !strings.Contains(csp, "sandbox") {
			t.Errorf("%s has the policy %q", p, csp)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", p)
		}
	}
}

func TestAnotherSiteCannotSendForms(t *testing.T) {
	h := open(t, organisation)
	h.hire("editor", "editor", "ru", people.Editor)
	c := h.client("editor")
	req := must(http.NewRequest("POST", h.url+"/draft", strings.NewReader("headline=x")))(t)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res := must(c.Do(req))(t)
	res.Body.Close()
	drafts := must(h.newsroom.Drafts(t.Context(), nil, 10))(t)
	if res.StatusCode != http.StatusForbidden || len(drafts) != 0 {
		t.Errorf("answered %d, and there are %d drafts", res.StatusCode, len(drafts))
	}
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	h := open(t, organisation)
	h.hire("reader", "reader", "en", people.Reader)
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"} {
		res := must(h.client("").PostForm(h.url+"/sign-in", map[string][]string{"login": {"reader"}, "password": {password}, "next": {next}}))(t)
		res.Body.Close()
		if got := res.Header.Get("Location"); got != "/" {
			t.Errorf("next=%q leads to %q", next, got)
		}
	}
}

func TestSessionCookieIsOutOfReachOfScriptsAndOtherNodes(t *testing.T) {
	h := open(t, organisation)
	h.hire("reader", "reader", "en", people.Reader)
	res := must(h.client("").PostForm(h.url+"/sign-in", map[string][]string{"login": {"reader"}, "password": {password}}))(t)
	res.Body.Close()
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Secure {
		t.Errorf("the cookies are %v", cookies)
	}
	if web.SessionCookie("a.example", "http://127.0.0.1:1") == web.SessionCookie("b.example", "http://127.0.0.1:2") {
		t.Error("two nodes on one machine share a cookie")
	}
	if name := web.SessionCookie("a.example", "https://a.example"); !strings.HasPrefix(name, "__Host-") {
		t.Errorf("over https the cookie is called %s", name)
	}
}

func TestStaticFilesAreKeptForEverUnderTheirHash(t *testing.T) {
	h := open(t, organisation)
	page := string(must(io.ReadAll(must(h.client("").Get(h.url + "/welcome"))(t).Body))(t))
	_, rest, _ := strings.Cut(page, `href="/static/app-`)
	name, _, _ := strings.Cut(rest, `"`)
	res := must(http.Get(h.url + "/static/app-" + name))(t)
	res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || res.Header.Get("ETag") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}
