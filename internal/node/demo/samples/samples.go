// Package samples is the content of `jisr demo`: two fictional organisations,
// the items they have on their wires when the demonstration starts, and an
// endless supply of short ones that keeps the wires alive.
//
// The invariant: nothing here can be taken for news. Every organisation
// discloses that it is fictional, every item carries that note and usage terms
// that allow demonstration only, and what a program made says so in its digital
// source type.
//
// The prose lives in data/ as plain text, one file an item: header lines, an
// empty line, paragraphs. story.go describes the headers. An editor can mend the
// words without touching Go; Load names the file and line of a slip.
package samples

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"jisr/internal/news"
)

//go:embed data
var dataFS embed.FS

// Collection is the demonstration's content, read and checked. It does not
// change after Load and is safe for concurrent use.
type Collection struct {
	vocabulary *vocabulary
	stories    map[string][]*story // by house key, oldest first
	live       []*template
	pictures   map[string]picture
}

// Sample is one item to put on an organisation's wire.
type Sample struct {
	Origin string     // the organisation that issues it
	Desk   string     // the Key of one of Desks
	Item   *news.Item // valid as it stands; version 1
	Media  []Media    // the bytes behind the item's renditions, associations included
	Then   []Step     // what the organisation does to the item later, in order
}

// Media is a file that a rendition names by its digest.
type Media struct {
	Name        string // a file name with extension
	ContentType string
	Digest      string        // as in the rendition
	Bytes       func() []byte // drawn on first use; the caller must not change them
}

// Step is a later act on a sample.
type Step struct {
	After  time.Duration // since the sample was published
	Act    news.Act
	Reason string     // in the item's language
	Item   *news.Item // the item as it stands after the act; nil if the content stays
}

// Desk is an editorial desk that samples are filed to.
type Desk struct {
	Key   string            // stable, lower case
	Names map[string]string // by BCP 47 language: ar, ru, en
}

// Load reads the embedded content. An error means that a data file has a slip,
// and says where.
func Load() (*Collection, error) {
	data, err := fs.Sub(dataFS, "data")
	if err != nil {
		return nil, fmt.Errorf("samples: %w", err)
	}
	c, err := load(data)
	if err != nil {
		return nil, fmt.Errorf("samples: %w", err)
	}
	return c, nil
}

func load(data fs.FS) (*Collection, error) {
	v, err := readVocabulary(data)
	if err != nil {
		return nil, err
	}
	c := &Collection{vocabulary: v, stories: map[string][]*story{}, pictures: drawOnce(gallery())}
	for _, h := range v.Houses {
		if c.stories[h.Key], err = readStories(data, h.Key); err != nil {
			return nil, err
		}
		slices.SortStableFunc(c.stories[h.Key], func(a, b *story) int { return int(b.age - a.age) })
	}
	for _, h := range v.Houses {
		for _, s := range c.stories[h.Key] {
			s.origin = h.Key
			if err := c.check(s); err != nil {
				return nil, fmt.Errorf("%s/%s.txt: %w", h.Key, s.key, err)
			}
		}
	}
	c.live, err = c.readTemplates(data)
	return c, err
}

// readStories reads every story of a folder, in the order of their names.
func readStories(data fs.FS, folder string) ([]*story, error) {
	names, err := fs.Glob(data, folder+"/*.txt")
	if err != nil {
		return nil, err
	}
	stories := make([]*story, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(data, name)
		if err != nil {
			return nil, err
		}
		s, err := parseStory(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.key = strings.TrimSuffix(path.Base(name), ".txt")
		stories = append(stories, s)
	}
	return stories, nil
}

// check reports a reference of the story that leads nowhere.
func (c *Collection) check(s *story) error {
	if err := c.vocabulary.check(s); err != nil {
		return err
	}
	if _, ok := c.pictures[s.picture]; !ok && (s.picture != "" || s.kind == news.Picture) {
		return fmt.Errorf("there is no picture %q", s.picture)
	}
	for _, key := range s.parts {
		part := c.story(s.origin, key)
		if part == nil {
			return fmt.Errorf("there is no part %q", key)
		}
		if part.age < s.age {
			return fmt.Errorf("the part %q is younger than what it is a part of", key)
		}
	}
	if s.translationOf != "" {
		house, key, _ := strings.Cut(s.translationOf, "/")
		if c.story(house, key) == nil {
			return fmt.Errorf("there is no source %q to translate", s.translationOf)
		}
	}
	if (s.killAfter > 0) != (s.killReason != "") {
		return fmt.Errorf("a kill needs Kill-After and Kill-Reason")
	}
	return s.correction.check(s)
}

func (c *Collection) story(house, key string) *story {
	for _, s := range c.stories[house] {
		if s.key == key {
			return s
		}
	}
	return nil
}

// Organisations returns the two organisations of the demonstration: an agency
// that works in Arabic and a broadcaster that works in Russian.
func (c *Collection) Organisations() (agency, broadcaster news.Organisation) {
	return c.vocabulary.Houses[0].organisation(), c.vocabulary.Houses[1].organisation()
}

// Desks lists the desks that samples are filed to, in the order of their keys.
func (c *Collection) Desks() []Desk {
	var desks []Desk
	for _, key := range slices.Sorted(maps.Keys(c.vocabulary.Desks)) {
		desks = append(desks, Desk{Key: key, Names: maps.Clone(c.vocabulary.Desks[key])})
	}
	return desks
}

// Items returns what the organisation of that origin has on its wire at now,
// oldest first, so that an item comes after those it refers to. An origin that
// is not one of ours has none. The first call draws the pictures.
func (c *Collection) Items(origin string, now time.Time) []Sample {
	for i := range c.vocabulary.Houses {
		h := &c.vocabulary.Houses[i]
		if h.Organisation.Origin != origin {
			continue
		}
		out := make([]Sample, 0, len(c.stories[h.Key]))
		for _, s := range c.stories[h.Key] {
			out = append(out, c.sample(s, now))
		}
		return out
	}
	return nil
}
