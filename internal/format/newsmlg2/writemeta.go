package newsmlg2

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format/lexical"
	"jisr/internal/format/markup"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

func (w *writer) hops() string {
	var s section
	for i := range w.it.Hops {
		h := &w.it.Hops[i]
		at := fmt.Sprintf("/hops/%d", i)
		var out xmltree.Writer
		out.Open("hop", "seq", positive(h.Seq), "timestamp", w.time(at+"/at", h.At))
		if !reflect.ValueOf(h.Party).IsZero() {
			out.Raw(w.conceptElement(at+"/party", property{name: "party", roles: "isrol", details: "organisationDetails"}, &h.Party))
		}
		out.Raw(w.actions(at+"/action", h.Action))
		out.Close()
		s.add("hop", out.String())
	}
	w.extras(&s, "hopHistory/", "hopHistory")
	if len(s.parts) == 0 {
		return ""
	}
	return element("hopHistory", s.in("hopHistory"))
}

// actions writes what was done at a hop: "sent, edited target".
func (w *writer) actions(path, action string) string {
	if action == "" {
		return ""
	}
	var out xmltree.Writer
	for one := range strings.SplitSeq(action, ", ") {
		code, target, _ := strings.Cut(one, " ")
		var attrs []string
		ok := true
		for _, a := range [...]struct{ name, alias, code string }{{"qcode", "hopaction", code}, {"target", "hatarget", target}} {
			switch alias, _, private := strings.Cut(a.code, ":"); {
			case a.code == "" && a.name == "target":
			case private && isQCode(a.code) && !isIPTC(alias) && !strings.Contains(a.code, "//"):
				attrs = append(attrs, a.name, a.code)
			case !private && isQCode(a.alias+":"+a.code):
				attrs = append(attrs, a.name, a.alias+":"+a.code)
			default:
				ok = false
			}
		}
		if !ok || one == "" {
			w.losef(path, "%q is not a code of an action and its target", lexical.Shorten(one))
			continue
		}
		out.Element("action", "", attrs...)
	}
	return out.String()
}

func isEmpty(c *news.Concept) bool {
	return c.Name == "" && c.URI == "" && c.Literal == "" && len(c.Names) == 0
}

// rights writes rightsInfo.
func (w *writer) rights() string {
	it := w.it
	var s section
	if holder := w.line("/copyrightHolder", it.CopyrightHolder); holder != "" {
		s.add("copyrightHolder", element("copyrightHolder", text("name", holder)))
	}
	if it.CopyrightNotice != "" {
		s.add("copyrightNotice", element("copyrightNotice", w.block("/copyrightNotice", it.CopyrightNotice)))
	}
	if it.UsageTerms != "" {
		s.add("usageTerms", element("usageTerms", w.block("/usageTerms", it.UsageTerms)))
	}
	if r := it.Rights; r != nil {
		if href := w.token("/rightsInfo/linkedRights", r.LinkedRights); href != "" {
			s.add("link", element("link", "", "href", href))
		}
		lang := w.token("/rightsInfo/langId", r.LangID)
		switch _, isXML := xmltree.Element(r.EncodedRights); {
		case r.EncodedRights == "":
			if lang != "" {
				w.lose("/rightsInfo/langId", "only an enclosed expression has a language")
			}
		case isXML:
			s.add("rightsExpressionXML", expression("rightsExpressionXML", lang, func(out *xmltree.Writer) { out.Raw(r.EncodedRights) }))
		default:
			s.add("rightsExpressionData", expression("rightsExpressionData", lang, func(out *xmltree.Writer) { out.Text(w.token("/rightsInfo/encodedRights", r.EncodedRights)) }))
		}
	}
	w.extras(&s, "rightsInfo/", "rightsInfo")
	if len(s.parts) == 0 {
		return ""
	}
	return element("rightsInfo", s.in("rightsInfo"))
}

// expression writes a rights expression, whose language the schema requires, if
// empty.
func expression(name, lang string, content func(*xmltree.Writer)) string {
	var out xmltree.Writer
	out.Open(name)
	out.Attr("langid", lang)
	content(&out)
	out.Close()
	return out.String()
}

// itemMeta writes how the item is managed. The schema requires a class, a
// provider and a time of the version: codes of the house say that one is absent.
func (w *writer) itemMeta(root string) string {
	it := w.it
	var s section
	s.add("itemClass", element("itemClass", "", "qcode", w.class("/type", it.Type)))
	s.add("provider", w.provider())
	if at := w.time("/versionCreated", it.VersionCreated); at != "" {
		s.add("versionCreated", text("versionCreated", at))
	} else {
		w.house = true
		s.add("versionCreated", text("versionCreated", stamp(time.Unix(0, 0).UTC()), "how", houseAlias+":none"))
	}
	w.addTime(&s, "firstCreated", "/firstCreated", it.FirstCreated)
	w.addTime(&s, "embargoed", "/embargoed", it.Embargoed)
	w.addTime(&s, "expires", "/expires", it.Expires)
	switch it.PubStatus {
	case "":
	case news.Usable, news.Withheld, news.Canceled:
		s.add("pubStatus", element("pubStatus", "", "qcode", "stat:"+string(it.PubStatus)))
	default:
		w.losef("/pubStatus", "%q is not a status: the item is written as withheld", lexical.Shorten(string(it.PubStatus)))
		s.add("pubStatus", element("pubStatus", "", "qcode", "stat:"+string(news.Withheld)))
	}
	if p := w.line("/profile", it.Profile); p != "" {
		s.add("profile", text("profile", p))
	}
	s.add("service", w.service("/service", it.Service))
	if t := w.line("/title", it.Title); t != "" {
		s.add("title", text("title", t))
	}
	if it.EdNote != "" {
		s.add("edNote", element("edNote", w.block("/edNote", it.EdNote)))
	}
	for i := range it.Signals {
		s.add("signal", w.conceptElement(fmt.Sprintf("/signals/%d", i), property{name: "signal"}, &it.Signals[i]))
	}
	for i, d := range it.DerivedFrom {
		s.add("link", w.derivation(fmt.Sprintf("/derivedFrom/%d", i), d))
	}
	if root != "packageItem" {
		for i := range it.Associations {
			if root == "planningItem" && i >= w.firstDelivery() {
				continue // written with the coverage
			}
			s.add("link", w.association(i))
		}
	}
	w.standard(&s)
	w.ext(&s, "itemMetaExtProperty", "representation", w.token("/representation", it.Representation))
	w.extras(&s, "itemMeta/", "itemMeta")
	return element("itemMeta", s.in("itemMeta"))
}

// standard keeps what the sender said of the format that the item came in, if it
// was another one than this.
func (w *writer) standard(s *section) {
	const name = "itemMetaExtProperty"
	switch st := w.it.Standard; {
	case st == nil:
		w.ext(s, name, "standard", "-")
	case st.Name != "NewsML-G2" || w.standardVersion() != st.Version || st.Schema != "":
		w.ext(s, name, "standard", w.token("/standard", st.Name+"|"+st.Version+"|"+st.Schema))
	}
}

// class returns the QCode of a type.
func (w *writer) class(path string, t news.Type) string {
	switch t {
	case news.Text, news.Picture, news.Video, news.Audio, news.Graphic, news.Composite:
		return "ninat:" + string(t)
	case news.Event:
		return "cinat:concept"
	case news.Planning:
		return "plinat:newscoverage"
	case "":
		w.house = true
		return houseAlias + ":none"
	case news.Component, news.Programme, news.Data:
	default:
		w.losef(path, "%q is not a type we know: written as text", lexical.Shorten(string(t)))
		return "ninat:text"
	}
	w.house = true
	return houseAlias + ":" + string(t)
}

func (w *writer) provider() string {
	for i := range w.it.InfoSources {
		if c := w.it.InfoSources[i]; c.Role == "provider" && !isEmpty(&c) {
			c.Role = ""
			return w.conceptElement(fmt.Sprintf("/infoSources/%d", i), property{name: "provider", details: "organisationDetails"}, &c)
		}
	}
	w.house = true
	return element("provider", "", "qcode", houseAlias+":none")
}

// providerIndex returns which of the sources is written as the provider, or -1.
func (w *writer) providerIndex() int {
	for i := range w.it.InfoSources {
		if c := w.it.InfoSources[i]; c.Role == "provider" && !isEmpty(&c) {
			return i
		}
	}
	return -1
}

func (w *writer) addTime(s *section, name, path string, at time.Time) {
	if v := w.time(path, at); v != "" {
		s.add(name, text(name, v))
	}
}

// time returns a time that an xs:dateTime can hold.
func (w *writer) time(path string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	if _, err := at.MarshalJSON(); err != nil {
		w.lose(path, "the time cannot be written: "+err.Error())
		return ""
	}
	return stamp(at)
}

// service writes a service by its QCode, or by its name under the house's own.
func (w *writer) service(path, s string) string {
	if s == "" {
		return ""
	}
	if isQCode(s) {
		return element("service", "", "qcode", s)
	}
	w.house = true
	return element("service", text("name", w.line(path, s)), "qcode", houseAlias+":service")
}

func (w *writer) derivation(path string, d news.Derivation) string {
	rel := ""
	switch d.Relation {
	case news.TranslationOf:
		rel = "translatedFrom"
	case news.RewriteOf:
		rel = "derivedFrom"
	case news.CopyOf, news.PartOf:
		rel = string(d.Relation)
	default:
		w.losef(path, "the relation %q is not one we know", lexical.Shorten(string(d.Relation)))
		return ""
	}
	if d.Origin != "" {
		w.lose(path+"/origin", "the ledger of a source is not written")
	}
	target := w.token(path+"/uri", d.URI)
	if target == "" {
		w.lose(path, "a source without URI is not written")
		return ""
	}
	return element("link", "", "rel", "irel:"+rel, "residref", target, "version", w.linkVersion(path, d.Version))
}

func (w *writer) linkVersion(path, v string) string {
	if v != "" && (!isNumber(v) || strings.Trim(v, "0") == "") {
		w.losef(path+"/version", "%q is not a whole number from 1", lexical.Shorten(v))
		return ""
	}
	return v
}

// contentMeta writes what the content is about, who made it, and its lines.
func (w *writer) contentMeta(root string) string {
	it := w.it
	var s section
	switch {
	case it.Urgency >= 1 && it.Urgency <= 9:
		s.add("urgency", text("urgency", strconv.Itoa(it.Urgency)))
	case it.Urgency != 0:
		w.losef("/urgency", "%d is not 1 (highest) to 9", it.Urgency)
	}
	w.addTime(&s, "contentCreated", "/contentCreated", it.ContentCreated)
	provider := w.providerIndex()
	for i := range it.InfoSources {
		if i != provider {
			s.add("infoSource", w.conceptElement(fmt.Sprintf("/infoSources/%d", i), property{name: "infoSource", roles: "isrol", details: "organisationDetails"}, &it.InfoSources[i]))
		}
	}
	for i := range it.Creators {
		c := it.Creators[i]
		p := property{name: "creator", roles: "crol", details: "personDetails"}
		if c.Role == "contributor" {
			p.name, c.Role = "contributor", ""
		}
		if len(c.Symbols) > 0 {
			p.details = "organisationDetails"
		}
		s.add(p.name, w.conceptElement(fmt.Sprintf("/creators/%d", i), p, &c))
	}
	w.list(&s, "/audiences", property{name: "audience"}, it.Audiences)
	for i, a := range it.AltIDs {
		if root == "conceptItem" && a.Role == "conceptId" {
			continue
		}
		s.add("altId", w.altID(fmt.Sprintf("/altIds/%d", i), a))
	}
	w.lines(&s, root)
	w.list(&s, "/genres", property{name: "genre", graded: true}, it.Genres)
	w.subjects(&s, root)
	w.located(&s)
	if it.By == "" && slices.ContainsFunc(it.Creators, makesByline) {
		w.ext(&s, "contentMetaExtProperty", "by", "-")
	}
	if it.DigitalSourceType != "" {
		w.ext(&s, "contentMetaExtProperty", "digitalSourceType", w.token("/digitalSourceType", it.DigitalSourceType))
	}
	if at := w.time("/contentDigitised", it.ContentDigitised); at != "" {
		w.ext(&s, "contentMetaExtProperty", "contentDigitised", at)
	}
	w.extras(&s, "contentMeta/", "contentMeta")
	if len(s.parts) == 0 {
		return ""
	}
	return element("contentMeta", s.in("contentMeta"))
}

// ext writes a property for which the standard has no place.
func (w *writer) ext(s *section, name, rel, value string) {
	if value != "" {
		w.house = true
		s.add(name, element(name, "", "rel", houseAlias+":"+rel, "value", value))
	}
}

func (w *writer) altID(path string, a news.AltID) string {
	value := w.line(path, a.Value)
	if value == "" {
		w.lose(path, "an identifier without value is not written")
		return ""
	}
	switch {
	case a.Role == "":
		return text("altId", value)
	case strings.Contains(a.Role, "://") && strings.TrimSpace(a.Role) == a.Role:
		return text("altId", value, "typeuri", allowed(a.Role))
	case isQCode(a.Role) && !strings.HasPrefix(a.Role, houseAlias+":"):
		return text("altId", value, "type", a.Role)
	case isQCode(houseAlias + ":" + a.Role):
		w.house = true
		return text("altId", value, "type", houseAlias+":"+a.Role)
	}
	w.losef(path+"/role", "%q cannot be the type of an identifier", lexical.Shorten(a.Role))
	return text("altId", value)
}

// lines writes headlines, descriptions and what else is for print. An event has
// its own in the concept.
func (w *writer) lines(s *section, root string) {
	it := w.it
	if tag := it.Language; tag != "" && root == "newsItem" {
		if clean, ok := lexical.Language(tag); ok && clean == tag {
			s.add("language", element("language", "", "tag", tag))
		}
	}
	for _, f := range [...]struct{ name, path, value string }{
		{"slugline", "/slugline", it.Slugline}, {"dateline", "/dateline", it.Dateline}, {"by", "/by", it.By}, {"creditline", "/creditLine", it.CreditLine},
	} {
		if v := w.line(f.path, f.value); v != "" {
			s.add(f.name, text(f.name, v))
		}
	}
	if root == "conceptItem" {
		return
	}
	for i, h := range it.Headlines {
		s.add("headline", w.words(fmt.Sprintf("/headlines/%d", i), "headline", "hld", h, false))
	}
	for i, d := range it.Descriptions {
		s.add("description", w.words(fmt.Sprintf("/descriptions/%d", i), "description", "drol", d, true))
	}
}

// words writes a headline or a description.
func (w *writer) words(path, name, roles string, v news.Words, paragraphs bool) string {
	value := v.Value
	if v.ContentType != "" {
		w.losef(path+"/contentType", "a %s is plain text", name)
		if strings.Contains(v.ContentType, "html") {
			value = markup.Text(value)
		}
	}
	if v.CharCount != 0 || v.WordCount != 0 {
		w.losef(path, "a %s has no counts", name)
	}
	content := ""
	if paragraphs {
		content = w.block(path, value)
	} else {
		var out xmltree.Writer
		out.Text(w.line(path, value))
		content = out.String()
	}
	if content == "" {
		w.losef(path, "a %s without text is not written", name)
		return ""
	}
	lang := w.language(path+"/language", v.Language)
	return element(name, content, append(w.role(path+"/role", roles, v.Role), "xml:lang", lang)...)
}

func (w *writer) list(s *section, path string, p property, concepts []news.Concept) {
	for i := range concepts {
		s.add(p.name, w.conceptElement(fmt.Sprintf("%s/%d", path, i), p, &concepts[i]))
	}
}

// subjects writes what the item speaks of. Of an event, some of it stands in the
// details of the event.
func (w *writer) subjects(s *section, root string) {
	it := w.it
	subject := func(kind, details string) property {
		return property{name: "subject", kind: "cpnat:" + kind, details: details, graded: true}
	}
	if root != "conceptItem" {
		w.list(s, "/people", subject("person", "personDetails"), it.People)
		w.list(s, "/organisations", subject("organisation", "organisationDetails"), it.Organisations)
		w.list(s, "/events", subject("event", ""), it.Events)
		for i := range it.Places {
			if it.Places[i].Rel != "located" {
				s.add("subject", w.conceptElement(fmt.Sprintf("/places/%d", i), subject("geoArea", "geoAreaDetails"), &it.Places[i]))
			}
		}
	}
	w.list(s, "/objects", subject("object", ""), it.Objects)
	for i := range it.Subjects {
		c := it.Subjects[i]
		path := fmt.Sprintf("/subjects/%d", i)
		plain := c.Rel == "keyword" && c.Name != "" && c.URI == "" && c.Literal == "" && len(c.Names) == 0 && c.Relevance == nil && c.Confidence == nil && len(c.Broader) == 0
		p := subject("abstract", "")
		switch {
		case plain:
			s.add("keyword", text("keyword", w.line(path+"/name", c.Name), w.role(path+"/role", "gen", c.Role)...))
			continue
		case isQCode(c.Rel) && !isKnownKind(code(c.Rel, "")):
			p.kind, p.rel = c.Rel, c.Rel
		}
		s.add("subject", w.conceptElement(path, p, &c))
	}
}

// isKnownKind reports whether the reader sorts subjects of the kind into a list
// of their own.
func isKnownKind(kind string) bool {
	switch kind {
	case "person", "organisation", "organization", "geoArea", "poi", "POI", "event", "object", "", "abstract":
		return true
	}
	return false
}

// located writes where the content comes from. What the places do not say in the
// same words stands beside them.
func (w *writer) located(s *section) {
	it := w.it
	said, plain, places := "", true, 0
	for i := range it.Places {
		c := &it.Places[i]
		if c.Rel != "located" {
			continue
		}
		path := fmt.Sprintf("/places/%d", i)
		if c.URI == "" && c.GeoJSON == nil && len(c.Names) == 0 {
			w.lose(path, "a place that the content comes from, with no more than a name, is only said in words")
		}
		s.add("located", w.conceptElement(path, property{name: "located", rel: "located", details: "geoAreaDetails"}, c))
		said = lexical.Join(said, "; ", c.Name)
		plain = plain && c.Name != "" && strings.Join(strings.Fields(c.Name), " ") == c.Name
		places++
	}
	words := w.line("/located", it.Located)
	switch {
	case places == 0 && words != "":
		s.add("located", element("located", text("name", words)))
	case places > 0 && !(plain && words == said):
		w.ext(s, "contentMetaExtProperty", "located", firstOf(words, "-"))
	}
}
