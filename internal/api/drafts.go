package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// draftLine is a draft as lists show it.
type draftLine struct {
	ID       string    `json:"id"`
	Headline string    `json:"headline"`
	Language string    `json:"language"`
	Desk     string    `json:"desk"`
	Author   string    `json:"author"`
	Updated  time.Time `json:"updated"`
	URI      string    `json:"uri,omitempty"`
	Version  int       `json:"version,omitzero"`
}

type draftPage struct {
	Drafts []draftLine `json:"drafts"`
	Next   string      `json:"next,omitempty"`
}

func (s *server) listDrafts(w http.ResponseWriter, c *call) error {
	q := query(c)
	after, limit := cursor(q), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.newsroom.Drafts(c.Context(), after, limit)
	if err != nil {
		return err
	}
	out := draftPage{Drafts: make([]draftLine, len(found))}
	for i, d := range found {
		out.Drafts[i] = draftLine{d.ID, d.Headline, d.Language, d.Desk, d.Author, utc(d.Updated), d.URI, d.Version}
	}
	if len(found) == limit {
		last := found[limit-1]
		out.Next = fmt.Sprintf("%d.%s", last.Updated.UnixMicro(), last.ID)
	}
	return writeJSON(w, http.StatusOK, out)
}

// cursor reads the place where a page of drafts begins. Callers hand back what
// they were given and need not know what it says.
func cursor(q *params) *newsroom.DraftLine {
	s := q.text("next")
	if s == "" {
		return nil
	}
	at, id, found := strings.Cut(s, ".")
	us, err := strconv.ParseInt(at, 10, 64)
	if !found || err != nil {
		q.fail("next", "give what the page before said")
	}
	return &newsroom.DraftLine{ID: id, Updated: time.UnixMicro(us)}
}

// draft is an item being written. Item is ninjs; of a new item it may lack the
// uri.
type draft struct {
	ID       string         `json:"id"`
	Desk     string         `json:"desk"`
	Author   string         `json:"author"`
	Revision int64          `json:"revision"`
	Updated  time.Time      `json:"updated"`
	Version  int            `json:"version,omitzero"`
	Item     jsontext.Value `json:"item"`
}

func shownDraft(d *newsroom.Draft) (*draft, error) {
	item, err := withoutURI(d.Item)
	return &draft{d.ID, d.Desk, d.Author, d.Revision, utc(d.Updated), d.Version, item}, err
}

// draftInput is what a draft is made or saved with.
type draftInput struct {
	Desk     string         `json:"desk"`
	Revision int64          `json:"revision"`
	Version  int            `json:"version"`
	Item     jsontext.Value `json:"item"`
}

func readDraft(c *call) (*newsroom.Draft, error) {
	var in draftInput
	if err := readJSON(c, &in); err != nil {
		return nil, err
	}
	if in.Item.Kind() != '{' {
		return nil, news.Errorf(news.Invalid, "item", "give the item, as ninjs")
	}
	it, _, err := readItem("item", in.Item)
	if err != nil {
		return nil, err
	}
	return &newsroom.Draft{Item: it, Desk: in.Desk, Revision: in.Revision, Version: in.Version}, nil
}

func (s *server) createDraft(w http.ResponseWriter, c *call) error {
	d, err := readDraft(c)
	if err != nil {
		return err
	}
	if d.Revision != 0 {
		return news.Errorf(news.Invalid, "revision", "a new draft has none")
	}
	d.Author = c.caller.Account.ID
	if d, err = s.newsroom.SaveDraft(c.Context(), d); err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/drafts/"+d.ID)
	return writeDraft(w, http.StatusCreated, d)
}

func (s *server) showDraft(w http.ResponseWriter, c *call) error {
	d, err := s.newsroom.Draft(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	return writeDraft(w, http.StatusOK, d)
}

// saveDraft replaces the draft of the revision that the caller read; its author
// stays.
func (s *server) saveDraft(w http.ResponseWriter, c *call) error {
	d, err := readDraft(c)
	if err != nil {
		return err
	}
	old, err := s.newsroom.Draft(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	d.ID, d.Author = old.ID, old.Author
	if d, err = s.newsroom.SaveDraft(c.Context(), d); err != nil {
		return err
	}
	return writeDraft(w, http.StatusOK, d)
}

func writeDraft(w http.ResponseWriter, status int, d *newsroom.Draft) error {
	out, err := shownDraft(d)
	if err != nil {
		return err
	}
	return writeJSON(w, status, out)
}

func (s *server) deleteDraft(w http.ResponseWriter, c *call) error {
	return noContent(w, s.newsroom.DeleteDraft(c.Context(), c.PathValue("id")))
}
