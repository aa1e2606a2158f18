package view

import (
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// Board is the page of what the desks work on.
type Board struct {
	Shell
	Lines       []*newsroom.WorkLine
	Names       map[string]string // of colleagues, by account
	Desks       []newsroom.Desk
	Templates   []newsroom.Template
	Desk, Stage string
	Mine        bool
	Older       string
}

// Remark is a remark with its author's name.
type Remark struct {
	newsroom.Remark
	Name string
	Mine bool // the reader's own, who may delete it
}

// Desks is the page that says which desks the house has.
type Desks struct {
	Shell
	Desks []newsroom.Desk
	New   newsroom.Desk // as it was typed
}

// deskName is what the reader calls a desk.
func deskName(s Shell, desks []newsroom.Desk, id string) string {
	for _, d := range desks {
		if d.ID == id {
			return or(d.Names[s.Tag], id)
		}
	}
	return id
}

// stageName is what the reader calls a stage: those of the house have words in
// the locale files, others are called as the desk calls them.
func stageName(s Shell, stage string) string {
	if key := "stage." + stage; s.Has(key) {
		return s.T(key)
	}
	return stage
}

func (v Board) desks() []Option {
	out := []Option{{Value: "", Label: v.T("board.all_desks"), Chosen: v.Desk == ""}}
	for _, d := range v.Desks {
		out = append(out, Option{Value: d.ID, Label: or(d.Names[v.Tag], d.ID), Chosen: d.ID == v.Desk})
	}
	return out
}

func (v Board) stages() []Option {
	out := []Option{{Value: "", Label: v.T("board.all_stages"), Chosen: v.Stage == ""}}
	for _, stage := range stagesOf(v.Desks, v.Desk) {
		out = append(out, Option{Value: stage, Label: stageName(v.Shell, stage), Chosen: stage == v.Stage})
	}
	return out
}

func stagesOf(desks []newsroom.Desk, id string) []string {
	for _, d := range desks {
		if d.ID == id && len(d.Stages) > 0 {
			return d.Stages
		}
	}
	return newsroom.Stages
}

// late reports whether a due time is over.
func late(due, now time.Time) bool { return !due.IsZero() && due.Before(now) }

// colleagueOptions are the accounts that work can be given to.
func colleagueOptions(s Shell, all []people.Account, chosen string) []Option {
	out := []Option{{Value: "", Label: s.T("task.nobody"), Chosen: chosen == ""}}
	for _, a := range all {
		if !a.Disabled || a.ID == chosen {
			out = append(out, Option{Value: a.ID, Label: a.Name, Chosen: a.ID == chosen})
		}
	}
	return out
}

func (v Draft) stageOptions() []Option {
	var out []Option
	for _, stage := range v.Stages {
		out = append(out, Option{Value: stage, Label: stageName(v.Shell, stage), Chosen: stage == v.Task.Stage})
	}
	return out
}

// due is the time of the task as its field shows it.
func (v Draft) due() string {
	if v.Task.Due.IsZero() {
		return ""
	}
	return v.Local(v.Task.Due).Format("2006-01-02T15:04")
}

// Diary is the page of what will happen.
type Diary struct {
	Shell
	From           time.Time
	Days           []Day
	Desks          []newsroom.Desk
	Desk           string
	Earlier, Later string
}

// Day is a day of the diary that has entries.
type Day struct {
	Date  time.Time
	Plans []*newsroom.Plan
}

// Days groups entries by the day on which they begin, in the zone; what began
// before the first day stands on it.
func Days(plans []*newsroom.Plan, from time.Time, zone *time.Location) []Day {
	var out []Day
	for _, p := range plans {
		at := p.Starts.In(zone)
		if p.AllDay {
			at = p.Starts.UTC()
		}
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone)
		if day.Before(from) {
			day = from
		}
		if len(out) == 0 || !out[len(out)-1].Date.Equal(day) {
			out = append(out, Day{Date: day})
		}
		out[len(out)-1].Plans = append(out[len(out)-1].Plans, p)
	}
	return out
}

// PlanForm is the page that changes an entry of the diary.
type PlanForm struct {
	Shell
	Plan         *newsroom.Plan
	Starts, Ends string // local, as HTML writes it
	Desks        []newsroom.Desk
	Colleagues   []people.Account
}

// rows are the coverages, with room for more.
func (v PlanForm) rows() []newsroom.PlannedCoverage {
	return append(append([]newsroom.PlannedCoverage{}, v.Plan.Coverage...), make([]newsroom.PlannedCoverage, 3)...)
}

func coverageTypes(s Shell, chosen news.Type) []Option {
	out := []Option{{Value: "", Label: "—", Chosen: chosen == ""}}
	for _, t := range []news.Type{news.Text, news.Picture, news.Video, news.Audio, news.Graphic} {
		out = append(out, Option{Value: string(t), Label: s.T("type." + string(t)), Chosen: t == chosen})
	}
	return out
}

func statusOptions(s Shell, chosen newsroom.PlanStatus) []Option {
	var out []Option
	for _, st := range newsroom.PlanStatuses {
		out = append(out, Option{Value: string(st), Label: s.T("plan." + string(st)), Chosen: st == chosen})
	}
	return out
}

// Imported is the page that says what became of a calendar.
type Imported struct {
	Shell
	Added, Changed int
	Skipped        []string // in English, as the reader of the file said it
}
