package picture

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"jisr/internal/news"
)

// writeIIM returns the item's words as IPTC-IIM in UTF-8. IIM cuts texts off at
// lengths of 1991; XMP has them whole. Fields of the old block that the item has
// none for stay.
func writeIIM(it *news.Item, old []byte) []byte {
	w := iimWriter{}
	w.put(1, iimEnvelopeCoding, 3, iimUTF8)
	w.put(2, iimRecordVersion, 2, "\x00\x04")
	w.text(iimTitle, 64, firstOf(it.Title, it.Slugline))
	if it.Urgency > 0 {
		w.text(iimUrgency, 1, fmt.Sprint(it.Urgency))
	}
	for _, s := range it.Subjects {
		switch code := subjectCodeOf(s); {
		case s.Rel == "category" && s.Literal != "":
			w.text(iimCategory, 3, s.Literal)
		case s.Rel == "category":
			w.text(iimCategories, 32, s.Name)
		case code != "":
			w.text(iimSubject, 236, "IPTC:"+code+":::")
		default:
			w.text(iimKeywords, 64, s.Name)
		}
	}
	w.moment(iimReleaseDate, iimReleaseTime, it.Embargoed)
	w.moment(iimExpireDate, iimExpireTime, it.Expires)
	w.text(iimInstructions, 256, it.EdNote)
	w.moment(iimCreatedDate, iimCreatedTime, it.ContentCreated)
	authors, title, writer := authorsOf(it)
	for _, a := range authors {
		w.text(iimByline, 32, a)
	}
	w.text(iimBylineTitle, 32, title)
	l := madeAt(it)
	w.text(iimCity, 32, l.city)
	w.text(iimSublocation, 32, firstOf(l.sublocation, l.name))
	w.text(iimState, 32, l.state)
	w.text(iimCountryCode, 3, l.code)
	w.text(iimCountry, 64, l.country)
	w.text(iimTransmission, 32, altID(it, "transmissionReference"))
	w.text(iimHeadline, 256, headline(it))
	w.text(iimCredit, 32, it.CreditLine)
	w.text(iimSource, 32, source(it))
	w.text(iimCopyright, 128, it.CopyrightNotice)
	w.text(iimCaption, 2000, description(it, "caption"))
	w.text(iimCaptionWriter, 32, writer)
	if sets, _ := datasets(old); len(sets) > 0 {
		// What its charset was is said when a picture is read.
		for _, f := range (&reader{}).decode(sets) {
			if !isField(f.id) && isText(f.value) {
				w.text(f.id, 2000, f.value)
			}
		}
	}
	return w.b
}

// isField reports whether the item has a field for a dataset of record 2.
func isField(id byte) bool {
	switch id {
	case iimTitle, iimUrgency, iimSubject, iimCategory, iimCategories, iimKeywords, iimReleaseDate, iimReleaseTime, iimExpireDate, iimExpireTime,
		iimInstructions, iimCreatedDate, iimCreatedTime, iimByline, iimBylineTitle, iimCity, iimSublocation, iimState, iimCountryCode, iimCountry,
		iimTransmission, iimHeadline, iimCredit, iimSource, iimCopyright, iimCaption, iimCaptionWriter:
		return true
	}
	return false
}

type iimWriter struct{ b []byte }

// text writes a field unless it is empty, cut at a letter's edge.
func (w *iimWriter) text(id byte, limit int, s string) {
	if s = strings.TrimSpace(s); s == "" {
		return
	}
	if len(s) > limit {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit]
	}
	w.put(2, id, len(s), s)
}

func (w *iimWriter) put(record, id byte, n int, value string) {
	w.b = append(w.b, 0x1c, record, id)
	w.b = binary.BigEndian.AppendUint16(w.b, uint16(n))
	w.b = append(w.b, value...)
}

func (w *iimWriter) moment(date, clock byte, t time.Time) {
	if t.IsZero() {
		return
	}
	w.text(date, 8, t.Format("20060102"))
	w.text(clock, 11, t.Format("150405-0700"))
}
