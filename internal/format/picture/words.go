package picture

import (
	"strings"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// The words of an item as pictures name them, for both writers.

func headline(it *news.Item) string {
	if len(it.Headlines) == 0 {
		return ""
	}
	return it.Headline()
}

// described returns the texts of a role. A caption is any description without a
// role of its own, if there is none that says so.
func described(it *news.Item, role string) []news.Words {
	var out []news.Words
	for _, wanted := range []string{role, "", "main"} {
		for _, d := range it.Descriptions {
			if d.Role == wanted {
				if markup.IsHTML(d.ContentType) {
					d.Value = markup.Text(d.Value)
				}
				out = append(out, d)
			}
		}
		if len(out) > 0 || role != "caption" {
			break
		}
	}
	return out
}

func description(it *news.Item, role string) string {
	for _, d := range described(it, role) {
		return d.Value
	}
	return ""
}

func authorsOf(it *news.Item) (authors []string, title, captionWriter string) {
	for _, c := range it.Creators {
		switch {
		case c.Role == "captionWriter":
			captionWriter = c.Name
		case c.Name != "":
			if len(authors) == 0 {
				title = c.Role
			}
			authors = append(authors, c.Name)
		}
	}
	if len(authors) == 0 && it.By != "" {
		authors = []string{it.By}
	}
	return authors, title, captionWriter
}

func madeAt(it *news.Item) location {
	var l location
	found := false
	for _, p := range it.Places {
		if p.Rel == "located" {
			found = true
			l.take(p)
			if l.point == nil {
				l.point = p.GeoJSON
			}
		}
	}
	if !found {
		l.name = it.Located
	}
	return l
}

func source(it *news.Item) string {
	for _, s := range it.InfoSources {
		return firstOf(s.Name, s.Literal)
	}
	return ""
}

func altID(it *news.Item, role string) string {
	for _, a := range it.AltIDs {
		if a.Role == role {
			return a.Value
		}
	}
	return ""
}

func subjectCodeOf(c news.Concept) string {
	code, _ := strings.CutPrefix(c.URI, "http://cv.iptc.org/newscodes/subjectcode/")
	if code == c.URI {
		return ""
	}
	return code
}

func names(concepts []news.Concept) []string {
	var out []string
	for _, c := range concepts {
		if c.Name != "" {
			out = append(out, c.Name)
		}
	}
	return out
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
