package web

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // an embargo must not depend on the zones that the host has

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/prose"
	"jisr/internal/web/view"
)

// zones are those that the draft form suggests.
var zones = []string{"UTC", "Africa/Algiers", "Africa/Cairo", "Africa/Casablanca", "Africa/Tunis", "Asia/Almaty", "Asia/Amman",
	"Asia/Baghdad", "Asia/Beirut", "Asia/Damascus", "Asia/Dubai", "Asia/Jerusalem", "Asia/Riyadh", "Asia/Tashkent", "Asia/Vladivostok",
	"Asia/Yekaterinburg", "Europe/Berlin", "Europe/Istanbul", "Europe/London", "Europe/Minsk", "Europe/Moscow", "America/New_York"}

// localTime is how HTML writes a local date and time.
const localTime = "2006-01-02T15:04"

// formOf fills the form with a draft.
func (s *Site) formOf(d *newsroom.Draft) view.Form {
	it := d.Item
	f := view.Form{ID: d.ID, URI: it.URI, Revision: d.Revision, Version: d.Version, Headline: it.Headline(), Slugline: it.Slugline,
		Dateline: it.Dateline, Located: it.Located, By: it.By, Language: it.Language, Summary: it.Summary(), Body: prose.Plain(it.Body()),
		Desk: d.Desk, Usage: it.UsageTerms, EdNote: it.EdNote, Zone: s.zone.String(),
		Made: strings.TrimPrefix(it.DigitalSourceType, news.DigitalSourceBase)}
	if it.Urgency > 0 {
		f.Urgency = strconv.Itoa(it.Urgency)
	}
	if !it.Embargoed.IsZero() {
		f.Embargo = it.Embargoed.In(s.zone).Format(localTime)
	}
	for _, c := range it.Subjects {
		if c.URI != "" {
			f.Subjects = append(f.Subjects, c.URI)
		}
	}
	return f
}

// readForm reads the form as it was typed.
func readForm(q *request) view.Form {
	return view.Form{ID: q.FormValue("id"), Revision: q.number("revision"), Act: q.FormValue("act"),
		Headline: oneLine(q.text("headline")), Slugline: oneLine(q.text("slugline")), Dateline: oneLine(q.text("dateline")),
		Located: oneLine(q.text("located")), By: oneLine(q.text("by")), Language: q.text("language"), Summary: q.text("summary"),
		Body: q.text("body"), HTML: q.text("html"), Desk: oneLine(q.text("desk")), Urgency: q.FormValue("urgency"), Usage: q.text("usage"), EdNote: q.text("ednote"),
		Made: q.FormValue("made"), Embargo: q.FormValue("embargo"), Zone: strings.TrimSpace(q.FormValue("zone")), Subjects: q.chosen("subject")}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// applyForm puts what was typed into the item. What the form does not show stays
// as it was.
func (s *Site) applyForm(ctx context.Context, it *news.Item, f view.Form) error {
	embargo, err := localMoment(f.Embargo, f.Zone)
	if err != nil {
		return err
	}
	it.Headlines = setMain(it.Headlines, f.Headline, "")
	it.Descriptions = setMain(it.Descriptions, f.Summary, "")
	// A body that nobody touched keeps the markup it came with.
	switch {
	case f.HTML != "":
		it.Bodies = setMain(it.Bodies, s.sanitizer.Written(f.HTML), "text/html")
	case f.Body != prose.Plain(it.Body()):
		it.Bodies = setMain(it.Bodies, prose.Paragraphs(f.Body), "text/html")
	}
	it.Slugline, it.Dateline, it.Located, it.By = f.Slugline, f.Dateline, f.Located, f.By
	it.Language, it.UsageTerms, it.EdNote, it.Embargoed = f.Language, f.Usage, f.EdNote, embargo
	it.Urgency, _ = strconv.Atoi(f.Urgency)
	it.DigitalSourceType = ""
	if f.Made != "" {
		it.DigitalSourceType = news.DigitalSourceBase + f.Made
	}
	if it.Subjects, err = s.withConcepts(ctx, it.Subjects, f.Subjects, f.Language); err != nil {
		return err
	}
	if it.Type == "" {
		it.Type = news.Text
	}
	return nil
}

// localMoment reads a local date and time in a zone; both empty for none.
func localMoment(local, zone string) (time.Time, error) {
	if local == "" {
		return time.Time{}, nil
	}
	where, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return time.Time{}, news.Errorf(news.Invalid, "zone", "%q is not a time zone such as Africa/Cairo", zone)
	}
	t, err := time.ParseInLocation(localTime, local, where)
	if err != nil {
		return time.Time{}, news.Errorf(news.Invalid, "embargo", "%q is not a date and time", local)
	}
	return t, nil
}

// setMain replaces the main text of a list: the one that Headline, Body and
// Summary show.
func setMain(list []news.Words, value, contentType string) []news.Words {
	list = slices.Clone(list)
	at := slices.IndexFunc(list, func(w news.Words) bool { return w.Role == "" || w.Role == "main" })
	if at < 0 && len(list) > 0 {
		at = 0
	}
	switch {
	case at >= 0 && value == "":
		return slices.Delete(list, at, at+1)
	case at >= 0 && list[at].Value == value:
		return list
	case at >= 0:
		list[at].Value, list[at].ContentType, list[at].CharCount, list[at].WordCount = value, contentType, 0, 0
		return list
	case value == "":
		return list
	}
	return append(list, news.Words{Value: value, ContentType: contentType})
}
