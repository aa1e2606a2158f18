package news

import "time"

// ItemBody is the body of an item entry in the ledger. The entry can never be
// erased, so it holds no text and no name of a person: those are in the
// content. Label is what agreements are matched against.
type ItemBody struct {
	Act     Act    `json:"act"`
	Version int    `json:"version"` // 1, 2, 3 … without gaps, by the issuer
	Reason  string `json:"reason,omitempty"`
	Label   Label  `json:"label"`
}

// Label is what the terms of an agreement can choose items by.
type Label struct {
	Type      Type      `json:"type,omitempty"`
	Language  string    `json:"language,omitempty"`
	Desk      string    `json:"desk,omitempty"`
	Subjects  []string  `json:"subjects,omitempty"` // URIs, else literals
	Places    []string  `json:"places,omitempty"`   // URIs, else names
	Embargoed time.Time `json:"embargoed,omitzero"`
}

// LabelOf returns the label of an item that a desk issues.
func LabelOf(it *Item, desk string) Label {
	return Label{
		Type: it.Type, Language: it.Language, Desk: desk, Embargoed: it.Embargoed,
		Subjects: keys(it.Subjects), Places: keys(it.Places),
	}
}

// keys returns what identifies each concept: its URI, else its literal, else
// its name.
func keys(concepts []Concept) []string {
	var out []string
	for _, c := range concepts {
		switch {
		case c.URI != "":
			out = append(out, c.URI)
		case c.Literal != "":
			out = append(out, c.Literal)
		case c.Name != "":
			out = append(out, c.Name)
		}
	}
	return out
}

// UseAct is what an organisation did with another's item.
type UseAct string

// The uses that are reported to the issuer. Applied acknowledges that a kill or
// hold has taken effect; Confirmed, that an editor saw to every place where the
// item had been used.
const (
	UseApplied    UseAct = "applied"
	UseConfirmed  UseAct = "confirmed"
	UsePublished  UseAct = "published"
	UseTranslated UseAct = "translated"
	UseBroadcast  UseAct = "broadcast"
)

// UseBody is the body of a use entry; the entry's ref is the item's URI.
type UseBody struct {
	Act     UseAct `json:"act"`
	Issuer  string `json:"issuer"`          // origin of the item
	Version int    `json:"version"`         // of the item that was used
	Entry   string `json:"entry,omitempty"` // hash of the kill or hold that was applied
	Where   string `json:"where,omitempty"` // programme, page, URL
	When    string `json:"when,omitempty"`  // RFC 3339
}
