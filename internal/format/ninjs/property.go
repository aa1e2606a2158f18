package ninjs

import "strings"

// property is a member of a news object, under whatever name a version gives
// it.
type property uint8

const (
	pNone property = iota
	pURI
	pType
	pVersion
	pName
	pRel
	pRepresentation
	pProfile
	pTitle
	pSlugline
	pBy
	pLocated
	pLanguage
	pUrgency
	pEdNote
	pHeadlines
	pDescriptions
	pBodies
	pFirstCreated
	pVersionCreated
	pContentCreated
	pContentDigitised
	pEmbargoed
	pExpires
	pPubStatus
	pCopyrightHolder
	pCopyrightNotice
	pUsageTerms
	pRights
	pPeople
	pOrganisations
	pPlaces
	pSubjects
	pEvents
	pObjects
	pGenres
	pInfoSources
	pDigitalSourceType
	pTrustIndicators
	pAltIDs
	pRenditions
	pAssociations
	pEventDetails
	pPlannedCoverage
	pStandard

	// Of 1.x only.
	pHeadline
	pHeadlineX
	pDescriptionX
	pBodyX
	pByline
	pMimeType
	pCharCount
	pWordCount
	pPerson
	pOrganisation
	pPlace
	pSubject
	pEvent
	pObject
	pGenre
	pInfoSource
	pTrustIndicator
)

// propertyNamed returns the property that any version of ninjs calls name,
// pNone if none does. The names of 2.x are those of 3.x in lower case.
func propertyNamed(name string) property {
	switch name {
	case "uri":
		return pURI
	case "type":
		return pType
	case "version":
		return pVersion
	case "name":
		return pName
	case "rel":
		return pRel
	case "representationType", "representationtype":
		return pRepresentation
	case "profile":
		return pProfile
	case "title":
		return pTitle
	case "slugline":
		return pSlugline
	case "by":
		return pBy
	case "located":
		return pLocated
	case "language":
		return pLanguage
	case "urgency":
		return pUrgency
	case "edNote", "ednote":
		return pEdNote
	case "headlines":
		return pHeadlines
	case "descriptions":
		return pDescriptions
	case "bodies":
		return pBodies
	case "firstCreated", "firstcreated":
		return pFirstCreated
	case "versionCreated", "versioncreated":
		return pVersionCreated
	case "contentCreated", "contentcreated":
		return pContentCreated
	case "contentDigitised", "contentdigitised":
		return pContentDigitised
	case "embargoedUntil", "embargoeduntil", "embargoed":
		return pEmbargoed
	case "expires":
		return pExpires
	case "pubStatus", "pubstatus":
		return pPubStatus
	case "copyrightHolder", "copyrightholder":
		return pCopyrightHolder
	case "copyrightNotice", "copyrightnotice":
		return pCopyrightNotice
	case "usageTerms", "usageterms":
		return pUsageTerms
	case "rightsInfo", "rightsinfo":
		return pRights
	case "people":
		return pPeople
	case "organisations":
		return pOrganisations
	case "places":
		return pPlaces
	case "subjects":
		return pSubjects
	case "events":
		return pEvents
	case "objects":
		return pObjects
	case "genres":
		return pGenres
	case "infoSources", "infosources":
		return pInfoSources
	case "digitalSourceType", "digitalsourcetype":
		return pDigitalSourceType
	case "trustIndicators", "trustindicators":
		return pTrustIndicators
	case "altIds", "altids":
		return pAltIDs
	case "renditions":
		return pRenditions
	case "associations":
		return pAssociations
	case "eventDetails", "eventdetails":
		return pEventDetails
	case "plannedCoverage", "plannedcoverage":
		return pPlannedCoverage
	case "standard", "$standard":
		return pStandard
	case "headline":
		return pHeadline
	case "byline":
		return pByline
	case "mimetype":
		return pMimeType
	case "charcount":
		return pCharCount
	case "wordcount":
		return pWordCount
	case "person":
		return pPerson
	case "organisation":
		return pOrganisation
	case "place":
		return pPlace
	case "subject":
		return pSubject
	case "event":
		return pEvent
	case "object":
		return pObject
	case "genre":
		return pGenre
	case "infosource":
		return pInfoSource
	case "trustindicator":
		return pTrustIndicator
	}
	switch {
	case strings.HasPrefix(name, "headline_"):
		return pHeadlineX
	case strings.HasPrefix(name, "description_"):
		return pDescriptionX
	case strings.HasPrefix(name, "body_"):
		return pBodyX
	}
	return pNone
}

// repeats reports whether members of different names can be this property.
func (p property) repeats() bool { return p == pHeadlineX || p == pDescriptionX || p == pBodyX }
