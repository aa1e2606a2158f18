package api

import (
	"bytes"
	"strings"
	"testing"

	"jisr/internal/people"
)

func putBytes(t *testing.T, n *node, token string, b []byte) string {
	t.Helper()
	var out stored
	n.do(t, token, "POST", "/api/v1/media", b).want(201).into(&out)
	return out.Digest
}

func rendition(digest, contentType string) object {
	return object{"name": "main", "href": digest, "contentType": contentType}
}

func TestMediaAreServedSafelyAndOnlyWithTheirItem(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	picture, script := bytes.Repeat([]byte("pixel"), 1000), []byte("<svg onload=alert(1)>")
	pic, svg, loose := putBytes(t, n, chief, picture), putBytes(t, n, chief, script), putBytes(t, n, chief, []byte("nobody's"))
	it := story("urn:x:1", "en", "Pictures")
	svgRendition := rendition(svg, "image/svg+xml")
	svgRendition["name"] = "vector"
	it["renditions"] = []object{rendition(pic, "image/png"), svgRendition}
	n.publish(t, chief, it)

	r := n.do(t, chief, "GET", "/api/v1/media/"+pic+"?uri=urn:x:1", nil).want(200)
	if !bytes.Equal(r.Body, picture) || r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Content-Disposition") != "inline" {
		t.Errorf("headers %v", r.Header)
	}
	if r.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a browser is not told to be careful: %v", r.Header)
	}
	if part := n.do(t, chief, "GET", "/api/v1/media/"+pic+"?uri=urn:x:1", nil, header{"Range", "bytes=5-9"}).want(206); string(part.Body) != "pixel" {
		t.Errorf("a range gave %q", part.Body)
	}
	n.do(t, chief, "GET", "/api/v1/media/"+pic+"?uri=urn:x:1", nil, header{"If-None-Match", r.Header.Get("ETag")}).want(304)

	r = n.do(t, chief, "GET", "/api/v1/media/"+svg+"?uri=urn:x:1", nil).want(200)
	if r.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("a file that can run is served as %v", r.Header)
	}
	for _, digest := range []string{loose, "sha256:" + strings.Repeat("0", 64), "..%2f..%2fjisr.db"} {
		n.do(t, chief, "GET", "/api/v1/media/"+digest+"?uri=urn:x:1", nil).problem(404)
	}
	n.do(t, chief, "POST", "/api/v1/acts/kill", object{"uri": "urn:x:1", "reason": "wrong picture"}).want(201)
	n.do(t, chief, "GET", "/api/v1/media/"+pic+"?uri=urn:x:1", nil).problem(404)
}

func TestItemWithMediaThatAreNotHereIsRefused(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	it := story("urn:x:1", "en", "Picture")
	it["renditions"] = []object{rendition("sha256:"+strings.Repeat("a", 64), "image/png")}
	if p := n.do(t, chief, "POST", "/api/v1/items", it).problem(400); p.Field != "renditions" {
		t.Errorf("%+v", p)
	}
}

func TestFileNamesOfSendersAreTamed(t *testing.T) {
	for in, want := range map[string]string{
		"photo.jpg": "photo.jpg", `C:\pics\фото.jpg`: "фото.jpg", "../../etc/passwd": "passwd", "..": "", "": "",
		"a\r\nSet-Cookie: x": "aSet-Cookie: x", "gpj.\u202eexe": "gpj.exe", strings.Repeat("x", 300): "",
	} {
		if got := plainName(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestStoredPictureIsWantedOnPagesAndStoredTextIsNot(t *testing.T) {
	n := sqliteNode(t)
	token := n.token(t, []people.Role{people.Reporter})
	for body, shown := range map[string]bool{"\x89PNG\r\n\x1a\n": true, "a text": false} {
		var st stored
		n.do(t, token, "POST", "/api/v1/media", []byte(body)).want(201).into(&st)
		if _, err := n.Media.File(t.Context(), st.Digest); (err == nil) != shown {
			t.Errorf("%q: %v", body, err)
		}
	}
}
