package api

import (
	"net/http"
	"time"

	"jisr/internal/ingest"
	"jisr/internal/news"
)

// sourceInput is what people decide about a source. Of a source that is changed
// an absent secret keeps the one it has.
type sourceInput struct {
	Name     string           `json:"name"`
	Kind     ingest.Kind      `json:"kind"`
	Address  string           `json:"address"`
	User     string           `json:"user"`
	Secret   string           `json:"secret"`
	HostKey  string           `json:"host_key"`
	Pattern  string           `json:"pattern"`
	After    ingest.After     `json:"after"`
	Interval int64            `json:"interval"`
	Active   *bool            `json:"active"`
	Rules    ingest.RulesView `json:"rules"`
}

func (in *sourceInput) source(id string) (ingest.Source, error) {
	if in.Interval < 0 || in.Interval > int64(24*time.Hour/time.Second) {
		return ingest.Source{}, news.Errorf(news.Invalid, "interval", "%d is outside 0 to 86400 seconds", in.Interval)
	}
	return ingest.Source{ID: id, Name: in.Name, Kind: in.Kind, Address: in.Address, User: in.User, Secret: in.Secret, HostKey: in.HostKey,
		Pattern: in.Pattern, After: in.After, Interval: time.Duration(in.Interval) * time.Second,
		Active: in.Active == nil || *in.Active, Rules: in.Rules.Rules()}, nil
}

type sources struct {
	Sources   []ingest.SourceView `json:"sources"`
	NextAfter string              `json:"next_after,omitempty"`
}

func (s *server) listSources(w http.ResponseWriter, c *call) error {
	q := query(c)
	after, limit := q.text("after"), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.ingest.Sources(c.Context(), after, limit)
	if err != nil {
		return err
	}
	out := sources{Sources: make([]ingest.SourceView, len(found))}
	for i, st := range found {
		out.Sources[i] = st.View(s.now())
	}
	if len(found) == limit {
		out.NextAfter = found[limit-1].ID
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) createSource(w http.ResponseWriter, c *call) error {
	var in sourceInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	src, err := in.source("")
	if err != nil {
		return err
	}
	made, err := s.ingest.CreateSource(c.Context(), src, ingest.Remote)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/sources/"+made.ID)
	return s.writeSource(w, c, http.StatusCreated, made.ID)
}

func (s *server) writeSource(w http.ResponseWriter, c *call, status int, id string) error {
	st, err := s.ingest.Source(c.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, status, st.View(s.now()))
}

func (s *server) showSource(w http.ResponseWriter, c *call) error {
	return s.writeSource(w, c, http.StatusOK, c.PathValue("id"))
}

func (s *server) changeSource(w http.ResponseWriter, c *call) error {
	var in sourceInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	src, err := in.source(c.PathValue("id"))
	if err != nil {
		return err
	}
	if in.Active == nil {
		old, err := s.ingest.Source(c.Context(), src.ID)
		if err != nil {
			return err
		}
		src.Active = old.Active
	}
	if _, err := s.ingest.ChangeSource(c.Context(), src, ingest.Remote); err != nil {
		return err
	}
	return s.writeSource(w, c, http.StatusOK, src.ID)
}

func (s *server) setActive(active ingest.Activity) func(http.ResponseWriter, *call) error {
	return func(w http.ResponseWriter, c *call) error {
		if err := s.ingest.SetActive(c.Context(), c.PathValue("id"), active); err != nil {
			return err
		}
		return s.writeSource(w, c, http.StatusOK, c.PathValue("id"))
	}
}

func (s *server) removeSource(w http.ResponseWriter, c *call) error {
	return noContent(w, s.ingest.RemoveSource(c.Context(), c.PathValue("id")))
}

// fetchSource looks at the source now and answers when what came of it was taken.
func (s *server) fetchSource(w http.ResponseWriter, c *call) error {
	if _, err := s.ingest.CollectNow(c.Context(), c.PathValue("id")); err != nil {
		return err
	}
	return s.writeSource(w, c, http.StatusOK, c.PathValue("id"))
}
