package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"jisr/internal/people"
)

// probe asks for a path as a machine at the address would.
func (n *node) probe(path, address, token string, headers ...header) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr = address
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		r.Header.Set(h.name, h.value)
	}
	w := httptest.NewRecorder()
	n.Config.Handler.ServeHTTP(w, r)
	return w
}

const here, stranger = "127.0.0.1:5000", "203.0.113.9:5000"

func TestReadinessSaysWhyNotButNotToStrangers(t *testing.T) {
	n := sqliteNode(t)
	if w := n.probe("/healthz", stranger, ""); w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
	eventually(t, "ready with its followers", func() bool {
		w := n.probe("/readyz", here, "")
		return w.Code == 200 && strings.Contains(w.Body.String(), `"followers"`)
	})
	n.Ledger.SetReadOnly("the node was restored from an old backup")
	if w := n.probe("/readyz", here, ""); w.Code != 503 || !strings.Contains(w.Body.String(), "old backup") {
		t.Errorf("readyz of a node that cannot write: %d %s", w.Code, w.Body)
	}
	if w := n.probe("/readyz", stranger, ""); w.Code != 503 || w.Body.String() != `{"ready":false}` {
		t.Errorf("a stranger is told: %d %s", w.Code, w.Body)
	}
	chief := n.token(t, []people.Role{people.Chief})
	n.do(t, chief, "POST", "/api/v1/items", story("urn:x:1", "en", "x")).problem(503)
	must(t, n.DB.Close())
	if w := n.probe("/readyz", here, ""); w.Code != 503 || !strings.Contains(w.Body.String(), "does not answer") {
		t.Errorf("readyz without a database: %d %s", w.Code, w.Body)
	}
	if w := n.probe("/healthz", here, ""); w.Code != 200 {
		t.Errorf("healthz without a database: %d", w.Code)
	}
}

func TestFiguresAreForThisMachineAndForThoseWhoRunTheNode(t *testing.T) {
	n := sqliteNode(t)
	admin := n.token(t, []people.Role{people.Admin}, people.ScopeAdmin)
	chief := n.token(t, []people.Role{people.Chief})
	tests := []struct {
		name, address, token string
		headers              []header
		status               int
	}{
		{"this machine", here, "", nil, 200},
		{"this machine over IPv6", "[::1]:5000", "", nil, 200},
		{"through a proxy on this machine", here, "", []header{{"X-Forwarded-For", "203.0.113.9"}}, 401},
		{"stranger", stranger, "", nil, 401},
		{"admin", stranger, admin, nil, 200},
		{"chief", stranger, chief, nil, 401},
	}
	for _, tt := range tests {
		if w := n.probe("/metrics", tt.address, tt.token, tt.headers...); w.Code != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.status)
		}
	}
	open := Health(HealthOptions{DB: n.DB, Ledger: n.Ledger, People: n.People, Metrics: n.Metrics, Open: true, Log: n.Log})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.RemoteAddr = stranger
	if open.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Errorf("opened by configuration: %d", w.Code)
	}
}

func TestFiguresCountRequestsByRouteAndShowTheJournal(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	n.publish(t, chief, story("urn:x:1", "en", "x"))
	n.do(t, chief, "GET", itemPath("", "urn:x:none"), nil).problem(404)
	body := n.probe("/metrics", here, "").Body.String()
	for _, line := range []string{
		`jisr_journal_position 1`, `jisr_ledger_writable 1`, `jisr_follower_behind{follower="wire"}`, `jisr_event_streams 0`,
		`jisr_http_request_duration_seconds_count{route="GET /api/v1/item",status="404"} 1`,
		`jisr_http_request_duration_seconds_count{route="POST /api/v1/items",status="201"} 1`, `go_goroutines`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("the figures lack %s", line)
		}
	}
	if strings.Contains(body, "urn:x") {
		t.Error("a figure is kept by item")
	}
}
