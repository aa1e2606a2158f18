package ninjs

import "jisr/internal/news"

func (r *reader) eventDetails(it *news.Item) error {
	if it.EventDetails == nil {
		it.EventDetails = new(news.EventDetails)
	}
	e := it.EventDetails
	return r.object(func(name string) error {
		switch name {
		case "eventStatus", "eventstatus":
			return r.text(&e.Status)
		case "plannedCoverageStatus", "plannedcoveragestatus":
			return r.text(&e.CoverageStatus)
		case "dates":
			return r.dates(&e.Dates)
		case "organiser":
			if e.Organiser == nil {
				e.Organiser = new(news.Concept)
			}
			return r.concept(e.Organiser)
		}
		return r.unknown()
	})
}

func (r *reader) dates(dst **news.Dates) error {
	if *dst == nil {
		*dst = new(news.Dates)
	}
	d := *dst
	return r.object(func(name string) error {
		switch name {
		case "startDate", "startdate":
			return r.time(&d.Start, false)
		case "endDate", "enddate":
			return r.time(&d.End, false)
		case "expectedStartDate", "expectedstartdate":
			return r.text(&d.ExpectedStart)
		case "expectedEndDate", "expectedenddate":
			return r.text(&d.ExpectedEnd)
		case "duration", "expectedDuration", "expectedduration":
			return r.text(&d.Duration)
		case "recurrence":
			raw, err := r.raw()
			d.Recurrence = raw
			return err
		}
		return r.unknown()
	})
}

func (r *reader) coverage(c *news.Coverage) error {
	return r.object(func(name string) error {
		switch name {
		case "uri":
			return r.text(&c.URI)
		case "title":
			return r.text(&c.Title)
		case "type":
			return r.text(&c.Type)
		case "event":
			return r.text(&c.Event)
		case "pubStatus", "pubstatus":
			return r.pubStatus(&c.PubStatus)
		case "plannedCoverageStatus", "plannedcoveragestatus":
			return r.text(&c.Status)
		case "dates":
			return r.dates(&c.Dates)
		case "headline":
			return r.text(&c.Headline)
		case "edNote", "ednote":
			return r.text(&c.EdNote)
		case "urgency":
			return r.urgency(&c.Urgency)
		case "language":
			return r.text(&c.Language)
		case "scheduled":
			return r.text(&c.Scheduled)
		case "services":
			return r.strings(&c.Services)
		case "assignedTo", "assignedto":
			return r.text(&c.AssignedTo)
		case "itemCount", "itemcount":
			return r.object(func(name string) error {
				switch name {
				case "rangeFrom", "rangefrom":
					return r.integer(&c.ItemCountFrom)
				case "rangeTo", "rangeto":
					return r.integer(&c.ItemCountTo)
				}
				return r.unknown()
			})
		case "wordCount", "wordcount":
			return r.integer(&c.WordCount)
		case "renditions":
			return list(r, &c.Renditions, r.rendition)
		}
		return r.extra(&c.Extra, name)
	})
}
