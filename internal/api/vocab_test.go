package api

import (
	"net/url"
	"testing"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/people"
)

func TestVocabulariesAreSearchedAndShownInTheReadersLanguage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := newNode(t, d, "wire.example", Limits{})
		token := n.token(t, []people.Role{people.Reader})
		get := func(path string) *reply { return n.do(t, token, "GET", "/api/v1/vocab"+path, nil) }

		var all schemes
		get("").want(200).into(&all)
		if len(all.Schemes) < 9 || !all.Schemes[0].Embedded {
			t.Errorf("the vocabularies are %+v", all)
		}
		var found conceptMatches
		get("/search?scheme=medtop&lang=ru&q=" + url.QueryEscape("رياضة")).want(200).into(&found)
		if len(found.Concepts) == 0 || found.Concepts[0].QCode != "medtop:15000000" || found.Concepts[0].Name != "спорт" || found.Concepts[0].Matched != "رياضة" {
			t.Errorf("found %+v", found)
		}
		var c concept
		get("/concept?lang=ar&uri=genre:Program").want(200).into(&c)
		if c.Name != "برنامج التغطية" || c.Retired.IsZero() || c.ReplacedBy != "http://cv.iptc.org/newscodes/genre/Daybook" {
			t.Errorf("the concept is %+v", c)
		}
		var one, two conceptPage
		get("/concepts?of=medtop&lang=en&limit=10").want(200).into(&one)
		if len(one.Concepts) != 10 || one.Next == 0 {
			t.Errorf("a page of %d concepts, next %d", len(one.Concepts), one.Next)
		}
		get("/concepts?of=medtop&limit=10&after=10").want(200).into(&two)
		if len(two.Concepts) != 7 || two.Next != 0 || two.Concepts[6].Name != "weather" {
			t.Errorf("the last page: %+v", two)
		}
		for path, status := range map[string]int{
			"/concept":                   400,
			"/concept?uri=medtop:1":      404,
			"/concepts?of=nowhere":       404,
			"/search?q=x&scheme=nowhere": 404,
			"/search?q=x&limit=101":      400,
			"/search?q=x&query=x":        400,
			"?x=1":                       400,
		} {
			get(path).problem(status)
		}
	})
}
