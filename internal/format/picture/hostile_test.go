package picture_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
	"jisr/internal/format/picture"
	"jisr/internal/news"
)

func TestBrokenPicturesAreRefusedWithAReason(t *testing.T) {
	good := plainJPEG()
	for _, c := range []struct {
		name, data, says string
	}{
		{"no picture", "hello", "no JPEG, PNG, TIFF or WebP"},
		{"cut off", string(good[:20]), "cut off before its dimensions"},
		{"marker only", "\xff\xd8\xff", "cut off"},
		{"PNG header only", "\x89PNG\r\n\x1a\n", "cut off"},
		{"TIFF that points beyond its end", "II*\x00\xff\xff\xff\x7f", "cut off"},
		{"RIFF only", "RIFF\x04\x00\x00\x00WEBP", "cut off"},
	} {
		_, _, err := picture.Read([]byte(c.data))
		if news.KindOf(err) != news.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestDamagedMetadataIsALossAndNotARefusal: the picture itself may be good.
func TestDamagedMetadataIsALossAndNotARefusal(t *testing.T) {
	deep := strings.Repeat("<dc:x>", 100) + strings.Repeat("</dc:x>", 100)
	for _, c := range []struct {
		name string
		data []byte
		path string
	}{
		{"XMP that is not XML", jpegWith(app(0xe1, "http://ns.adobe.com/xap/1.0/\x00", []byte("<x"))), "xmp"},
		{"XMP with a DOCTYPE", jpegWith(app(0xe1, "http://ns.adobe.com/xap/1.0/\x00", []byte("<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"))), "xmp"},
		{"XMP without RDF", jpegWith(app(0xe1, "http://ns.adobe.com/xap/1.0/\x00", []byte("<x/>"))), "xmp"},
		{"XMP too deep", jpegWith(xmpSegment(">" + deep)), "xmp"},
		{"IIM cut off", jpegWith(iimSegment([]byte("\x1c\x02\x69\x00\x05Title\x1c\x02\x78\x70\x00x"))), "iim"},
		{"IIM with a length of lengths", jpegWith(iimSegment([]byte("\x1c\x02\x69\x00\x05Title\x1c\x02\x78\xff\xffx"))), "iim"},
	} {
		it, losses, err := picture.Read(c.data)
		if err != nil || it.Renditions[0].Width != 8 {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(losses) == 0 || !strings.HasPrefix(losses[0].Path, c.path) {
			t.Errorf("%s: losses %v", c.name, losses)
		}
	}
}

// TestBombsCostWhatTheyWeigh: nothing is decoded, and what is inflated is bounded.
func TestBombsCostWhatTheyWeigh(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	io.Copy(z, io.LimitReader(zeros{}, 200<<20))
	z.Close()
	wide := pngWith("tEXt", nil)
	binary.BigEndian.PutUint32(wide[16:], 1<<31-1)
	binary.BigEndian.PutUint32(wide[20:], 1<<31-1)
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"PNG of 2 billion pixels square", wide},
		{"XMP that inflates to 200 MB", pngWith("iTXt", append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), packed.Bytes()...))},
		{"IIM that inflates to 200 MB", pngWith("zTXt", append([]byte("Raw profile type iptc\x00\x00"), packed.Bytes()...))},
		{"300,000 IIM fields", tiffWith(bytes.Repeat([]byte("\x1c\x02\x19\x00\x00"), 300_000))},
	} {
		start := time.Now()
		it, _, err := picture.Read(c.data)
		if err != nil || it.Renditions[0].Width == 0 {
			t.Errorf("%s: %v", c.name, err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestWriteJPEGRefusesWhatIsNoJPEG(t *testing.T) {
	good := plainJPEG()
	for name, data := range map[string]string{"nothing": "", "PNG": "\x89PNG\r\n\x1a\n", "cut off": string(good[:30]), "length of one": "\xff\xd8\xff\xe0\x00\x01"} {
		if _, err := picture.WriteJPEG(io.Discard, strings.NewReader(data), &news.Item{}); news.KindOf(err) != news.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := &news.Item{Descriptions: []news.Words{{Value: strings.Repeat("long ", 20_000)}}}
	if _, err := picture.WriteJPEG(io.Discard, bytes.NewReader(good), long); news.KindOf(err) != news.TooLarge {
		t.Errorf("a caption of 100 KB: %v", err)
	}
}

// FuzzRead asks that no input crashes the reader, and that whatever it reads it
// can write and read again.
func FuzzRead(f *testing.F) {
	for _, data := range corpus() {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		it, losses, err := picture.Read(data)
		if err != nil {
			return
		}
		if !picture.Detect(data) {
			t.Error("read, but not detected")
		}
		goldentest.Sound(t, []*news.Item{it}, losses, nil)
		var out bytes.Buffer
		if _, err := picture.WriteJPEG(&out, bytes.NewReader(plainJPEG()), it); err != nil {
			return
		}
		again, _, err := picture.Read(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if again.CreditLine != strings.TrimSpace(it.CreditLine) && isClean(it.CreditLine) {
			t.Errorf("credit %q became %q", it.CreditLine, again.CreditLine)
		}
	})
}

func isClean(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0xfffd })
}

func TestAPictureThatLacksItsEndIsSaidToBeCutOff(t *testing.T) {
	for _, file := range []string{"plain-en.jpg", "ai-xmp-ru.png", "topics-xmp-en.webp"} {
		whole := readFile(t, file)
		for _, c := range []struct {
			data []byte
			want bool
		}{{whole, false}, {append(whole[:len(whole):len(whole)], 0, 0), false}, {whole[:len(whole)-13], true}} {
			_, losses, err := picture.Read(c.data)
			if err != nil {
				t.Fatal(file, err)
			}
			said := slices.ContainsFunc(losses, func(l loss.Loss) bool { return strings.Contains(l.Reason, "was cut off") })
			if said != c.want {
				t.Errorf("%s with %d of its %d bytes: said %v", file, len(c.data), len(whole), said)
			}
		}
	}
}
