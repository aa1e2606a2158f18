package feed

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"

	"github.com/mmcdole/gofeed/atom"

	"jisr/internal/format/xmltree"
)

const (
	atomSpace   = "http://www.w3.org/2005/Atom"
	atomSpace03 = "http://purl.org/atom/ns#"
)

// parseAtom reads Atom fast if it is plain, else through gofeed.
func parseAtom(text []byte) (*atom.Feed, error) {
	if f, ok := plainAtom(text); ok {
		return f, nil
	}
	return gofeedAtom(text)
}

func gofeedAtom(text []byte) (*atom.Feed, error) {
	return new(atom.Parser).Parse(bytes.NewReader(text))
}

// plainAtom reads Atom 1.0 whose elements have no prefix; ok is false if gofeed has
// to read it.
func plainAtom(text []byte) (*atom.Feed, bool) {
	p := newPlain(text)
	root := p.root()
	if p.strange || root.Name.Local != "feed" || root.Name.Space != "" {
		return nil, false
	}
	// The default namespace is Atom's, and only there may it be declared.
	i := slices.IndexFunc(root.Attrs, func(a xml.Attr) bool { return a.Name.Space == "" && a.Name.Local == "xmlns" })
	if i < 0 || root.Attrs[i].Value != atomSpace {
		return nil, false
	}
	namespaces := root
	namespaces.Attrs = slices.Delete(slices.Clone(root.Attrs), i, i+1)
	if p.declare(namespaces); p.strange {
		return nil, false
	}
	f := &atom.Feed{Version: firstOf(attribute(root, "version"), "1.0"), Language: attribute(root, "lang")}
	p.children(root, func(t xmltree.Token) {
		if t.Name.Space != "" {
			p.atomExtension(t)
			p.extension(t, &f.Extensions)
			return
		}
		switch strings.ToLower(t.Name.Local) {
		case "title":
			f.Title = p.atomText(t)
		case "id":
			f.ID = normalURL(p.atomText(t))
		case "link":
			f.Links = append(f.Links, p.atomLink(t))
		case "rights", "copyright":
			f.Rights = p.atomText(t)
		case "author":
			f.Authors = append(f.Authors, p.atomPerson(t))
		case "entry":
			f.Entries = append(f.Entries, p.atomEntry(t))
		default:
			p.source(t)
		}
	})
	return f, !p.strange
}

func (p *plainFeed) atomEntry(entry xmltree.Token) *atom.Entry {
	e := &atom.Entry{}
	p.children(entry, func(t xmltree.Token) {
		if t.Name.Space != "" {
			p.atomExtension(t)
			p.extension(t, &e.Extensions)
			return
		}
		switch strings.ToLower(t.Name.Local) {
		case "title":
			e.Title = p.atomText(t)
		case "id":
			e.ID = normalURL(p.atomText(t))
		case "rights", "copyright":
			e.Rights = p.atomText(t)
		case "summary":
			e.Summary = p.atomText(t)
		case "updated", "modified":
			e.Updated = p.atomText(t)
		case "published", "issued":
			e.Published = p.atomText(t)
		case "author":
			e.Authors = append(e.Authors, p.atomPerson(t))
		case "contributor":
			e.Contributors = append(e.Contributors, p.atomPerson(t))
		case "category":
			e.Categories = append(e.Categories, &atom.Category{Term: attribute(t, "term"), Scheme: attribute(t, "scheme"), Label: attribute(t, "label")})
			p.source(t)
		case "link":
			e.Links = append(e.Links, p.atomLink(t))
		case "content":
			e.Content = &atom.Content{Type: attribute(t, "type"), Src: attribute(t, "src"), Value: p.atomText(t)}
		case "source":
			e.Source = p.atomSource(t)
		default:
			p.source(t)
		}
	})
	return e
}

func (p *plainFeed) atomSource(source xmltree.Token) *atom.Source {
	s := &atom.Source{}
	p.children(source, func(t xmltree.Token) {
		switch name := strings.ToLower(t.Name.Local); {
		case t.Name.Space == "" && name == "title":
			s.Title = p.atomText(t)
		case t.Name.Space == "" && name == "id":
			s.ID = normalURL(p.atomText(t))
		default:
			p.atomExtension(t)
			p.source(t)
		}
	})
	return s
}

func (p *plainFeed) atomPerson(person xmltree.Token) *atom.Person {
	a := &atom.Person{}
	p.children(person, func(t xmltree.Token) {
		switch strings.ToLower(t.Name.Local) {
		case "name":
			a.Name = p.atomText(t)
		case "email":
			a.Email = p.atomText(t)
		case "uri", "url":
			a.URI = normalURL(p.atomText(t))
		case "homepage":
			a.URI = p.atomText(t)
		default:
			p.source(t)
		}
	})
	return a
}

func (p *plainFeed) atomLink(t xmltree.Token) *atom.Link {
	l := &atom.Link{
		Href: attribute(t, "href"), Type: attribute(t, "type"), Length: attribute(t, "length"), Title: attribute(t, "title"),
		Rel: firstOf(attribute(t, "rel"), "alternate"),
	}
	p.source(t)
	return l
}

// atomText reads a text. Text that is neither plain nor escaped HTML, such as
// XHTML, is left to gofeed.
func (p *plainFeed) atomText(t xmltree.Token) string {
	kind := ""
	for _, a := range t.Attrs {
		switch {
		case a.Name.Local == "mode", a.Name.Local == "type" && kind != "":
			p.strange = true
		case a.Name.Local == "type":
			kind = strings.ToLower(a.Value)
		}
	}
	source := strings.TrimSpace(p.source(t))
	switch {
	case strings.Contains(source, "<![CDATA["), kind == "", kind == "text", strings.HasPrefix(kind, "text/"):
		return unescaped(source)
	case kind == "html" && !strings.Contains(source, "<"):
		return unescape(source)
	}
	p.strange = true
	return ""
}

// atomExtension gives up on elements that are Atom's own under a prefix.
func (p *plainFeed) atomExtension(t xmltree.Token) {
	for _, n := range p.scope {
		p.strange = p.strange || n.prefix == t.Name.Space && (n.uri == atomSpace || n.uri == atomSpace03)
	}
}
