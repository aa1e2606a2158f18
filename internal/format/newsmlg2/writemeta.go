package newsmlg2

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"jisr/internal/format/lexical"
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
	s.add(moreName, w.more)
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
