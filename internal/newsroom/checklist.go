package newsroom

import (
	"strings"

	"jisr/internal/news"
)

// Check is one line of the checklist before publishing. Its Key is the line's
// name in the locale files.
type Check struct {
	Key    string
	Passed bool
	Must   bool // the house does not publish without it; otherwise it is advice
	Count  int  // how many things fail it, where that can be more than one
}

// Checklist looks at what can be seen in the item: what an editor must answer
// from knowledge (is it true, is it lawful) the page asks beside it.
func Checklist(it *news.Item) []Check {
	unsigned, unlicensed, undescribed := pictures(it)
	body := strings.TrimSpace(it.Body().Value) != ""
	return []Check{
		{Key: "headline", Must: true, Passed: it.Headline() != ""},
		{Key: "language", Must: true, Passed: it.Language != ""},
		{Key: "body", Passed: body || it.Type != news.Text},
		{Key: "source", Passed: it.By != "" || len(it.InfoSources)+len(it.Creators)+len(it.DerivedFrom) > 0},
		{Key: "slugline", Passed: it.Slugline != ""},
		{Key: "subject", Passed: len(it.Subjects) > 0},
		{Key: "machine", Passed: it.DigitalSourceType != "" || !it.MachineMade()},
		{Key: "credit", Passed: unsigned == 0, Count: unsigned},
		{Key: "rights", Passed: unlicensed == 0, Count: unlicensed},
		{Key: "alt", Passed: undescribed == 0, Count: undescribed},
	}
}

// pictures counts the pictures and videos, the item itself included, that name
// nobody to credit, carry no word about their rights, or are described to nobody
// who cannot see them.
func pictures(it *news.Item) (unsigned, unlicensed, undescribed int) {
	visual := []*news.Item{}
	if it.Type != news.Text {
		visual = append(visual, it)
	}
	for i := range it.Associations {
		visual = append(visual, &it.Associations[i])
	}
	for _, v := range visual {
		if v.Type != news.Picture && v.Type != news.Video && v.Type != news.Graphic {
			continue
		}
		if v.CreditLine == "" && v.By == "" && len(v.Creators) == 0 && it.CreditLine == "" {
			unsigned++
		}
		if v.CopyrightNotice == "" && v.CopyrightHolder == "" && v.UsageTerms == "" && v.Rights == nil && it.UsageTerms == "" {
			unlicensed++
		}
		if v.Summary() == "" && v.Headline() == "" {
			undescribed++
		}
	}
	return unsigned, unlicensed, undescribed
}
