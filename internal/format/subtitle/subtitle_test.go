package subtitle_test

import (
	"bytes"
	"flag"
	"reflect"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
	"jisr/internal/format/subtitle"
	"jisr/internal/news"
)

const pattern = "testdata/*.[sv]*t"

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFilesReadAsTheirGoldenFilesSay keeps what each file becomes.
func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	f := goldentest.Format{Pattern: pattern, Fewest: 4, Detect: func(head []byte) bool { return subtitle.Detect(head) != "" }}
	f.Read = func(data []byte) ([]*news.Item, []loss.Loss, error) {
		it, losses, err := subtitle.ReadItem(data)
		return []*news.Item{it}, losses, err
	}
	f.Check(t, *update)
}

func track(t *testing.T, name string) *subtitle.Track {
	t.Helper()
	got, _, err := subtitle.Read(goldentest.File(t, "testdata/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSRTBecomesWebVTTWithTheSameWords(t *testing.T) {
	got := string(subtitle.WebVTT(track(t, "river-ru.srt")))
	want := "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nЛедоход на реке Синей\n\n00:00:02.500 --> 00:00:05.000\nЛёд &lt; воды &amp; камня\n"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestWrittenFilesAreReadBack(t *testing.T) {
	for _, name := range []string{"report-ar.srt", "river-ru.srt", "ferry-en.vtt", "harbour-ar.vtt"} {
		was := track(t, name)
		vtt, losses, err := subtitle.Read(subtitle.WebVTT(was))
		if err != nil || len(losses) > 0 {
			t.Fatal(name, err, losses)
		}
		vtt.Format = was.Format
		vtt.Style = strings.TrimSpace(vtt.Style)
		was.Style = strings.TrimSpace(was.Style)
		if !reflect.DeepEqual(vtt, was) {
			t.Errorf("%s as WebVTT:\nwas %+v\nis  %+v", name, was, vtt)
		}
		srt, _, err := subtitle.Read(subtitle.SRT(was))
		if err != nil || srt.Plain() != was.Plain() {
			t.Errorf("%s as SRT: %v\nwas %q\nis  %q", name, err, was.Plain(), srt.Plain())
		}
	}
}

func TestTheDirectionOfTextStaysAsItWas(t *testing.T) {
	got := track(t, "harbour-ar.vtt")
	for i, want := range []string{"\u202bالسفينة MV-7 وصلت.\u202c", "\u200fأهلا!"} {
		if got.Cues[i].Text != want {
			t.Errorf("cue %d is %q, want %q", i, got.Cues[i].Text, want)
		}
	}
	if out := subtitle.WebVTT(got); !bytes.Contains(out, []byte("\u202bالسفينة MV-7 وصلت.\u202c")) {
		t.Errorf("written as %q", out)
	}
}

func TestTracksAreTiedToTheirVideo(t *testing.T) {
	video := &news.Item{URI: "urn:x:1", Type: news.Video}
	file, err := subtitle.Attach(video, track(t, "report-ar.srt"), "ar")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := subtitle.Attach(video, track(t, "ferry-en.vtt"), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := subtitle.Attach(video, track(t, "report-ar.srt"), "ar"); err != nil || len(video.Associations) != 2 {
		t.Errorf("%d associations, %v", len(video.Associations), err)
	}
	a := video.Associations[0]
	if a.Name != "subtitles-ar" || a.Language != "ar" || a.Renditions[0].ContentType != "text/vtt" || a.Renditions[0].SizeInBytes != int64(len(file)) ||
		!strings.Contains(a.Body().Value, "ميناء المرجان") || a.Renditions[0].Duration != 6.25 {
		t.Errorf("%+v", a)
	}
	if err := video.Validate(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Error(err)
	}
	if _, err := subtitle.Attach(video, track(t, "report-ar.srt"), ""); news.KindOf(err) != news.Invalid {
		t.Errorf("without a language: %v", err)
	}
}

func TestTimesAreReadInAllTheirForms(t *testing.T) {
	for _, c := range []struct {
		times string
		want  time.Duration // the start; -1 for none
	}{
		{"00:00:01,000 --> 00:00:02,000", time.Second},
		{"00:01.5 --> 00:02.000", 1500 * time.Millisecond},
		{"1:00:00.000 --> 2:00:00.000", time.Hour},
		{"99:59:59.999 --> 100:00:00.000", 100*time.Hour - time.Millisecond},
		{"00:00:61.000 --> 00:02:00.000", -1},
		{"-1:00.000 --> 00:02.000", -1},
		{"00:01.0000 --> 00:02.000", -1},
		{"99999:00:00.000 --> 99999:00:01.000", -1},
		{"00:01.000 -> 00:02.000", -1},
	} {
		got, _, err := subtitle.Read([]byte("WEBVTT\n\n" + c.times + "\nx\n"))
		switch {
		case c.want < 0 && err == nil:
			t.Errorf("%s: read as %v", c.times, got.Cues)
		case c.want >= 0 && (err != nil || got.Cues[0].Start != c.want):
			t.Errorf("%s: %v", c.times, err)
		}
	}
}

func TestBrokenOrHostileFilesAreRefusedWithAReason(t *testing.T) {
	const cue = "00:01.000 --> 00:02.000\nx\n\n"
	for _, c := range []struct{ name, data, says string }{
		{"no subtitles", "hello", "no WebVTT and no SRT"},
		{"no cue", "WEBVTT\n", "no words"},
		{"another word", "WEBVTTX\n\n" + cue, "no WebVTT and no SRT"},
		{"too many cues", "WEBVTT\n\n" + strings.Repeat(cue, subtitle.MaxCues+1), "20000 texts"},
		{"a cue of 1 MB", "WEBVTT\n\n00:01.000 --> 00:02.000\n" + strings.Repeat("x", 1<<20), "8192 allowed"},
		{"too large", strings.Repeat(" ", subtitle.MaxSize+1), "4194304 allowed"},
	} {
		_, _, err := subtitle.Read([]byte(c.data))
		if k := news.KindOf(err); k != news.Invalid && k != news.TooLarge || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// FuzzRead asks that no input crashes the reader, and that what it reads can be
// written in both forms and read again with as many cues.
func FuzzRead(f *testing.F) {
	goldentest.Seed(f, pattern)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _, err := subtitle.Read(data)
		if err != nil {
			return
		}
		it, losses, err := subtitle.ReadItem(data)
		goldentest.Sound(t, []*news.Item{it}, losses, err)
		again, _, err := subtitle.Read(subtitle.WebVTT(got))
		if err != nil || len(again.Cues) != len(got.Cues) {
			t.Errorf("%v: %q became %q", err, data, subtitle.WebVTT(got))
		}
		subtitle.SRT(got)
	})
}
