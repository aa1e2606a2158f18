package ninjs

import (
	"slices"
	"strings"

	"jisr/internal/news"
)

// late holds what an item says in one place and means in another, until all of
// it has been read.
type late struct {
	mimeType  string
	charCount int
	wordCount int
}

// item reads a news object.
func (r *reader) item(it *news.Item) error {
	item0, depth0, late0 := r.item0, r.depth0, r.late
	r.item0, r.depth0, r.late = it, r.dec.StackDepth(), late{}
	var seen uint64
	err := r.object(func(name string) error {
		p := propertyNamed(name)
		if bit := uint64(1) << p; p != pNone && !p.repeats() {
			if seen&bit != 0 {
				return r.invalid("the property is given twice, in the spelling of two versions: keep one")
			}
			seen |= bit
		}
		return r.property(it, p, name)
	})
	if err == nil {
		err = r.settle(it)
	}
	r.item0, r.depth0, r.late = item0, depth0, late0
	return err
}

// property reads the value of one property of an item.
func (r *reader) property(it *news.Item, p property, name string) error {
	switch p {
	case pURI:
		return r.text(&it.URI)
	case pType:
		return r.itemType(&it.Type)
	case pVersion:
		return r.text(&it.Version)
	case pName:
		return r.text(&it.Name)
	case pRel:
		return r.text(&it.Rel)
	case pRepresentation:
		return r.representation(&it.Representation)
	case pProfile:
		return r.text(&it.Profile)
	case pTitle:
		return r.text(&it.Title)
	case pSlugline:
		return r.text(&it.Slugline)
	case pBy, pByline:
		return r.text(&it.By)
	case pLocated:
		return r.text(&it.Located)
	case pLanguage:
		return r.text(&it.Language)
	case pUrgency:
		return r.urgency(&it.Urgency)
	case pEdNote:
		return r.text(&it.EdNote)
	case pHeadlines:
		return list(r, &it.Headlines, r.words)
	case pDescriptions:
		return list(r, &it.Descriptions, r.words)
	case pBodies:
		return list(r, &it.Bodies, r.words)
	case pFirstCreated:
		return r.time(&it.FirstCreated, false)
	case pVersionCreated:
		return r.time(&it.VersionCreated, false)
	case pContentCreated:
		return r.time(&it.ContentCreated, false)
	case pContentDigitised:
		return r.time(&it.ContentDigitised, false)
	case pEmbargoed:
		return r.time(&it.Embargoed, true)
	case pExpires:
		return r.time(&it.Expires, true)
	case pPubStatus:
		return r.pubStatus(&it.PubStatus)
	case pCopyrightHolder:
		return r.text(&it.CopyrightHolder)
	case pCopyrightNotice:
		return r.text(&it.CopyrightNotice)
	case pUsageTerms:
		return r.text(&it.UsageTerms)
	case pRights:
		return r.rights(it)
	case pHeadline:
		return r.namedWords(&it.Headlines, "")
	case pHeadlineX, pDescriptionX, pBodyX:
		return r.property1(it, p, name)
	case pMimeType:
		return r.text(&r.late.mimeType)
	case pCharCount:
		return r.integer(&r.late.charCount)
	case pWordCount:
		return r.integer(&r.late.wordCount)
	}
	return r.structure(it, p, name)
}

// property1 reads the texts of 1.x, whose role and format are in their name.
func (r *reader) property1(it *news.Item, p property, name string) error {
	_, suffix, _ := strings.Cut(name, "_")
	switch p {
	case pHeadlineX:
		return r.namedWords(&it.Headlines, suffix)
	case pDescriptionX:
		return r.namedWords(&it.Descriptions, suffix)
	default:
		return r.namedWords(&it.Bodies, suffix)
	}
}

// structure reads the properties that are lists and objects.
func (r *reader) structure(it *news.Item, p property, name string) error {
	switch p {
	case pPeople, pPerson:
		return list(r, &it.People, r.concept)
	case pOrganisations, pOrganisation:
		return list(r, &it.Organisations, r.concept)
	case pPlaces, pPlace:
		return list(r, &it.Places, r.locatedConcept)
	case pSubjects, pSubject:
		return list(r, &it.Subjects, r.concept)
	case pEvents, pEvent:
		return list(r, &it.Events, r.concept)
	case pObjects, pObject:
		return list(r, &it.Objects, r.concept)
	case pGenres, pGenre:
		return list(r, &it.Genres, r.concept)
	case pInfoSources:
		return list(r, &it.InfoSources, r.concept)
	case pInfoSource:
		return list(r, &it.InfoSources, r.infoSource1)
	case pDigitalSourceType:
		return r.digitalSourceType(it)
	case pTrustIndicators, pTrustIndicator:
		return list(r, &it.TrustIndicators, r.link)
	case pAltIDs:
		return r.altIDs(it)
	case pRenditions:
		return r.renditions(it)
	case pAssociations:
		return r.associationsOf(it)
	case pEventDetails:
		return r.eventDetails(it)
	case pPlannedCoverage:
		return list(r, &it.PlannedCoverage, r.coverage)
	case pStandard:
		if it.Standard == nil {
			it.Standard = new(news.Standard)
		}
		return r.standard(it.Standard)
	}
	if r.amend {
		if known, err := r.houseProperty(it, name); known || err != nil {
			return err
		}
	}
	return r.unknown()
}

func (r *reader) itemType(dst *news.Type) error {
	var s string
	if err := r.text(&s); err != nil {
		return err
	}
	if *dst = news.Type(s); !slices.Contains(news.Types, *dst) {
		return r.invalid("%q is not a type of ninjs; use one of %v", short(s), news.Types[:9])
	}
	return nil
}

// representation reads representationType; 1.x has other words for it.
func (r *reader) representation(dst *string) error {
	err := r.text(dst)
	switch *dst {
	case "complete":
		*dst = "full"
	case "incomplete":
		*dst = "partial"
	}
	return err
}

func (r *reader) urgency(dst *int) error {
	if r.dec.PeekKind() != '0' {
		return r.wrong("a number")
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return err
	}
	if len(raw) != 1 || raw[0] < '1' || raw[0] > '9' {
		return r.invalid("%s is not a whole number from 1 (highest) to 9", short(string(raw)))
	}
	*dst = int(raw[0] - '0')
	return nil
}

// pubStatus reads a status. An unknown one is an error: it might forbid use.
func (r *reader) pubStatus(dst *news.PubStatus) error {
	var s string
	if err := r.text(&s); err != nil {
		return err
	}
	switch *dst = news.PubStatus(s); *dst {
	case news.Usable, news.Withheld, news.Canceled:
	case "cancelled":
		*dst = news.Canceled
	default:
		return r.invalid("%q is not usable, withheld or canceled", short(s))
	}
	return nil
}

func (r *reader) standard(s *news.Standard) error {
	return r.object(func(name string) error {
		switch name {
		case "name":
			return r.text(&s.Name)
		case "version":
			return r.text(&s.Version)
		case "schema":
			return r.text(&s.Schema)
		}
		return r.dec.SkipValue()
	})
}

func (r *reader) rights(it *news.Item) error {
	if it.Rights == nil {
		it.Rights = new(news.Rights)
	}
	return r.object(func(name string) error {
		switch name {
		case "langId", "langid":
			return r.text(&it.Rights.LangID)
		case "linkedRights", "linkedrights":
			return r.text(&it.Rights.LinkedRights)
		case "encodedRights", "encodedrights":
			return r.text(&it.Rights.EncodedRights)
		}
		return r.unknown()
	})
}

// digitalSourceType reads what 2.2, 1.7 and 3.1 added. A source type without
// an IPTC URI, or with a name besides, cannot be held whole.
func (r *reader) digitalSourceType(it *news.Item) error {
	if r.dec.PeekKind() == '"' {
		return r.text(&it.DigitalSourceType)
	}
	var c news.Concept
	if err := r.concept(&c); err != nil {
		return err
	}
	switch {
	case c.URI == "":
		it.DigitalSourceType = c.Literal
		if c.Literal == "" {
			it.DigitalSourceType = c.Name
		}
	case isDigitalSourceType(c.URI) && (c.Name != "" || c.Literal != ""):
		it.DigitalSourceType = c.URI
		it.Genres = append(it.Genres, c)
	default:
		it.DigitalSourceType = c.URI
		if c.Name != "" || c.Literal != "" {
			r.lose("the name of the digital source type was not kept")
		}
	}
	return nil
}

// altIDs reads the alternative ids: a list, or in 1.x an object by role.
func (r *reader) altIDs(it *news.Item) error {
	if r.dec.PeekKind() != '{' || r.amend {
		return list(r, &it.AltIDs, func(a *news.AltID) error {
			return r.object(func(name string) error {
				switch name {
				case "role":
					return r.text(&a.Role)
				case "value":
					return r.text(&a.Value)
				}
				return r.unknown()
			})
		})
	}
	return r.object(func(name string) error {
		switch r.dec.PeekKind() {
		case '{', '[':
			return r.unknown()
		}
		a, err := grow(r, &it.AltIDs)
		if err != nil {
			return err
		}
		a.Role = name
		if r.dec.PeekKind() == '"' {
			return r.text(&a.Value)
		}
		raw, err := r.raw()
		a.Value = string(raw)
		return err
	})
}

// associationsOf reads the associated items: a list, or in 1.x an object by
// name.
func (r *reader) associationsOf(it *news.Item) error {
	if r.amend {
		return r.wrong("no associations in " + roleMore)
	}
	if r.associationDepth++; r.associationDepth > maxAssociationDepth {
		return r.invalid("associations are nested more than %d deep", maxAssociationDepth)
	}
	defer func() { r.associationDepth-- }()
	read := func(a *news.Item) error {
		if r.associations++; r.associations > maxAssociations {
			return news.Errorf(news.TooLarge, r.pointer(), "the file has more than the %d associations allowed", maxAssociations)
		}
		return r.item(a)
	}
	if r.dec.PeekKind() == '{' {
		return byName(r, &it.Associations, func(a *news.Item, name string) error {
			a.Name = name
			return read(a)
		})
	}
	return list(r, &it.Associations, read)
}

// byName reads an object whose members are the entries of a list, as 1.x has
// it.
func byName[T any](r *reader, dst *[]T, read func(entry *T, name string) error) error {
	return r.object(func(name string) error {
		entry, err := grow(r, dst)
		if err != nil {
			return err
		}
		return read(entry, name)
	})
}
