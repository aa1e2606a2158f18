package subtitle

import (
	"html"
	"strings"
)

// fromSRT turns the markup of SRT into that of WebVTT: italic, bold and underline
// are common, colours and fonts are not shown, a lone < or & is a sign.
func (r *reader) fromSRT(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "<{&")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		if tag, rest, ok := srtTag(s); ok {
			if tag != "" {
				b.WriteString("<" + tag + ">")
			}
			s = rest
			continue
		}
		if s[0] == '&' && !strings.HasPrefix(html.UnescapeString(s[:min(len(s), 10)]), "&") {
			b.WriteByte('&') // an entity, as some programs write
		} else {
			b.WriteString(html.EscapeString(s[:1]))
		}
		s = s[1:]
	}
	return strings.TrimSpace(b.String())
}

// srtTag reads a tag at the start of s. Its name is empty for one that WebVTT has
// no counterpart of: font, and the positions in braces of another program.
func srtTag(s string) (tag, rest string, ok bool) {
	if strings.HasPrefix(s, `{\`) {
		if _, rest, ok = strings.Cut(s, "}"); ok {
			return "", rest, true
		}
		return "", "", false
	}
	if s[0] != '<' {
		return "", "", false
	}
	inside, rest, ok := strings.Cut(s[1:], ">")
	if !ok || len(inside) > 100 {
		return "", "", false
	}
	name := strings.ToLower(strings.TrimSpace(inside))
	switch strings.TrimPrefix(name, "/") {
	case "i", "b", "u":
		return name, rest, true
	}
	if name == "/font" || strings.HasPrefix(name, "font ") {
		return "", rest, true
	}
	return "", "", false
}

// Plain returns the words of a cue without markup, as they are spoken.
func (c Cue) Plain() string {
	var b strings.Builder
	s := c.Text
	for {
		before, after, found := strings.Cut(s, "<")
		b.WriteString(before)
		if !found {
			break
		}
		_, rest, closed := strings.Cut(after, ">")
		if !closed {
			break // WebVTT takes the rest for a tag as well
		}
		s = rest
	}
	return strings.TrimSpace(html.UnescapeString(b.String()))
}

// Plain returns the words of all cues, a line each: what is searched and shown
// to who cannot play the video.
func (t *Track) Plain() string {
	var b strings.Builder
	for _, c := range t.Cues {
		if s := strings.Join(strings.Fields(c.Plain()), " "); s != "" {
			b.WriteString(s + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
