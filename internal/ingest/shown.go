package ingest

import (
	"time"

	"jisr/internal/news"
)

// What programs see of sources and arrivals: the API and the command line show
// the same, and names stay.

// SourceView is a source as programs see it. Its secret is not part of it.
type SourceView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Kind      Kind       `json:"kind"`
	Address   string     `json:"address,omitempty"`
	User      string     `json:"user,omitempty"`
	HasSecret bool       `json:"has_secret"`
	HostKey   string     `json:"host_key,omitempty"`
	Pattern   string     `json:"pattern,omitempty"`
	After     After      `json:"after"`
	Interval  int64      `json:"interval"` // seconds; 0 lets the node choose
	Active    bool       `json:"active"`
	Rules     RulesView  `json:"rules"`
	Created   time.Time  `json:"created"`
	Changed   time.Time  `json:"changed"`
	Health    HealthView `json:"health"`
}

// RulesView is Rules as programs write and see them.
type RulesView struct {
	Desk            string        `json:"desk,omitempty"`
	FolderDesk      bool          `json:"folder_desk,omitempty"`
	Subjects        []SubjectView `json:"subjects,omitempty"`
	Language        string        `json:"language,omitempty"`
	CreditLine      string        `json:"credit_line,omitempty"`
	CopyrightHolder string        `json:"copyright_holder,omitempty"`
	CopyrightNotice string        `json:"copyright_notice,omitempty"`
	UsageTerms      string        `json:"usage_terms,omitempty"`
	Publish         bool          `json:"publish"`
	FetchMedia      bool          `json:"fetch_media"`
}

// SubjectView is a subject that a source's items get.
type SubjectView struct {
	URI     string `json:"uri,omitempty"`
	Name    string `json:"name,omitempty"`
	Literal string `json:"literal,omitempty"`
}

// HealthView is Health as programs see it.
type HealthView struct {
	Looked    time.Time `json:"looked,omitzero"`
	Next      time.Time `json:"next,omitzero"`
	Success   time.Time `json:"success,omitzero"`
	Failure   string    `json:"failure,omitempty"`
	Failures  int       `json:"failures"`
	Arrived   time.Time `json:"arrived,omitzero"`
	Oldest    time.Time `json:"oldest_waiting,omitzero"`
	Lag       int64     `json:"lag"` // seconds
	Newest    time.Time `json:"newest_item,omitzero"`
	ErrorRate float64   `json:"error_rate"`
	Recent    int       `json:"recent"`
	Waiting   int64     `json:"waiting"`
	Done      int64     `json:"done"`
	Failed    int64     `json:"failed"`
	Aside     int64     `json:"aside"`
}

// View returns the source as programs see it at the time.
func (st *Status) View(now time.Time) SourceView {
	h, src := &st.Health, &st.Source
	return SourceView{
		ID: src.ID, Name: src.Name, Kind: src.Kind, Address: src.Address, User: src.User, HasSecret: st.HasSecret, HostKey: src.HostKey,
		Pattern: src.Pattern, After: src.After, Interval: int64(src.Interval / time.Second), Active: src.Active,
		Rules: src.Rules.View(), Created: src.Created.UTC(), Changed: src.Changed.UTC(),
		Health: HealthView{
			Looked: h.Looked, Next: h.Next, Success: h.Success, Failure: h.Failure, Failures: h.Failures, Arrived: h.Arrived,
			Oldest: h.Oldest, Lag: int64(h.Lag(now) / time.Second), Newest: h.Newest, ErrorRate: h.ErrorRate, Recent: h.Recent,
			Waiting: h.Waiting, Done: h.Done, Failed: h.Failed, Aside: h.Aside,
		},
	}
}

// View returns the rules as programs see them.
func (r *Rules) View() RulesView {
	v := RulesView{Desk: r.Desk, FolderDesk: r.FolderDesk, Language: r.Language, CreditLine: r.CreditLine, CopyrightHolder: r.CopyrightHolder,
		CopyrightNotice: r.CopyrightNotice, UsageTerms: r.UsageTerms, Publish: r.Publish, FetchMedia: r.FetchMedia}
	for _, c := range r.Subjects {
		v.Subjects = append(v.Subjects, SubjectView{c.URI, c.Name, c.Literal})
	}
	return v
}

// Rules is the inverse of View.
func (v *RulesView) Rules() Rules {
	r := Rules{Desk: v.Desk, FolderDesk: v.FolderDesk, Language: v.Language, CreditLine: v.CreditLine, CopyrightHolder: v.CopyrightHolder,
		CopyrightNotice: v.CopyrightNotice, UsageTerms: v.UsageTerms, Publish: v.Publish, FetchMedia: v.FetchMedia}
	for _, s := range v.Subjects {
		r.Subjects = append(r.Subjects, news.Concept{URI: s.URI, Name: s.Name, Literal: s.Literal})
	}
	return r
}

// ArrivalView is an arrival as programs see it.
type ArrivalView struct {
	ID        string    `json:"arrival"`
	Source    string    `json:"source"`
	Name      string    `json:"name,omitempty"`
	Digest    string    `json:"digest,omitempty"`
	Size      int64     `json:"size"`
	Received  time.Time `json:"received"`
	State     State     `json:"state"`
	Due       time.Time `json:"due,omitzero"`
	Awaits    []string  `json:"awaits,omitempty"`
	Tries     int       `json:"tries"`
	Settled   time.Time `json:"settled,omitzero"`
	Place     string    `json:"place,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Format    string    `json:"format,omitempty"`
	Version   string    `json:"format_version,omitempty"`
	Unchanged int       `json:"unchanged"`
	Items     []Came    `json:"items"`
	Losses    []string  `json:"losses,omitempty"`
}

// View returns the arrival as programs see it.
func (a *Arrival) View() ArrivalView {
	v := ArrivalView{ID: a.ID, Source: a.Source, Name: a.Name, Digest: a.Digest, Size: a.Size, Received: a.Received, State: a.State,
		Awaits: a.Awaits, Tries: a.Tries, Settled: a.Settled, Place: a.Place, Reason: a.Reason, Format: a.Format, Version: a.Version,
		Unchanged: a.Unchanged, Items: a.Came, Losses: a.Losses}
	if v.Items == nil {
		v.Items = []Came{}
	}
	if a.State == Waiting {
		v.Due = a.Due
	}
	return v
}
