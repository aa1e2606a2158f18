package ninjs

import (
	"strconv"
	"strings"

	"jisr/internal/news"
)

// words reads a headline, description or body.
func (r *reader) words(w *news.Words) error {
	return r.object(func(name string) error {
		switch name {
		case "role":
			return r.text(&w.Role)
		case "contentType", "contenttype":
			return r.text(&w.ContentType)
		case "language":
			return r.text(&w.Language)
		case "value":
			return r.text(&w.Value)
		case "charCount", "charcount":
			return r.integer(&w.CharCount)
		case "wordCount", "wordcount":
			return r.integer(&w.WordCount)
		}
		return r.unknown()
	})
}

// namedWords reads a text of 1.x, whose property name ends in its format or
// its purpose.
func (r *reader) namedWords(dst *[]news.Words, suffix string) error {
	w, err := grow(r, dst)
	if err != nil {
		return err
	}
	switch suffix {
	case "":
	case "text":
		w.ContentType = "text/plain"
	case "html":
		w.ContentType = "text/html"
	case "xhtml":
		w.ContentType = "application/xhtml+xml"
	default:
		w.Role = suffix
	}
	return r.text(&w.Value)
}

// concept reads a person, organisation, subject and their like.
func (r *reader) concept(c *news.Concept) error {
	var scheme, code string
	err := r.object(func(name string) error {
		switch name {
		case "scheme":
			return r.text(&scheme)
		case "code", "qcode":
			return r.text(&code)
		}
		return r.conceptMember(c, name)
	})
	if err == nil && (scheme != "" || code != "") {
		c.Literal, c.URI = code, conceptURI(c.URI, scheme, code)
	}
	return err
}

// conceptURI makes the URI of 2.x and 3.x from the scheme and code of 1.x.
func conceptURI(uri, scheme, code string) string {
	switch {
	case uri != "":
		return uri
	case scheme == "":
		return ""
	case code == "" || strings.HasSuffix(scheme, "/") || strings.HasSuffix(scheme, "#"):
		return scheme + code
	}
	return scheme + "/" + code
}

// infoSource1 reads an infosource of 1.x; later versions call its rel a role.
func (r *reader) infoSource1(c *news.Concept) error {
	err := r.concept(c)
	if c.Role == "" {
		c.Role, c.Rel = c.Rel, ""
	}
	return err
}

// locatedConcept reads a place. 2.0 lets it be a GeoJSON object itself, 1.x
// has geometry_ properties, 2.1 and later a geojson property.
func (r *reader) locatedConcept(c *news.Concept) error {
	var inline []byte
	var scheme, code string
	err := r.object(func(name string) error {
		switch name {
		case "type", "geometry", "coordinates", "geometries", "features", "properties", "bbox":
			raw, err := r.raw()
			inline = append(inline, ',')
			inline = append(strconv.AppendQuote(inline, name), ':')
			inline = append(inline, raw...)
			return err
		case "geometry_geojson":
			return r.geoJSON(c)
		case "scheme":
			return r.text(&scheme)
		case "code", "qcode":
			return r.text(&code)
		}
		return r.conceptMember(c, name)
	})
	if err != nil {
		return err
	}
	if scheme != "" || code != "" {
		c.Literal, c.URI = code, conceptURI(c.URI, scheme, code)
	}
	if inline != nil && c.GeoJSON == nil {
		inline[0] = '{'
		c.GeoJSON = append(inline, '}')
	}
	return nil
}

func (r *reader) geoJSON(c *news.Concept) error {
	if r.dec.PeekKind() != '{' {
		return r.wrong("a GeoJSON object")
	}
	raw, err := r.raw()
	c.GeoJSON = raw
	return err
}

// conceptMember reads one member of a concept.
func (r *reader) conceptMember(c *news.Concept, name string) error {
	switch name {
	case "id":
		return r.text(&c.ID)
	case "name":
		return r.text(&c.Name)
	case "rel":
		return r.text(&c.Rel)
	case "role":
		return r.text(&c.Role)
	case "uri":
		return r.text(&c.URI)
	case "literal":
		return r.text(&c.Literal)
	case "creator":
		return r.text(&c.Creator)
	case "relevance":
		c.Relevance = new(int)
		return r.integer(c.Relevance)
	case "confidence":
		c.Confidence = new(int)
		return r.integer(c.Confidence)
	case "symbols":
		return list(r, &c.Symbols, r.symbol)
	case "contactInfo", "contactinfo":
		return list(r, &c.Contacts, r.contact)
	case "geoJSON", "geojson":
		return r.geoJSON(c)
	}
	if r.amend {
		switch name {
		case "broader":
			return r.strings(&c.Broader)
		case "names":
			c.Names = map[string]string{}
			return r.object(func(lang string) error {
				var s string
				err := r.text(&s)
				c.Names[lang] = s
				return err
			})
		}
	}
	return r.unknown()
}

func (r *reader) symbol(s *news.Symbol) error {
	return r.object(func(name string) error {
		switch name {
		case "ticker":
			return r.text(&s.Ticker)
		case "exchange":
			return r.text(&s.Exchange)
		case "symbolType", "symboltype":
			return r.text(&s.SymbolType)
		case "symbol":
			return r.text(&s.Symbol)
		}
		return r.unknown()
	})
}

func (r *reader) contact(c *news.Contact) error {
	return r.object(func(name string) error {
		switch name {
		case "type":
			return r.text(&c.Type)
		case "role":
			return r.text(&c.Role)
		case "lang":
			return r.text(&c.Lang)
		case "name":
			return r.text(&c.Name)
		case "value":
			return r.text(&c.Value)
		case "address":
			c.Address = new(news.Address)
			return r.address(c.Address)
		}
		return r.unknown()
	})
}

func (r *reader) address(a *news.Address) error {
	return r.object(func(name string) error {
		switch name {
		case "lines":
			return r.strings(&a.Lines)
		case "locality":
			return r.text(&a.Locality)
		case "area":
			return r.text(&a.Area)
		case "postalCode", "postalcode":
			return r.text(&a.PostalCode)
		case "country":
			return r.text(&a.Country)
		}
		return r.unknown()
	})
}

func (r *reader) link(l *news.Link) error {
	var scheme, code string
	err := r.object(func(name string) error {
		switch name {
		case "role":
			return r.text(&l.Role)
		case "title":
			return r.text(&l.Title)
		case "href":
			return r.text(&l.Href)
		case "scheme":
			return r.text(&scheme)
		case "code":
			return r.text(&code)
		}
		return r.unknown()
	})
	if l.Role == "" {
		l.Role = conceptURI("", scheme, code)
		if scheme == "" {
			l.Role = code
		}
	}
	return err
}
