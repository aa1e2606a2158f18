package wxr

import (
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"jisr/internal/format/dates"
	"jisr/internal/format/markup"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// item takes a post, page or attachment. Menus, revisions, styles and what
// plugins store as posts are no news.
func (r *reader) item(n *xmltree.Node) {
	for k := range n.Elements() {
		if k.Prefix == "wp" && k.Name == "comment" {
			r.comments++
		}
	}
	switch kind := value(n, "wp", "post_type"); kind {
	case "post", "page", "":
		r.post(n)
	case "attachment":
		r.attachment(n)
	default:
		if len(r.skipped) < 100 {
			r.skipped[kind]++
		}
	}
}

// start fills what posts and attachments have in common.
func (r *reader) start(n *xmltree.Node, id string) *news.Item {
	it := &news.Item{URI: r.identity(n, id), Language: r.language}
	if title := markup.Line(raw(n, "", "title")); title != "" {
		it.Headlines = []news.Words{{Value: title}}
	}
	r.times(it, n)
	r.status(it, n)
	if login := value(n, "dc", "creator"); login != "" {
		c, known := r.authors[login]
		if !known {
			c = news.Concept{Name: login}
		}
		it.By, it.Creators = c.Name, []news.Concept{c}
	}
	if r.title != "" {
		c := news.Concept{Name: r.title, Role: "publisher"}
		if isAddress(r.site) {
			c.URI = r.site
		}
		it.InfoSources = []news.Concept{c}
	}
	if link := value(n, "", "link"); isAddress(link) && link != it.URI {
		it.AltIDs = []news.AltID{{Role: "link", Value: link}}
	}
	return it
}

func raw(n *xmltree.Node, prefix, name string) string {
	if k := child(n, prefix, name); k != nil {
		return strings.TrimSpace(k.Raw())
	}
	return ""
}

// identity returns the guid, which WordPress never changes, else the number of
// the post under the site.
func (r *reader) identity(n *xmltree.Node, id string) string {
	guid := value(n, "", "guid")
	if isAddress(guid) || strings.HasPrefix(guid, "urn:") && news.ValidURI("", guid) == nil {
		return guid
	}
	site := r.site
	if !isAddress(site) {
		site = "https://unknown.invalid"
		r.lose("rss/channel/link", "the export does not name its site: posts without guid have no name outside it")
	}
	if id == "" {
		id = firstOf(value(n, "wp", "post_name"), markup.Line(raw(n, "", "title")))
	}
	return strings.TrimSuffix(site, "/") + "/?p=" + url.QueryEscape(id)
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && news.ValidURI("", s) == nil
}

func (r *reader) times(it *news.Item, n *xmltree.Node) {
	it.FirstCreated = r.time(n, "post_date")
	if it.FirstCreated.IsZero() {
		it.FirstCreated = r.zoned(n, "pubDate", value(n, "", "pubDate"))
	}
	if it.VersionCreated = r.time(n, "post_modified"); it.VersionCreated.Before(it.FirstCreated) {
		it.VersionCreated = it.FirstCreated
	}
}

// time reads one of WordPress' pairs of dates: UTC if there is one, else the
// site's own, whose zone the export does not tell.
func (r *reader) time(n *xmltree.Node, name string) time.Time {
	if t, _, ok := dates.Parse(value(n, "wp", name+"_gmt")); ok {
		return t
	}
	return r.zoned(n, "wp:"+name, value(n, "wp", name))
}

// zoned reads a time that should have a zone.
func (r *reader) zoned(n *xmltree.Node, name, s string) time.Time {
	t, zoned, ok := dates.Parse(s)
	switch {
	case !ok && s != "" && !strings.HasPrefix(s, "0000-00-00"): // which stands for none
		r.lose(n.Path()+"/"+name, "%q is not a date", s)
	case ok && !zoned:
		r.lose(n.Path()+"/"+name, "the time %q has no zone: taken as UTC", s)
	}
	return t
}

func (r *reader) status(it *news.Item, n *xmltree.Node) {
	switch status := value(n, "wp", "status"); status {
	case "publish", "inherit":
		it.PubStatus = news.Usable
	case "future":
		it.PubStatus, it.Embargoed = news.Usable, it.FirstCreated
		if it.Embargoed.IsZero() {
			it.PubStatus = news.Withheld
			r.lose(n.Path()+"/wp:status", "the post is scheduled for a time that cannot be read: it is withheld")
		}
		// The date of a scheduled post is when it will be out, not when it was made.
		it.FirstCreated = time.Time{}
		if it.VersionCreated = r.time(n, "post_modified"); !it.VersionCreated.Before(it.Embargoed) {
			it.VersionCreated = time.Time{}
		}
	case "draft", "pending", "private", "auto-draft":
		it.PubStatus = news.Withheld
	case "trash":
		it.PubStatus = news.Withheld
		r.lose(n.Path()+"/wp:status", "the post was in the bin: it is withheld")
	default:
		it.PubStatus = news.Withheld
		r.lose(n.Path()+"/wp:status", "%q is no status that we know: the post is withheld until a person decides", status)
	}
	if value(n, "wp", "post_password") != "" {
		it.PubStatus = news.Withheld
		r.lose(n.Path()+"/wp:post_password", "the post was behind a password: it is withheld")
	}
}

func (r *reader) post(n *xmltree.Node) {
	id := value(n, "wp", "post_id")
	p := &post{it: r.start(n, id), id: id}
	it := p.it
	it.Type = news.Text
	it.Slugline, _ = url.PathUnescape(value(n, "wp", "post_name"))
	if excerpt := markup.Text(raw(n, "excerpt", "encoded")); excerpt != "" {
		it.Descriptions = []news.Words{{Value: excerpt}}
	}
	if body := r.body(raw(n, "content", "encoded"), n); body != "" {
		it.Bodies = []news.Words{{ContentType: "text/html", Value: body}}
	}
	for k := range n.Elements() {
		switch k.Prefix + ":" + k.Name {
		case ":category":
			category(it, k)
		case "wp:postmeta":
			p.meta(k)
		}
	}
	r.posts = append(r.posts, p)
}

func category(it *news.Item, n *xmltree.Node) {
	name := markup.Line(n.Raw())
	if name == "" || len(it.Subjects) >= 500 {
		return
	}
	nicename, _ := url.PathUnescape(n.Attr("nicename"))
	c := news.Concept{Name: name, Literal: nicename, Rel: n.Attr("domain")}
	switch c.Rel {
	case "post_tag":
		c.Rel = "keyword"
	case "":
		c.Rel = "category"
	case "post_format":
		return
	}
	if c.Literal == c.Name {
		c.Literal = ""
	}
	it.Subjects = append(it.Subjects, c)
}

// meta takes a custom field. Those with a leading underscore are the machinery of
// WordPress and plugins.
func (p *post) meta(n *xmltree.Node) {
	key, v := value(n, "wp", "meta_key"), raw(n, "wp", "meta_value")
	if key == "_thumbnail_id" {
		p.thumbnail = v
		return
	}
	if key == "" || v == "" || strings.HasPrefix(key, "_") || len(p.it.Extra) >= 100 || len(v) > 64<<10 {
		return
	}
	if p.it.Extra == nil {
		p.it.Extra = map[string]json.RawMessage{}
	}
	p.it.Extra["wp/"+key], _ = json.Marshal(v) // a string always can be
}

// attachment takes a picture or another file of the media library.
func (r *reader) attachment(n *xmltree.Node) {
	id := value(n, "wp", "post_id")
	href := value(n, "wp", "attachment_url")
	if !isAddress(href) {
		r.lose(n.Path(), "the attachment has no address: it was left out")
		return
	}
	it := r.start(n, id)
	contentType := typeOf(href)
	it.Renditions = []news.Rendition{{Name: "main", Href: href, ContentType: contentType, OriginalFilename: path.Base(strings.SplitN(href, "?", 2)[0])}}
	switch kind, _, _ := strings.Cut(contentType, "/"); kind {
	case "image":
		it.Type = news.Picture
	case "audio":
		it.Type = news.Audio
	case "video":
		it.Type = news.Video
	default:
		it.Type = news.Component
	}
	if s := markup.Text(raw(n, "excerpt", "encoded")); s != "" {
		it.Descriptions = append(it.Descriptions, news.Words{Role: "caption", Value: s})
	}
	if s := markup.Text(raw(n, "content", "encoded")); s != "" {
		it.Descriptions = append(it.Descriptions, news.Words{Value: s})
	}
	for k := range n.Elements() {
		if k.Prefix == "wp" && k.Name == "postmeta" && value(k, "wp", "meta_key") == "_wp_attachment_image_alt" {
			if s := value(k, "wp", "meta_value"); s != "" {
				it.Descriptions = append(it.Descriptions, news.Words{Role: "altText", Value: s})
			}
		}
	}
	if r.media[id] == nil {
		r.order = append(r.order, id)
	}
	r.media[id] = &medium{it: it, parent: value(n, "wp", "post_parent")}
}

// typeOf returns the media type of a file by its name, as WordPress does. It is
// the same on every machine, which package mime's is not.
func typeOf(href string) string {
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".jpg", ".jpeg", ".jpe":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".svg":
		return "image/svg+xml"
	case ".mp3":
		return "audio/mpeg"
	case ".m4a":
		return "audio/mp4"
	case ".ogg":
		return "audio/ogg"
	case ".mp4", ".m4v":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".pdf":
		return "application/pdf"
	}
	return ""
}

// patterns are what the body of a post is taken apart by.
type patterns struct{ block, caption, shortcode, element *regexp.Regexp }

func newPatterns() patterns {
	return patterns{
		block:     regexp.MustCompile(`<!--\s*/?wp:[^>]*-->\n?`),
		caption:   regexp.MustCompile(`\[/?caption[^\]]*\]`),
		shortcode: regexp.MustCompile(`\[([a-z][a-z0-9_-]{2,30})(?: [^\]\n]*)?/?\]`),
		element:   regexp.MustCompile(`^<(h[1-6]|ul|ol|table|blockquote|figure|div|pre|hr)\b`),
	}
}

// body turns what WordPress stores into HTML: its comments for the block editor
// go, lines become paragraphs where there are none, the caption shortcode leaves
// its picture and words. Other shortcodes only their plugin understands.
func (r *reader) body(s string, n *xmltree.Node) string {
	s = r.patterns.block.ReplaceAllString(s, "")
	s = r.patterns.caption.ReplaceAllString(s, "")
	for _, m := range r.patterns.shortcode.FindAllStringSubmatch(s, 20) {
		r.lose(n.Path()+"/content:encoded", "the shortcode [%s] was left as it is: only the site could show it", m[1])
	}
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if s == "" || strings.Contains(s, "<p>") || strings.Contains(s, "<p ") {
		return s
	}
	var b strings.Builder
	for _, p := range markup.Paragraphs(s) {
		if r.patterns.element.MatchString(p) {
			b.WriteString(p + "\n")
			continue
		}
		b.WriteString("<p>" + strings.ReplaceAll(p, "\n", "<br>\n") + "</p>\n")
	}
	return strings.TrimSpace(b.String())
}

// tag returns a language tag in the form that BCP 47 wants, or "" with a loss.
func (r *reader) tag(s string) string {
	s = strings.ReplaceAll(s, "_", "-")
	if s == "" {
		return ""
	}
	if _, err := language.Parse(s); err != nil {
		r.lose("rss/channel/language", "%q is not a BCP 47 language tag", s)
		return ""
	}
	return s
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
