package people

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

const callback = "http://localhost/sign-in/provider/back"

// newProvider runs an OpenID provider, in which test-user@localhost and
// test-user2 have accounts, and returns ours over it.
func newProvider(t *testing.T, h *house) *Provider {
	t.Helper()
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.DiscardHandler))
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String() + "/"
	storage.RegisterClients(storage.WebClient("jisr", "secret", callback))
	server.Config.Handler = exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)), nil, false, op.WithAllowInsecure())
	server.Start()
	t.Cleanup(server.Close)
	return NewProvider(h.Service, ProviderOptions{Issuer: issuer, ClientID: "jisr", Secret: "secret", Redirect: callback})
}

// visit does what a browser does at the provider and returns the address it is
// sent back to.
func visit(t *testing.T, address, user string) *url.URL {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	var back *url.URL
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	form := url.Values{"username": {user}, "password": {"verysecure"}, "id": {res.Request.URL.Query().Get("authRequestID")}}
	res, err = browser.PostForm(res.Request.URL.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if back == nil {
		t.Fatalf("the provider did not send the browser back: %s\n%s", res.Status, page)
	}
	return back
}

func TestProviderOpensTheAccountOfTheVerifiedAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "test-user@zitadel.ch", Editor)
		p := newProvider(t, h)
		address, ticket, err := p.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		host, _ := url.Parse(p.options.Issuer)
		back := visit(t, address, "test-user@"+host.Hostname()).Query()
		if _, _, err := p.Finish(ctx, ticket, "another state", back.Get("code"), office, ""); news.KindOf(err) != news.Forbidden {
			t.Errorf("an answer to another question: %v", err)
		}
		secret, c, err := p.Finish(ctx, ticket, back.Get("state"), back.Get("code"), office, "Browser/1")
		if err != nil {
			t.Fatal(err)
		}
		if in, err := h.Session(ctx, secret); err != nil || in.Account.ID != a.ID || c.Account.ID != a.ID {
			t.Errorf("signed in as %+v, %v", in, err)
		}
		if _, _, err := p.Finish(ctx, ticket, back.Get("state"), back.Get("code"), office, ""); news.KindOf(err) != news.Forbidden {
			t.Errorf("the same answer again: %v", err)
		}
		// Once linked, the subject counts and no longer the address.
		if _, err := d.Writer().ExecContext(ctx, `UPDATE account SET login = 'renamed' WHERE id = '`+a.ID+`'`); err != nil {
			t.Fatal(err)
		}
		address, ticket, _ = p.Begin(ctx)
		back = visit(t, address, "test-user@"+host.Hostname()).Query()
		if _, c, err := p.Finish(ctx, ticket, back.Get("state"), back.Get("code"), office, ""); err != nil || c.Account.ID != a.ID {
			t.Errorf("after the login changed: %v", err)
		}
	})
}

func TestProviderMakesNoAccountsAndOpensNoDisabledOnes(t *testing.T) {
	h, ctx := newHouse(dbtest.Open(t, db.SQLite)), t.Context()
	p := newProvider(t, h)
	sign := func() error {
		address, ticket, err := p.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		back := visit(t, address, "test-user2").Query()
		_, _, err = p.Finish(ctx, ticket, back.Get("state"), back.Get("code"), office, "")
		return err
	}
	if err := sign(); news.KindOf(err) != news.Forbidden || !strings.Contains(err.Error(), "no account") {
		t.Errorf("a stranger: %v", err)
	}
	a := h.hire(t, "test-user2@zitadel.ch", Editor)
	if err := h.Disable(ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	if err := sign(); news.KindOf(err) != news.Forbidden || !strings.Contains(err.Error(), "disabled") {
		t.Errorf("a disabled account: %v", err)
	}
}

func TestProviderThatIsAwayIsSaidSo(t *testing.T) {
	h := newHouse(dbtest.Open(t, db.SQLite))
	p := NewProvider(h.Service, ProviderOptions{Issuer: "http://127.0.0.1:1/", ClientID: "jisr", Redirect: callback})
	if _, _, err := p.Begin(t.Context()); news.KindOf(err) != news.Unavailable {
		t.Errorf("%v", err)
	}
}
