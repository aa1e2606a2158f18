package subtitle

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// WebVTT returns the track as a file that browsers play.
func WebVTT(t *Track) []byte {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	if t.Kind != "" {
		b.WriteString("Kind: " + line(t.Kind) + "\n")
	}
	if t.Language != "" {
		b.WriteString("Language: " + line(t.Language) + "\n")
	}
	for _, r := range t.Regions {
		b.WriteString("\nREGION\n" + block(r) + "\n")
	}
	if t.Style != "" {
		b.WriteString("\nSTYLE\n" + block(t.Style) + "\n")
	}
	for _, n := range t.Notes {
		b.WriteString("\nNOTE\n" + block(n) + "\n")
	}
	for _, c := range t.Cues {
		b.WriteByte('\n')
		if id := line(c.ID); id != "" {
			b.WriteString(id + "\n")
		}
		b.WriteString(clock(c.Start, '.') + " --> " + clock(c.End, '.'))
		if s := line(c.Settings); s != "" {
			b.WriteString(" " + s)
		}
		b.WriteString("\n" + block(c.Text) + "\n")
	}
	return []byte(b.String())
}

// SRT returns the track for programs that read nothing else. Positions, voices
// and styles have no place in it.
func SRT(t *Track) []byte {
	var b strings.Builder
	for i, c := range t.Cues {
		fmt.Fprintf(&b, "%d\r\n%s --> %s\r\n%s\r\n\r\n", i+1, clock(c.Start, ','), clock(c.End, ','),
			strings.ReplaceAll(block(srtText(c.Text)), "\n", "\r\n"))
	}
	return []byte(b.String())
}

// srtText keeps italic, bold and underline and writes all else as plain text.
func srtText(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "<")
		b.WriteString(html.UnescapeString(before))
		if !found {
			return b.String()
		}
		tag, rest, closed := strings.Cut(after, ">")
		if !closed {
			return b.String()
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(tag, "/"), ".") // <i.class>
		if name == "i" || name == "b" || name == "u" {
			if strings.HasPrefix(tag, "/") {
				name = "/" + name
			}
			b.WriteString("<" + name + ">")
		}
		s = rest
	}
}

// line keeps a value from breaking the line that it stands in, or from being
// taken for times.
func line(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "-->", "→")
}

// block keeps a text from ending its block early.
func block(s string) string {
	var lines []string
	for l := range strings.Lines(s) {
		if l = strings.TrimRight(l, " \t\r\n"); l != "" {
			lines = append(lines, strings.ReplaceAll(l, "-->", "→"))
		}
	}
	return strings.Join(lines, "\n")
}

func clock(d time.Duration, point byte) string {
	ms := d.Milliseconds()
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, point, ms%1000)
}

// ReadItem returns a file of subtitles that came alone as an item: a component,
// to be tied to its video by people or by the name of the file. Its rendition is
// the file, by digest; the caller stores the bytes.
func ReadItem(data []byte) (*news.Item, []loss.Loss, error) {
	t, losses, err := Read(data)
	if err != nil {
		return nil, nil, err
	}
	digest, uri := digestOf(data)
	it := &news.Item{
		URI: uri, Type: news.Component, Profile: "subtitles",
		Bodies:     []news.Words{{ContentType: "text/plain", Value: t.Plain()}},
		Renditions: []news.Rendition{{Name: "main", ContentType: contentType(t.Format), SizeInBytes: int64(len(data)), Digest: digest, Duration: t.length()}},
	}
	if _, err := language.Parse(t.Language); t.Language != "" && err == nil {
		it.Language = t.Language
	}
	return it, losses, nil
}

func contentType(format string) string {
	if format == "srt" {
		return "application/x-subrip"
	}
	return MediaType
}

func (t *Track) length() float64 {
	end := time.Duration(0)
	for _, c := range t.Cues {
		end = max(end, c.End)
	}
	return end.Seconds()
}

// Attach ties a track to a video's item as an association that holds its words
// and, as WebVTT, its file. lang is the language of the track; if it is empty,
// the track's own. It returns the file, which the caller stores by the digest
// of the association's rendition. A track of the same language and kind takes
// the place of the older one.
func Attach(video *news.Item, t *Track, lang string) (file []byte, err error) {
	if lang == "" {
		lang = t.Language
	}
	if _, err := language.Parse(lang); lang == "" || err != nil {
		return nil, news.Errorf(news.Invalid, "language", "subtitles need a language such as ar, ru or en; %q is none", lang)
	}
	tagged := *t
	tagged.Language = lang
	file = WebVTT(&tagged)
	digest, uri := digestOf(file)
	kind := t.Kind
	if kind == "" {
		kind = "subtitles"
	}
	a := news.Item{
		Name: kind + "-" + strings.ToLower(lang), Rel: "subtitles", URI: uri, Type: news.Component, Profile: kind, Language: lang,
		Bodies: []news.Words{{ContentType: "text/plain", Value: t.Plain()}},
		Renditions: []news.Rendition{{
			Name: "main", ContentType: MediaType, SizeInBytes: int64(len(file)), Digest: digest, Duration: t.length(),
			OriginalFilename: kind + "-" + strings.ToLower(lang) + ".vtt",
		}},
	}
	for i := range video.Associations {
		if video.Associations[i].Name == a.Name {
			video.Associations[i] = a
			return file, nil
		}
	}
	if len(video.Associations) >= news.MaxList {
		return nil, news.Errorf(news.TooLarge, "associations", "the item has %s associations, no more are allowed", strconv.Itoa(news.MaxList))
	}
	video.Associations = append(video.Associations, a)
	return file, nil
}
