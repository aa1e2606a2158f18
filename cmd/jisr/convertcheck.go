package main

import (
	"cmp"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format"
	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// checkedFile is what a file holds and what is wrong with it, a line of --check. Of
// several items the first is described in the line itself.
type checkedFile struct {
	File          string `json:"file"`
	Format        string `json:"format,omitempty"`
	FormatVersion string `json:"format_version,omitempty"`
	described
	More      []described `json:"more_items,omitempty"`
	CheckedAs string      `json:"checked_as,omitempty"` // the version whose rules counted, if it was asked for
	Losses    []string    `json:"losses"`
	Problems  []string    `json:"problems"`
	Advice    []string    `json:"advice,omitempty"`  // what makes no file invalid
	Refused   []string    `json:"refused,omitempty"` // why we do not take a file, or an item of it, that is valid
}

// described is an item in short.
type described struct {
	URI       string           `json:"uri,omitempty"`
	Version   string           `json:"version,omitempty"`
	Type      news.Type        `json:"type,omitempty"`
	Language  string           `json:"language,omitempty"`
	Headline  string           `json:"headline,omitempty"`
	Slugline  string           `json:"slugline,omitempty"`
	By        string           `json:"by,omitempty"`
	Urgency   int              `json:"urgency,omitempty"`
	PubStatus news.PubStatus   `json:"pub_status,omitempty"`
	Embargo   time.Time        `json:"embargo,omitzero"`
	Subjects  []checkedSubject `json:"subjects"`
	WordCount int              `json:"word_count"` // of the main body, as counted here
}

// checkedSubject is a subject of an item.
type checkedSubject struct {
	Name    string `json:"name,omitempty"`
	URI     string `json:"uri,omitempty"`
	Literal string `json:"literal,omitempty"`
}

// check prints a line about each file. Its output is for programs, with or without
// --json.
func (c *convertCmd) check(a *app) error {
	out := json.NewEncoder(a.out)
	out.SetEscapeHTML(false)
	invalid := 0
	for _, file := range c.Files {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		line := a.checkFile(file, cmp.Or(c.As, suiteVersion(file)))
		if len(line.Problems) > 0 {
			invalid++
		}
		if err := out.Encode(line); err != nil {
			return err
		}
	}
	if invalid > 0 {
		return unproven{news.Errorf(news.Invalid, "", "%d of %d files are not valid", invalid, len(c.Files))}
	}
	return nil
}

// suiteVersion returns the version that a file of a validation suite is meant for.
// IPTC lays its suites out so: 1.3/should_pass/…, 1.3/should_fail/…, and the files
// declare no version or another one.
func suiteVersion(file string) string {
	verdict := filepath.Dir(file)
	if name := filepath.Base(verdict); name != "should_pass" && name != "should_fail" {
		return ""
	}
	version := filepath.Base(filepath.Dir(verdict))
	major, minor, found := strings.Cut(version, ".")
	if _, err := strconv.Atoi(major + minor); err != nil || !found {
		return ""
	}
	return version
}

// checkFile checks a file against the rules of a version; "" is what it declares.
func (a *app) checkFile(file, version string) *checkedFile {
	line := &checkedFile{File: file, described: described{Subjects: []checkedSubject{}}, Losses: []string{}, Problems: []string{}}
	data, err := a.readInput(file)
	if err != nil {
		line.Problems = append(line.Problems, sentence(err))
		return line
	}
	res, err := format.Read(data, filepath.Base(file))
	line.Format, line.FormatVersion = res.Format, res.Version
	for i, it := range res.Items {
		if i == 0 {
			line.described = describe(it)
			continue
		}
		line.More = append(line.More, describe(it))
	}
	for _, l := range res.Losses {
		line.Losses = append(line.Losses, l.String())
	}
	var refusals []string
	for _, e := range eachError(err) {
		refusals = append(refusals, sentence(e))
	}
	if !format.HasRules(res.Format) {
		line.Problems = append(line.Problems, refusals...)
		return line
	}
	problems, advice := format.Check(data, res.Format, version)
	line.Problems, line.Advice, line.CheckedAs = append(line.Problems, problems...), advice, version
	line.Refused = refusals
	return line
}

// eachError takes apart the errors that a reader joined, one for each item that it
// refused.
func eachError(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func describe(it *news.Item) described {
	d := described{
		URI: it.URI, Version: it.Version, Type: it.Type, Language: it.Language, Headline: it.Headline(), Slugline: it.Slugline,
		By: it.By, Urgency: it.Urgency, PubStatus: it.PubStatus, Subjects: []checkedSubject{},
	}
	if !it.Embargoed.IsZero() {
		d.Embargo = it.Embargoed.UTC()
	}
	for _, s := range it.Subjects {
		d.Subjects = append(d.Subjects, checkedSubject{s.Name, s.URI, s.Literal})
	}
	body := it.Body()
	text := body.Value
	if markup.IsHTML(body.ContentType) {
		text = markup.Text(text)
	}
	d.WordCount = len(strings.Fields(text))
	return d
}
