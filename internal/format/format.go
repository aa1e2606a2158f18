// Package format turns the bytes of any known news format into items. It tells
// formats apart and calls the reader of each, which is a package of its own.
//
// The invariant: every input ends in items or in an error that says what was
// wrong, where, and how to mend it. What a reader had to leave out is in the
// losses of the result, never lost in silence.
//
// docs/formats.md says how each format maps to news.Item.
package format

import (
	"bytes"
	"strings"

	"jisr/internal/format/agencyjson"
	"jisr/internal/format/feed"
	"jisr/internal/format/iptc7901"
	"jisr/internal/format/loss"
	"jisr/internal/format/mail"
	"jisr/internal/format/newsml1"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/format/ninjs"
	"jisr/internal/format/nitf"
	"jisr/internal/format/picture"
	"jisr/internal/format/ritzau"
	"jisr/internal/format/subtitle"
	"jisr/internal/format/web"
	"jisr/internal/format/wxr"
	"jisr/internal/news"
)

// HeadSize is how many of a file's first bytes Detect needs at most.
const HeadSize = 64 << 10

const byteOrderMark = "\xef\xbb\xbf"

// Detected says what a file is.
type Detected struct {
	Name    string // "ninjs", "newsml-g2" …
	Version string // as declared or inferred: "3.0", "2"; may be empty
}

// Result is what a file holds. A file of many items can have good ones beside
// one that was refused; then Read returns both a result and an error.
type Result struct {
	Format  string
	Version string
	Items   []*news.Item
	Losses  []loss.Loss
	// Attachments are the files that came in the file: those of a mail, or the
	// picture itself. A rendition with a digest and without href names one of
	// them; whoever keeps the item stores them.
	Attachments []mail.Attachment
}

// reader is one format: how to know it and how to read it.
type reader struct {
	name  string
	limit int // bytes of a file
	// detect reports whether the first bytes begin such a file, and its version if
	// it has one.
	detect func(head []byte) (version string, ok bool)
	read   readFunc
	// enclosed formats are read where they come as files of a mail, too.
	enclosed bool
}

// readers lists the formats, the most particular first.
func readers() []reader {
	return []reader{
		{name: "newsml-g2", limit: newsmlg2.MaxSize, detect: versioned(newsmlg2.Detect, newsmlg2.Version), read: many(newsmlg2.Read), enclosed: true},
		{name: "newsml1", limit: newsml1.MaxSize, detect: versioned(newsml1.Detect, newsml1.Version), read: many(newsml1.Read), enclosed: true},
		{name: "nitf", limit: nitf.MaxSize, detect: versioned(nitf.Detect, nitf.Version), read: many(nitf.Read), enclosed: true},
		{name: "ritzau", limit: ritzau.MaxSize, detect: plain(ritzau.Detect), read: many(ritzau.Read), enclosed: true},
		{name: "wxr", limit: wxr.MaxSize, detect: versioned(wxr.Detect, wxr.Version), read: many(wxr.Read)},
		{name: "rss", limit: feed.MaxSize, detect: versioned(isFeed("rss"), feed.Version), read: readFeed},
		{name: "atom", limit: feed.MaxSize, detect: versioned(isFeed("atom"), feed.Version), read: readFeed},
		{name: "jsonfeed", limit: feed.MaxSize, detect: versioned(isFeed("jsonfeed"), feed.Version), read: readFeed},
		{name: "picture", limit: picture.MaxSize, detect: plain(picture.Detect), read: withFile(picture.Read), enclosed: true},
		{name: "iptc7901", limit: iptc7901.MaxSize, detect: versioned(iptc7901.Detect, iptc7901.Version), read: many(iptc7901.Read), enclosed: true},
		{name: "mail", limit: mail.MaxSize, detect: plain(mail.Detect), read: readMail},
		{name: "subtitles", limit: subtitle.MaxSize, detect: plain(isSubtitle), read: withFile(subtitle.ReadItem)},
		{name: agencyjson.AP, limit: agencyjson.MaxSize, detect: plain(isAgency(agencyjson.AP)), read: many(agencyjson.Read), enclosed: true},
		{name: agencyjson.LDRS, limit: agencyjson.MaxSize, detect: plain(isAgency(agencyjson.LDRS)), read: many(agencyjson.Read), enclosed: true},
		{name: "ninjs", limit: news.MaxContent, detect: ninjs.Version, read: one(ninjs.Read), enclosed: true},
		{name: "html", limit: web.MaxSize, detect: plain(web.DetectHTML), read: one(web.ReadHTML)},
		{name: "text", limit: news.MaxText, detect: plain(web.DetectText), read: one(web.ReadText)}, // last: other files may begin like a story
	}
}

// Detect says what format a file has, from its first bytes; HeadSize of them
// are enough. The name of the file decides nothing, because senders name files
// as they like.
func Detect(head []byte, filename string) (Detected, bool) {
	for _, r := range readers() {
		if version, ok := r.detect(head); ok {
			return Detected{Name: r.name, Version: version}, true
		}
	}
	return Detected{}, false
}

// Read reads a file of any known format. The file name is for messages only.
// Errors are of kind Invalid or TooLarge.
func Read(data []byte, filename string) (Result, error) {
	if len(bytes.TrimSpace(bytes.TrimPrefix(data, []byte(byteOrderMark)))) == 0 {
		return Result{}, news.Errorf(news.Invalid, "", "%s is empty: send it again", quoted(filename))
	}
	head := data[:min(len(data), HeadSize)]
	for _, r := range readers() {
		version, ok := r.detect(head)
		if !ok {
			continue
		}
		if len(data) > r.limit {
			return Result{}, news.Errorf(news.TooLarge, "", "%s has %d bytes, more than the %d allowed for %s: send media as files of their own, and many items in parts",
				quoted(filename), len(data), r.limit, r.name)
		}
		res, err := r.read(data, filename)
		res.Format, res.Version = r.name, version
		return res, err
	}
	return Result{}, unknown(data, filename)
}

// unknown explains why no reader took a file. A file that must have been meant
// for one reader gets that reader's explanation.
func unknown(data []byte, filename string) error {
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte(byteOrderMark)), " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("{")) && !bytes.HasPrefix(text, []byte("{\\rtf")):
		if _, _, err := ninjs.Read(data); err != nil {
			return err
		}
	case bytes.HasPrefix(text, []byte("[")):
		return news.Errorf(news.Invalid, "", "%s is a JSON array: send each item as a file of its own", quoted(filename))
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return news.Errorf(news.Invalid, "", "%s is in UTF-16 and not a format we know: save it as UTF-8", quoted(filename))
	}
	if what, remedy := kindOf(data); what != "" {
		return news.Errorf(news.Invalid, "", "%s is %s and in none of the formats we read: %s", quoted(filename), what, remedy)
	}
	var names []string
	for _, r := range readers() {
		names = append(names, r.name)
	}
	return news.Errorf(news.Invalid, "", "%s is in none of the formats we read: %s", quoted(filename), strings.Join(names, ", "))
}

// quoted names a file in a message.
func quoted(filename string) string {
	if filename == "" {
		return "the file"
	}
	return "“" + filename + "”"
}

// kindOf names the kind of a file that newsrooms send and no reader takes, and says
// what to do with it; "" is another kind.
func kindOf(data []byte) (what, remedy string) {
	const story = "send its story as text, HTML or mail, and the file with it"
	head := string(data[:min(len(data), HeadSize)])
	switch {
	case strings.HasPrefix(head, "%PDF-"):
		return "a PDF document", story
	case strings.HasPrefix(head, "PK\x03\x04") && (strings.Contains(head, "word/") || strings.Contains(head, "[Content_Types].xml") || strings.Contains(head, "mimetypeapplication/vnd.oasis.")):
		return "a document of an office program", story
	case strings.HasPrefix(head, "\xd0\xcf\x11\xe0"):
		return "a document of an old office program", story
	case strings.HasPrefix(head, "{\\rtf"):
		return "an RTF document", story
	case strings.HasPrefix(head, "PK\x03\x04"), strings.HasPrefix(head, "\x1f\x8b"), strings.HasPrefix(head, "Rar!"), strings.HasPrefix(head, "7z\xbc\xaf"):
		return "an archive", "unpack it and send the files"
	case len(head) >= 8 && head[4:8] == "ftyp", strings.HasPrefix(head, "\x1a\x45\xdf\xa3"), strings.HasPrefix(head, "ID3"), strings.HasPrefix(head, "OggS"), strings.HasPrefix(head, "RIFF"):
		return "sound or video", "send an item that describes it, and the file with it"
	case web.IsProse(data):
		return "text", "begin a story with its headline and an empty line, or with named lines such as HEADLINE:"
	}
	return "", ""
}
