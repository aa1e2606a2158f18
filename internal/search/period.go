package search

import "time"

// The days, months and years of issue (UTC) stand in the index as marks, so that
// a time long past is reached without walking back to it.

func dayMark(t time.Time) string   { return markDay.of(t.Format("20060102")) }
func monthMark(t time.Time) string { return markMonth.of(t.Format("200601")) }
func yearMark(t time.Time) string  { return markYear.of(t.Format("2006")) }

var (
	firstDay = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	// slack is how far the clocks of other houses may be ahead.
	slack = 48 * time.Hour
)

// period returns the days, months and years in which the time from begin up to
// end lies; nil if neither is set.
func period(begin, end, now time.Time) *expr {
	if begin.IsZero() && end.IsZero() {
		return nil
	}
	if begin.Before(firstDay) {
		begin = firstDay
	}
	if last := now.Add(slack); end.IsZero() || end.After(last) {
		end = last
	}
	begin, end = begin.UTC(), end.UTC()
	var marks []*expr
	add := func(m string) { marks = append(marks, &expr{op: has, phrase: phrase{m}}) }
	for at := time.Date(begin.Year(), begin.Month(), begin.Day(), 0, 0, 0, 0, time.UTC); at.Before(end); {
		year, month := at.AddDate(1, 0, 0), at.AddDate(0, 1, 0)
		switch {
		case at.YearDay() == 1 && !year.After(end):
			add(yearMark(at))
			at = year
		case at.Day() == 1 && !month.After(end):
			add(monthMark(at))
			at = month
		default:
			add(dayMark(at))
			at = at.AddDate(0, 0, 1)
		}
	}
	if len(marks) == 0 {
		return negate(anything)
	}
	return combine(some, marks...)
}
