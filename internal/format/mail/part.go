package mail

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"slices"
	"strings"

	"github.com/emersion/go-message/textproto"

	"jisr/internal/format/charset"
	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// part reads a part of a mail and the parts in it. path numbers it as IMAP does.
func (m *message) part(h header, body []byte, path string, depth int) error {
	if m.parts++; m.parts > maxParts {
		return news.Errorf(news.TooLarge, where(path, ""), "the mail has more than the %d parts allowed", maxParts)
	}
	if depth > maxDepth {
		return news.Errorf(news.TooLarge, where(path, ""), "parts are nested more than %d deep", maxDepth)
	}
	mediaType, params := h.contentType()
	if strings.HasPrefix(mediaType, "multipart/") {
		return m.multipart(body, params["boundary"], path, depth)
	}
	data := m.decode(h, body, path)
	disposition, name := m.fileName(h, params)
	switch {
	case mediaType == "message/rfc822" || mediaType == "message/global":
		items, err := m.message(data, path, depth+1)
		if err != nil {
			return err
		}
		m.nested = append(m.nested, items...)
	case strings.HasPrefix(mediaType, "text/") && name == "" && disposition != "attachment" && isBody(mediaType):
		m.text(mediaType, params, data, path)
	case len(data) == 0:
		m.lose(where(path, ""), "the file %q is empty", name)
	default:
		m.file(mediaType, name, line(h.Get("Content-Id")), data, path)
	}
	return nil
}

func isBody(mediaType string) bool {
	return mediaType == "text/plain" || markup.IsHTML(mediaType) || mediaType == "text/enriched"
}

func (m *message) multipart(body []byte, boundary, path string, depth int) error {
	if boundary == "" {
		m.lose(where(path, ""), "the part does not say where its parts end: taken as text")
		m.text("text/plain", nil, body, path)
		return nil
	}
	parts := textproto.NewMultipartReader(bytes.NewReader(body), boundary)
	for n := 1; ; n++ {
		p, err := parts.NextPart()
		if err == io.EOF {
			return nil
		}
		at := fmt.Sprint(n)
		if path != "" {
			at = path + "." + at
		}
		if err != nil {
			m.lose(where(at, ""), "the mail was cut off or damaged here: what came before was taken")
			return nil
		}
		data, err := io.ReadAll(p)
		if err != nil && len(data) == 0 {
			m.lose(where(at, ""), "the part was cut off")
			return nil
		}
		if err := m.part(header{p.Header}, data, at, depth+1); err != nil {
			return err
		}
	}
}

// decode undoes the transfer encoding of a part. Damage costs what it hits, not
// the mail.
func (m *message) decode(h header, body []byte, path string) []byte {
	switch encoding := strings.ToLower(line(h.Get("Content-Transfer-Encoding"))); encoding {
	case "base64":
		return decodeBase64(body)
	case "quoted-printable":
		data, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		if err != nil {
			m.lose(where(path, ""), "quoted-printable is damaged: what follows byte %d is as it was sent", len(data))
			if len(data) < len(body) {
				data = append(data, body[len(data):]...)
			}
		}
		return data
	case "", "7bit", "8bit", "binary":
	default:
		m.lose(where(path, ""), "the transfer encoding %q is not known: the bytes are as they were sent", encoding)
	}
	return body
}

// text takes a body. Of a plain and an HTML form of one text the HTML one is
// kept: it holds more.
func (m *message) text(mediaType string, params map[string]string, data []byte, path string) {
	text, decision := charset.Text(data, params["charset"])
	for _, note := range decision.Notes {
		m.lose(where(path, "charset"), "%s", note)
	}
	s := strings.ReplaceAll(string(text), "\x00", "")
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if s == "" {
		return
	}
	if len(s) > news.MaxText {
		m.lose(where(path, ""), "the text has %d bytes, more than the %d allowed: its end was left out", len(s), news.MaxText)
		s = strings.ToValidUTF8(s[:news.MaxText], "")
	}
	if markup.IsHTML(mediaType) {
		m.html = append(m.html, news.Words{ContentType: "text/html", Value: s})
		return
	}
	if strings.EqualFold(params["format"], "flowed") {
		s = unflow(s, strings.EqualFold(params["delsp"], "yes"))
	}
	m.plain = append(m.plain, news.Words{ContentType: "text/plain", Value: s})
}

// unflow joins the lines of a text whose paragraphs were wrapped for sending
// (RFC 3676). Quoted lines and the line before a signature stay as they are.
func unflow(s string, delSp bool) string {
	var b strings.Builder
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		flows := strings.HasSuffix(l, " ") && l != "-- " && !strings.HasPrefix(l, ">") && i+1 < len(lines) && !strings.HasPrefix(lines[i+1], ">")
		l = strings.TrimPrefix(l, " ") // space-stuffing
		if !flows {
			b.WriteString(strings.TrimRight(l, " "))
			if i+1 < len(lines) {
				b.WriteByte('\n')
			}
			continue
		}
		if delSp {
			l = strings.TrimSuffix(l, " ")
		}
		b.WriteString(l)
	}
	return b.String()
}

// file takes an attachment.
func (m *message) file(mediaType, name, contentID string, data []byte, path string) {
	if name == "" {
		name = fmt.Sprintf("attachment-%d%s", len(m.files)+1, extension(mediaType))
	}
	a := Attachment{Name: name, ContentType: mediaType, Digest: digestOf(data), Bytes: data}
	var items []*news.Item
	if m.reader.nested != nil {
		got, losses := m.reader.nested(data, name)
		for _, l := range losses {
			m.lose(where(path, l.Path), "%s", l.Reason)
		}
		items = got
	}
	switch {
	case len(items) == 1 && items[0].Type == news.Picture && len(items[0].Renditions) == 1 && items[0].Renditions[0].Digest == a.Digest:
		m.files = append(m.files, a)
		picture := *items[0]
		picture.Renditions[0].OriginalFilename = name
		m.associate(picture, contentID)
	case len(items) > 0:
		m.nested = append(m.nested, items...)
	default:
		m.files = append(m.files, a)
		m.document(a, contentID, path)
	}
}

// document makes a rendition of the mail, or an association where the file is a
// medium in its own right.
func (m *message) document(a Attachment, contentID, path string) {
	kind, _, _ := strings.Cut(a.ContentType, "/")
	f := news.Rendition{Name: "main", ContentType: a.ContentType, OriginalFilename: a.Name, SizeInBytes: int64(len(a.Bytes)), Digest: a.Digest}
	types := map[string]news.Type{"image": news.Picture, "audio": news.Audio, "video": news.Video}
	if t := types[kind]; t != "" {
		m.associate(news.Item{URI: nameByHash(a.Bytes), Type: t, Renditions: []news.Rendition{f}}, contentID)
		return
	}
	if isArchive(a) {
		m.lose(where(path, ""), "the archive %q was stored, not opened", a.Name)
	}
	f.Name = fmt.Sprintf("attachment-%d", len(m.it.Renditions)+1)
	m.it.Renditions = append(m.it.Renditions, f)
}

func isArchive(a Attachment) bool {
	if bytes.HasPrefix(a.Bytes, []byte("PK\x03\x04")) && !strings.Contains(a.ContentType, "officedocument") && !strings.Contains(a.ContentType, "opendocument") {
		return true
	}
	for _, magic := range []string{"\x1f\x8b", "7z\xbc\xaf\x27\x1c", "Rar!", "\x78\x9f\x3e\x22"} { // gzip, 7-Zip, RAR, TNEF
		if bytes.HasPrefix(a.Bytes, []byte(magic)) {
			return true
		}
	}
	return false
}

func (m *message) associate(a news.Item, contentID string) {
	a.Name = fmt.Sprintf("attachment-%d", len(m.it.Associations)+1)
	if id := strings.Trim(contentID, "<>"); id != "" {
		a.AltIDs = append(a.AltIDs, news.AltID{Role: "contentId", Value: id})
	}
	m.it.Associations = append(m.it.Associations, a)
}

// finish returns the items: those of enclosed files if there are any, else the
// mail itself.
func (m *message) finish(path string) []*news.Item {
	it := m.it
	texts := m.html
	if len(texts) == 0 {
		texts = m.plain
	}
	for i := range texts {
		if i > 0 {
			texts[i].Role = fmt.Sprintf("part-%d", i+1)
		}
	}
	it.Bodies = texts
	if len(m.nested) == 0 {
		return []*news.Item{it}
	}
	if s := markup.Line(it.Body().Value); s != "" {
		m.lose(where(path, ""), "the mail is the envelope of the items in it; its own words were: %s", short(s))
	}
	m.deliver(m.nested)
	if it.PubStatus == news.Withheld {
		// A warning on the envelope holds for what is inside.
		for _, n := range m.nested {
			if n.PubStatus != news.Canceled {
				n.PubStatus = news.Withheld
			}
		}
	}
	return m.nested
}

// deliver gives the files of the envelope to the items in it: a rendition that
// names a file gets its digest, the others go to the first item.
func (m *message) deliver(items []*news.Item) {
	used := map[string]bool{}
	for _, it := range items {
		m.resolve(it, used)
	}
	for _, a := range m.it.Associations {
		if !used[a.Renditions[0].Digest] {
			a.Name = fmt.Sprintf("attachment-%d", len(items[0].Associations)+1)
			items[0].Associations = append(items[0].Associations, a)
		}
	}
	for _, f := range m.it.Renditions {
		if !used[f.Digest] {
			items[0].Renditions = append(items[0].Renditions, f)
		}
	}
}

func (m *message) resolve(it *news.Item, used map[string]bool) {
	for i := range it.Renditions {
		f := &it.Renditions[i]
		n := slices.IndexFunc(m.files, func(a Attachment) bool { return f.Href != "" && a.Name == SafeName(f.Href) })
		if n >= 0 && f.Digest == "" {
			f.Digest, f.SizeInBytes, f.OriginalFilename = m.files[n].Digest, int64(len(m.files[n].Bytes)), m.files[n].Name
			used[f.Digest] = true
		}
	}
	for i := range it.Associations {
		m.resolve(&it.Associations[i], used)
	}
}

func short(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}
