package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// The namespaces of XMP that a picture desk uses.
const (
	nsXML       = "http://www.w3.org/XML/1998/namespace"
	nsRDF       = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsDC        = "http://purl.org/dc/elements/1.1/"
	nsPhotoshop = "http://ns.adobe.com/photoshop/1.0/"
	nsIptcCore  = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
	nsIptcExt   = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
	nsRights    = "http://ns.adobe.com/xap/1.0/rights/"
	nsPLUS      = "http://ns.useplus.org/ldf/xmp/1.0/"
	nsXMP       = "http://ns.adobe.com/xap/1.0/"
	nsEXIF      = "http://ns.adobe.com/exif/1.0/"
	nsJisr      = "urn:jisr:xmp:" // our own: what the others have no property for; a promise
)

// prefixOf returns the prefix that a namespace has in every program, or "".
func prefixOf(space string) string {
	switch space {
	case nsRDF:
		return "rdf"
	case nsDC:
		return "dc"
	case nsPhotoshop:
		return "photoshop"
	case nsIptcCore:
		return "Iptc4xmpCore"
	case nsIptcExt:
		return "Iptc4xmpExt"
	case nsRights:
		return "xmpRights"
	case nsPLUS:
		return "plus"
	case nsXMP:
		return "xmp"
	case nsEXIF:
		return "exif"
	case nsJisr:
		return "jisr"
	}
	return ""
}

// Limits on one XMP packet.
const (
	maxElements = 20_000
	maxDepth    = 40
)

// property is an element or attribute of XMP. RDF lets a writer say the same in
// several ways; the methods read all of them.
type property struct {
	xml.Name
	attrs []xml.Attr
	value string
	kids  []*property
}

var errNoXMP = errors.New("holds no rdf:RDF")

// parseXMP returns the properties of a packet, those of all its descriptions.
func parseXMP(packet []byte) ([]*property, error) {
	dec := xml.NewDecoder(bytes.NewReader(packet))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	top := &property{}
	open := []*property{top}
	n := 0
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			if n++; n > maxElements || len(open) > maxDepth || len(t.Attr) > maxElements {
				return nil, errors.New("is larger or deeper than any program writes it")
			}
			p := &property{Name: t.Name, attrs: t.Attr}
			last.kids = append(last.kids, p)
			open = append(open, p)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(last.kids) == 0 {
				last.value += string(t)
			}
		case xml.Directive:
			return nil, errors.New("has a DOCTYPE, which XMP does not allow")
		}
	}
	rdf := top.find(nsRDF, "RDF")
	if rdf == nil {
		return nil, errNoXMP
	}
	var out []*property
	for _, d := range rdf.kids {
		out = append(out, d.fields()...)
	}
	return out, nil
}

// find returns the first element with the name, at any depth.
func (p *property) find(space, local string) *property {
	for _, k := range p.kids {
		if k.Name.Space == space && k.Local == local {
			return k
		}
		if f := k.find(space, local); f != nil {
			return f
		}
	}
	return nil
}

// fields returns the properties of a description or a structure: its child
// elements, those of a nested rdf:Description, and its attributes.
func (p *property) fields() []*property {
	var out []*property
	for _, a := range p.attrs {
		if a.Name.Space != "" && a.Name.Space != nsRDF && a.Name.Space != nsXML && a.Name.Space != "xmlns" {
			out = append(out, &property{Name: a.Name, value: a.Value})
		}
	}
	for _, k := range p.kids {
		switch {
		case k.Name.Space == nsRDF && k.Local == "Description":
			out = append(out, k.fields()...)
		case k.Name.Space != nsRDF:
			out = append(out, k)
		}
	}
	return out
}

// field returns the field of a structure, or nil.
func (p *property) field(space, local string) *property {
	for _, f := range p.fields() {
		if f.Name.Space == space && f.Local == local {
			return f
		}
	}
	return nil
}

// items returns the entries of an array; a single value is an array of one.
func (p *property) items() []*property {
	if p == nil {
		return nil
	}
	for _, k := range p.kids {
		if k.Name.Space == nsRDF && (k.Local == "Bag" || k.Local == "Seq" || k.Local == "Alt") {
			return k.kids[:min(len(k.kids), maxEntries)]
		}
	}
	if p.text() == "" && len(p.fields()) == 0 {
		return nil
	}
	return []*property{p}
}

// text returns the value of a simple property, of the first entry of an array,
// or the address that it refers to; "" on nil.
func (p *property) text() string {
	if p == nil {
		return ""
	}
	for _, k := range p.kids {
		if k.Name.Space != nsRDF {
			continue
		}
		switch k.Local {
		case "Bag", "Seq", "Alt":
			for _, li := range k.kids {
				if s := li.text(); s != "" {
					return s
				}
			}
			return ""
		case "value":
			return k.text()
		}
	}
	if s := strings.TrimSpace(p.value); s != "" {
		return s
	}
	return p.attr(nsRDF, "resource")
}

func (p *property) attr(space, local string) string {
	for _, a := range p.attrs {
		if a.Name.Space == space && a.Name.Local == local {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

func (p *property) lang() string { return p.attr(nsXML, "lang") }

// plain returns the property as a value for JSON: a text, a list or an object.
func (p *property) plain() any {
	for _, k := range p.kids {
		if k.Name.Space == nsRDF && (k.Local == "Bag" || k.Local == "Seq" || k.Local == "Alt") {
			var list []any
			for _, li := range k.kids {
				list = append(list, li.plain())
			}
			return list
		}
	}
	if fields := p.fields(); len(fields) > 0 {
		object := map[string]any{}
		for _, f := range fields {
			object[f.Local] = f.plain()
		}
		return object
	}
	return p.text()
}
