package news

import (
	"slices"
	"strings"
)

// Organisation is who runs a node and stands behind what it issues. Its
// disclosure is shown wherever its items are shown.
type Organisation struct {
	Origin     string            `json:"origin"` // stable name, e.g. wire.example: the ledger's origin
	Names      map[string]string `json:"names"`  // by BCP 47 language
	Kind       OrganisationKind  `json:"kind"`
	Country    string            `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Contact    string            `json:"contact,omitempty"`
	Disclosure Disclosure        `json:"disclosure"`
}

// Disclosure says who owns and pays for an organisation and by which rules it
// works.
type Disclosure struct {
	Owner         string `json:"owner,omitempty"`
	Funding       string `json:"funding,omitempty"`
	EditorialCode string `json:"editorial_code,omitempty"` // URL
}

// OrganisationKind is what an organisation is.
type OrganisationKind string

// OrganisationKinds lists the kinds an organisation can be.
var OrganisationKinds = []OrganisationKind{
	"agency", "broadcaster", "newspaper", "digital", "research", "mission",
	"university", "association", "other",
}

// Name returns the organisation's name in the language, else in English, else
// in any language it has, else its origin.
func (o *Organisation) Name(lang string) string {
	for _, l := range []string{lang, "en"} {
		if n := o.Names[l]; n != "" {
			return n
		}
	}
	keys := make([]string, 0, len(o.Names))
	for k := range o.Names {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if o.Names[k] != "" {
			return o.Names[k]
		}
	}
	return o.Origin
}

// Validate reports what keeps the organisation from being shown to others.
func (o *Organisation) Validate() error {
	if err := ValidOrigin(o.Origin); err != nil {
		return err
	}
	if len(o.Names) == 0 || len(o.Names) > 50 {
		return Errorf(Invalid, "names", "give the organisation's name in at least one language")
	}
	for lang, name := range o.Names {
		if err := validText("names."+lang, name, MaxLine); err != nil {
			return err
		}
	}
	if !slices.Contains(OrganisationKinds, o.Kind) {
		return Errorf(Invalid, "kind", "%q is not one of %v", o.Kind, OrganisationKinds)
	}
	for _, t := range []struct{ field, value string }{
		{"contact", o.Contact}, {"country", o.Country}, {"disclosure.owner", o.Disclosure.Owner},
		{"disclosure.funding", o.Disclosure.Funding}, {"disclosure.editorial_code", o.Disclosure.EditorialCode},
	} {
		if err := validText(t.field, t.value, MaxLine); err != nil {
			return err
		}
	}
	return nil
}

// ValidOrigin reports why s cannot name a ledger. An origin is a lower-case
// domain name, because it is printed in signed notes, spoken on the telephone
// and compared byte by byte.
func ValidOrigin(s string) error {
	if len(s) < 3 || len(s) > 200 || !strings.Contains(s, ".") ||
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" ||
		strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return Errorf(Invalid, "origin", "%q is not a lower-case domain name such as wire.example", s)
	}
	return nil
}
