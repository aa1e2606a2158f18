package search

import "testing"

func TestFormsOfNamesFollowTheReadingOfItems(t *testing.T) {
	a := NewAnalysis()
	for _, c := range []struct {
		text, language string
		want           Form
	}{
		{"Ёлки", "ru", Form{Bare: "елки", Term: "елк"}},
		{"والرياضة", "ar", Form{Bare: "والرياضه", Term: "رياض", Core: "رياضه"}},
		{"إقتصاد", "ar-EG", Form{Bare: "اقتصاد", Term: "اقتصاد"}},
		{"Sports", "en-GB", Form{Bare: "sports", Term: "sport"}},
		{"Sports", "fr", Form{Bare: "sports", Term: "sports"}},
		{"and", "en", Form{Bare: "and"}},
	} {
		got := a.Forms(c.text, c.language)
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s in %s became %+v, want %+v", c.text, c.language, got, c.want)
		}
	}
	if got := a.Forms("ﷺ, crime & justice", "ar"); len(got) < 5 {
		t.Errorf("a ligature and two words became %+v", got)
	}
}
