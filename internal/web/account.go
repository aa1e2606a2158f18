package web

import (
	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

func (s *Site) accounts(q *request) error { return s.showAccounts(q, people.NewAccount{}, nil) }

func (s *Site) showAccounts(q *request, typed people.NewAccount, failed error) error {
	found, err := s.people.Accounts(q.Context(), q.FormValue("after"), people.MaxPage)
	if err != nil {
		return err
	}
	typed.Password = ""
	v := view.Accounts{Shell: q.shell("accounts", q.T("menu.accounts"), failed), Accounts: found, New: typed}
	if len(found) == people.MaxPage {
		v.More = view.Link("/accounts", "after", found[len(found)-1].ID)
	}
	return q.render(view.AccountsPage(v), failed)
}

func (s *Site) addAccount(q *request) error {
	n := people.NewAccount{Login: q.text("login"), Name: q.text("name"), Language: q.FormValue("account_language"),
		Roles: rolesOf(q), Password: q.secret("password")}
	if _, err := s.people.CreateAccount(q.Context(), n); err != nil {
		return s.showAccounts(q, n, err)
	}
	return q.redirect("/accounts", "account_added")
}

func rolesOf(q *request) []people.Role {
	var out []people.Role
	for _, r := range q.Form["roles"] {
		out = append(out, people.Role(r))
	}
	return out
}

func (s *Site) account(q *request) error { return s.showAccount(q, nil) }

func (s *Site) showAccount(q *request, failed error) error {
	a, err := s.people.Account(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	v := view.Account{Shell: q.shell("accounts", a.Name, failed), Account: *a}
	return q.render(view.AccountPage(v), failed)
}

func (s *Site) changeAccount(q *request) error {
	id, ctx := q.PathValue("id"), q.Context()
	var err error
	switch q.FormValue("do") {
	case "roles":
		err = s.people.SetRoles(ctx, id, rolesOf(q))
	case "password":
		err = s.people.SetPassword(ctx, id, q.secret("password"))
	case "factor":
		err = s.people.ResetFactor(ctx, id)
	case "disable":
		err = s.people.Disable(ctx, id)
	case "enable":
		err = s.people.Enable(ctx, id)
	default:
		err = news.Errorf(news.Invalid, "do", "%q is not something that is done to an account", q.FormValue("do"))
	}
	if err != nil {
		return s.showAccount(q, err)
	}
	return q.redirect("/accounts/"+id, "account_saved")
}

func (s *Site) me(q *request) error { return s.showMe(q, "", nil) }

func (s *Site) showMe(q *request, secret string, failed error) error {
	v := view.Me{Shell: q.shell("me", q.T("title.me"), failed), Secret: secret}
	var err error
	if v.Sessions, err = s.people.Sessions(q.Context(), q.account()); err != nil {
		return err
	}
	if v.Tokens, err = s.people.Tokens(q.Context(), q.account()); err != nil {
		return err
	}
	return q.render(view.MePage(v), failed)
}

func (s *Site) saveMe(q *request) error {
	ctx, id := q.Context(), q.account()
	if err := s.people.SetName(ctx, id, q.text("name")); err != nil {
		return s.showMe(q, "", err)
	}
	if err := s.people.SetLanguage(ctx, id, q.FormValue("account_language")); err != nil {
		return s.showMe(q, "", err)
	}
	if err := s.people.SetNamed(ctx, id, q.FormValue("named") != ""); err != nil {
		return s.showMe(q, "", err)
	}
	return q.redirect("/me", "me")
}

func (s *Site) changePassword(q *request) error {
	err := s.people.ChangePassword(q.Context(), q.caller, q.RemoteAddr, q.secret("present"), q.secret("password"))
	if err != nil {
		return s.showMe(q, "", err)
	}
	return q.redirect("/me", "password")
}

func (s *Site) endSession(q *request) error {
	if err := s.people.EndSession(q.Context(), q.account(), q.FormValue("id")); err != nil {
		return s.showMe(q, "", err)
	}
	return q.redirect("/me", "session_ended")
}

// makeToken shows the secret of the new token on the page that answers: it is
// in no address and no cookie.
func (s *Site) makeToken(q *request) error {
	n := people.NewToken{Name: q.text("token_name")}
	for _, c := range q.Form["scopes"] {
		n.Scopes = append(n.Scopes, people.Scope(c))
	}
	secret, _, err := s.people.CreateToken(q.Context(), q.account(), n)
	return s.showMe(q, secret, err)
}

func (s *Site) revokeToken(q *request) error {
	if err := s.people.RevokeToken(q.Context(), q.account(), q.FormValue("id")); err != nil {
		return s.showMe(q, "", err)
	}
	return q.redirect("/me", "token_revoked")
}
