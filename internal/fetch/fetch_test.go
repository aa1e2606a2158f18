package fetch

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"jisr/internal/news"
)

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1": false, "10.1.2.3": false, "192.168.0.1": false, "172.16.0.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "::1": false, "fe80::1": false, "fd00::1": false, "64:ff9b::a00:1": false,
		"224.0.0.1": false, "93.184.216.34": true, "2606:2800:220:1::1": true,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: public %v, want %v", addr, got, want)
		}
	}
}

func TestLoopbackIsRefusedUnlessListed(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer srv.Close()
	if _, err := Client(Options{}).Get(srv.URL); news.KindOf(err) != news.Forbidden {
		t.Errorf("loopback was called: %v", err)
	}
	res, err := Client(Options{Allow: func(host string) bool { return host == "127.0.0.1" }}).Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}
