package newsmlg2

import (
	"fmt"
	"maps"
	"strings"

	"jisr/internal/format/xmltree"
)

// codes resolves the QCodes of one item. A QCode is "alias:code"; its URI is that
// of the alias's scheme with the code behind it (NewsML-G2 Guide, "QCodes").
type codes struct {
	r       *reader
	schemes map[string]string // declared in the document, by alias
}

// inlineSchemes adds the schemes of n's catalog elements to those given. Remote
// catalogs (catalogRef) are not fetched: a reader of hostile files must not let
// them choose whom it calls.
func inlineSchemes(n *xmltree.Node, known map[string]string) map[string]string {
	out, own := known, false
	for c := range n.All("catalog") {
		for s := range c.All("scheme") {
			alias, uri := s.Attr("alias"), s.Attr("uri")
			if alias == "" || uri == "" || out[alias] == uri {
				continue
			}
			if !own {
				// The message's schemes belong to all its items: change a copy.
				out, own = maps.Clone(known), true
				if out == nil {
					out = map[string]string{}
				}
			}
			out[alias] = uri
		}
	}
	return out
}

// uri returns the URI of the QCode, or "" when its scheme is unknown, which is
// reported once for each alias of a document.
func (c *codes) uri(qcode string, at *xmltree.Node) string {
	alias, code, ok := strings.Cut(qcode, ":")
	if !ok || alias == "" || code == "" {
		return ""
	}
	base, ok := c.schemes[alias]
	if !ok {
		base, ok = iptcScheme(alias)
	}
	if !ok {
		if !c.r.aliases[alias] && len(c.r.aliases) < maxAliases {
			c.r.aliases[alias] = true
			c.r.lose(at.Path(), fmt.Sprintf("the scheme alias %q is not declared in the file: its codes are kept as written", alias))
		}
		return ""
	}
	return base + escape(code)
}

// role returns the bare code of an IPTC QCode ("drol:caption" is "caption"), any
// other QCode as written: a private code means nothing without its alias.
func (c *codes) role(qcode string, at *xmltree.Node) string {
	alias, code, ok := strings.Cut(qcode, ":")
	if !ok {
		return qcode
	}
	if _, known := iptcScheme(alias); known {
		return code
	}
	c.uri(qcode, at)
	return qcode
}

// roleOf returns the role that the element's attribute gives, as QCode or, under
// the same name with "uri" behind it, as URI.
func (c *codes) roleOf(n *xmltree.Node, attr string) string {
	if q := n.Attr(attr); q != "" {
		return c.role(q, n)
	}
	return lastStep(n.Attr(attr + "uri"))
}

// code returns what stands behind the alias of a QCode or the last slash of a URI.
func code(qcode, uri string) string {
	if qcode != "" {
		if _, c, ok := strings.Cut(qcode, ":"); ok {
			return c
		}
		return qcode
	}
	return lastStep(uri)
}

// lastStep returns the code of an IPTC NewsCodes URI, any other URI as it is.
func lastStep(uri string) string {
	if rest, ok := strings.CutPrefix(uri, newsCodes); ok {
		if _, c, ok := strings.Cut(rest, "/"); ok {
			return c
		}
	}
	return uri
}

// escape makes a code fit for a URI: agencies use spaces and letters of their
// own script in codes.
func escape(code string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		c := code[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

const newsCodes = "http://cv.iptc.org/newscodes/"

// SchemeURI returns the URI of a scheme by its alias in IPTC's catalog for G2
// standards.
func SchemeURI(alias string) (uri string, ok bool) { return iptcScheme(alias) }

// EscapeCode makes a code fit to follow the URI of its scheme.
func EscapeCode(code string) string { return escape(code) }

// iptcScheme returns the URI of a scheme in IPTC's catalog for G2 standards
// (http://www.iptc.org/std/catalog/, version 33 and the later additions), which
// practically every G2 file refers to.
func iptcScheme(alias string) (uri string, ok bool) {
	switch alias {
	// Schemes whose alias is also their name.
	case "altidrole", "genre", "hashscope", "hashtype", "hopaction", "ikos",
		"rcalctype", "riaspect", "riscope", "rscaleunit", "timeunit", "ednoterole",
		"dimensionunit", "trustindicator":
		return newsCodes + alias + "/", true
	case "acdc":
		return newsCodes + "audiocodec/", true
	case "aoprop":
		return newsCodes + "aoproperty/", true
	case "app":
		return newsCodes + "application/", true
	case "aspfacet":
		return newsCodes + "asportfacet/", true
	case "aspfacetvalue":
		return newsCodes + "asportfacetvalue/", true
	case "catinat":
		return newsCodes + "catinature/", true
	case "cinat":
		return newsCodes + "cinature/", true
	case "ciprol":
		return newsCodes + "contactinfopartrole/", true
	case "colin":
		return newsCodes + "colourindicator/", true
	case "colsp":
		return newsCodes + "colorspace/", true
	case "cpnat":
		return newsCodes + "cpnature/", true
	case "cpprole":
		return newsCodes + "contentprodpartyrole/", true
	case "cptdefrole":
		return newsCodes + "conceptdefinitionrole/", true
	case "cptnoterole":
		return newsCodes + "conceptnoterole/", true
	case "crel":
		return newsCodes + "conceptrelation/", true
	case "crol":
		return newsCodes + "creatorrole/", true
	case "ctech":
		return newsCodes + "commtech/", true
	case "ctrol":
		return newsCodes + "contributorrole/", true
	case "cwarn":
		return newsCodes + "contentwarning/", true
	case "digsrctype", "digitalsourcetype":
		return newsCodes + "digitalsourcetype/", true
	case "drol":
		return newsCodes + "descriptionrole/", true
	case "ecirol":
		return newsCodes + "eventcontactinforole/", true
	case "edconf":
		return newsCodes + "eventdateconfirm/", true
	case "encd":
		return newsCodes + "encoding/", true
	case "entityprop":
		return newsCodes + "entityproperty/", true
	case "eocstat":
		return newsCodes + "eventoccurstatus/", true
	case "eorol":
		return newsCodes + "eventorganiserrole/", true
	case "eprol":
		return newsCodes + "eventparticipantrole/", true
	case "eregrol":
		return newsCodes + "eventregrole/", true
	case "erol":
		return newsCodes + "edrole/", true
	case "fisymtype":
		return newsCodes + "financialinstrumentsymboltype/", true
	case "frmt", "fmt":
		return newsCodes + "format/", true
	case "gen":
		return newsCodes + "generic/", true
	case "hatarget":
		return newsCodes + "hopactiontarget/", true
	case "hld", "hlrole":
		return newsCodes + "headlinerole/", true
	case "howextr":
		return newsCodes + "howextracted/", true
	case "irel":
		return newsCodes + "itemrelation/", true
	case "irep":
		return newsCodes + "itemrepresentation/", true
	case "isrol":
		return newsCodes + "infosourcerole/", true
	case "ivqu":
		return newsCodes + "videoqualifier/", true
	case "loctyp":
		return newsCodes + "location/", true
	case "loutorient":
		return newsCodes + "layoutorientation/", true
	case "lrol":
		return newsCodes + "languagerole/", true
	case "medtop":
		return newsCodes + "mediatopic/", true
	case "mtyp":
		return newsCodes + "mediatype/", true
	case "ncostat":
		return newsCodes + "newscoveragestatus/", true
	case "ninat":
		return newsCodes + "ninature/", true
	case "nmsig":
		return newsCodes + "newsmsgsignal/", true
	case "nprod":
		return newsCodes + "newsproduct/", true
	case "nprov":
		return newsCodes + "newsprovider/", true
	case "nprt":
		return newsCodes + "namepart/", true
	case "nrol":
		return newsCodes + "namerole/", true
	case "oito":
		return newsCodes + "ofinterestto/", true
	case "pgrmod":
		return newsCodes + "pkggroupmode/", true
	case "plinat":
		return newsCodes + "plinature/", true
	case "prio":
		return newsCodes + "priority/", true
	case "prodgenre":
		return newsCodes + "productgenre/", true
	case "rightsprop":
		return newsCodes + "rightsproperty/", true
	case "rnd":
		return newsCodes + "rendition/", true
	case "rtype":
		return newsCodes + "ratertype/", true
	case "scn":
		return newsCodes + "scene/", true
	case "sev":
		return newsCodes + "severity/", true
	case "sig":
		return newsCodes + "signal/", true
	case "sov":
		return newsCodes + "videoscaling/", true
	case "spfacet":
		return newsCodes + "sportfacet/", true
	case "stat":
		return newsCodes + "pubstatusg2/", true
	case "subj":
		return newsCodes + "subjectcode/", true
	case "squ":
		return newsCodes + "subjectqualifier/", true
	case "urgy":
		return newsCodes + "urgency/", true
	case "useracttype":
		return newsCodes + "useractiontype/", true
	case "valfmt":
		return newsCodes + "valueformat/", true
	case "vcdc":
		return newsCodes + "videocodec/", true
	case "videodef":
		return newsCodes + "videodefinition/", true
	case "why":
		return newsCodes + "whypresent/", true
	case "wldreg":
		return newsCodes + "worldregion/", true
	// Schemes of others that IPTC hosts.
	case "bcp47", "cusip", "gics", "isin", "iso3166-1a2", "iso3166-1a3", "iso4217a", "iso4217n", "secst", "sedol", "tidm":
		return "http://cvx.iptc.org/" + alias + "/", true
	case "mic":
		return "http://cvx.iptc.org/iso10383-mic/", true
	case "a1312cat":
		return "http://cvx.iptc.org/anpa1312-category/", true
	case "a1312prio":
		return "http://cvx.iptc.org/anpa1312-priority/", true
	case "a1312svc":
		return "http://cvx.iptc.org/anpa1312-servicelevel/", true
	case "dbpedia":
		return "http://dbpedia.org/resource/", true
	case "geonames":
		return "http://sws.geonames.org/", true
	case "mb-artist":
		return "http://musicbrainz.org/artist/", true
	case "skos":
		return "http://www.w3.org/2004/02/skos/core#", true
	case "wikidata":
		return "http://www.wikidata.org/entity/", true
	}
	return "", false
}
