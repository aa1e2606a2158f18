package newsmlg2

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// property says what the schema allows of a concept in one place.
type property struct {
	name    string // of the element
	kind    string // the type attribute; empty for none
	roles   string // alias of bare role codes; empty where the schema has no role
	rel     string // the Rel that the place itself stands for
	details string // personDetails …; empty for none
	graded  bool   // relevance and confidence are allowed
}

// conceptElement writes a concept. The reader keeps none that says nothing.
func (w *writer) conceptElement(path string, p property, c *news.Concept, attrs ...string) string {
	if c.Name == "" && c.URI == "" && c.Literal == "" && len(c.Names) == 0 {
		w.lose(path, "a concept without name, URI and literal is not written")
		return ""
	}
	var out xmltree.Writer
	out.Open(p.name, attrs...)
	out.Attrs("type", p.kind)
	out.Attrs(w.identity(path, c.URI)...)
	out.Attrs("literal", w.token(path+"/literal", c.Literal), "creator", w.qcode(path+"/creator", c.Creator))
	role, coded := w.roleAttr(p.roles, c.Role)
	out.Attrs(role...)
	if p.graded {
		out.Attrs("confidence", w.percent(path+"/confidence", c.Confidence), "relevance", w.percent(path+"/relevance", c.Relevance))
	} else if c.Confidence != nil || c.Relevance != nil {
		w.lose(path, "a "+p.name+" has no relevance and confidence")
	}
	if c.ID != "" {
		w.lose(path+"/id", "the sender's id of a concept is not written")
	}
	out.Raw(w.names(path, c))
	for i, uri := range c.Broader {
		if uri == "" {
			w.lose(fmt.Sprintf("%s/broader/%d", path, i), "it names nothing")
		}
		out.Raw(w.reference(fmt.Sprintf("%s/broader/%d", path, i), "broader", uri))
	}
	if c.Rel != p.rel {
		out.Raw(w.aside(path, "rel", c.Rel))
	}
	if !coded {
		out.Raw(w.aside(path, "role", c.Role))
	}
	out.Raw(w.entity(path, p.details, c))
	out.Close()
	return out.String()
}

// aside writes a word about a concept for which the schema has no place, as a
// relation of the house.
func (w *writer) aside(path, name, value string) string {
	if value = w.token(path+"/"+name, value); value == "" {
		return ""
	}
	w.house = true
	return element("related", "", "rel", houseAlias+":"+name, "literal", value)
}

// identity returns the attributes for a URI: a QCode where a scheme is known or
// can be named, else the URI itself.
func (w *writer) identity(path, uri string) []string {
	uri = w.token(path+"/uri", uri)
	if uri == "" {
		return nil
	}
	if q, ok := iptcQCode(uri); ok {
		return []string{"qcode", q}
	}
	if i := strings.LastIndexAny(uri, "/#"); i > 0 && strings.HasPrefix(uri, "http") && isCode(uri[i+1:]) && strings.Contains(uri[:i], "://") {
		base := uri[:i+1]
		n := slices.Index(w.schemes, base)
		if n < 0 && len(w.schemes) < 500 {
			w.schemes = append(w.schemes, base)
			n = len(w.schemes) - 1
		}
		if n >= 0 {
			return []string{"qcode", "ns" + strconv.Itoa(n+1) + ":" + uri[i+1:]}
		}
	}
	return []string{"uri", uri}
}

// isCode reports whether the end of a URI can be the code of a QCode: the reader
// makes the same URI of it.
func isCode(s string) bool { return s != "" && escape(s) == s }

// iptcQCode returns the QCode of a URI in one of IPTC's schemes.
func iptcQCode(uri string) (string, bool) {
	i := strings.LastIndexByte(uri, '/')
	if i < 0 || !isCode(uri[i+1:]) {
		return "", false
	}
	for alias := range strings.FieldsSeq(iptcAliases) {
		if base, ok := iptcScheme(alias); ok && base == uri[:i+1] {
			return alias + ":" + uri[i+1:], true
		}
	}
	return "", false
}

// qcode returns a text that is a QCode already.
func (w *writer) qcode(path, s string) string {
	if s != "" && !isQCode(s) {
		w.losef(path, "%q is not a QCode", lexical.Shorten(s))
		return ""
	}
	return s
}

// isQCode reports whether s is what the schema takes for a QCode.
func isQCode(s string) bool {
	alias, code, found := strings.Cut(s, ":")
	return found && alias != "" && code != "" && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f || c == 0xa0 || !xmltree.Allowed(c) }) &&
		strings.Join(strings.Fields(s), "") == s
}

// role returns the attribute for a role, or reports that there is none.
func (w *writer) role(path, alias, role string) []string {
	attrs, ok := w.roleAttr(alias, role)
	if !ok {
		w.losef(path, "%q is not a code that a role can have", lexical.Shorten(role))
	}
	return attrs
}

// roleAttr returns the attribute for a role: a bare code gets the alias, a private
// QCode and a URI stay. ok is false if the role is none of these, or if there is
// no alias because the schema has no role here.
func (w *writer) roleAttr(alias, role string) (attrs []string, ok bool) {
	switch {
	case role == "":
		return nil, true
	case alias == "":
	case isQCode(role) && strings.Contains(role, "://"):
		if lastStep(role) == role && strings.TrimSpace(role) == role {
			return []string{"roleuri", role}, true
		}
	case isQCode(role):
		if name, _, _ := strings.Cut(role, ":"); !isIPTC(name) {
			return []string{"role", role}, true
		}
	case isQCode(alias + ":" + role):
		return []string{"role", alias + ":" + role}, true
	}
	return nil, false
}

func isIPTC(alias string) bool {
	_, ok := iptcScheme(alias)
	return ok
}

// reference writes an element that only refers to a concept.
func (w *writer) reference(path, name, target string, attrs ...string) string {
	if target == "" {
		return ""
	}
	id := w.identity(path, target)
	if isQCode(target) && !strings.Contains(target, "://") && !strings.HasPrefix(target, "urn:") && !strings.HasPrefix(target, "tag:") && len(id) > 0 && id[0] == "uri" {
		id = []string{"qcode", target} // a code of an undeclared scheme
	}
	return element(name, "", append(id, attrs...)...)
}

func (w *writer) percent(path string, v *int) string {
	switch {
	case v == nil:
		return ""
	case *v < 0 || *v > 100:
		w.losef(path, "%d is not 0 to 100", *v)
		return ""
	}
	return strconv.Itoa(*v)
}

// names writes the names so that the reader shows the same one: its rule is the
// name in the item's language, else the first.
func (w *writer) names(path string, c *news.Concept) string {
	var out xmltree.Writer
	show := w.line(path+"/name", c.Name)
	langs := slices.Sorted(maps.Keys(c.Names))
	names := map[string]string{}
	for _, lang := range langs {
		if tag, ok := lexical.Language(lang); !ok || tag != lang || lang == "" {
			w.losef(path+"/names", "%q is not a BCP 47 language tag", lexical.Shorten(lang))
			continue
		}
		if s := w.line(path+"/names/"+lang, c.Names[lang]); s != "" {
			names[lang] = s
		} else {
			w.lose(path+"/names/"+lang, "an empty name is not written")
		}
	}
	langs = slices.DeleteFunc(langs, func(lang string) bool { return names[lang] == "" })
	shown := ""
	for _, lang := range langs {
		if sameLanguage(lang, w.it.Language) {
			shown = names[lang]
			break
		}
	}
	if shown == "" && len(langs) > 0 {
		shown = names[langs[0]]
	}
	switch {
	case show == "" && shown != "":
		w.lose(path+"/name", "without a name to show, one of its names is shown")
	case len(langs) > maxPerConcept:
		w.lose(path+"/names", "only the first 100 names are read")
	case show == shown:
	case len(langs) == 0:
		out.Line("name", show)
	default:
		out.Line("name", show, "role", "nrol:display")
	}
	for _, lang := range langs {
		out.Line("name", names[lang], "xml:lang", lang)
	}
	return out.String()
}

// entity writes what is particular to a place, an organisation or a person.
func (w *writer) entity(path, name string, c *news.Concept) string {
	if name == "geoAreaDetails" && len(c.Contacts) > 0 {
		name = "POIDetails"
	}
	var out xmltree.Writer
	if c.GeoJSON != nil {
		position := position(c.GeoJSON)
		if position == nil || name != "geoAreaDetails" && name != "POIDetails" {
			w.lose(path+"/geoJSON", "only the point of a place is written")
		} else {
			out.Element("position", "", position...)
		}
	}
	out.Raw(w.contacts(path, name, c.Contacts))
	for i, s := range c.Symbols {
		at := fmt.Sprintf("%s/symbols/%d", path, i)
		if name != "organisationDetails" {
			w.lose(at, "only organisations have symbols")
			continue
		}
		out.Raw(w.instrument(at, s))
	}
	if out.Len() == 0 {
		return ""
	}
	return element(name, out.String())
}

// position returns the attributes for a GeoJSON point, or nil if it is none or
// says more.
func position(geo json.RawMessage) []string {
	var p struct {
		Type        string    `json:"type"`
		Coordinates []float64 `json:"coordinates"`
	}
	if json.Unmarshal(geo, &p) != nil || p.Type != "Point" || len(p.Coordinates) != 2 {
		return nil
	}
	lon, lat := decimal(p.Coordinates[0]), decimal(p.Coordinates[1])
	if !bytes.Equal(geo, fmt.Appendf(nil, `{"type":"Point","coordinates":[%s,%s]}`, lon, lat)) ||
		p.Coordinates[0] < -180 || p.Coordinates[0] > 180 || p.Coordinates[1] < -90 || p.Coordinates[1] > 90 {
		return nil
	}
	return []string{"latitude", lat, "longitude", lon}
}

func (w *writer) contacts(path, details string, contacts []news.Contact) string {
	var out xmltree.Writer
	for i, c := range contacts {
		at := fmt.Sprintf("%s/contacts/%d", path, i)
		if details == "" {
			w.lose(at, "there is no place for contacts here")
			continue
		}
		if c.Name != "" {
			w.lose(at+"/name", "the name of a contact is not written")
		}
		attrs := append(w.role(at+"/role", "ciprol", c.Role), "xml:lang", w.language(at+"/lang", c.Lang))
		switch c.Type {
		case "address":
			if c.Value != "" {
				w.lose(at+"/value", "an address has no value")
			}
			a := c.Address
			if a == nil {
				a = &news.Address{}
			}
			out.Raw(w.address(at, a, attrs...))
		case "email", "im", "phone", "fax", "web":
			if c.Address != nil {
				w.lose(at+"/address", "only a contact of type address has one")
			}
			out.Element(c.Type, w.line(at+"/value", c.Value), attrs...)
		default:
			w.losef(at, "contacts of type %q are not written", lexical.Shorten(c.Type))
		}
	}
	if out.Len() == 0 {
		return ""
	}
	return element("contactInfo", out.String())
}

func (w *writer) address(path string, a *news.Address, attrs ...string) string {
	var out xmltree.Writer
	out.Open("address", attrs...)
	for i, l := range a.Lines {
		out.Element("line", w.line(fmt.Sprintf("%s/lines/%d", path, i), l))
	}
	named := func(name, s string) {
		if s = w.line(path+"/"+name, s); s != "" {
			out.Raw(element(name, text("name", s)))
		}
	}
	named("locality", a.Locality)
	named("area", a.Area)
	named("country", a.Country)
	out.Line("postalCode", w.line(path+"/postalCode", a.PostalCode))
	out.Close()
	return out.String()
}

// instrument writes a symbol so that the reader tells a ticker from other kinds.
func (w *writer) instrument(path string, s news.Symbol) string {
	attrs := []string{"marketlabel", w.token(path+"/exchange", s.Exchange)}
	plain := func(kind string) bool {
		switch strings.ToLower(kind) {
		case "", "ticker", "tidm":
			return true
		}
		return false
	}
	switch {
	case s.Ticker != "" && s.Symbol == "" && s.SymbolType == "":
		return element("hasInstrument", "", append(attrs, "symbol", w.token(path+"/ticker", s.Ticker))...)
	case s.Ticker != "" || plain(s.SymbolType) || s.Symbol == "":
		w.lose(path, "a symbol is written with its type, or a ticker without one")
		return element("hasInstrument", "", append(attrs, "symbol", w.token(path+"/symbol", firstOf(s.Ticker, s.Symbol, "-")))...)
	case strings.Contains(s.SymbolType, "://"):
		attrs = append(attrs, "typeuri", w.token(path+"/symbolType", s.SymbolType))
	default:
		if !isQCode("fisymtype:" + s.SymbolType) {
			w.losef(path+"/symbolType", "%q is not a code", lexical.Shorten(s.SymbolType))
			return ""
		}
		attrs = append(attrs, "type", "fisymtype:"+s.SymbolType)
	}
	return element("hasInstrument", "", append(attrs, "symbol", w.token(path+"/symbol", s.Symbol))...)
}

// iptcAliases lists the aliases of iptcScheme that a writer may use.
const iptcAliases = `medtop subj genre cpnat ninat stat sig drol hld isrol crol ctrol rnd nprov nprod irel nrol altidrole hashscope hashtype hopaction
	ikos rcalctype riaspect riscope rscaleunit timeunit ednoterole dimensionunit trustindicator acdc aoprop app aspfacet aspfacetvalue catinat cinat
	ciprol colin colsp cpprole cptdefrole cptnoterole crel ctech cwarn digsrctype ecirol edconf encd entityprop eocstat eorol eprol eregrol erol fisymtype
	frmt gen hatarget howextr irep ivqu loctyp loutorient lrol mtyp ncostat nmsig nprt oito pgrmod plinat prio prodgenre rightsprop rtype scn sev sov
	spfacet squ urgy useracttype valfmt vcdc videodef why wldreg bcp47 cusip gics isin iso3166-1a2 iso3166-1a3 iso4217a iso4217n secst sedol tidm mic
	a1312cat a1312prio a1312svc dbpedia geonames mb-artist wikidata`
