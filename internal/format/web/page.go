package web

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	readability "codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"jisr/internal/format/charset"
	"jisr/internal/format/loss"
	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// ReadHTML returns the item of a page. Its identity is the address that the page
// calls its own; a page that names none is known by its bytes.
func ReadHTML(data []byte) (*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the page has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	r := &reader{it: &news.Item{Type: news.Text}}
	text, decision := charset.Text(data, declaredCharset(data))
	for _, note := range decision.Notes {
		r.lose("charset", "%s", note)
	}
	doc, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, nil, news.Errorf(news.Invalid, "", "the page cannot be read: %v", err)
	}
	p := &page{meta: map[string]string{}}
	p.walk(doc)
	if p.nodes > maxNodes {
		return nil, nil, news.Errorf(news.TooLarge, "", "the page has more than the %d elements allowed", maxNodes)
	}
	for _, source := range p.scripts {
		p.linkedData(source)
	}
	r.page(p, data)
	r.state(p)
	if r.it.PubStatus == news.Canceled {
		return r.it, r.losses, nil
	}
	r.article(p, doc)
	if len(r.it.Headlines) == 0 && len(r.it.Bodies) == 0 {
		return nil, nil, news.Errorf(news.Invalid, "", "the page has neither a title nor a text: it may need a browser to build it")
	}
	return r.it, r.losses, nil
}

// declaredCharset returns what a meta element in the first kilobyte says.
func declaredCharset(data []byte) string {
	head := bytes.ToLower(data[:min(len(data), 1024)])
	_, rest, found := bytes.Cut(head, []byte("charset"))
	rest = bytes.TrimLeft(rest, " \t\r\n=\"'")
	if !found {
		return ""
	}
	if i := bytes.IndexAny(rest, "\"' \t\r\n;/>?"); i >= 0 {
		rest = rest[:i]
	}
	return string(rest)
}

// page is what a page declares of itself.
type page struct {
	nodes     int
	lang      string
	title     string
	canonical string
	meta      map[string]string // by property or name, in lower case; the first counts
	scripts   []string          // JSON-LD
	article   map[string]any    // the first article in it
}

func (p *page) walk(n *html.Node) {
	for d := range n.Descendants() {
		if p.nodes++; p.nodes > maxNodes {
			return
		}
		if d.Type != html.ElementNode {
			continue
		}
		switch d.DataAtom {
		case atom.Html:
			p.lang = firstOf(attr(d, "lang"), attr(d, "xml:lang"))
		case atom.Title:
			if p.title == "" && d.FirstChild != nil && d.Parent != nil && d.Parent.DataAtom == atom.Head {
				p.title = strings.Join(strings.Fields(d.FirstChild.Data), " ")
			}
		case atom.Link:
			if strings.EqualFold(attr(d, "rel"), "canonical") && p.canonical == "" {
				p.canonical = attr(d, "href")
			}
		case atom.Meta:
			name := strings.ToLower(firstOf(attr(d, "property"), attr(d, "name"), attr(d, "itemprop"), attr(d, "http-equiv")))
			if content := attr(d, "content"); name != "" && content != "" && p.meta[name] == "" {
				p.meta[name] = content
			}
		case atom.Script:
			if strings.EqualFold(attr(d, "type"), "application/ld+json") && d.FirstChild != nil && len(p.scripts) < 20 {
				p.scripts = append(p.scripts, d.FirstChild.Data)
			}
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// page fills the item with what is declared.
func (r *reader) page(p *page, data []byte) {
	it, ld := r.it, linked{p.article}
	for _, address := range []string{p.canonical, p.meta["og:url"], ld.text("url"), ld.object("mainEntityOfPage").text("@id"), ld.text("mainEntityOfPage")} {
		if isAddress(address) {
			it.URI = address
			break
		}
	}
	if uri := p.meta["jisr:uri"]; it.URI == "" && uri != "" && news.ValidURI("", uri) == nil {
		it.URI = uri
	}
	if it.URI == "" {
		it.URI = nameByHash(data)
		r.lose("canonical", "the page does not say its address: it is known by its bytes, so any change makes another item")
	}
	if s := markup.Line(firstOf(ld.text("headline"), p.meta["og:title"], p.meta["twitter:title"], p.title)); s != "" {
		it.Headlines = []news.Words{{Value: s}}
	}
	if s := markup.Line(ld.text("alternativeHeadline")); s != "" {
		it.Headlines = append(it.Headlines, news.Words{Role: "alternative", Value: s})
	}
	if s := markup.Text(firstOf(ld.text("description"), p.meta["og:description"], p.meta["description"])); s != "" {
		it.Descriptions = []news.Words{{Value: s}}
	}
	it.FirstCreated = r.time("datePublished", firstOf(ld.text("datePublished"), p.meta["article:published_time"], p.meta["datepublished"], p.meta["dc.date"], p.meta["date"]))
	it.VersionCreated = r.time("dateModified", firstOf(ld.text("dateModified"), p.meta["article:modified_time"], p.meta["og:updated_time"], p.meta["datemodified"]))
	if it.VersionCreated.Before(it.FirstCreated) {
		it.VersionCreated = it.FirstCreated
	}
	it.Language = r.tag("lang", firstOf(ld.text("inLanguage"), ld.object("inLanguage").text("alternateName"), p.lang, p.meta["og:locale"], p.meta["content-language"]))
	r.people(p, ld)
	r.subjects(p, ld)
	r.picture(p, ld)
	it.CopyrightNotice = markup.Line(firstOf(ld.text("copyrightNotice"), p.meta["copyright"], p.meta["dc.rights"]))
	it.CopyrightHolder = markup.Line(ld.first("copyrightHolder").text("name"))
	it.CreditLine = markup.Line(ld.text("creditText"))
	it.Dateline = markup.Line(ld.text("dateline"))
	it.Located = markup.Line(ld.first("contentLocation").text("name"))
	if license := firstOf(ld.text("license"), ld.object("license").text("url")); isAddress(license) {
		it.Rights = &news.Rights{LinkedRights: license}
	}
}

// state takes what our own pages say of the item for programs. A killed item keeps
// nothing but its name and the reason.
func (r *reader) state(p *page) {
	it := r.it
	it.Version = p.meta["jisr:version"]
	r.status(p.meta["jisr:status"])
	if s := p.meta["jisr:embargo"]; s != "" {
		r.embargo(s)
	}
	if it.PubStatus == news.Canceled {
		it.EdNote, it.Headlines, it.Descriptions = p.meta["jisr:reason"], nil, nil
	}
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && news.ValidURI("", s) == nil
}

func (r *reader) people(p *page, ld linked) {
	var names []string
	for _, a := range ld.all("author") {
		name := markup.Line(firstOf(a.text("name"), a.text("")))
		if name == "" || len(names) >= 50 {
			continue
		}
		c := news.Concept{Name: name}
		if u := a.text("url"); isAddress(u) {
			c.URI = u
		}
		r.it.Creators = append(r.it.Creators, c)
		names = append(names, name)
	}
	if s := markup.Line(firstOf(p.meta["author"], p.meta["dc.creator"])); len(names) == 0 && s != "" {
		names = []string{s}
		r.it.Creators = []news.Concept{{Name: s}}
	}
	r.it.By = strings.Join(names, ", ")
	publisher := ld.first("publisher")
	if s := markup.Line(firstOf(publisher.text("name"), p.meta["og:site_name"])); s != "" {
		c := news.Concept{Name: s, Role: "publisher"}
		if u := publisher.text("url"); isAddress(u) {
			c.URI = u
		}
		r.it.InfoSources = []news.Concept{c}
	}
}

func (r *reader) subjects(p *page, ld linked) {
	add := func(name, rel string) {
		if name = markup.Line(name); name != "" && len(r.it.Subjects) < 200 {
			r.it.Subjects = append(r.it.Subjects, news.Concept{Name: name, Rel: rel})
		}
	}
	sections := ld.all("articleSection")
	for _, s := range sections {
		add(s.text(""), "category")
	}
	if len(sections) == 0 {
		add(p.meta["article:section"], "category")
	}
	words := ld.all("keywords")
	for _, k := range words {
		for w := range strings.SplitSeq(firstOf(k.text("name"), k.text("")), ",") {
			add(w, "keyword")
		}
	}
	if len(words) == 0 {
		for w := range strings.SplitSeq(firstOf(p.meta["news_keywords"], p.meta["keywords"]), ",") {
			add(w, "keyword")
		}
	}
}

// picture makes an association of the picture that the page shows for itself.
func (r *reader) picture(p *page, ld linked) {
	image := ld.first("image")
	href := firstOf(image.text("url"), image.text("contentUrl"), image.text(""), p.meta["og:image:secure_url"], p.meta["og:image"], p.meta["twitter:image"])
	if base, err := url.Parse(r.it.URI); err == nil && base.Host != "" && href != "" {
		if u, err := base.Parse(href); err == nil {
			href = u.String()
		}
	}
	if href == "" {
		return
	}
	if !isAddress(href) {
		r.lose("og:image", "%q is no address of a picture", href)
		return
	}
	f := news.Rendition{Name: "main", Href: href, ContentType: p.meta["og:image:type"]}
	f.Width = size(firstOf(image.text("width"), p.meta["og:image:width"]))
	f.Height = size(firstOf(image.text("height"), p.meta["og:image:height"]))
	a := news.Item{Name: "picture", Type: news.Picture, URI: href, Renditions: []news.Rendition{f}}
	if s := markup.Text(image.text("caption")); s != "" {
		a.Descriptions = append(a.Descriptions, news.Words{Role: "caption", Value: s})
	}
	if s := markup.Line(p.meta["og:image:alt"]); s != "" {
		a.Descriptions = append(a.Descriptions, news.Words{Role: "altText", Value: s})
	}
	a.CreditLine = markup.Line(image.text("creditText"))
	a.CopyrightNotice = markup.Line(image.text("copyrightNotice"))
	r.it.Associations = []news.Item{a}
}

func size(s string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "px"))
	if err != nil || n < 0 || n > 1<<20 {
		return 0
	}
	return n
}

// article finds the text of the page among its menus and advertisements.
func (r *reader) article(p *page, doc *html.Node) {
	base, err := url.Parse(r.it.URI)
	if err != nil || base.Host == "" {
		base = nil
	}
	parser := readability.NewParser()
	parser.DisableJSONLD = true // read by us
	parser.CharThresholds = 200
	article, err := parser.ParseAndMutate(doc, base)
	if err == nil && article.Node != nil {
		if body := inner(article.Node); markup.Line(body) != "" {
			r.it.Bodies = []news.Words{{ContentType: "text/html", Value: body}}
		}
	}
	body := linked{p.article}.text("articleBody")
	if len(r.it.Bodies) == 0 && body != "" {
		r.it.Bodies = []news.Words{{ContentType: "text/plain", Value: markup.Text(body)}}
	}
	if len(r.it.Bodies) == 0 {
		r.lose("body", "no text of an article was found in the page")
		return
	}
	r.guessLanguage(markup.Text(r.it.Bodies[0].Value))
}

// inner returns the markup of an article without the boxes around it.
func inner(n *html.Node) string {
	for n.FirstChild != nil && n.FirstChild == n.LastChild && n.FirstChild.DataAtom == atom.Div {
		n = n.FirstChild
	}
	var b bytes.Buffer
	for k := range n.ChildNodes() {
		if err := html.Render(&b, k); err != nil {
			return ""
		}
	}
	return strings.TrimSpace(b.String())
}
