package view

import (
	"slices"
	"strconv"
	"time"

	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// Sources is the list of places that news comes from.
type Sources struct {
	Shell
	Sources []*ingest.Status
	More    string // where the list goes on
}

// Source is the page of one source.
type Source struct {
	Shell
	S        *ingest.Status
	Desks    []newsroom.Desk
	Subjects []string
	Push     string // the address to which files are pushed; empty for other kinds
	Arrivals []*ingest.Arrival
}

// SourceForm is the form that adds or changes a source, as typed.
type SourceForm struct {
	Shell
	ID        string // empty for a new one
	Kind      ingest.Kind
	Name      string
	Address   string
	User      string
	HasSecret bool
	HostKey   string
	Pattern   string
	After     string
	Interval  string // seconds
	Desk      string
	Language  string
	Credit    string
	Holder    string
	Notice    string
	Usage     string
	Publish   bool
	Fetch     bool
	Desks     []newsroom.Desk
	Subjects  Picker
	Called    []news.Concept // how the subjects of the rules are called there
}

// Arrivals is the list of files that came.
type Arrivals struct {
	Shell
	Arrivals      []*ingest.Arrival
	Sources       []*ingest.Status
	Source, State string // what was chosen
	Older         string
}

// Arrival is the page of one file that came.
type Arrival struct {
	Shell
	A      *ingest.Arrival
	Source *ingest.Status // nil if it was removed
}

// sourceState is how a source fares, in a word.
func sourceState(st *ingest.Status, now time.Time) string {
	h := &st.Health
	switch {
	case !st.Active:
		return "paused"
	case h.Failure != "":
		return "failing"
	case h.Lag(now) > 15*time.Minute:
		return "late"
	case h.Success.IsZero() && h.Arrived.IsZero():
		return "new"
	}
	return "fine"
}

// percent is a share as people say it.
func percent(s Shell, share float64) string {
	return s.T("size.percent", "n", s.Number(int64(share*100+0.5)))
}

// polled reports whether this node goes and looks.
func polled(k ingest.Kind) bool { return k != ingest.Push }

// has reports whether the kind of source has the field.
func (v SourceForm) has(field string) bool { return slices.Contains(sourceFields[v.Kind], field) }

// sourceFields are the fields that a kind needs beside its name and rules.
var sourceFields = map[ingest.Kind][]string{
	ingest.Feed:   {"address", "account", "interval"},
	ingest.Folder: {"address", "pattern", "after", "interval"},
	ingest.SFTP:   {"address", "account", "host_key", "pattern", "after", "interval"},
	ingest.FTP:    {"address", "account", "host_key", "pattern", "after", "interval"},
	ingest.Mail:   {"address", "account", "host_key", "after", "interval"},
}

// placeholders show what an address looks like.
var placeholders = map[ingest.Kind]string{
	ingest.Feed: "https://agency.example/rss.xml", ingest.Folder: "/srv/wires/agency", ingest.SFTP: "sftp://files.agency.example/out",
	ingest.FTP: "ftps://files.agency.example/out", ingest.Mail: "imaps://mail.agency.example/INBOX",
}

func (v SourceForm) afters() []Option {
	return chooseFrom([]string{"leave", "move", "delete"}, or(v.After, "leave"), func(a string) string { return v.T("source.after_" + a) })
}

func (v SourceForm) intervals() []Option {
	return chooseOr([]string{"0", "60", "300", "900", "3600", "21600", "86400"}, or(v.Interval, "0"), func(seconds string) string {
		n, err := strconv.Atoi(seconds)
		if err != nil || n == 0 {
			return v.T("source.interval_auto")
		}
		return v.T("source.interval_every", "span", v.Span(time.Duration(n)*time.Second))
	})
}

func (v SourceForm) desks() []Option {
	out := []Option{{Value: "", Label: v.T("source.no_desk"), Chosen: v.Desk == ""}}
	known := false
	for _, d := range v.Desks {
		out = append(out, Option{Value: d.ID, Label: or(d.Names[v.Tag], d.ID), Chosen: d.ID == v.Desk})
		known = known || d.ID == v.Desk
	}
	if !known && v.Desk != "" {
		out = append(out, Option{Value: v.Desk, Label: v.Desk, Chosen: true})
	}
	return out
}

func (v SourceForm) languages() []Option {
	return chooseOr([]string{"", "ar", "ru", "en", "fr", "es", "zh", "fa", "tr", "uk"}, v.Language, func(tag string) string {
		if tag == "" {
			return v.T("source.no_language")
		}
		return languageName(v.Shell, tag)
	})
}

func (v SourceForm) action() string {
	if v.ID == "" {
		return "/sources"
	}
	return "/sources/" + v.ID
}

func (v Arrivals) sources() []Option {
	out := []Option{{Value: "", Label: v.T("arrival.all_sources"), Chosen: v.Source == ""}}
	for _, st := range v.Sources {
		out = append(out, Option{Value: st.ID, Label: st.Name, Chosen: st.ID == v.Source})
	}
	return out
}

func (v Arrivals) states() []Option {
	out := []Option{{Value: "", Label: v.T("arrival.all_states"), Chosen: v.State == ""}}
	for _, st := range ingest.States {
		out = append(out, Option{Value: string(st), Label: v.T("arrival.is_" + string(st)), Chosen: string(st) == v.State})
	}
	return out
}

// sourceName is what the source of an arrival is called; one that was removed
// has no name any more.
func sourceName(s Shell, all []*ingest.Status, id string) string {
	for _, st := range all {
		if st.ID == id {
			return st.Name
		}
	}
	return s.T("arrival.source_gone")
}

// arrivalChip is the class of a state.
func arrivalChip(st ingest.State) string {
	return map[ingest.State]string{ingest.Waiting: "chip-late", ingest.Done: "chip-fine", ingest.Broken: "chip-failed"}[st]
}

// retriable reports whether the arrival can be taken anew by the reader.
func (v Arrival) retriable() bool {
	return (v.A.State == ingest.Broken || v.A.State == ingest.SetAside) && v.A.Digest != "" && mayRetry(v.Shell)
}

func mayRetry(s Shell) bool { return s.Can(people.WriteDraft) || s.Can(people.ManageNode) }
