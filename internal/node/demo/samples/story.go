package samples

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/news"
)

// story is one data file: an item as an editor wrote it.
//
// A header line is "Name: value"; those marked * may be repeated. Durations are
// written as Go writes them (1h20m).
//
//	Type            text (as if absent), picture or composite
//	Desk            key of a desk in house.json; names a subject too, if there is one
//	Language        ar, ru or en
//	Slug            the slugline
//	Headline        the line to publish
//	Summary         one sentence; a picture's caption
//	Place *         key in places.json; the first one is the dateline's
//	Subject *       key in newscodes.json, beyond the desk's own
//	Genre           key in newscodes.json
//	Urgency         1 to 9
//	Age             how long before the start of the demonstration it was issued
//	Source *        whom the story relies on
//	Part *          key of an older story of the same house that goes with it
//	Picture         name of a drawing in pictures.go
//	Source-Type     last part of the IPTC digital source type
//	Embargo         not to be used until so long after the start
//	Translation-Of  house/key of the story that this one translates
//	Origin          house key, in live/ only
//	Correct-After, Correct-Reason, Correct-Replace "old => new"
//	Kill-After, Kill-Reason
type story struct {
	origin, key                             string
	kind                                    news.Type
	desk, language, slug, headline, summary string
	genre, picture, sourceType              string
	translationOf                           string
	urgency                                 int
	age, embargo                            time.Duration
	places, subjects, sources, parts        []string
	paragraphs                              []string
	correction                              correction
	killAfter                               time.Duration
	killReason                              string
}

// correction is a slip that the house mends while the demonstration runs.
type correction struct {
	after    time.Duration
	reason   string
	old, new string
}

// parseStory reads a data file. Errors name the line.
func parseStory(text string) (*story, error) {
	s := &story{kind: news.Text}
	head, body, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
	seen := map[string]bool{}
	for i, line := range strings.Split(head, "\n") {
		name, value, ok := strings.Cut(line, ": ")
		value = strings.TrimSpace(value)
		if !ok || value == "" {
			return nil, fmt.Errorf("line %d: %q is not a header such as \"Desk: science\"", i+1, line)
		}
		if seen[name] && !slices.Contains([]string{"Place", "Subject", "Source", "Part"}, name) {
			return nil, fmt.Errorf("line %d: there are two headers %s", i+1, name)
		}
		seen[name] = true
		if err := s.set(name, value); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	for p := range strings.SplitSeq(body, "\n\n") {
		if words := strings.Fields(p); len(words) > 0 {
			s.paragraphs = append(s.paragraphs, strings.Join(words, " "))
		}
	}
	for _, name := range []string{"Desk", "Language", "Slug", "Headline", "Summary", "Place", "Genre", "Urgency"} {
		if !seen[name] {
			return nil, fmt.Errorf("the header %s is missing", name)
		}
	}
	if s.kind == news.Text && len(s.paragraphs) == 0 {
		return nil, fmt.Errorf("there is no text after the headers")
	}
	return s, nil
}

func (s *story) set(name, value string) error {
	var err error
	switch name {
	case "Type":
		s.kind = news.Type(value)
		if !slices.Contains([]news.Type{news.Text, news.Picture, news.Composite}, s.kind) {
			return fmt.Errorf("%q is not text, picture or composite", value)
		}
	case "Desk":
		s.desk = value
	case "Language":
		s.language = value
	case "Slug":
		s.slug = value
	case "Headline":
		s.headline = value
	case "Summary":
		s.summary = value
	case "Place":
		s.places = append(s.places, value)
	case "Subject":
		s.subjects = append(s.subjects, value)
	case "Genre":
		s.genre = value
	case "Urgency":
		s.urgency, err = strconv.Atoi(value)
	case "Age":
		s.age, err = time.ParseDuration(value)
	case "Source":
		s.sources = append(s.sources, value)
	case "Part":
		s.parts = append(s.parts, value)
	case "Picture":
		s.picture = value
	case "Source-Type":
		s.sourceType = value
	case "Embargo":
		s.embargo, err = time.ParseDuration(value)
	case "Translation-Of":
		s.translationOf = value
	case "Origin":
		s.origin = value
	case "Correct-After":
		s.correction.after, err = time.ParseDuration(value)
	case "Correct-Reason":
		s.correction.reason = value
	case "Correct-Replace":
		s.correction.old, s.correction.new, _ = strings.Cut(value, " => ")
	case "Kill-After":
		s.killAfter, err = time.ParseDuration(value)
	case "Kill-Reason":
		s.killReason = value
	default:
		return fmt.Errorf("there is no header %q", name)
	}
	return err
}

// texts returns every text that readers see, in reading order.
func (s *story) texts() []string {
	return append([]string{s.headline, s.summary}, s.paragraphs...)
}

// edited returns a copy of the story with every text that readers see put
// through edit.
func (s *story) edited(edit func(string) string) *story {
	c := *s
	c.headline = edit(s.headline)
	c.summary = edit(s.summary)
	c.paragraphs = make([]string, len(s.paragraphs))
	for i, p := range s.paragraphs {
		c.paragraphs[i] = edit(p)
	}
	return &c
}

// apply returns the story as it reads once corrected.
func (c correction) apply(s *story) *story {
	return s.edited(func(text string) string { return strings.ReplaceAll(text, c.old, c.new) })
}

// check reports a correction that is half written or would change nothing.
func (c correction) check(s *story) error {
	if c == (correction{}) {
		return nil
	}
	if c.after <= 0 || c.reason == "" || c.old == "" || c.new == "" {
		return fmt.Errorf("a correction needs Correct-After, Correct-Reason and Correct-Replace \"old => new\"")
	}
	if !strings.Contains(strings.Join(s.texts(), "\n"), c.old) {
		return fmt.Errorf("Correct-Replace: %q does not occur in the text", c.old)
	}
	return nil
}
