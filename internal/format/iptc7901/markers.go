package iptc7901

import (
	"slices"
	"strings"
	"unicode"

	"jisr/internal/format/lexical"
	"jisr/internal/news"
)

const signals = "http://cv.iptc.org/newscodes/signal/"

// markers reads what dialects write into slug and keyword lines for want of a
// field: that a message is a correction, an update, a kill, or under embargo.
func (r *reader) markers(it *news.Item, h header) {
	words := wordsOf(h.slug + " " + it.Slugline)
	headline := wordsOf(it.Headline())
	if len(headline) > 1 {
		headline = headline[:1] // "KILL: …", "CORRECTION: …"
	}
	words = append(words, headline...)
	is := func(list ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
	}
	if is("CORRECTION", "CORRECTED", "CORRECTIVE", "CORRECTS", "CORR", "KORREKTUR", "KORR", "BERICHTIGUNG", "CORRECTIF", "CORRECCION", "CORRECCIÓN",
		"ПОПРАВКА", "ИСПРАВЛЕНИЕ", "УТОЧНЕНИЕ", "تصحيح", "تصويب") {
		it.Signals = append(it.Signals, news.Concept{URI: signals + "correction"})
	}
	if is("UPDATE", "UPDATED", "LD", "LD-WRITETHRU", "WRITETHRU", "LEAD", "ОБНОВЛЕНИЕ", "ПОВТОР", "تحديث") {
		it.Signals = append(it.Signals, news.Concept{URI: signals + "update"})
	}
	if is("KILL", "KILLED", "WITHDRAWAL", "WITHDRAWN", "ELIMINATION", "ANNULATION", "ANNULE", "STORNO", "RÜCKZUG", "ANULACION", "ANULACIÓN",
		"АННУЛИРОВАНИЕ", "АННУЛИРОВАНО", "АННУЛЯЦИЯ", "إلغاء", "الغاء", "سحب") {
		it.Signals = append(it.Signals, news.Concept{URI: signals + "kill"})
		it.PubStatus = news.Canceled
		r.losses.Add(r.at, "the message is marked as a kill: it is canceled, and the desk must see which story it means")
	}
	if it.PubStatus == "" && (is("EMBARGO", "EMBARGOED", "SPERRFRIST", "ЭМБАРГО", "حظر") || speaksOfEmbargo(it)) {
		it.PubStatus = news.Withheld
		r.losses.Add(r.at, "the message speaks of an embargo, for which the format has no field: it is withheld")
	}
}

// speaksOfEmbargo looks at what stands before the story, and at its beginning.
func speaksOfEmbargo(it *news.Item) bool {
	text := it.EdNote + " "
	for _, h := range it.Headlines {
		text += h.Value + " "
	}
	if len(it.Bodies) > 0 {
		start := it.Bodies[0].Value
		text += start[:min(len(start), 400)]
	}
	return lexical.SaysEmbargoed(text)
}

// wordsOf returns the words in capitals. A hyphen joins a word: "Road-Kill" is a
// slug, "KILL" a marker.
func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToUpper(s), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && !unicode.Is(unicode.Mn, c)
	})
}
