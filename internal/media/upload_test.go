package media

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
)

// site serves uploads to people who sign in by a header.
type site struct {
	*house
	*httptest.Server
}

func serve(t *testing.T, h *house) *site {
	t.Helper()
	up, err := h.UploadHandler("/media/uploads/")
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle("/media/uploads/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who := r.Header.Get("Who"); who != "" {
			r = r.WithContext(WithOwner(r.Context(), who))
		}
		up.ServeHTTP(w, r)
	}))
	s := &site{h, httptest.NewServer(mux)}
	t.Cleanup(s.Close)
	return s
}

type answer struct {
	*http.Response
	body string
}

// ask makes a request of the protocol.
func (s *site) ask(t *testing.T, who, method, path string, body io.Reader, headers ...string) *answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	must(t, err)
	r.Header.Set("Tus-Resumable", "1.0.0")
	if who != "" {
		r.Header.Set("Who", who)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.Client().Do(r)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return &answer{res, string(b)}
}

func (s *site) create(t *testing.T, who, name string, size int) *answer {
	t.Helper()
	return s.ask(t, who, "POST", "/media/uploads/", nil, "Upload-Length", strconv.Itoa(size),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(name)))
}

func (s *site) patch(t *testing.T, who, path string, offset int, data []byte) *answer {
	t.Helper()
	return s.ask(t, who, "PATCH", path, bytes.NewReader(data), "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
}

// state is what GET says of an upload.
type state struct {
	Filename, Digest, Refused string
	Size, Received            int
}

func (s *site) state(t *testing.T, who, path string) state {
	t.Helper()
	a := s.ask(t, who, "GET", path, nil)
	if a.StatusCode != 200 {
		t.Fatalf("GET %s: %d %s", path, a.StatusCode, a.body)
	}
	var out state
	must(t, json.Unmarshal([]byte(a.body), &out))
	return out
}

func TestInterruptedUploadGoesOnWhereItStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serve(t, open(t, d))
		data := encoded(t, halves(900, 700), "png")
		made := s.create(t, "amal", `..\..\جسر "1".png`, len(data))
		path := made.Header.Get("Location")
		if made.StatusCode != 201 || !strings.HasPrefix(path, "/media/uploads/") {
			t.Fatalf("%d, location %q: %s", made.StatusCode, path, made.body)
		}
		// The line breaks in the middle of a part.
		broken := io.MultiReader(bytes.NewReader(data[:len(data)/3]), failing{})
		r, err := http.NewRequestWithContext(t.Context(), "PATCH", s.URL+path, broken)
		must(t, err)
		r.ContentLength = int64(len(data))
		for k, v := range map[string]string{"Who": "amal", "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"} {
			r.Header.Set(k, v)
		}
		if res, err := s.Client().Do(r); err == nil {
			res.Body.Close()
		}
		var at int
		eventually(t, func() bool {
			head := s.ask(t, "amal", "HEAD", path, nil)
			at, _ = strconv.Atoi(head.Header.Get("Upload-Offset"))
			return at == len(data)/3
		})
		if st := s.state(t, "amal", path); st.Received != at || st.Digest != "" || st.Filename != `جسر "1".png` {
			t.Errorf("in between: %+v", st)
		}
		if a := s.patch(t, "amal", path, 0, data); a.StatusCode != 409 {
			t.Errorf("from the beginning again: %d", a.StatusCode)
		}
		last := s.patch(t, "amal", path, at, data[at:])
		digest := last.Header.Get(DigestHeader)
		if last.StatusCode != 204 || !s.blobs.Has(digest) || !slices.Equal(s.bytes(t, digest), data) {
			t.Fatalf("the last part: %d %q %s", last.StatusCode, digest, last.body)
		}
		if !slices.Equal(s.wanted, []string{digest}) {
			t.Errorf("renditions are made of %q", s.wanted)
		}
		// Who lost the last answer asks again.
		if head := s.ask(t, "amal", "HEAD", path, nil); head.Header.Get("Upload-Offset") != strconv.Itoa(len(data)) {
			t.Errorf("afterwards: %v", head.Header)
		}
		if st := s.state(t, "amal", path); st.Digest != digest {
			t.Errorf("afterwards: %+v", st)
		}
		left, err := os.ReadDir(s.dir)
		must(t, err)
		if len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestUploadIsItsOwnersAlone(t *testing.T) {
	s := serve(t, sqlite(t))
	path := s.create(t, "amal", "a.png", 100).Header.Get("Location")
	for _, who := range []string{"boris", ""} {
		for _, a := range []*answer{s.ask(t, who, "HEAD", path, nil), s.ask(t, who, "GET", path, nil), s.ask(t, who, "DELETE", path, nil), s.patch(t, who, path, 0, []byte("x"))} {
			if a.StatusCode != 404 && (who != "" || a.StatusCode != 401) {
				t.Errorf("%q: %s answers %d", who, a.Request.Method, a.StatusCode)
			}
		}
	}
	if a := s.create(t, "", "a.png", 100); a.StatusCode != 401 {
		t.Errorf("without an account: %d", a.StatusCode)
	}
	for _, bad := range []string{"../../etc/passwd", "upload-x", "%2e%2e%2f", strings.Repeat("a", 26)} {
		if a := s.ask(t, "amal", "HEAD", "/media/uploads/"+bad, nil); a.StatusCode != 404 && a.StatusCode != 301 && a.StatusCode != 307 {
			t.Errorf("%s: %d", bad, a.StatusCode)
		}
	}
	// A form of another site cannot begin one: it cannot send the protocol's header.
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/media/uploads/", nil)
	must(t, err)
	r.Header.Set("Who", "amal")
	r.Header.Set("Upload-Length", "1")
	res, err := s.Client().Do(r)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("without the protocol's header: %d", res.StatusCode)
	}
	if a := s.ask(t, "amal", "DELETE", path, nil); a.StatusCode != 204 {
		t.Errorf("the owner removes it: %d", a.StatusCode)
	}
	if a := s.ask(t, "amal", "HEAD", path, nil); a.StatusCode != 404 {
		t.Errorf("removed: %d", a.StatusCode)
	}
}

func TestUploadOfAnotherTypeIsRefusedBeforeItIsWhole(t *testing.T) {
	s := serve(t, sqlite(t))
	program := append([]byte("\x7fELF\x02\x01\x01\x00"), make([]byte, 10_000)...)
	path := s.create(t, "amal", "picture.jpg", 5<<30).Header.Get("Location")
	a := s.patch(t, "amal", path, 0, program)
	if a.StatusCode != http.StatusUnsupportedMediaType || !strings.Contains(a.body, "are taken") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if st := s.state(t, "amal", path); st.Refused == "" || st.Digest != "" {
		t.Errorf("afterwards: %+v", st)
	}
	if a := s.patch(t, "amal", path, 0, program); a.StatusCode < 400 {
		t.Errorf("once more: %d", a.StatusCode)
	}
	// In parts too small to tell, it is refused at the end.
	small := []byte("<html><script>alert(1)</script></html>")
	path = s.create(t, "amal", "page.png", len(small)).Header.Get("Location")
	s.patch(t, "amal", path, 0, small[:5])
	if a := s.patch(t, "amal", path, 5, small[5:]); a.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	left, err := os.ReadDir(s.dir)
	must(t, err)
	if len(left) > 0 || len(s.wanted) > 0 {
		t.Errorf("%v is left, jobs %q", left, s.wanted)
	}
	for size, status := range map[int]int{0: 400, MaxSize + 1: 413} {
		if a := s.create(t, "amal", "x", size); a.StatusCode != status {
			t.Errorf("%d bytes: %d", size, a.StatusCode)
		}
	}
}

func TestUploadsThatRestAreGivenUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := serve(t, open(t, d))
		data := encoded(t, halves(40, 40), "png")
		path := s.create(t, "amal", "a.png", len(data)).Header.Get("Location")
		s.patch(t, "amal", path, 0, data[:50])
		if n, err := s.Expire(t.Context()); err != nil || n != 0 {
			t.Errorf("at once: %d, %v", n, err)
		}
		s.now = s.now.Add(uploadsRest + time.Hour)
		if n, err := s.Expire(t.Context()); err != nil || n != 1 {
			t.Errorf("later: %d, %v", n, err)
		}
		if a := s.ask(t, "amal", "HEAD", path, nil); a.StatusCode != 404 {
			t.Errorf("afterwards: %d", a.StatusCode)
		}
		left, err := os.ReadDir(s.dir)
		must(t, err)
		if len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	})
}

func TestAccountHasSoManyUploadsUnderWay(t *testing.T) {
	s := serve(t, sqlite(t))
	for range maxUnfinished {
		if a := s.create(t, "amal", "a.png", 100); a.StatusCode != 201 {
			t.Fatal(a.StatusCode)
		}
	}
	if a := s.create(t, "amal", "a.png", 100); a.StatusCode != 409 {
		t.Errorf("one more: %d", a.StatusCode)
	}
	if a := s.create(t, "boris", "a.png", 100); a.StatusCode != 201 {
		t.Errorf("another account: %d", a.StatusCode)
	}
}

func TestUploadWhoseEndACrashInterruptedIsFinished(t *testing.T) {
	s := serve(t, sqlite(t))
	data := encoded(t, halves(40, 40), "png")
	path := s.create(t, "amal", "a.png", len(data)).Header.Get("Location")
	id := path[strings.LastIndex(path, "/")+1:]
	must(t, os.WriteFile(s.partOf(id), data, 0o600)) // all bytes are here, and the process died
	if st := s.state(t, "amal", path); !s.blobs.Has(st.Digest) {
		t.Errorf("%+v", st)
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
		time.Sleep(time.Millisecond)
	}
}
