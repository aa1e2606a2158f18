package view

import (
	"encoding/json"
	"slices"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/prose"
)

// Made lists the digital source types (IPTC) that a text is usually of.
var Made = []string{
	"digitalCreation", "humanEdits", "dataDrivenMedia", "algorithmicMedia",
	"compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia",
}

// Draft is the form in which an item is written.
type Draft struct {
	Shell
	Form     Form
	Subjects Picker
	Media    []DraftMedium
	Updated  time.Time
	Author   string
	Zones    []string // suggestions for the embargo's time zone
	Markup   bool     // the stored body has markup that plain paragraphs lose
	Conflict *Conflict
	HTML     string // the body as sanitised markup, for the editor

	Desks      []newsroom.Desk
	Task       *newsroom.Task // nil for a draft that was never saved
	Stages     []string
	LockedBy   string // name of a colleague who has it open; empty for nobody
	Scheduled  *newsroom.Scheduled
	Remarks    []Remark
	Colleagues []people.Account
}

// editorWords are the words of the editor, as JSON.
func (v Draft) editorWords() string {
	words := map[string]string{"toolbar": v.T("editor.toolbar"), "link_ask": v.T("editor.link_ask"), "count": v.T("editor.count")}
	for _, tool := range []string{"bold", "italic", "heading", "subheading", "bullets", "numbers", "quote", "link", "table", "rule", "undo", "redo"} {
		words[tool] = v.T("editor." + tool)
	}
	b, err := json.Marshal(words)
	if err != nil { // texts can always be written
		panic(err)
	}
	return string(b)
}

// Form is what the draft form holds, as text, so that whatever a person typed
// comes back even when it is wrong.
type Form struct {
	ID, URI  string
	Revision int64
	Version  int // the issued version that it was begun from; 0 for a new item

	Headline, Slugline, Dateline, Located, By string
	Language, Summary, Body, Desk             string
	HTML                                      string // the body as the editor wrote it; empty if it did not run or nothing was changed
	Urgency, Usage, EdNote, Made              string
	Embargo, Zone                             string   // local time as HTML writes it, and its IANA zone
	Subjects                                  []string // URIs
	Act                                       string   // what the editor means to do with it, when it was begun from an item
}

// Conflict is what someone else saved while the reader was writing.
type Conflict struct {
	Author   string
	Updated  time.Time
	Headline prose.Paragraph // from theirs to the reader's
	Body     []prose.Paragraph
}

// Issue is the page on which an editor sees once more what will be issued and
// who will be told.
type Issue struct {
	Shell
	Form      Form
	Item      *news.Item
	Body      string // sanitised HTML
	Acts      []news.Act
	Act       news.Act
	Reason    string
	Checks    []newsroom.Check
	At        string // when to issue it, as it was typed
	Receivers []string
}

// chooseFrom makes the options of a closed list.
func chooseFrom(values []string, chosen string, label func(string) string) []Option {
	var out []Option
	for _, v := range values {
		out = append(out, Option{Value: v, Label: label(v), Chosen: v == chosen})
	}
	return out
}

// chooseOr makes the options of a list to which a value that an item came with
// is added, so that saving the form does not lose it.
func chooseOr(values []string, chosen string, label func(string) string) []Option {
	if chosen != "" && !slices.Contains(values, chosen) {
		values = append(slices.Clone(values), chosen)
	}
	return chooseFrom(values, chosen, label)
}

func (v Draft) languages() []Option {
	return chooseOr([]string{"ar", "ru", "en", "fr", "es", "zh", "fa", "tr", "uk"}, v.Form.Language, func(tag string) string {
		return languageName(v.Shell, tag)
	})
}

func (v Draft) urgencies() []Option {
	return chooseFrom([]string{"", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, v.Form.Urgency, func(u string) string {
		switch u {
		case "":
			return v.T("draft.urgency_none")
		case "1", "4", "9":
			return u + " · " + v.T("draft.urgency_"+u)
		}
		return u
	})
}

func (v Draft) made() []Option {
	return chooseOr(append([]string{""}, Made...), v.Form.Made, func(code string) string {
		if code == "" {
			return v.T("made.unsaid")
		}
		return sourceType(v.Shell, code)
	})
}
