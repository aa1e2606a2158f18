package api

import (
	"testing"
	"time"

	"jisr/internal/people"
)

func TestAccountsAndTokensAreLookedAfterOverHTTP(t *testing.T) {
	n := sqliteNode(t)
	admin := n.token(t, []people.Role{people.Admin})
	n.advance(time.Millisecond) // accounts are listed by the time of their making
	var a account
	n.do(t, admin, "POST", "/api/v1/accounts", object{"login": "Мария", "roles": []string{"editor"}, "language": "ru"}).want(201).into(&a)
	n.do(t, admin, "POST", "/api/v1/accounts", object{"login": "мария", "roles": []string{"editor"}, "language": "ru"}).problem(409)
	var list accounts
	n.do(t, admin, "GET", "/api/v1/accounts?limit=1", nil).want(200).into(&list)
	n.do(t, admin, "GET", "/api/v1/accounts?after="+list.NextAfter, nil).want(200).into(&list)
	if len(list.Accounts) != 1 || list.Accounts[0].ID != a.ID {
		t.Errorf("the second page: %+v", list)
	}
	var made token
	n.do(t, admin, "POST", "/api/v1/accounts/"+a.ID+"/tokens", object{"name": "archive", "scopes": []string{"read"}}).want(201).into(&made)
	var me whoami
	n.do(t, made.Secret, "GET", "/api/v1/whoami", nil).want(200).into(&me)
	if me.Account.Login != "мария" || me.Token != made.ID || len(me.Permissions) == 0 {
		t.Errorf("whoami: %+v", me)
	}
	var all tokens
	n.do(t, admin, "GET", "/api/v1/accounts/"+a.ID+"/tokens", nil).want(200).into(&all)
	if len(all.Tokens) != 1 || all.Tokens[0].Secret != "" {
		t.Errorf("tokens: %+v", all)
	}
	n.do(t, admin, "PATCH", "/api/v1/accounts/"+a.ID, object{"name": "Мария Петрова", "roles": []string{"chief"}}).want(200).into(&a)
	if a.Name != "Мария Петрова" || a.Roles[0] != people.Chief || a.Language != "ru" {
		t.Errorf("changed to %+v", a)
	}
	n.do(t, admin, "PUT", "/api/v1/accounts/"+a.ID+"/password", object{"password": "short"}).problem(400)
	n.do(t, admin, "PUT", "/api/v1/accounts/"+a.ID+"/password", object{"password": "река подо льдом 12"}).want(204)
	n.do(t, admin, "PATCH", "/api/v1/accounts/"+a.ID, object{"disabled": true}).want(200)
	n.do(t, made.Secret, "GET", "/api/v1/whoami", nil).problem(401)
	n.do(t, admin, "PATCH", "/api/v1/accounts/"+a.ID, object{"disabled": false}).want(200)
	n.do(t, admin, "DELETE", "/api/v1/accounts/"+a.ID+"/tokens/"+made.ID, nil).want(204)
	n.do(t, made.Secret, "GET", "/api/v1/whoami", nil).problem(401)
	n.do(t, admin, "GET", "/api/v1/accounts/"+a.ID, nil).want(200)
}
