package web

import (
	"errors"

	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// home sends the reader where work begins.
func (s *Site) home(q *request) error {
	fresh, err := s.fresh(q)
	switch {
	case err != nil:
		return err
	case fresh:
		return q.redirect("/welcome", "")
	case q.caller == nil:
		return q.redirect("/sign-in", "")
	case q.can(people.ReadWire):
		return q.redirect("/wire", "")
	}
	return q.redirect("/me", "")
}

// fresh reports whether the node has no account yet.
func (s *Site) fresh(q *request) (bool, error) {
	if s.peopled.Load() {
		return false, nil
	}
	any, err := s.people.AnyAccount(q.Context())
	if err != nil {
		return false, err
	}
	s.peopled.Store(any)
	return !any, nil
}

func (s *Site) signInPage(q *request) error {
	if fresh, err := s.fresh(q); err != nil || fresh {
		if err != nil {
			return err
		}
		return q.redirect("/welcome", "")
	}
	return s.showSignIn(q, q.FormValue("next"), nil)
}

func (s *Site) showSignIn(q *request, next string, failed error) error {
	v := view.SignIn{Shell: q.shell("", q.T("title.signin"), failed), Login: q.PostFormValue("login"), Next: local(next),
		CanPasskey: s.passkeys != nil}
	if s.provider != nil {
		v.Provider = s.calls
	}
	return q.render(view.SignInPage(v), failed)
}

func (s *Site) signIn(q *request) error {
	next := local(q.PostFormValue("next"))
	err := s.start(q, q.secret("login"), q.secret("password"))
	var needs *people.NeedsCode
	if errors.As(err, &needs) {
		return s.askCode(q, needs.Ticket, next, nil)
	}
	if err != nil {
		return s.showSignIn(q, next, err)
	}
	return q.redirect(next, "")
}

// start signs in and gives the browser the new session's cookie.
func (s *Site) start(q *request, login, password string) error {
	secret, _, err := s.people.SignIn(q.Context(), people.Credentials{
		Login: login, Password: password, Address: q.RemoteAddr, Agent: q.UserAgent()})
	if err != nil {
		return err
	}
	s.cookie.set(q.w, s.cookie.session, secret, people.SessionLife)
	return nil
}

func (s *Site) signOut(q *request) error {
	if c, err := q.Cookie(s.cookie.session); err == nil {
		if err := s.people.SignOut(q.Context(), c.Value); err != nil {
			return err
		}
	}
	s.cookie.set(q.w, s.cookie.session, "", 0)
	q.w.Header().Set("Clear-Site-Data", `"cache"`)
	return q.redirect("/sign-in", "signed_out")
}

func (s *Site) welcomePage(q *request) error {
	fresh, err := s.fresh(q)
	if err != nil {
		return err
	}
	if !fresh {
		return q.redirect("/", "")
	}
	return s.showWelcome(q, nil)
}

func (s *Site) showWelcome(q *request, failed error) error {
	v := view.Welcome{Shell: q.shell("", q.T("title.welcome"), failed), Login: q.PostFormValue("login"), Name: q.PostFormValue("name")}
	return q.render(view.WelcomePage(v), failed)
}

func (s *Site) welcome(q *request) error {
	first := people.NewAccount{Login: q.text("login"), Name: q.text("name"), Language: q.Tag,
		Roles: []people.Role{people.Chief, people.Admin}, Password: q.secret("password")}
	if _, err := s.people.CreateFirstAccount(q.Context(), first); err != nil {
		return s.showWelcome(q, err)
	}
	s.peopled.Store(true)
	if err := s.start(q, first.Login, first.Password); err != nil {
		return err
	}
	return q.redirect("/organisation", "welcome")
}

// setLanguage changes the language of the interface: in the account of who has
// signed in, and in a cookie, for the pages before that.
func (s *Site) setLanguage(q *request) error {
	tag := q.PostFormValue("language")
	if s.catalog.Language(tag) == nil {
		return news.Errorf(news.Invalid, "language", "%q is not a language of the interface", tag)
	}
	if q.caller != nil {
		if err := s.people.SetLanguage(q.Context(), q.account(), tag); err != nil {
			return err
		}
	}
	s.cookie.set(q.w, s.cookie.language, tag, people.SessionLife*52)
	return q.redirect(local(q.PostFormValue("next")), "")
}
