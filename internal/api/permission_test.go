package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"jisr/internal/people"
)

// TestEveryRouteIsOpenToItsPermissionAndNoOther asks every route with a token
// of every role and every scope. What is expected is read from openapi.json and
// the table of roles, not from the routes.
func TestEveryRouteIsOpenToItsPermissionAndNoOther(t *testing.T) {
	n := sqliteNode(t)
	type bearer struct {
		role  people.Role
		scope people.Scope
		token string
	}
	var bearers []bearer
	for _, role := range people.Roles {
		for _, scope := range people.Scopes {
			bearers = append(bearers, bearer{role, scope, n.token(t, []people.Role{role}, scope)})
		}
	}
	asked, let := 0, 0
	for path, item := range n.contract.Paths.Map() {
		for method, op := range item.Operations() {
			needs := people.Permission(op.Extensions["x-permission"].(string))
			for _, b := range bearers {
				may := needs == "" || b.role.Grants(needs) && b.scope.Covers(needs)
				asked++
				if status := n.status(t, b.token, method, path); (status != 403 && status != 401) != may {
					t.Errorf("%s %s: %s with the scope %s got %d, may: %v", method, path, b.role, b.scope, status, may)
				}
				if may {
					let++
				}
			}
			if op.Security == nil {
				if status := n.status(t, "", method, path); status != 401 {
					t.Errorf("%s %s: without a token %d", method, path, status)
				}
			}
		}
	}
	if asked < 2000 || let == 0 || let == asked {
		t.Errorf("%d requests, %d let through: the test tests nothing", asked, let)
	}
}

// status asks for a path with nothing that could be done, and returns how that
// is answered. Streams are left at once.
func (n *node) status(t *testing.T, token, method, path string) int {
	t.Helper()
	path = strings.NewReplacer("{", "", "}", "").Replace(path)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.URL+path, strings.NewReader(""))
	must(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	res.Body.Close()
	return res.StatusCode
}
