// Package web is the newsroom in a browser: pages rendered on the server, in
// Arabic, Russian and English, that work without scripts.
//
// Its invariants:
//
//   - Every route is in one table (routes.go) with the permission that it needs,
//     and nothing is called before that was checked.
//   - What strangers wrote is shown, never obeyed: sanitised, isolated in its own
//     language and direction, under a content security policy without inline
//     scripts or styles.
//   - A form that is refused comes back with everything that was typed.
//
// Handlers read the request, call one service and render a view of package
// view; rules live in the services.
package web

import (
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"jisr/internal/web/locales"
	"jisr/internal/web/prose"
	"jisr/internal/web/view"
)

// Options is what the site needs.
type Options struct {
	Newsroom Newsroom
	Exchange Exchange
	People   People
	Search   Search
	Ingest   Ingest
	Deliver  Deliver
	Vocab    Vocabulary
	Ledger   Ledger
	Media    Media
	Files    Files
	Passkeys Passkeys // nil where the node does not know its address
	Provider Provider // nil for none
	// ProviderName is what people call the provider.
	ProviderName string
	// Subscribe returns a channel that receives after the topic changed, as
	// db.DB.Subscribe does.
	Subscribe func(topic string) (woken <-chan struct{}, cancel func())
	URL       string         // of the node; cookies are for https only if it is https
	Zone      *time.Location // in which the newsroom reads the clock; UTC if nil
	Now       func() time.Time
	Log       *slog.Logger
}

// Site is the web application of a node.
type Site struct {
	newsroom  Newsroom
	exchange  Exchange
	people    People
	search    Search
	ingest    Ingest
	deliver   Deliver
	vocab     Vocabulary
	ledger    Ledger
	media     Media
	files     Files
	uploads   http.Handler
	passkeys  Passkeys
	provider  Provider
	calls     string // how people call the provider
	subscribe func(string) (<-chan struct{}, func())
	zone      *time.Location
	now       func() time.Time
	log       *slog.Logger

	catalog   *locales.Catalog
	sanitizer *prose.Sanitizer
	static    *static
	directory directory
	cookie    cookies
	url       string
	streams   atomic.Int64 // open event streams
	peopled   atomic.Bool  // the node has an account; it never goes back
	handler   http.Handler
}

// New returns the site. It fails if a word lacks a language.
func New(o Options) (*Site, error) {
	s := &Site{newsroom: o.Newsroom, exchange: o.Exchange, people: o.People, search: o.Search, ingest: o.Ingest, deliver: o.Deliver, vocab: o.Vocab,
		ledger: o.Ledger, url: o.URL,
		media: o.Media, files: o.Files, passkeys: o.Passkeys, provider: o.Provider, calls: o.ProviderName, subscribe: o.Subscribe, zone: o.Zone, now: o.Now, log: o.Log, sanitizer: prose.NewSanitizer()}
	if s.zone == nil {
		s.zone = time.UTC
	}
	var err error
	if s.catalog, err = locales.Load(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.static, err = newStatic(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.uploads, err = o.Files.UploadHandler(uploadPath); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.cookie = cookiesFor(o.Ledger.Origin(), o.URL)
	s.handler = s.routes()
	return s, nil
}

// ServeHTTP answers a request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// cookies names the site's cookies. Browsers share cookies between the ports of
// a host, so two nodes on one machine need names of their own.
type cookies struct {
	session, language string
	look              string
	errand            string // at the provider
	secure            bool
}

func cookiesFor(origin, nodeURL string) cookies {
	h := fnv.New32a()
	h.Write([]byte(origin))
	c := cookies{session: fmt.Sprintf("jisr-%08x", h.Sum32()), language: fmt.Sprintf("jisr-language-%08x", h.Sum32()),
		look:   fmt.Sprintf("jisr-look-%08x", h.Sum32()),
		errand: fmt.Sprintf("jisr-errand-%08x", h.Sum32())}
	if u, err := url.Parse(nodeURL); err == nil && u.Scheme == "https" {
		// The prefix makes browsers refuse the cookie from any other host or path.
		c.session, c.errand, c.secure = "__Host-"+c.session, "__Host-"+c.errand, true
	}
	return c
}

func (c cookies) set(w http.ResponseWriter, name, value string, life time.Duration) {
	cookie := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode}
	switch {
	case value == "":
		cookie.MaxAge = -1
	default:
		cookie.MaxAge = int(life.Seconds())
	}
	http.SetCookie(w, cookie)
}

var _ http.Handler = (*Site)(nil)

// assets are what every page links.
func (s *Site) assets() view.Assets {
	return view.Assets{Style: s.static.path("app.css"), Script: s.static.path("app.js"), Icon: s.static.path("icon.svg"),
		Drafts: s.static.path("drafts.js"), Editor: s.static.optional("editor.js")}
}
