package view

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/prose"
)

// Wire is the list of everyone's items.
type Wire struct {
	Shell
	Query    string
	Origin   string
	Language string
	Type     string
	Desk     string
	Origins  []Option
	Speaks   []Option
	Types    []Option
	Lines    []*newsroom.Line
	Newest   int64  // position of the first line, for what comes after it
	Older    string // address of the lines before these; empty at the end
	Live     string // address of the event stream; empty where nothing is live
	Filtered bool
}

// Notices is the list of kills and holds by others.
type Notices struct {
	Shell
	Notices  []*newsroom.Notice
	OnlyOpen bool
	Older    string
}

// Key is a short name of an item for scripts to find its line by.
func Key(origin, uri string) string {
	h := fnv.New64a()
	h.Write([]byte(origin + " " + uri))
	return fmt.Sprintf("i%x", h.Sum64())
}

// State is where the item stands for its reader: the class of its line and the
// key of its words; "usable" is not remarked upon.
func State(l *newsroom.Line, now time.Time) string {
	switch {
	case l.Status == news.StatusKilled:
		return "killed"
	case l.Blocked == news.StatusKilled:
		return "source_killed"
	case l.Status == news.StatusHeld:
		return "held"
	case l.Blocked == news.StatusHeld:
		return "source_held"
	case l.Embargoed.After(now):
		return "embargoed"
	case !l.Expires.IsZero() && !l.Expires.After(now):
		return "expired"
	}
	return "usable"
}

func lineClass(l *newsroom.Line, now time.Time) string {
	c := "line is-" + State(l, now)
	if l.Urgency > 0 && l.Urgency <= 3 {
		c += " urgent"
	}
	if l.Own {
		c += " own"
	}
	return c
}

func dir(tag string) string { return prose.Dir(tag) }

// languageName returns the language in the reader's words, or its tag.
func languageName(s Shell, tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if key := "lang." + base; s.Has(key) {
		return s.T(key)
	}
	return tag
}
