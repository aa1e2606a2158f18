package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// ticketLife is how long the cookie of an errand to the provider lives; the
// service decides when its ticket ends.
const ticketLife = people.TicketLife

// signInCode goes on with a sign-in whose password was right.
func (s *Site) signInCode(q *request) error {
	ticket, next := q.secret("ticket"), local(q.PostFormValue("next"))
	secret, _, err := s.people.SignInWithCode(q.Context(), ticket, q.secret("code"), q.RemoteAddr, q.UserAgent())
	var e *news.Error
	if errors.As(err, &e) && (e.Field == "code" || e.Kind == news.Unavailable) {
		return s.askCode(q, ticket, next, err)
	}
	if err != nil {
		return s.showSignIn(q, next, err)
	}
	s.cookie.set(q.w, s.cookie.session, secret, people.SessionLife)
	return q.redirect(next, "")
}

func (s *Site) askCode(q *request, ticket, next string, failed error) error {
	v := view.Code{Shell: q.shell("", q.T("title.code"), failed), Ticket: ticket, Next: next}
	return q.render(view.CodePage(v), failed)
}

// offer answers the script of a page with what the browser's authenticator needs.
func (q *request) offer(options []byte, ticket string, err error) error {
	if err != nil {
		return err
	}
	b, err := json.Marshal(struct {
		Ticket  string          `json:"ticket"`
		Options json.RawMessage `json:"options"`
	}{ticket, options})
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/json")
	_, _ = q.w.Write(b)
	return nil
}

var errNoPasskeys = news.Errorf(news.NotFound, "passkey", "this node does not know its own address, which passkeys are bound to: set it in the settings")

func (s *Site) beginPasskeySignIn(q *request) error {
	if s.passkeys == nil {
		return errNoPasskeys
	}
	return q.offer(s.passkeys.BeginSignIn(q.Context()))
}

func (s *Site) passkeySignIn(q *request) error {
	if s.passkeys == nil {
		return errNoPasskeys
	}
	next := local(q.PostFormValue("next"))
	secret, _, err := s.passkeys.SignIn(q.Context(), q.secret("ticket"), []byte(q.secret("response")), q.RemoteAddr, q.UserAgent())
	if err != nil {
		return s.showSignIn(q, next, err)
	}
	s.cookie.set(q.w, s.cookie.session, secret, people.SessionLife)
	return q.redirect(next, "")
}

// toProvider sends the browser to the organisation's sign-in service.
func (s *Site) toProvider(q *request) error {
	if s.provider == nil {
		return news.Errorf(news.NotFound, "", "this node has no sign-in service beside its own")
	}
	address, ticket, err := s.provider.Begin(q.Context())
	if err != nil {
		return s.showSignIn(q, "/", err)
	}
	s.cookie.set(q.w, s.cookie.errand, ticket, ticketLife)
	http.Redirect(q.w, q.Request, address, http.StatusSeeOther)
	return nil
}

// fromProvider takes up who comes back from there.
func (s *Site) fromProvider(q *request) error {
	if s.provider == nil {
		return news.Errorf(news.NotFound, "", "this node has no sign-in service beside its own")
	}
	ticket := ""
	if c, err := q.Cookie(s.cookie.errand); err == nil {
		ticket = c.Value
	}
	s.cookie.set(q.w, s.cookie.errand, "", 0)
	secret, _, err := s.provider.Finish(q.Context(), ticket, q.FormValue("state"), q.FormValue("code"), q.RemoteAddr, q.UserAgent())
	if err != nil {
		return s.showSignIn(q, "/", err)
	}
	s.cookie.set(q.w, s.cookie.session, secret, people.SessionLife)
	return q.redirect("/", "")
}

// secureMe shows how the reader signs in.
func (s *Site) secureMe(q *request) error { return s.showSecure(q, view.Secure{}, nil) }

func (s *Site) showSecure(q *request, v view.Secure, failed error) error {
	v.Shell = q.shell("me", q.T("title.secure"), failed)
	var err error
	if v.Factor, err = s.people.Factor(q.Context(), q.account()); err != nil {
		return err
	}
	if s.passkeys != nil {
		v.CanPasskey = true
		if v.Passkeys, err = s.passkeys.List(q.Context(), q.account()); err != nil {
			return err
		}
	}
	return q.render(view.SecurePage(v), failed)
}

func (s *Site) beginFactor(q *request) error {
	e, err := s.people.BeginFactor(q.Context(), q.caller, s.ledger.Origin())
	if err != nil {
		return s.showSecure(q, view.Secure{}, err)
	}
	return s.showSecure(q, view.Secure{Enrolment: e}, nil)
}

func (s *Site) confirmFactor(q *request) error {
	recovery, err := s.people.ConfirmFactor(q.Context(), q.caller, q.secret("code"))
	if err != nil {
		// The same secret is shown again: the device has it already.
		e := &people.Enrolment{Secret: q.secret("secret"), URL: q.secret("url")}
		return s.showSecure(q, view.Secure{Enrolment: e}, err)
	}
	return s.showSecure(q, view.Secure{Recovery: recovery}, nil)
}

func (s *Site) removeFactor(q *request) error {
	if err := s.people.RemoveFactor(q.Context(), q.caller, q.RemoteAddr, q.secret("present")); err != nil {
		return s.showSecure(q, view.Secure{}, err)
	}
	return q.redirect("/me/security", "factor_removed")
}

func (s *Site) beginPasskey(q *request) error {
	if s.passkeys == nil {
		return errNoPasskeys
	}
	return q.offer(s.passkeys.Begin(q.Context(), q.caller))
}

func (s *Site) addPasskey(q *request) error {
	if s.passkeys == nil {
		return errNoPasskeys
	}
	_, err := s.passkeys.Add(q.Context(), q.caller, q.secret("ticket"), q.text("passkey_name"), []byte(q.secret("response")))
	if err != nil {
		return s.showSecure(q, view.Secure{}, err)
	}
	return q.redirect("/me/security", "passkey_added")
}

func (s *Site) removePasskey(q *request) error {
	if s.passkeys == nil {
		return errNoPasskeys
	}
	if err := s.passkeys.Remove(q.Context(), q.account(), q.FormValue("id")); err != nil {
		return s.showSecure(q, view.Secure{}, err)
	}
	return q.redirect("/me/security", "passkey_removed")
}
