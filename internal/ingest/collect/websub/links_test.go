package websub

import (
	"net/http"
	"strings"
	"testing"
)

func TestLinksNameHubAndTopic(t *testing.T) {
	for name, c := range map[string]struct {
		fields     []string
		hub, topic string
	}{
		"none":           {nil, "", ""},
		"two fields":     {[]string{`<https://hub.example/>; rel="hub"`, `<https://wire.example/f>; rel="self"`}, "https://hub.example/", "https://wire.example/f"},
		"one field":      {[]string{`<https://hub.example/>;rel=hub , </f> ; type="a;b,c" ; rel="x SELF"`}, "https://hub.example/", "https://wire.example/f"},
		"first counts":   {[]string{`<https://a.example/>; rel=hub, <https://b.example/>; rel=hub`}, "https://a.example/", ""},
		"first rel":      {[]string{`<https://a.example/>; rel=next; rel=hub`}, "", ""},
		"quoted comma":   {[]string{`<https://a.example/>; title="a, <b>; rel=hub"; rel="hub"`}, "https://a.example/", ""},
		"escaped quotes": {[]string{`<https://a.example/>; title="\", \\"; rel=hub`}, "https://a.example/", ""},
		"flag":           {[]string{`<https://a.example/>; x; rel=hub`}, "https://a.example/", ""},
		"broken":         {[]string{`<https://a.example/`, `>; rel=hub`, `<%zz>; rel=hub`, `;;;=,=,"`, `<`}, "", ""},
		"endless":        {[]string{strings.Repeat(`</x>; rel=next, `, 5000) + `</h>; rel=hub`}, "", ""},
	} {
		hub, topic := Links(http.Header{"Link": c.fields}, "https://wire.example/feed")
		if hub != c.hub || topic != c.topic {
			t.Errorf("%s: %q, %q; want %q, %q", name, hub, topic, c.hub, c.topic)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add(`<https://hub.example/>;rel=hub , </f> ; type="a;b,c" ; rel="x SELF"`)
	f.Add(`<a>; b="\`)
	f.Fuzz(func(t *testing.T, field string) {
		hub, _ := Links(http.Header{"Link": {field}}, "https://wire.example/feed")
		if hub != "" && !strings.Contains(strings.ToLower(field), "hub") {
			t.Errorf("%q names no hub", field)
		}
	})
}
