package search

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
)

func TestFacetsCountWhatIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		ix.add(t, desk()...)
		f, err := ix.Facets(t.Context(), Query{Limit: 1, Before: 1})
		if err != nil {
			t.Fatal(err)
		}
		want := &Facets{Total: 4,
			Languages: []Count{{"en", "", 2}, {"ar", "", 1}, {"ru", "", 1}},
			Types:     []Count{{"text", "", 3}, {"video", "", 1}},
			Origins:   []Count{{"wire.example", "", 3}, {"other.example", "", 1}},
			Desks:     []Count{{"world", "", 4}},
			Subjects: []Count{{"http://cv.iptc.org/newscodes/mediatopic/20000151", "natural disaster", 1},
				{"medtop:20000151", "стихийное бедствие", 1}},
			Places: []Count{{"Tunis", "Tunis", 1}, {"http://example.org/places/tn", "تونس", 1}},
			Days:   []Count{{"2026-11-25", "", 1}, {"2026-11-24", "", 1}, {"2026-10-16", "", 1}, {"2025-11-25", "", 1}},
		}
		if !reflect.DeepEqual(f, want) {
			t.Errorf("got  %+v\nwant %+v", f, want)
		}
		// What a facet offers as value is what a field takes.
		for _, q := range []string{`subject:"medtop:20000151"`, `place:"http://example.org/places/tn"`, `desk:world lang:ru`, `on:2026-10-16`} {
			if f, err := ix.Facets(t.Context(), Query{Text: q}); err != nil || f.Total != 1 {
				t.Errorf("%s: %+v, %v", q, f, err)
			}
		}
		far := time.FixedZone("far", 14*3600)
		if f, err := ix.Facets(t.Context(), Query{Text: "плотина", In: far}); err != nil || len(f.Days) != 1 || f.Days[0].Value != "2026-11-26" {
			t.Errorf("far in the east: %+v, %v", f, err)
		}
		if f, err := ix.Facets(t.Context(), Query{Text: "the"}); err != nil || f.Total != 0 {
			t.Errorf("a query without a word: %+v, %v", f, err)
		}
	})
}

func TestFacetsOfACommonWordAreCappedAndSaySo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ix := newIndex(t, d)
		var acts []act
		for i := range FacetCap + 10 {
			lang := "en"
			if i < 10 {
				lang = "fr"
			}
			acts = append(acts, act{item: text(fmt.Sprintf("urn:%d", i), lang, "Flood", "")})
		}
		ix.add(t, acts...)
		f, err := ix.Facets(t.Context(), Query{Text: "flood"})
		if err != nil || f.Total != FacetCap || !f.More || len(f.Languages) != 1 || f.Languages[0].Items != FacetCap {
			t.Errorf("got %+v, %v", f, err)
		}
		if f, err = ix.Facets(t.Context(), Query{Text: "flood", Language: "fr"}); err != nil || f.Total != 10 || f.More {
			t.Errorf("got %+v, %v", f, err)
		}
	})
}
