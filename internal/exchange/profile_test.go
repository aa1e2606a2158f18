package exchange

import (
	"net/http"
	"strings"
	"testing"

	"jisr/internal/db"
	"jisr/internal/news"
)

func TestProfileShownAgainTakesNobodyBack(t *testing.T) {
	a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
	meet(t, a, b)
	old, err := b.SignedProfile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	org := news.Organisation{Kind: "agency", Names: map[string]string{"en": "B"}, Contact: "new@b.example"}
	if err := b.SetProfile(t.Context(), org, b.server.URL); err != nil {
		t.Fatal(err)
	}
	known := func() string {
		p, err := a.Partner(t.Context(), "b.example")
		if err != nil {
			t.Fatal(err)
		}
		return p.Profile.Contact
	}
	if got := known(); got != "new@b.example" {
		t.Fatalf("a was not shown the new profile: contact %q", got)
	}
	res, err := http.Post(a.server.URL+"/exchange/v1/hello", "application/json", strings.NewReader(string(old)))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusConflict || known() != "new@b.example" {
		t.Errorf("the old profile was answered %d and the contact is %q", res.StatusCode, known())
	}
}

func TestFormerAddressIsStillAnswered(t *testing.T) {
	a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
	meet(t, a, b)
	org := news.Organisation{Kind: "agency", Names: map[string]string{"en": "A"}}
	b.server.Config.Handler = http.NotFoundHandler() // b cannot be told
	if err := a.SetProfile(t.Context(), org, "https://new.a.example"); err != nil {
		t.Fatal(err)
	}
	b.pull(a) // and goes on calling the address that it knows
}
