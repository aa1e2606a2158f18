package lexical_test

import (
	"testing"
	"time"

	"jisr/internal/format/lexical"
)

func TestTimesOfEveryFormatAreRead(t *testing.T) {
	for _, c := range []struct {
		in, want  string
		zoned, ok bool
	}{
		{"2026-03-01T07:00:00+03:00", "2026-03-01T07:00:00+03:00", true, true},
		{"20260301T070000+0300", "2026-03-01T07:00:00+03:00", true, true},
		{"20260301T070000Z", "2026-03-01T07:00:00Z", true, true},
		{"20260301T070000+0000", "2026-03-01T07:00:00Z", true, true},
		{"20260301T0700+0300", "2026-03-01T07:00:00+03:00", true, true},
		{"20260301T070000", "2026-03-01T07:00:00Z", false, true},
		{"2026-03-01", "2026-03-01T00:00:00Z", false, true},
		{"2026-03-01T07:00:00+24:00", "0001-01-01T00:00:00Z", true, false},
		{"1 March", "0001-01-01T00:00:00Z", false, false},
		{"", "0001-01-01T00:00:00Z", false, false},
	} {
		at, zoned, ok := lexical.Time(c.in)
		if got := at.Format(time.RFC3339); got != c.want || zoned != c.zoned || ok != c.ok {
			t.Errorf("%q: %s, %v, %v", c.in, got, zoned, ok)
		}
	}
}

func TestURNsGiveTheirPartsBack(t *testing.T) {
	urn := lexical.URN("nitf", "x.example", "20260301:7 ж", "")
	if urn != "urn:nitf:x.example:20260301%3A7%20%D0%B6" || !lexical.IsURI(urn) {
		t.Error(urn)
	}
	if parts, ok := lexical.Parts("nitf", urn); !ok || len(parts) != 2 || parts[1] != "20260301:7 ж" {
		t.Errorf("%q, %v", parts, ok)
	}
	if _, ok := lexical.Parts("nitf", "urn:x:1"); ok {
		t.Error("a foreign URN has no parts")
	}
	if a, b := lexical.ContentURI([]byte("a")), lexical.ContentURI([]byte("b")); a == b || !lexical.IsURI(a) || !lexical.IsUUID(a[len("urn:uuid:"):]) {
		t.Error(a, b)
	}
}

func TestLanguageTagsAreMadeBCP47(t *testing.T) {
	for in, want := range map[string]string{"en_GB": "en-GB", " ar ": "ar", "": ""} {
		if got, ok := lexical.Language(in); got != want || !ok {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
	if _, ok := lexical.Language("Russian language"); ok {
		t.Error("words are no tag")
	}
}
