// Package fetch makes the HTTP client with which a node calls others. Its
// invariant: a name or address that came from outside never makes the node
// call into its own network. Only public addresses are dialled, whatever a name
// resolves to and wherever a redirect leads, unless the operator listed the
// host.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"jisr/internal/news"
)

// Options says what a client may call.
type Options struct {
	// Allow reports whether a host (without port, lower case) may be called
	// wherever it is: what the operator typed or configured. nil allows none.
	Allow func(host string) bool
	// Header is how long the answer's header may take; 0 means 40 s, above the
	// longest long poll.
	Header time.Duration
}

// Client returns a client that follows no redirects: a node's addresses do not
// move silently.
func Client(o Options) *http.Client {
	if o.Header == 0 {
		o.Header = 40 * time.Second
	}
	t := &http.Transport{
		DialContext:           Dialer(o.Allow),
		ResponseHeaderTimeout: o.Header,
		TLSHandshakeTimeout:   10 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
		MaxConnsPerHost:       16,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // the exchange states its own encodings
		WriteBufferSize:       64 << 10,
		ReadBufferSize:        64 << 10,
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Dialer returns the function by which all that calls out dials, for protocols
// other than HTTP. allow is as in Options.
func Dialer(allow func(string) bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
		if allow == nil || !allow(strings.ToLower(host)) {
			// Control sees the address that is really dialled, after resolution: a
			// name that changes its answer between two look-ups gains nothing.
			d.Control = refuseInternal
		}
		return d.DialContext(ctx, network, address)
	}
}

func refuseInternal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	if !public(ap.Addr().Unmap()) {
		return news.Errorf(news.Forbidden, "url",
			"%s is inside a private network; an operator must list the host before this node calls it", ap.Addr())
	}
	return nil
}

// internal lists the ranges that IANA's special-purpose registries keep out of
// the public Internet and that netip's own tests do not cover.
var internal = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("2002::/16"),
}

func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(internal, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Reason puts a failed call in words that an operator can act on.
func Reason(err error) string {
	var e *news.Error
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &e):
		return e.Message
	case errors.As(err, &dns):
		return "the name " + dns.Name + " cannot be found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at that address"
	case errors.As(err, &op) && op.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "it did not answer in time"
	}
	return err.Error()
}
