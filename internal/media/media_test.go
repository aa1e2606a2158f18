package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// house is media with everything that it stands on.
type house struct {
	*Service
	blobs  *blob.Store
	wanted []string // digests that jobs were asked for
	now    time.Time
}

func open(t testing.TB, d *db.DB) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{now: time.Now()}
	clock := func() time.Time { return h.now }
	var err error
	h.blobs, err = blob.New(filepath.Join(dir, "media"), clock)
	must(t, err)
	h.Service, err = New(Options{DB: d, Blobs: h.blobs, Dir: filepath.Join(dir, "uploads"), Now: clock, Log: slog.New(slog.DiscardHandler),
		Later: func(_ context.Context, _ *db.Tx, digest string) error {
			h.wanted = append(h.wanted, digest)
			return nil
		}})
	must(t, err)
	return h
}

func sqlite(t testing.TB) *house { return open(t, dbtest.Open(t, db.SQLite)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// process stores a file, works on it and returns what is known of it then.
func (h *house) process(t testing.TB, data []byte) *File {
	t.Helper()
	info, err := h.blobs.Put(t.Context(), bytes.NewReader(data), blob.Expect{})
	must(t, err)
	must(t, h.Register(t.Context(), info.Digest))
	must(t, h.Process(t.Context(), info.Digest))
	f, err := h.File(t.Context(), info.Digest)
	must(t, err)
	return f
}

// rendition decodes a rendition that is a picture.
func (h *house) rendition(t testing.TB, f *File, role Role) image.Image {
	t.Helper()
	r, ok := f.Renditions[role]
	if !ok {
		t.Fatalf("there is no %s: %+v", role, f)
	}
	b, _, err := h.blobs.Open(r.Digest)
	must(t, err)
	defer b.Close()
	img, _, err := image.Decode(b)
	must(t, err)
	if img.Bounds().Dx() != r.Width || img.Bounds().Dy() != r.Height {
		t.Errorf("the %s has %v, says %d×%d", role, img.Bounds(), r.Width, r.Height)
	}
	return img
}

// halves is a picture whose left half is red and whose right half is blue.
func halves(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{R: 220, A: 255}
			if x >= width/2 {
				c = color.NRGBA{B: 220, A: 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func encoded(t testing.TB, img image.Image, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	switch format {
	case "jpeg":
		must(t, jpeg.Encode(&b, img, nil))
	case "png":
		must(t, png.Encode(&b, img))
	case "gif":
		must(t, gif.Encode(&b, img, nil))
	}
	return b.Bytes()
}

// turnedJPEG is a JPEG whose EXIF says how it is to be turned.
func turnedJPEG(t testing.TB, img image.Image, turn byte) []byte {
	t.Helper()
	plain := encoded(t, img, "jpeg")
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(turn) + "\x00\x00\x00\x00\x00\x00")
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return slices.Concat(plain[:2], segment, exif, plain[2:])
}

func TestPicturesGetRenditionsThatStandUpright(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := open(t, d)
		for name, c := range map[string]struct {
			data          []byte
			width, height int
			red           image.Point // where red is in the thumbnail, in eighths
		}{
			"JPEG":              {encoded(t, halves(3000, 2000), "jpeg"), 3000, 2000, image.Pt(1, 4)},
			"PNG":               {encoded(t, halves(400, 900), "png"), 400, 900, image.Pt(1, 4)},
			"GIF":               {encoded(t, halves(90, 60), "gif"), 90, 60, image.Pt(1, 4)},
			"turned right":      {turnedJPEG(t, halves(900, 600), 6), 600, 900, image.Pt(4, 1)},
			"turned left":       {turnedJPEG(t, halves(900, 600), 8), 600, 900, image.Pt(4, 7)},
			"upside down":       {turnedJPEG(t, halves(900, 600), 3), 900, 600, image.Pt(7, 4)},
			"mirrored":          {turnedJPEG(t, halves(900, 600), 2), 900, 600, image.Pt(7, 4)},
			"turned to no side": {turnedJPEG(t, halves(900, 600), 9), 900, 600, image.Pt(1, 4)},
		} {
			f := h.process(t, c.data)
			if f.State != Ready || len(f.Notices) > 0 || f.Width != c.width || f.Height != c.height {
				t.Errorf("%s: %+v", name, f)
				continue
			}
			thumb := h.rendition(t, f, Thumbnail)
			b := thumb.Bounds()
			if longest := max(b.Dx(), b.Dy()); longest > thumbnailSide || b.Dx() > b.Dy() != (c.width > c.height) {
				t.Errorf("%s: the thumbnail is %v", name, b)
			}
			if r, _, bl, _ := thumb.At(b.Dx()*c.red.X/8, b.Dy()*c.red.Y/8).RGBA(); r < 0x8000 || bl > 0x4000 {
				t.Errorf("%s: the thumbnail is not upright", name)
			}
			if p := h.rendition(t, f, Preview).Bounds(); max(p.Dx(), p.Dy()) != min(previewSide, max(c.width, c.height)) {
				t.Errorf("%s: the preview is %v", name, p)
			}
		}
	})
}

func TestWorkDoneTwiceLeavesWhatOnceLeaves(t *testing.T) {
	h := sqlite(t)
	data := encoded(t, halves(800, 600), "png")
	one := h.process(t, data)
	two := h.process(t, data)
	if one.Renditions[Preview] != two.Renditions[Preview] || len(h.wanted) != 1 {
		t.Errorf("%+v then %+v, jobs %q", one, two, h.wanted)
	}
	left, err := os.ReadDir(h.dir)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("work left %v behind", left)
	}
}

// pngHead is a PNG that claims dimensions and has hardly any data.
func pngHead(width, height uint32) []byte {
	ihdr := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, height), 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(ihdr))
}

func TestBombsAreNotUnfolded(t *testing.T) {
	h := sqlite(t)
	for name, c := range map[string]struct {
		data   []byte
		state  State
		notice Notice
	}{
		"a square of gigapixels":  {pngHead(1<<16-100, 1<<16-100), Ready, TooManyDots},
		"a long line":             {pngHead(70_000, 1), Ready, TooManyDots},
		"more than is bearable":   {pngHead(10_000, 8_001), Ready, TooManyDots},
		"no pixels":               {pngHead(0, 10), Failed, Damaged},
		"a head and nothing else": {pngHead(10, 10), Failed, Damaged},
		"cut off":                 {encoded(t, halves(800, 600), "png")[:300], Failed, Damaged},
		"a JPEG of noise":         {append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte("noise"), 900)...), Failed, Damaged},
	} {
		f := h.process(t, c.data)
		if f.State != c.state || !slices.Contains(f.Notices, c.notice) || len(f.Renditions) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestFilesAreWhatTheirBytesShow(t *testing.T) {
	transport := bytes.Repeat(append([]byte{0x47}, make([]byte, 187)...), 8)
	for name, c := range map[string]struct {
		head []byte
		want string
	}{
		"a picture":     {encoded(t, halves(8, 8), "jpeg"), "image/jpeg"},
		"MXF":           {append([]byte("\x06\x0e\x2b\x34\x02\x05\x01\x01"), make([]byte, 64)...), "application/mxf"},
		"MPEG-TS":       {transport, "video/mp2t"},
		"QuickTime":     {[]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "), "video/quicktime"},
		"MP4":           {[]byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42"), "video/mp4"},
		"M4A":           {[]byte("\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00isommp42"), "audio/mp4"},
		"HEIC":          {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "image/heic"},
		"WAV":           {[]byte("RIFF\x24\x00\x00\x00WAVEfmt "), "audio/wav"},
		"WebVTT":        {[]byte("WEBVTT\n\n00:00.000 --> 00:01.000\nنص"), "text/vtt"},
		"SRT":           {[]byte("1\n00:00:01,000 --> 00:00:02,000\nТекст\n"), "application/x-subrip"},
		"PDF":           {[]byte("%PDF-1.7\n"), "application/pdf"},
		"SVG":           {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), ""},
		"a page":        {[]byte("<!doctype html><script>alert(1)</script>"), ""},
		"a program":     {[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00"), ""},
		"a script":      {[]byte("#!/bin/sh\nrm -rf /\n"), ""},
		"an archive":    {[]byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), ""},
		"a playlist":    {[]byte("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), ""},
		"a concat list": {[]byte("ffconcat version 1.0\nfile /etc/passwd\n"), ""},
		"nothing":       {nil, ""},
	} {
		k, err := Sniff(c.head)
		if k.Type != c.want || (err == nil) != (c.want != "") || err != nil && news.KindOf(err) != news.Invalid {
			t.Errorf("%s is %q, want %q: %v", name, k.Type, c.want, err)
		}
	}
	if _, err := Sniff([]byte("#!/bin/sh\n")); !strings.Contains(err.Error(), "text/") || !strings.Contains(err.Error(), "are taken") {
		t.Errorf("the reason is %v", err)
	}
}

func TestEmbeddedWordsAreShown(t *testing.T) {
	h := sqlite(t)
	xmp := `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="جسر جديد"/></rdf:RDF></x:xmpmeta>`
	packet := append([]byte("http://ns.adobe.com/xap/1.0/\x00"), xmp...)
	plain := encoded(t, halves(20, 20), "jpeg")
	f := h.process(t, slices.Concat(plain[:2], binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(packet)+2)), packet, plain[2:]))
	it, err := h.Embedded(t.Context(), f.Digest)
	must(t, err)
	if it.Headline() != "جسر جديد" {
		t.Errorf("the headline is %q", it.Headline())
	}
}

// make has ffmpeg make a file.
func made(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("ffmpeg is needed (Debian: apt-get install ffmpeg, or scripts/deps.sh)")
	}
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ffmpeg", append(append([]string{"-hide_banner", "-v", "error", "-nostdin"}, args...), path)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// testPicture is a moving picture of the size.
func testPicture(size, seconds string) []string {
	return []string{"-f", "lavfi", "-i", "testsrc=size=" + size + ":rate=25:duration=" + seconds}
}

func testSound(seconds string) []string {
	return []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=" + seconds}
}

func TestRecordingsGetPreviewsThatBrowsersPlay(t *testing.T) {
	h := sqlite(t)
	for name, c := range map[string]struct {
		data  []byte
		kind  string
		lines int
		roles []Role
	}{
		"video with sound": {made(t, "a.mp4", slices.Concat(testPicture("1280x720", "2"), testSound("2"), []string{"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac",
			"-metadata", "location=+30.0444+031.2357/"})...), "video/mp4", 540, []Role{Poster, Preview, Thumbnail, Waveform}},
		"silent video":     {made(t, "a.mkv", append(testPicture("320x240", "1"), "-c:v", "mpeg4")...), "video/matroska", 240, []Role{Poster, Preview, Thumbnail}},
		"transport stream": {made(t, "a.ts", slices.Concat(testPicture("320x240", "1"), testSound("1"), []string{"-c:v", "mpeg2video", "-c:a", "mp2"})...), "video/mp2t", 240, []Role{Poster, Preview, Thumbnail, Waveform}},
		"MXF":              {made(t, "a.mxf", append(testPicture("320x240", "1"), "-c:v", "mpeg2video")...), "application/mxf", 240, []Role{Poster, Preview, Thumbnail}},
		"sound":            {made(t, "a.mp3", testSound("3")...), "audio/mpeg", 0, []Role{Preview, Waveform}},
		"WAV":              {made(t, "a.wav", testSound("1")...), "audio/wav", 0, []Role{Preview, Waveform}},
		"sound in MP4":     {made(t, "b.mp4", append(testSound("1"), "-c:a", "aac", "-brand", "isom")...), "audio/mp4", 0, []Role{Preview, Waveform}},
	} {
		f := h.process(t, c.data)
		if f.State != Ready || len(f.Notices) > 0 || f.Type != c.kind || f.Duration < 900*time.Millisecond || f.Duration > 4*time.Second {
			t.Errorf("%s: %+v", name, f)
			continue
		}
		var roles []Role
		for r := range f.Renditions {
			roles = append(roles, r)
		}
		slices.Sort(roles)
		if !slices.Equal(roles, c.roles) {
			t.Errorf("%s: the renditions are %q, want %q", name, roles, c.roles)
			continue
		}
		for _, role := range roles {
			if role != Preview {
				h.rendition(t, f, role)
			}
		}
		if c.lines == 540 && (f.Width != 1280 || f.Height != 720) {
			t.Errorf("%s: %d×%d", name, f.Width, f.Height)
		}
		h.plays(t, name, f.Renditions[Preview], c.lines)
	}
}

// plays looks at a preview as ffprobe sees it.
func (h *house) plays(t *testing.T, name string, r Rendition, lines int) {
	t.Helper()
	f := h.process(t, h.bytes(t, r.Digest))
	v := f.stream("video")
	switch {
	case lines == 0 && (v != nil || f.stream("audio") == nil):
		t.Errorf("%s: the preview has the streams %+v", name, f.Streams)
	case lines > 0 && (v == nil || v.Codec != "h264" || v.Height != lines || v.Height != r.Height || v.Width != r.Width || v.FrameRate > 30):
		t.Errorf("%s: the preview has the streams %+v, says %+v", name, f.Streams, r)
	}
	if bytes.Contains(h.bytes(t, r.Digest), []byte("031.2357")) {
		t.Errorf("%s: the preview says where it was taken", name)
	}
}

// stream is as work has it.
func (f *File) stream(kind string) *Stream { return (&work{file: f}).stream(kind) }

func (h *house) bytes(t *testing.T, digest string) []byte {
	t.Helper()
	f, _, err := h.blobs.Open(digest)
	must(t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	must(t, err)
	return b
}

func TestUprightVideoIsUpright(t *testing.T) {
	h := sqlite(t)
	flat := made(t, "flat.mp4", append(testPicture("320x240", "1"), "-c:v", "libx264", "-preset", "ultrafast")...)
	path := filepath.Join(t.TempDir(), "flat.mp4")
	must(t, os.WriteFile(path, flat, 0o600))
	f := h.process(t, made(t, "turned.mp4", "-i", path, "-c", "copy", "-metadata:s:v", "rotate=90"))
	poster := h.rendition(t, f, Poster).Bounds()
	if f.Width != 240 || f.Height != 320 || poster.Dx() > poster.Dy() {
		t.Errorf("%d×%d, poster %v", f.Width, f.Height, poster)
	}
	h.plays(t, "turned", f.Renditions[Preview], 320)
}

func TestRecordingThatPointsElsewhereIsNotFollowed(t *testing.T) {
	h := sqlite(t)
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, made(t, "s.wav", testSound("1")...), 0o600))
	// A playlist behind the first bytes of a sound file: what ffmpeg would follow if
	// it were asked what this is.
	for name, data := range map[string]string{
		"a playlist in a WAV": "RIFF\x24\x00\x00\x00WAVEfmt \n#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + secret + "\n#EXT-X-ENDLIST\n",
		"a list in an MP3":    "\xff\xfb\x90\x44ffconcat version 1.0\nfile " + secret + "\n",
	} {
		f := h.process(t, []byte(data))
		if len(f.Notices) == 0 || len(f.Renditions) > 0 || f.Duration != 0 || len(f.Streams) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestFormatIsToldAndNotGuessed(t *testing.T) {
	h := sqlite(t)
	other := filepath.Join(t.TempDir(), "secret.wav")
	must(t, os.WriteFile(other, made(t, "s.wav", testSound("1")...), 0o600))
	// ffprobe alone takes this for a list of files, and opens them.
	info, err := h.blobs.Put(t.Context(), strings.NewReader("ffconcat version 1.0\nfile "+other+"\n"), blob.Expect{})
	must(t, err)
	for _, demux := range []string{"mp3", "mov", "wav", "matroska"} {
		w := &work{s: h.Service, file: &File{Digest: info.Digest}, kind: Kind{demux: demux}, dir: t.TempDir()}
		if err := w.probe(t.Context()); err == nil && len(w.file.Streams) > 0 || w.file.Duration != 0 {
			t.Errorf("told %s: %+v, %v", demux, w.file, err)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for _, head := range []string{"\xff\xd8\xff", "WEBVTT\n", "1\n00:00:01,000 --> 00:00:02,000\n", "\x00\x00\x00\x18ftypisom", "RIFF\x24\x00\x00\x00WAVEfmt ", "<svg", "G"} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		k, err := Sniff(head)
		if (err == nil) != (k.Type != "" && k.Class != "") || err != nil && news.KindOf(err) != news.Invalid {
			t.Fatalf("%+v, %v", k, err)
		}
	})
}

func TestProgramsThatWantTooMuchAreEnded(t *testing.T) {
	h := sqlite(t)
	data := made(t, "long.mp4", append(testPicture("640x360", "20"), "-c:v", "libx264", "-preset", "ultrafast")...)
	info, err := h.blobs.Put(t.Context(), bytes.NewReader(data), blob.Expect{})
	must(t, err)
	w := &work{s: h.Service, file: &File{Digest: info.Digest}, kind: Kind{demux: "mov"}, dir: t.TempDir()}
	enough := bounds{wall: time.Minute, cpu: 60, output: 1 << 30, memory: 4 << 30}
	for name, b := range map[string]bounds{
		"time":   {wall: 50 * time.Millisecond, cpu: 60, output: 1 << 30, memory: 4 << 30},
		"output": {wall: time.Minute, cpu: 60, output: 64 << 10, memory: 4 << 30},
	} {
		_, err := w.encode(t.Context(), b, Rendition{Role: Preview}, name+".mkv", nil, "-c:v", "mpeg4", "-b:v", "20M")
		var bad *unusable
		if !errors.As(err, &bad) || bad.notice != TookTooLong {
			t.Errorf("%s: %v", name, err)
		}
	}
	less := enough
	less.memory = 32 << 20
	if _, err := w.encode(t.Context(), less, Rendition{Role: Preview}, "memory.mkv", nil, "-c:v", "mpeg4"); err == nil {
		t.Error("memory: the limit has no effect")
	}
	if _, err := w.encode(t.Context(), enough, Rendition{Role: Preview}, "enough.mkv", nil, "-c:v", "mpeg4", "-t", "1"); err != nil {
		t.Errorf("with enough of everything: %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.encode(canceled, enough, Rendition{Role: Preview}, "canceled.mkv", nil, "-c:v", "mpeg4"); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestWithoutFFmpegRecordingsAreKeptAndSaySo(t *testing.T) {
	h := sqlite(t)
	data := made(t, "a.wav", testSound("1")...)
	h.ffmpeg = ""
	f := h.process(t, data)
	if f.State != Ready || !slices.Equal(f.Notices, []Notice{NoFFmpeg}) || h.CanPlay() {
		t.Errorf("%+v", f)
	}
	if f := h.process(t, encoded(t, halves(40, 40), "png")); len(f.Renditions) != 2 {
		t.Errorf("pictures need none: %+v", f)
	}
}

func TestOneFileIsWorkedOnAtATime(t *testing.T) {
	h := sqlite(t)
	h.turn <- struct{}{}
	if err := h.Process(t.Context(), "sha256:x"); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
}
