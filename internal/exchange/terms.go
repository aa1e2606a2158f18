package exchange

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"jisr/internal/news"
)

// Terms is what two organisations agree on: the content document of an
// agreement entry, whose hash both ledgers hold.
type Terms struct {
	ID      string            `json:"id"`
	Between []string          `json:"between"` // the two origins, in alphabetical order
	Flows   map[string]Flow   `json:"flows"`   // by the origin that sends
	From    time.Time         `json:"from,omitzero"`
	Until   time.Time         `json:"until,omitzero"`
	Contact map[string]string `json:"contact,omitempty"` // by origin
	Price   string            `json:"price,omitempty"`
	Note    string            `json:"note,omitempty"`
}

// Flow is what one side sends the other, and what the receiver may do with it.
// An empty list matches everything.
type Flow struct {
	Types     []news.Type `json:"types,omitempty"`
	Desks     []string    `json:"desks,omitempty"`
	Subjects  []string    `json:"subjects,omitempty"`
	Languages []string    `json:"languages,omitempty"` // BCP 47; "ar" matches "ar-EG"
	Places    []string    `json:"places,omitempty"`
	Since     time.Time   `json:"since,omitzero"` // nothing issued earlier is sent

	Licence   string     `json:"licence,omitempty"`
	Credit    string     `json:"credit,omitempty"` // the line to print
	Translate Permission `json:"translate"`
	Edit      Permission `json:"edit"`
	Onward    Permission `json:"onward"`
	Embargo   Embargo    `json:"embargo"`
	Retention int        `json:"retention_days,omitempty"` // 0 for no limit
}

// Permission answers whether a receiver may do something.
type Permission string

// The permissions. Ask means: ask the sender each time.
const (
	Yes Permission = "yes"
	No  Permission = "no"
	Ask Permission = "ask"
)

// Embargo is how embargoed items travel.
type Embargo string

// Deliver sends them at once, flagged, for the receiver's system to enforce;
// HoldBack sends them when the embargo ends.
const (
	Deliver  Embargo = "deliver"
	HoldBack Embargo = "hold"
)

// Limits on terms.
const (
	maxTerms   = 64 << 10 // bytes of the document
	maxTermSet = 200      // choices of one flow
)

// Validate reports what keeps the terms from being offered or accepted between
// the two origins.
func (t *Terms) Validate(a, b string) error {
	between := []string{a, b}
	slices.Sort(between)
	if !slices.Equal(t.Between, between) {
		return news.Errorf(news.Invalid, "between", "the terms are between %v, not between %s and %s", t.Between, a, b)
	}
	if t.ID == "" || len(t.ID) > 200 {
		return news.Errorf(news.Invalid, "id", "an agreement needs an id")
	}
	if len(t.Flows) == 0 {
		return news.Errorf(news.Invalid, "flows", "say what at least one side sends")
	}
	if !t.Until.IsZero() && !t.From.Before(t.Until) {
		return news.Errorf(news.Invalid, "until", "the agreement ends before it begins")
	}
	for sender, f := range t.Flows {
		if !slices.Contains(between, sender) {
			return news.Errorf(news.Invalid, "flows", "%s is not a party", sender)
		}
		if err := f.validate("flows." + sender + "."); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) validate(at string) error {
	for name, p := range map[string]Permission{"translate": f.Translate, "edit": f.Edit, "onward": f.Onward} {
		if p != Yes && p != No && p != Ask {
			return news.Errorf(news.Invalid, at+name, "%q is not yes, no or ask", p)
		}
	}
	if f.Embargo != Deliver && f.Embargo != HoldBack {
		return news.Errorf(news.Invalid, at+"embargo", "%q is not deliver or hold", f.Embargo)
	}
	if f.Retention < 0 {
		return news.Errorf(news.Invalid, at+"retention_days", "days cannot be negative")
	}
	for _, t := range f.Types {
		if !slices.Contains(news.Types, t) {
			return news.Errorf(news.Invalid, at+"types", "%q is not a type we know", t)
		}
	}
	if n := len(f.Types) + len(f.Desks) + len(f.Subjects) + len(f.Languages) + len(f.Places); n > maxTermSet {
		return news.Errorf(news.TooLarge, at+"subjects", "%d choices are more than the %d allowed", n, maxTermSet)
	}
	return nil
}

// parseTerms reads the content of an agreement entry.
func parseTerms(b []byte) (*Terms, error) {
	if len(b) > maxTerms {
		return nil, news.Errorf(news.TooLarge, "terms", "%d bytes are more than the %d allowed", len(b), maxTerms)
	}
	var t Terms
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, news.Errorf(news.Invalid, "terms", "the terms are not the JSON they should be").Because(err)
	}
	return &t, nil
}

// inForce reports whether the terms hold at the time.
func (t *Terms) inForce(at time.Time) bool {
	return !at.Before(t.From) && (t.Until.IsZero() || at.Before(t.Until))
}

// matches reports whether the flow gives an item of this label, issued at the
// time.
func (f *Flow) matches(l *news.Label, issued time.Time) bool {
	return !issued.Before(f.Since) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, l.Type)) &&
		(len(f.Desks) == 0 || slices.Contains(f.Desks, l.Desk)) &&
		(len(f.Languages) == 0 || slices.ContainsFunc(f.Languages, func(want string) bool { return speaks(l.Language, want) })) &&
		overlaps(f.Subjects, l.Subjects) && overlaps(f.Places, l.Places)
}

// all reports whether the flow gives every item at once, so that labels need
// not be looked at.
func (f *Flow) all() bool {
	return f.Since.IsZero() && f.Embargo == Deliver &&
		len(f.Types)+len(f.Desks)+len(f.Subjects)+len(f.Languages)+len(f.Places) == 0
}

func overlaps(want, have []string) bool {
	return len(want) == 0 || slices.ContainsFunc(want, func(w string) bool { return slices.Contains(have, w) })
}

// speaks reports whether the language tag is the wanted one or a form of it.
func speaks(tag, want string) bool {
	return strings.EqualFold(tag, want) ||
		len(tag) > len(want) && tag[len(want)] == '-' && strings.EqualFold(tag[:len(want)], want)
}
