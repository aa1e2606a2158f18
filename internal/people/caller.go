package people

import (
	"slices"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Caller is who makes a request: a person in a session, or a program with a
// token of an account. web and api put it into the request; it holds what was
// true when the request came in.
type Caller struct {
	Account Account
	Session string  // id of the session; empty for a token
	Token   string  // id of the token; empty for a session
	Scopes  []Scope // of the token
}

// Can reports whether the caller has the permission. A nil caller, that is one
// who has not signed in, has none.
func (c *Caller) Can(p Permission) bool {
	if c == nil || c.Account.Disabled {
		return false
	}
	if c.Session == "" && !slices.ContainsFunc(c.Scopes, func(s Scope) bool { return s.Covers(p) }) {
		return false
	}
	return slices.ContainsFunc(c.Account.Roles, func(r Role) bool { return r.Grants(p) })
}

// Check returns nil if the caller has the permission, and else an error of kind
// Forbidden that names it.
func (c *Caller) Check(p Permission) error {
	switch {
	case c.Can(p):
		return nil
	case c == nil:
		return ErrSignedOut
	case c.Session == "" && !slices.ContainsFunc(c.Scopes, func(s Scope) bool { return s.Covers(p) }):
		return news.Errorf(news.Forbidden, "", "the token has no scope that covers the permission %s", p)
	}
	return news.Errorf(news.Forbidden, "", "this needs the permission %s, which none of your roles has", p)
}

// Permissions lists the permissions of the caller, for pages that show what one may do.
func (c *Caller) Permissions() []Permission {
	var out []Permission
	for _, p := range Permissions {
		if c.Can(p) {
			out = append(out, p)
		}
	}
	return out
}

// Actor is the caller as a ledger entry names it when the permission is used:
// the least of the caller's roles that grants it. The record is for ever and
// partners read it, so the name is only in it if the person asked for that.
func (c *Caller) Actor(p Permission) ledger.Actor {
	var a ledger.Actor
	if i := slices.IndexFunc(c.Account.Roles, func(r Role) bool { return r.Grants(p) }); i >= 0 {
		a.Role = string(c.Account.Roles[i])
	}
	if c.Account.Named {
		a.Name = c.Account.Name
	}
	return a
}
