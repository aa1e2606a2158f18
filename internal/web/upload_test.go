package web_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// photo is a JPEG of 900 by 600.
func photo(t testing.TB) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 900, 600))
	for y := range 600 {
		for x := range 900 {
			img.Set(x, y, color.RGBA{uint8(x / 4), uint8(y / 3), 120, 255})
		}
	}
	var b bytes.Buffer
	check(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

// bring sends files by a form, as a browser without scripts does.
func (v *visitor) bring(action string, fields map[string]string, files map[string][]byte) *visitor {
	v.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		check(v.t, w.WriteField(name, value))
	}
	for name, b := range files {
		must(must(w.CreateFormFile("file", name))(v.t).Write(b))(v.t)
	}
	check(v.t, w.Close())
	return v.read(must(v.client.Post(v.h.url+action, w.FormDataContentType(), &body))(v.t))
}

func TestPictureIsAddedDescribedIssuedAndShownWithoutScripts(t *testing.T) {
	h := open(t, organisation)
	h.hire("lina", "Lina", "en", people.Editor)
	v := h.visit(t, "lina").get("/draft/new").send("/draft", "headline", "Bridge", "language", "en", "do", "save")
	draft := v.path()
	id := strings.TrimPrefix(draft, "/draft/")
	v.bring("/draft/media", map[string]string{"id": id}, map[string][]byte{"../<b>bridge.jpg": photo(t)}).sees("The files are part of the draft", "bridge.jpg")
	eventually(t, "the preview is there", func() bool {
		return strings.Contains(v.get(draft).text, `width="900"`) && !strings.Contains(v.text, "A preview is being made")
	})
	v.send(draft+"/media", "caption", "The new bridge", "alt", "A bridge over a river", "credit", "Lina / A News", "usage", "Free").sees("is saved", `value="A bridge over a river"`)
	v.get(draft).send("/draft", "headline", "Bridge opens", "do", "issue").sees("Pictures are described", "Pictures are credited").
		send("/draft/", "act", "publish").sees("The item is published", "The new bridge", "Lina / A News", `alt="A bridge over a river"`)
	lines := must(h.newsroom.Wire(t.Context(), newsroom.Filter{Limit: 1}))(t)
	it := must(h.newsroom.Item(t.Context(), lines[0].Origin, lines[0].URI, true))(t).Item
	if len(it.Associations) != 1 || it.Associations[0].Type != news.Picture || it.Associations[0].Renditions[0].Width != 900 || it.Associations[0].URI == "" {
		t.Errorf("issued %+v", it.Associations)
	}
}

func TestFileOfAWrongTypeIsRefusedAndOneThatIsTakenCanBeRemoved(t *testing.T) {
	h := open(t, organisation)
	h.hire("lina", "Lina", "en", people.Editor)
	v := h.visit(t, "lina").get("/draft/new").send("/draft", "headline", "Bridge", "do", "save")
	draft := v.path()
	id := map[string]string{"id": strings.TrimPrefix(draft, "/draft/")}
	for name, b := range map[string][]byte{"x.jpg": []byte("<html><script>alert(1)</script>"), "x.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), "x.exe": []byte("MZ\x90\x00\x03")} {
		if v.bring("/draft/media", id, map[string][]byte{name: b}).sees("type of file is not taken"); v.status != http.StatusBadRequest {
			t.Errorf("%s was answered with %d", name, v.status)
		}
	}
	if len(h.newest().Item.Associations) != 0 {
		t.Error("a file of a wrong type became part of the draft")
	}
	v.bring("/draft/media", id, map[string][]byte{"a.jpg": photo(t)}).send(draft+"/media", "do", "remove").sees("taken out of the draft")
	if len(h.newest().Item.Associations) != 0 {
		t.Error("the file is still there")
	}
	if v.bring("/draft/media", map[string]string{"id": "none"}, nil); v.status != http.StatusNotFound {
		t.Errorf("a draft that is not there was answered with %d", v.status)
	}
}

func TestUploadOfOneIsNobodyElses(t *testing.T) {
	h := open(t, organisation)
	h.hire("lina", "Lina", "en", people.Editor)
	h.hire("mallory", "Mallory", "en", people.Editor)
	ask := func(who *http.Client, method, path string, headers ...string) *http.Response {
		req := must(http.NewRequest(method, h.url+path, nil))(t)
		req.Header.Set("Tus-Resumable", "1.0.0")
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res := must(who.Do(req))(t)
		res.Body.Close()
		return res
	}
	lina, mallory := h.client("lina"), h.client("mallory")
	res := ask(lina, "POST", "/media/uploads/", "Upload-Length", "100", "Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("a.jpg")))
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusCreated || !strings.HasPrefix(at, "/media/uploads/") {
		t.Fatalf("%d %q", res.StatusCode, at)
	}
	if res := ask(lina, "HEAD", at); res.StatusCode != http.StatusOK || res.Header.Get("Upload-Offset") != "0" {
		t.Errorf("its owner is answered with %d", res.StatusCode)
	}
	for _, method := range []string{"HEAD", "GET", "DELETE"} {
		if res := ask(mallory, method, at); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s of another's upload is answered with %d", method, res.StatusCode)
		}
	}
}

func TestUploadIsInterruptedResumedAndTypedWordsAreKept(t *testing.T) {
	ctx := browser(t)
	h := open(t, organisation)
	h.hire("lina", "لينا", "ar", people.Editor)
	h.enter(ctx, "lina")
	h.cut.Store(2) // the second part does not arrive
	check(t, chromedp.Do(ctx, chromedp.Navigate(h.url+"/draft/new"), chromedp.SendKeys("#headline", "جسر")))
	// A picture of nine megabytes: what stands after its end is carried along.
	head := base64.StdEncoding.EncodeToString(photo(t))
	eval[bool](t, ctx, fmt.Sprintf(`(() => {
		const head = Uint8Array.from(atob(%q), (c) => c.charCodeAt(0));
		const file = new File([head, new Uint8Array(9 << 20)], "جسر.jpg", { type: "image/jpeg", lastModified: 1 });
		const files = new DataTransfer();
		files.items.add(file);
		const input = document.querySelector("#media-file");
		input.files = files.files;
		input.dispatchEvent(new Event("change"));
		return true;
	})()`, head))
	eventually(t, "the page says that the line is broken, or goes on", func() bool {
		return h.cut.Load() == 0 || eval[bool](t, ctx, `document.querySelector(".uploads").textContent.includes("انقطع الخط")`)
	})
	eventually(t, "the picture is part of the draft", func() bool {
		d := h.newest()
		return d != nil && len(d.Item.Associations) == 1 && d.Item.Headline() == "جسر"
	})
	r := h.newest().Item.Associations[0].Renditions[0]
	if r.OriginalFilename != "جسر.jpg" || r.SizeInBytes < 9<<20 || h.cut.Load() != 0 {
		t.Errorf("became %+v", r)
	}
	eventually(t, "the page shows it", func() bool {
		return eval[bool](t, ctx, `location.pathname.startsWith("/draft/0") && !!document.querySelector(".draft-medium")`)
	})
	check(t, chromedp.Do(ctx, chromedp.SendKeys("#media-0-alt", "جسر فوق نهر")))
	eval[bool](t, ctx, `document.querySelector(".draft-medium button[value=save]").click() === undefined`)
	eventually(t, "the description is saved", func() bool {
		for _, w := range h.newest().Item.Associations[0].Descriptions {
			if w.Value == "جسر فوق نهر" {
				return true
			}
		}
		return false
	})
}

func TestVideoHasAPosterAndItsPreviewPlays(t *testing.T) {
	h := open(t, organisation)
	if !h.media.CanPlay() {
		t.Fatal("there is no ffmpeg: install it (Debian: apt-get install ffmpeg)")
	}
	h.hire("lina", "Lina", "en", people.Editor)
	v := h.visit(t, "lina").get("/draft/new").send("/draft", "headline", "Bridge", "do", "save")
	draft := v.path()
	v.bring("/draft/media", map[string]string{"id": strings.TrimPrefix(draft, "/draft/")}, map[string][]byte{"bridge.mp4": video(t)}).sees("part of the draft")
	digest := h.newest().Item.Associations[0].Renditions[0].Digest
	eventually(t, "the preview is made", func() bool {
		f, err := h.media.File(t.Context(), digest)
		return err == nil && f.State == media.Ready && f.Renditions[media.Preview].Digest != ""
	})
	f := must(h.media.File(t.Context(), digest))(t)
	v.get(draft).sees(`src="/media/`+f.Renditions[media.Preview].Digest, `poster="/media/`+f.Renditions[media.Poster].Digest)
}

// video is a second of moving test picture, made by the system's ffmpeg.
func video(t testing.TB) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "v.mp4")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=1", "-pix_fmt", "yuv420p", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s (Debian: apt-get install ffmpeg)", err, out)
	}
	return must(os.ReadFile(file))(t)
}
