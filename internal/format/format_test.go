package format

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/format/ninjs"
	"jisr/internal/news"
)

func TestDetect(t *testing.T) {
	const g2 = `<?xml version="1.0" encoding="UTF-8"?>
<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:newsml:x:1" version="1" standard="NewsML-G2" standardversion="2.30" conformance="power">`
	tests := []struct {
		name, head string
		want       Detected
		ok         bool
	}{
		{"ninjs 3", `{"uri":"urn:x:1","versionCreated":"2026-01-01T00:00:00Z"}`, Detected{"ninjs", "3"}, true},
		{"ninjs declared", `{"standard":{"name":"ninjs","version":"2.1"},"uri":"urn:x:1"}`, Detected{"ninjs", "2.1"}, true},
		{"NewsML-G2", g2, Detected{"newsml-g2", "2.30"}, true},
		{"other JSON", `{"name":"x","version":"1.0.0"}`, Detected{}, false},
		{"other XML", `<svg version="2.0"/>`, Detected{}, false},
		{"RSS", `<rss version="2.0"/>`, Detected{"rss", "2.0"}, true},
		{"WordPress", `<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">`, Detected{"wxr", "1.2"}, true},
		{"Atom", `<feed xmlns="http://www.w3.org/2005/Atom">`, Detected{"atom", "1.0"}, true},
		{"JSON Feed", `{"version":"https://jsonfeed.org/version/1.1","title":"x"}`, Detected{"jsonfeed", "1.1"}, true},
		{"picture", "\xff\xd8\xff\xe0\x00\x10JFIF\x00", Detected{"picture", ""}, true},
		{"mail", "Message-ID: <a@b>\nFrom: a@b\nDate: x\n\nhello", Detected{"mail", ""}, true},
		{"WebVTT", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello", Detected{"subtitles", ""}, true},
		{"SRT", "1\r\n00:00:01,000 --> 00:00:02,000\r\nHello", Detected{"subtitles", ""}, true},
		{"page", "<!DOCTYPE html><title>x</title>", Detected{"html", ""}, true},
		{"story", "Rain today\n\nIt will rain on the coast today.", Detected{"text", ""}, true},
		{"note", "Dear editor", Detected{}, false},
		{"binary", "\x00\x01\x02\x03abc", Detected{}, false},
		{"nothing", "", Detected{}, false},
	}
	for _, tt := range tests {
		got, ok := Detect([]byte(tt.head), "a.json")
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s: %+v, %v", tt.name, got, ok)
		}
	}
}

func TestReadSaysFormatAndVersion(t *testing.T) {
	res, err := Read([]byte("\xef\xbb\xbf"+`{"uri":"urn:x:1","headline":"H","versioncreated":"2026-01-01"}`), "story.json")
	if err != nil {
		t.Fatal(err)
	}
	if res.Format != "ninjs" || res.Version != "1" || len(res.Items) != 1 || res.Items[0].Headline() != "H" {
		t.Errorf("%+v", res)
	}
	if len(res.Losses) != 1 || res.Losses[0].Path != "/versioncreated" {
		t.Errorf("losses %v", res.Losses)
	}
}

func TestEveryRefusalSaysWhy(t *testing.T) {
	tests := []struct {
		name, data, message string
		kind                news.Kind
	}{
		{"empty", "", "“f” is empty", news.Invalid},
		{"byte order mark only", byteOrderMark + "\n", "“f” is empty", news.Invalid},
		{"other JSON", `{"name":"x"}`, "/uri: the item has no uri", news.Invalid},
		{"broken JSON", "{\n\"name\":\"x\",}", "line 2", news.Invalid},
		{"array", `[{"uri":"urn:x:1"}]`, "each item as a file of its own", news.Invalid},
		{"other XML", `<svg version="2.0"/>`, "none of the formats we read: newsml-g2, newsml1, ", news.Invalid},
		{"empty feed", `<rss version="2.0"/>`, "no entries yet", news.Invalid},
		{"UTF-16", "\xff\xfe{\x00", "UTF-16", news.Invalid},
		{"PDF", "%PDF-1.7\n", "is a PDF document and in none of the formats we read: send its story as text", news.Invalid},
		{"office document", "PK\x03\x04\x14\x00word/document.xml", "a document of an office program", news.Invalid},
		{"RTF", `{\rtf1\ansi Rain}`, "an RTF document", news.Invalid},
		{"archive", "PK\x03\x04story.xml", "is an archive and in none of the formats we read: unpack it", news.Invalid},
		{"video", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", "is sound or video", news.Invalid},
		{"text without a headline", "call me back", "begin a story with its headline and an empty line", news.Invalid},
		{"picture", "\xff\xd8\xff\xe0", "cut off before its dimensions", news.Invalid},
		{"too large", `{"uri":"urn:x:1","title":"` + strings.Repeat("x", news.MaxContent) + `"}`, "4194304 allowed for ninjs", news.TooLarge},
	}
	for _, tt := range tests {
		res, err := Read([]byte(tt.data), "f")
		if news.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.message) || len(res.Items) > 0 {
			t.Errorf("%s: %v, %v", tt.name, res.Items, err)
		}
	}
}

// corpus returns the test files of all formats.
func corpus(t testing.TB) []string {
	t.Helper()
	var files []string
	all, err := filepath.Glob("*/testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if !info.IsDir() && filepath.Ext(file) != ".golden" {
			files = append(files, file)
		}
	}
	if len(files) < 90 {
		t.Fatal("too few test files:", len(files))
	}
	return files
}

// TestEveryFileOfTheCorpusSurvivesWriting reads the test files of all formats,
// writes each item as ninjs, which is what partners get, and as NewsML-G2, and reads
// it back.
func TestEveryFileOfTheCorpusSurvivesWriting(t *testing.T) {
	for _, file := range corpus(t) {
		t.Run(file, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			res, err := Read(data, file)
			if len(res.Items) == 0 {
				t.Fatal(err)
			}
			for _, it := range res.Items {
				survivesNinjs(t, it)
				survivesNewsMLG2(t, it)
			}
		})
	}
}

func survivesNewsMLG2(t *testing.T, it *news.Item) {
	t.Helper()
	written, losses, err := newsmlg2.Write([]*news.Item{it})
	if err != nil || len(losses) > 0 {
		t.Fatal(err, losses)
	}
	if problems := newsmlg2.Check(written); !newsmlg2.Valid(problems) {
		t.Errorf("not valid: %v", problems)
	}
	again, _, err := newsmlg2.Read(written)
	if err != nil || len(again) != 1 {
		t.Fatalf("%v\n%s", err, written)
	}
	if d := goldentest.Diff(it, again[0]); d != "" {
		t.Errorf("%s%s", d, written)
	}
}

func survivesNinjs(t *testing.T, it *news.Item) {
	t.Helper()
	written, err := ninjs.Write(it)
	if err != nil {
		t.Fatal(err)
	}
	if problems := ninjs.Validate(written); len(problems) > 0 {
		t.Errorf("not valid: %v", problems)
	}
	again, losses, err := ninjs.Read(written)
	if err != nil || len(losses) > 0 {
		t.Fatalf("%v %v\n%s", err, losses, written)
	}
	before, after := reflect.ValueOf(*it), reflect.ValueOf(*again)
	for i := range before.NumField() {
		b, _ := json.Marshal(before.Field(i).Interface())
		a, _ := json.Marshal(after.Field(i).Interface())
		if string(a) != string(b) {
			t.Errorf("%s\n  before %s\n  after  %s", before.Type().Field(i).Name, b, a)
		}
	}
}

// TestFilesWithinFilesComeAlong: whoever stores an item can store what it names.
func TestFilesWithinFilesComeAlong(t *testing.T) {
	for _, tt := range []struct {
		file   string
		format string
		files  int
	}{
		{"mail/testdata/correspondent-koi8-ru.eml", "mail", 2},
		{"mail/testdata/ninjs-attached-en.eml", "mail", 2},
		{"picture/testdata/afaq-full-ar.jpg", "picture", 1},
		{"subtitle/testdata/ferry-en.vtt", "subtitles", 1},
	} {
		data, err := os.ReadFile(tt.file)
		if err != nil {
			t.Fatal(err)
		}
		res, err := Read(data, "dir/"+filepath.Base(tt.file))
		if err != nil || res.Format != tt.format || len(res.Attachments) != tt.files {
			t.Errorf("%s: %s with %d files, %v", tt.file, res.Format, len(res.Attachments), err)
		}
		stored := map[string]bool{}
		for _, a := range res.Attachments {
			stored[a.Digest] = len(a.Bytes) > 0 && !strings.Contains(a.Name, "/")
		}
		for _, it := range res.Items {
			for _, digest := range it.Digests() {
				if !stored[digest] {
					t.Errorf("%s: %s did not come along", tt.file, digest)
				}
			}
		}
	}
}
