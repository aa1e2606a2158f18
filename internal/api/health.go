package api

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"jisr/internal/db"
	"jisr/internal/deliver"
	"jisr/internal/ledger"
	"jisr/internal/people"
)

// HealthOptions is what the health of a node is read from.
type HealthOptions struct {
	DB      *db.DB
	Ledger  *ledger.Ledger
	People  *people.Service
	Deliver *deliver.Service // nil for a node that delivers nothing
	Metrics *Metrics
	Open    bool // /metrics and the details of /readyz for everyone
	Log     *slog.Logger
}

// readyFor is how long a check of readiness may take.
const readyFor = 3 * time.Second

type health struct {
	HealthOptions
	metrics http.Handler
}

// Health returns the handler of /healthz, /readyz and /metrics. The first says
// that the process lives, the second whether the node can do its work. Figures
// and reasons tell strangers too much: they are for this very machine and for
// tokens that may manage the node.
func Health(o HealthOptions) http.Handler {
	h := &health{o, o.Metrics.handler()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.alive)
	mux.HandleFunc("GET /readyz", h.ready)
	mux.HandleFunc("GET /metrics", h.figures)
	return mux
}

func (h *health) alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_ = writeJSON(w, http.StatusOK, struct {
		Alive bool `json:"alive"`
	}{true}) // who does not read it has gone
}

// readiness is what a node can do. Followers that fail make it not ready; one
// that is only behind will catch up, and readers are told how far it is.
type readiness struct {
	Ready     bool       `json:"ready"`
	Database  string     `json:"database,omitempty"` // "ok", or what is wrong
	Ledger    string     `json:"ledger,omitempty"`
	Position  int64      `json:"position,omitzero"`
	Followers []follower `json:"followers,omitempty"`
	// Destinations lists those that people must look at. A subscriber whose system
	// is away does not make the node less ready.
	Destinations []trouble `json:"destinations,omitempty"`
}

// trouble is a destination that takes nothing.
type trouble struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Paused   bool      `json:"paused"` // people must resume it
	Failure  string    `json:"failure"`
	Failures int       `json:"failures"` // in a row
	Since    time.Time `json:"last_failure"`
}

func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyFor)
	defer cancel()
	state := h.read(ctx)
	status := http.StatusOK
	if !state.Ready {
		status = http.StatusServiceUnavailable
	}
	if !h.mayLookInside(r) {
		state = readiness{Ready: state.Ready}
	}
	w.Header().Set("Cache-Control", "no-store")
	_ = writeJSON(w, status, state) // who does not read it has gone
}

func (h *health) read(ctx context.Context) readiness {
	out := readiness{Database: "ok", Ledger: "ok"}
	var err error
	if out.Position, err = h.Ledger.Position(ctx); err != nil {
		h.Log.Error("not ready: the database does not answer", "err", err)
		out.Database, out.Ledger = "it does not answer; the log says why", "unknown"
		return out
	}
	out.Ready = true
	if why := h.Ledger.ReadOnly(); why != "" {
		out.Ready, out.Ledger = false, why
	}
	if out.Followers, err = followers(ctx, h.Ledger, true); err != nil {
		out.Ready, out.Database = false, "it does not answer; the log says why"
	}
	for _, f := range out.Followers {
		out.Ready = out.Ready && !f.Failing
	}
	if h.Deliver == nil {
		return out
	}
	troubles, err := h.Deliver.Troubles(ctx)
	if err != nil {
		out.Ready, out.Database = false, "it does not answer; the log says why"
	}
	for _, t := range troubles {
		out.Destinations = append(out.Destinations, trouble{t.Destination, t.Name, t.Paused != "", cmp.Or(t.Paused, t.Failure), t.Failures, utc(t.Since)})
	}
	return out
}

func (h *health) figures(w http.ResponseWriter, r *http.Request) {
	if !h.mayLookInside(r) {
		challenge(w, r.Header.Get("Authorization") != "")
		writeProblem(w, refusal(http.StatusUnauthorized, "the figures are for this machine and for tokens with the permission manage_node"))
		return
	}
	h.metrics.ServeHTTP(w, r)
}

// mayLookInside reports whether the details are for this request.
func (h *health) mayLookInside(r *http.Request) bool {
	if h.Open || fromHere(r) {
		return true
	}
	c, err := caller(h.People, r)
	return err == nil && c.Can(people.ManageNode)
}

// fromHere reports whether the request comes from this machine itself and not
// through a proxy on it, behind which anyone may be.
func fromHere(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
