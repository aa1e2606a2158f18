package api

import (
	"net/http"

	"jisr/internal/deliver"
)

// destinationInput is what people decide about a destination. Of one that is
// changed an absent secret keeps the one it has, and kind and subscriber stay.
type destinationInput struct {
	Subscriber string          `json:"subscriber"`
	Name       string          `json:"name"`
	Kind       deliver.Kind    `json:"kind"`
	Address    string          `json:"address"`
	User       string          `json:"user"`
	Secret     string          `json:"secret"`
	HostKey    string          `json:"host_key"`
	Format     string          `json:"format"`
	FileName   string          `json:"file_name"`
	Media      bool            `json:"media"`
	Embargo    deliver.Embargo `json:"embargo"`
	Active     *bool           `json:"active"`
}

func (in *destinationInput) destination(id string) *deliver.Destination {
	return &deliver.Destination{ID: id, Subscriber: in.Subscriber, Name: in.Name, Kind: in.Kind, Address: in.Address, User: in.User, Secret: in.Secret,
		HostKey: in.HostKey, Format: in.Format, FileName: in.FileName, Media: in.Media, Embargo: in.Embargo, Active: in.Active == nil || *in.Active}
}

type destinations struct {
	Destinations []deliver.DestinationView `json:"destinations"`
	NextAfter    string                    `json:"next_after,omitempty"`
}

func (s *server) listDestinations(w http.ResponseWriter, c *call) error {
	q := query(c)
	of, after, limit := q.text("subscriber"), q.text("after"), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.deliver.Destinations(c.Context(), of, after, limit)
	if err != nil {
		return err
	}
	fares, err := s.fares(c, found)
	if err != nil {
		return err
	}
	out := destinations{Destinations: make([]deliver.DestinationView, len(found))}
	for i, x := range found {
		out.Destinations[i] = x.View(fares[x.ID])
	}
	if len(found) == limit {
		out.NextAfter = found[limit-1].ID
	}
	return writeJSON(w, http.StatusOK, out)
}

// fares returns how the destinations fare.
func (s *server) fares(c *call, found []*deliver.Destination) (map[string]*deliver.Fares, error) {
	ids := make([]string, len(found))
	for i, x := range found {
		ids[i] = x.ID
	}
	return s.deliver.Fares(c.Context(), ids)
}

func (s *server) createDestination(w http.ResponseWriter, c *call) error {
	var in destinationInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	x := in.destination("")
	if err := s.deliver.AddDestination(c.Context(), x); err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/destinations/"+x.ID)
	return s.writeDestination(w, c, http.StatusCreated, x.ID)
}

func (s *server) showDestination(w http.ResponseWriter, c *call) error {
	return s.writeDestination(w, c, http.StatusOK, c.PathValue("id"))
}

func (s *server) writeDestination(w http.ResponseWriter, c *call, status int, id string) error {
	x, err := s.deliver.Destination(c.Context(), id)
	if err != nil {
		return err
	}
	fares, err := s.fares(c, []*deliver.Destination{x})
	if err != nil {
		return err
	}
	return writeJSON(w, status, x.View(fares[id]))
}

func (s *server) changeDestination(w http.ResponseWriter, c *call) error {
	var in destinationInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	x := in.destination(c.PathValue("id"))
	if in.Active == nil {
		old, err := s.deliver.Destination(c.Context(), x.ID)
		if err != nil {
			return err
		}
		x.Active = old.Active
	}
	if err := s.deliver.SaveDestination(c.Context(), x); err != nil {
		return err
	}
	return s.writeDestination(w, c, http.StatusOK, x.ID)
}

func (s *server) removeDestination(w http.ResponseWriter, c *call) error {
	return noContent(w, s.deliver.RemoveDestination(c.Context(), c.PathValue("id")))
}

// testDestination sends a message that says that it is a test, and answers with
// what the other side said.
func (s *server) testDestination(w http.ResponseWriter, c *call) error {
	r, err := s.deliver.Test(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Answer string `json:"answer"`
	}{r.Status})
}

func (s *server) resumeDestination(w http.ResponseWriter, c *call) error {
	if err := s.deliver.ResumeDestination(c.Context(), c.PathValue("id")); err != nil {
		return err
	}
	return s.writeDestination(w, c, http.StatusOK, c.PathValue("id"))
}

type feedTokens struct {
	Tokens []deliver.TokenView `json:"tokens"`
}

func (s *server) listFeedTokens(w http.ResponseWriter, c *call) error {
	if _, err := s.deliver.Destination(c.Context(), c.PathValue("id")); err != nil {
		return err
	}
	found, err := s.deliver.FeedTokens(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	out := feedTokens{make([]deliver.TokenView, len(found))}
	for i, t := range found {
		out.Tokens[i] = t.View("")
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) createFeedToken(w http.ResponseWriter, c *call) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	secret, t, err := s.deliver.CreateFeedToken(c.Context(), c.PathValue("id"), in.Name)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, t.View(secret))
}

func (s *server) revokeFeedToken(w http.ResponseWriter, c *call) error {
	return noContent(w, s.deliver.RevokeFeedToken(c.Context(), c.PathValue("id"), c.PathValue("token")))
}

type callbacks struct {
	Callbacks []deliver.CallbackView `json:"callbacks"`
}

func (s *server) listCallbacks(w http.ResponseWriter, c *call) error {
	if _, err := s.deliver.Destination(c.Context(), c.PathValue("id")); err != nil {
		return err
	}
	found, err := s.deliver.Callbacks(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	fares, err := s.fares(c, found)
	if err != nil {
		return err
	}
	out := callbacks{make([]deliver.CallbackView, len(found))}
	for i, x := range found {
		out.Callbacks[i] = x.Callback(fares[x.ID])
	}
	return writeJSON(w, http.StatusOK, out)
}
