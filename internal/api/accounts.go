package api

import (
	"net/http"
	"time"

	"jisr/internal/people"
)

// account is a person or a machine that may sign in.
type account struct {
	ID       string        `json:"id"`
	Login    string        `json:"login"`
	Name     string        `json:"name"`
	Language string        `json:"language"`
	Roles    []people.Role `json:"roles"`
	Named    bool          `json:"named"`
	Disabled bool          `json:"disabled"`
	Password bool          `json:"has_password"`
	Created  time.Time     `json:"created"`
}

func shownAccount(a *people.Account) account {
	return account{a.ID, a.Login, a.Name, a.Language, a.Roles, a.Named, a.Disabled, a.Password, utc(a.Created)}
}

type whoami struct {
	Account     account             `json:"account"`
	Token       string              `json:"token"`
	Scopes      []people.Scope      `json:"scopes"`
	Permissions []people.Permission `json:"permissions"`
}

func (s *server) whoAmI(w http.ResponseWriter, c *call) error {
	return writeJSON(w, http.StatusOK, whoami{shownAccount(&c.caller.Account), c.caller.Token, c.caller.Scopes, c.caller.Permissions()})
}

type accounts struct {
	Accounts  []account `json:"accounts"`
	NextAfter string    `json:"next_after,omitempty"`
}

func (s *server) listAccounts(w http.ResponseWriter, c *call) error {
	q := query(c)
	after, limit := q.text("after"), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.people.Accounts(c.Context(), after, limit)
	if err != nil {
		return err
	}
	out := accounts{Accounts: make([]account, len(found))}
	for i := range found {
		out.Accounts[i] = shownAccount(&found[i])
	}
	if len(found) == limit {
		out.NextAfter = found[limit-1].ID
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) createAccount(w http.ResponseWriter, c *call) error {
	var in struct {
		Login    string        `json:"login"`
		Name     string        `json:"name"`
		Language string        `json:"language"`
		Roles    []people.Role `json:"roles"`
		Password string        `json:"password"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	a, err := s.people.CreateAccount(c.Context(), people.NewAccount(in))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/accounts/"+a.ID)
	return writeJSON(w, http.StatusCreated, shownAccount(a))
}

func (s *server) showAccount(w http.ResponseWriter, c *call) error {
	a, err := s.people.Account(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, shownAccount(a))
}

// accountChange names what is to change; what is absent stays.
type accountChange struct {
	Name     *string        `json:"name"`
	Language *string        `json:"language"`
	Roles    *[]people.Role `json:"roles"`
	Disabled *bool          `json:"disabled"`
}

// changeAccount makes the changes one after the other, the harmless ones first;
// a refused one leaves those before it done.
func (s *server) changeAccount(w http.ResponseWriter, c *call) error {
	var in accountChange
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if err := s.apply(c, c.PathValue("id"), &in); err != nil {
		return err
	}
	return s.showAccount(w, c)
}

func (s *server) apply(c *call, id string, in *accountChange) error {
	if in.Name != nil {
		if err := s.people.SetName(c.Context(), id, *in.Name); err != nil {
			return err
		}
	}
	if in.Language != nil {
		if err := s.people.SetLanguage(c.Context(), id, *in.Language); err != nil {
			return err
		}
	}
	if in.Roles != nil {
		if err := s.people.SetRoles(c.Context(), id, *in.Roles); err != nil {
			return err
		}
	}
	switch {
	case in.Disabled == nil:
		return nil
	case *in.Disabled:
		return s.people.Disable(c.Context(), id)
	default:
		return s.people.Enable(c.Context(), id)
	}
}

func (s *server) setPassword(w http.ResponseWriter, c *call) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return noContent(w, s.people.SetPassword(c.Context(), c.PathValue("id"), in.Password))
}

// token is a program's right to act for an account.
type token struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Scopes  []people.Scope `json:"scopes"`
	Created time.Time      `json:"created"`
	Used    time.Time      `json:"used,omitzero"`
	Expires time.Time      `json:"expires"`
	Secret  string         `json:"secret,omitempty"` // only in the answer that makes it
}

func shownToken(t *people.Token, secret string) token {
	return token{t.ID, t.Name, t.Scopes, utc(t.Created), utc(t.Used), utc(t.Expires), secret}
}

type tokens struct {
	Tokens []token `json:"tokens"`
}

func (s *server) listTokens(w http.ResponseWriter, c *call) error {
	found, err := s.people.Tokens(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	out := tokens{make([]token, len(found))}
	for i := range found {
		out.Tokens[i] = shownToken(&found[i], "")
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) createToken(w http.ResponseWriter, c *call) error {
	var in struct {
		Name    string         `json:"name"`
		Scopes  []people.Scope `json:"scopes"`
		Expires time.Time      `json:"expires"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	secret, t, err := s.people.CreateToken(c.Context(), c.PathValue("id"), people.NewToken(in))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, shownToken(t, secret))
}

func (s *server) revokeToken(w http.ResponseWriter, c *call) error {
	return noContent(w, s.people.RevokeToken(c.Context(), c.PathValue("id"), c.PathValue("token")))
}
