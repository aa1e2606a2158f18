package ninjs

import (
	"strings"
	"testing"
	"time"
)

func TestAddressesBecomeURIs(t *testing.T) {
	for in, want := range map[string]string{
		"urn:newsml:x:1":                 "urn:newsml:x:1",
		"tag:x.example,2026:a":           "tag:x.example,2026:a",
		"https://x.example/a?b=c&d=%20#": "https://x.example/a?b=c&d=%20#",
		"http://[2001:db8::1]:80/":       "http://[2001:db8::1]:80/",
		"https://x.example/a[1]":         "https://x.example/a%5B1%5D",
		"https://x.example/й":            "https://x.example/%D0%B9",
		"https://x.example/a b":          "https://x.example/a%20b",
		"https://x.example/100%":         "https://x.example/100%25",
		"urn:x#a#b":                      "urn:x#a%23b",
		"no scheme":                      "",
		"/relative":                      "",
		"1x:y":                           "",
		"й:y":                            "",
		"":                               "",
	} {
		if got := asURI(in); got != want {
			t.Errorf("asURI(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestHostileAddressTakesLinearTime would take minutes if it did not.
func TestHostileAddressTakesLinearTime(t *testing.T) {
	start := time.Now()
	for _, part := range []string{"]", "://[", "#", "%", "://[]"} {
		asURI("x:" + strings.Repeat(part, 1<<20))
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
