// Package wxr reads the export of a WordPress site (WordPress eXtended RSS): a
// newsroom's own archive, or one that it takes over.
//
// The invariant: a post is out only if WordPress had it out. Drafts, pending and
// private posts and those behind a password are withheld, scheduled ones are
// under embargo until their time.
//
// The format has no specification but the program that writes it
// (wp-admin/includes/export.php of WordPress); versions 1.0 to 1.2 differ only in
// the namespace.
package wxr

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/format/charset"
	"jisr/internal/format/loss"
	"jisr/internal/format/markup"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// Limits on one export. WordPress cuts large sites into files by date.
const (
	MaxSize  = 64 << 20 // bytes
	MaxItems = 50_000

	maxLosses = 500
	maxMedia  = 100 // files of one post
)

// namespace begins that of every version.
const namespace = "http://wordpress.org/export/"

// Detect reports whether head, the first bytes of a file, begins an export.
func Detect(head []byte) bool {
	tag, name := markup.RootTag(head)
	return name == "rss" && strings.Contains(tag, namespace)
}

// Version returns the version that an export declares in its first bytes.
func Version(head []byte) string {
	tag, _ := markup.RootTag(head)
	_, rest, found := strings.Cut(tag, namespace)
	if i := strings.IndexByte(rest, '/'); found && i > 0 && i < 8 {
		return rest[:i]
	}
	return ""
}

// Read returns the posts and pages of an export, each with its media as
// associations, and the media that belong to no post as items of their own.
func Read(data []byte) ([]*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the export has %d bytes, more than the %d allowed: export by date", len(data), MaxSize)
	}
	r := &reader{authors: map[string]news.Concept{}, skipped: map[string]int{}, media: map[string]*medium{}, patterns: newPatterns()}
	text, decision, err := charset.XML(data)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range decision.Notes {
		r.lose(charset.Place, "%s", note)
	}
	p := xmltree.NewParser(string(text), xmltree.Form{
		Name: "WordPress export", Entities: xml.HTMLEntity, DOCTYPE: false,
		Root:  func(name string) bool { return name == "rss" },
		Wraps: func(name string) bool { return name == "rss" || name == "channel" },
		Item:  func(name string) bool { return name == "item" },
	})
	for {
		n, err := p.Next()
		if err != nil {
			return nil, nil, err
		}
		if n == nil {
			break
		}
		if err := r.part(n); err != nil {
			return nil, nil, err
		}
	}
	items := r.finish()
	if len(items) == 0 {
		return nil, nil, news.Errorf(news.Invalid, "rss/channel", "the export holds no posts, pages or media")
	}
	return items, r.losses, nil
}

// reader collects what comes of one export.
type reader struct {
	site, title, language string
	authors               map[string]news.Concept // by login
	posts                 []*post
	media                 map[string]*medium // by post id
	order                 []string           // of media
	skipped               map[string]int     // posts of kinds that are no news
	comments              int
	losses                []loss.Loss
	patterns              patterns
	n                     int
}

// post is a post or page with the ids of the media that it shows.
type post struct {
	it        *news.Item
	id        string
	thumbnail string
}

// medium is an attachment, which may come before or after its post.
type medium struct {
	it     *news.Item
	parent string
	used   bool
}

func (r *reader) lose(path, format string, args ...any) {
	l := loss.Loss{Path: path, Reason: fmt.Sprintf(format, args...)}
	if len(r.losses) < maxLosses && !slices.Contains(r.losses, l) {
		r.losses = append(r.losses, l)
	}
}

// part takes the next part of the channel. Elements are told apart by their
// prefix, because every version has another namespace.
func (r *reader) part(n *xmltree.Node) error {
	switch n.Prefix + ":" + n.Name {
	case ":title":
		r.title = markup.Line(n.Raw())
	case ":link":
		r.site = n.Line()
	case ":language":
		r.language = r.tag(n.Line())
	case "wp:author":
		r.author(n)
	case ":item":
		if r.n++; r.n > MaxItems {
			return news.Errorf(news.TooLarge, "rss/channel", "the export has more than the %d items allowed: export by date", MaxItems)
		}
		r.item(n)
	}
	return nil
}

func (r *reader) author(n *xmltree.Node) {
	login := value(n, "wp", "author_login")
	c := news.Concept{Name: value(n, "wp", "author_display_name")}
	if c.Name == "" {
		c.Name = strings.TrimSpace(value(n, "wp", "author_first_name") + " " + value(n, "wp", "author_last_name"))
	}
	if c.Name == "" {
		c.Name = login
	}
	r.authors[login] = c
}

// value returns the text of a child element on one line.
func value(n *xmltree.Node, prefix, name string) string {
	if k := child(n, prefix, name); k != nil {
		return k.Line()
	}
	return ""
}

func child(n *xmltree.Node, prefix, name string) *xmltree.Node {
	for k := range n.Elements() {
		if k.Name == name && k.Prefix == prefix {
			return k
		}
	}
	return nil
}

// finish gives the media to their posts and says what was left out.
func (r *reader) finish() []*news.Item {
	children := map[string][]string{}
	for _, id := range r.order {
		if parent := r.media[id].parent; parent != "" && parent != "0" {
			children[parent] = append(children[parent], id)
		}
	}
	var out []*news.Item
	for _, p := range r.posts {
		ids := children[p.id]
		if p.thumbnail != "" {
			ids = append([]string{p.thumbnail}, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == p.thumbnail })...)
		}
		for _, id := range ids[:min(len(ids), maxMedia)] {
			m := r.media[id]
			if m == nil {
				r.lose("item["+p.id+"]", "its picture %s is not in this export", id)
				continue
			}
			m.used = true
			a := *m.it
			if a.PubStatus == news.Usable { // a medium has the status of the post that shows it
				a.PubStatus, a.Embargoed = p.it.PubStatus, p.it.Embargoed
			}
			a.Name = "media-" + strconv.Itoa(len(p.it.Associations)+1)
			p.it.Associations = append(p.it.Associations, a)
		}
		out = append(out, p.it)
	}
	for _, id := range r.order {
		if m := r.media[id]; !m.used {
			out = append(out, m.it)
		}
	}
	for _, kind := range sortedKeys(r.skipped) {
		r.lose("rss/channel", "%d entries of type %q are no news and were left out", r.skipped[kind], kind)
	}
	if r.comments > 0 {
		r.lose("rss/channel", "%d comments of readers were left out", r.comments)
	}
	return out
}

func sortedKeys(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
