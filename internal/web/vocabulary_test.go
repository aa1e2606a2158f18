package web_test

import (
	"context"
	"strings"
	"testing"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

const sport = "http://cv.iptc.org/newscodes/mediatopic/15000000"

func TestSubjectsAreFoundChosenAndReadInEachLanguageWithoutScripts(t *testing.T) {
	h := open(t, organisation)
	h.hire("lina", "لينا", "ar", people.Chief)
	h.hire("ivan", "Иван", "ru", people.Reader)
	v := h.visit(t, "lina").get("/draft/new").sees("رياضة").send("/draft", "headline", "مباراة", "language", "ar", "subject.find", "спорт", "do", "find").
		sees(`value="مباراة"`, "علّم ما يناسب")
	v.send("/draft", "subject", sport, "subject", "http://evil.example/<b>", "do", "save").sees(sport + `" checked`)
	d := h.newest()
	if len(d.Item.Subjects) != 1 || d.Item.Subjects[0].URI != sport || d.Item.Subjects[0].Name != "رياضة" {
		t.Errorf("the draft has %+v", d.Item.Subjects)
	}
	v.send("/draft", "do", "issue").send("/draft/", "act", "publish").sees("رياضة")
	item := strings.TrimSuffix(v.at, "&done=publish")
	h.visit(t, "ivan").get(item).sees("спорт")
	v.get("/agreements/new").send("/agreements", "out.subject.find", "sport", "do", "find").sees("علّم ما يناسب")
}

func TestConceptsThatTheFormDoesNotShowSurviveAnEdit(t *testing.T) {
	h := open(t, organisation)
	h.hire("lina", "Lina", "en", people.Editor)
	issued := h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: "Head"}},
		Subjects: []news.Concept{{Name: "River trade"}, {URI: "http://sender.example/s/1", Name: "Its own"}, {URI: sport, Name: "Sport"}}}})
	v := h.visit(t, "lina").get(view.ItemLink("/item", issued.Origin, issued.URI)).send("/item/edit", "act", "update").sees("Its own")
	v.send("/draft", "headline", "New head", "subject", "http://sender.example/s/1", "do", "save").sees("The draft is saved")
	got := must(h.newsroom.Draft(context.Background(), h.newest().ID))(t).Item.Subjects
	if len(got) != 2 || got[0].Name != "River trade" || got[1].Name != "Its own" {
		t.Errorf("left %+v", got)
	}
}

func TestVocabulariesAreBrowsedAndSearched(t *testing.T) {
	h := open(t, organisation)
	h.hire("ivan", "Иван", "ru", people.Reader)
	v := h.visit(t, "ivan").get("/vocabulary").sees("Темы новостей", "краткий, из состава программы").get("/vocabulary?scheme=medtop").sees("спорт", "15000000")
	v.get("/vocabulary?q=رياضة").sees("спорт", "Найдено")
	v.get(view.Link("/vocabulary", "of", sport)).sees("medtop:15000000", "رياضة")
	if v.get("/vocabulary?of=medtop:99"); v.status != 404 {
		t.Errorf("a concept that nobody has is answered with %d", v.status)
	}
}
