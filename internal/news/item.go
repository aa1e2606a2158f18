package news

import (
	"encoding/json"
	"strings"
	"time"
)

// Item is one version of one news object. A zero field is an absent one. Times
// keep the offset they were written with; compare them with Equal.
//
// Field names follow IPTC ninjs 3.0; fields marked G2 come from NewsML-G2.
type Item struct {
	URI     string // permanent identity, kept as given (urn:newsml:…, tag:…, http…)
	Type    Type
	Version string // ninjs version, NewsML-G2 @version
	Name    string // the name of an association; empty on the item itself
	Rel     string // how an association relates to the item that holds it

	Representation string // "full" or "partial"
	Profile        string
	Title          string // a name for staff; the publishable line is in Headlines
	Slugline       string
	By             string
	Located        string // where the content comes from, in words
	Dateline       string // G2: the printed place-and-date line
	CreditLine     string // G2: the credit to print
	Language       string // BCP 47
	Urgency        int    // 1 (highest) to 9; 0 is absent
	EdNote         string // for the receiving desk, never for print
	Service        string // G2: the editorial service the item belongs to

	Headlines    []Words
	Descriptions []Words
	Bodies       []Words

	FirstCreated     time.Time
	VersionCreated   time.Time
	ContentCreated   time.Time
	ContentDigitised time.Time // when older content was scanned, ninjs 3.2
	Embargoed        time.Time // may not be used before
	Expires          time.Time
	PubStatus        PubStatus
	Signals          []Concept // G2: sig:correction, sig:update …

	CopyrightHolder string
	CopyrightNotice string
	UsageTerms      string
	Rights          *Rights

	People        []Concept
	Organisations []Concept
	Places        []Concept
	Subjects      []Concept
	Events        []Concept
	Objects       []Concept
	Genres        []Concept
	InfoSources   []Concept
	Creators      []Concept // G2 creator, contributor
	Audiences     []Concept // G2

	DigitalSourceType string // IPTC digital source type URI: how the content came to be
	TrustIndicators   []Link
	AltIDs            []AltID
	DerivedFrom       []Derivation
	Hops              []Hop // G2 hopHistory

	Renditions   []Rendition
	Associations []Item
	Parts        []Part // G2 partMeta: the shot list

	EventDetails    *EventDetails
	PlannedCoverage []Coverage

	Standard *Standard
	// Extra holds the properties of the source that no field above names, by
	// their path in it, so that a round trip loses nothing.
	Extra map[string]json.RawMessage
}

// Words is a text with its role and media type: a headline, description or body.
type Words struct {
	Role        string
	ContentType string // IANA media type; empty means plain text
	Language    string // BCP 47, when it differs from the item's
	Value       string
	CharCount   int // as the sender counted; 0 is absent
	WordCount   int
}

// Concept is a person, organisation, place, subject, event, object, genre or
// source that an item speaks of.
type Concept struct {
	ID         string
	Name       string
	Rel        string
	Role       string
	URI        string
	Literal    string // the sender's own code, or an unresolved QCode
	Creator    string
	Names      map[string]string // by BCP 47 language, G2 multilingual labels
	Relevance  *int              // 0 to 100
	Confidence *int              // 0 to 100
	Symbols    []Symbol
	Contacts   []Contact
	GeoJSON    json.RawMessage // RFC 7946
	Broader    []string        // URIs
}

// Symbol names a financial instrument of an organisation.
type Symbol struct{ Ticker, Exchange, SymbolType, Symbol string }

// Contact is one way to reach a party.
type Contact struct {
	Type, Role, Lang, Name, Value string
	Address                       *Address
}

// Address is a postal address.
type Address struct {
	Lines                               []string
	Locality, Area, PostalCode, Country string
}

// Rights is ninjs rightsInfo: a rights expression, linked or enclosed.
type Rights struct{ LangID, LinkedRights, EncodedRights string }

// Link points to a document about the item, for instance a trust indicator.
type Link struct{ Role, Title, Href string }

// AltID is an identifier that others gave to the item.
type AltID struct{ Role, Value string }

// Derivation says which item this one was made from, and how. Kills and holds
// follow it on every node.
type Derivation struct {
	Relation DerivationRelation
	URI      string
	Version  string
	Origin   string // the ledger that issued the source, when known
}

// DerivationRelation is how a derived item relates to its source.
type DerivationRelation string

// The relations a derived item can have to its source.
const (
	TranslationOf DerivationRelation = "translationOf"
	RewriteOf     DerivationRelation = "rewriteOf"
	CopyOf        DerivationRelation = "copyOf"
	PartOf        DerivationRelation = "partOf"
)

// Hop is one step of an item's way through other hands (G2 hopHistory).
type Hop struct {
	Seq    int
	Party  Concept
	Action string
	At     time.Time
}

// Part is a section of audio or video with its own description.
type Part struct {
	ID, Role    string
	Seq         int
	Start, End  string // in Unit
	Unit        string // timeCode, seconds, frames …
	Description string
	Language    string
}

// Rendition is one file of the item's media. Digest is "sha256:" and 64 hex
// digits once the bytes are known to us.
type Rendition struct {
	Name, URI, VersionGUID, Href string
	Version                      int
	ContentType, Title, Format   string
	Generated                    time.Time
	Width, Height                int   // pixels
	SizeInBytes                  int64 // bytes
	Duration                     float64
	OriginalFilename, FileExt    string
	Digest                       string
	AverageBitRate, BitRate      float64 // kbit/s, as sent
	SampleRate, AudioBitRate     float64
	AudioChannels                int
	AspectRatio, ColourSpace     string
	BackgroundColour             string
	Orientation                  string
	VideoCodec, AudioCodec       string
	VideoScaling, ScanType       string
	FrameRate                    float64
	Scene                        string
	PrintSize                    float64
	PointOfInterest              *Point
	Code, Signal                 string
	Extra                        map[string]json.RawMessage // stream transport and what else the sender wrote
}

// Point is a place in a picture, in pixels from the top left corner.
type Point struct{ X, Y int }

// EventDetails describes a planned event.
type EventDetails struct {
	Status         string // URI
	CoverageStatus string // URI: whether and how the event is covered
	Dates          *Dates
	Organiser      *Concept
}

// Dates of an event or a coverage. The Expected ones may be truncated
// (2026, 2026-03) and stay text for that reason.
type Dates struct {
	Start, End                 time.Time
	ExpectedStart, ExpectedEnd string
	Duration                   string
	Recurrence                 json.RawMessage
}

// Coverage is what a newsroom plans to make about an event.
type Coverage struct {
	URI, Title, Type, Event string
	PubStatus               PubStatus
	Status                  string // URI
	Dates                   *Dates
	Headline, EdNote        string
	Urgency                 int
	Language                string
	Scheduled               string
	Services                []string
	AssignedTo              string
	ItemCountFrom           int
	ItemCountTo             int
	WordCount               int
	Renditions              []Rendition
	Extra                   map[string]json.RawMessage
}

// Standard names the format that the sender claims.
type Standard struct{ Name, Version, Schema string }

// Headline returns the line to show: the main headline, else the first, else
// the title, else the slugline.
func (it *Item) Headline() string {
	for _, h := range it.Headlines {
		if h.Role == "main" || h.Role == "" {
			return h.Value
		}
	}
	if len(it.Headlines) > 0 {
		return it.Headlines[0].Value
	}
	if it.Title != "" {
		return it.Title
	}
	return it.Slugline
}

// Body returns the main body: the first without a role or with role "main",
// else the first.
func (it *Item) Body() Words { return mainText(it.Bodies) }

// Summary returns the description to show under a headline.
func (it *Item) Summary() string { return mainText(it.Descriptions).Value }

func mainText(texts []Words) Words {
	for _, t := range texts {
		if t.Role == "main" || t.Role == "" {
			return t
		}
	}
	if len(texts) > 0 {
		return texts[0]
	}
	return Words{}
}

// DigitalSourceBase is IPTC's vocabulary of digital source types.
const DigitalSourceBase = "http://cv.iptc.org/newscodes/digitalsourcetype/"

// MachineMade reports whether the item says that a machine made it, wholly or
// in substance, by IPTC's digital source types.
func (it *Item) MachineMade() bool {
	switch strings.TrimPrefix(it.DigitalSourceType, DigitalSourceBase) {
	case "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia", "compositeSynthetic":
		return true
	}
	return false
}

// Digests returns the digests of all media of the item and its associations,
// each once, in order of appearance.
func (it *Item) Digests() []string {
	var out []string
	seen := map[string]bool{}
	it.eachRendition(func(r *Rendition) {
		if r.Digest != "" && !seen[r.Digest] {
			seen[r.Digest] = true
			out = append(out, r.Digest)
		}
	})
	return out
}

// eachRendition visits the renditions of the item and of its associations.
func (it *Item) eachRendition(visit func(*Rendition)) {
	for i := range it.Renditions {
		visit(&it.Renditions[i])
	}
	for i := range it.Associations {
		it.Associations[i].eachRendition(visit)
	}
}
