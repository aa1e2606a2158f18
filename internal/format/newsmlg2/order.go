package newsmlg2

import "strings"

// childOrder returns the children that the XML Schema of NewsML-G2 (power
// conformance, 2.18 to 2.36) allows in an element, in the order that it asks for.
// Names joined by a bar may mix, those of a last group "~…" may stand anywhere. ok
// is false for elements whose order we do not check.
func childOrder(element string) (order []string, ok bool) {
	const (
		administrative = "located|infoSource|creator|contributor|audience|exclAudience|altId|rating|userInteraction"
		descriptive    = "language|keyword|genre|subject|slugline|headline|dateline|by|creditline|description"
		definition     = "name|definition|note|facet|remoteInfo|hierarchyInfo"
		relations      = "sameAs|broader|narrower|related"
		beforeItem     = "catalogRef|catalog hopHistory pubHistory rightsInfo itemMeta "
	)
	var s string
	switch element {
	case "newsMessage":
		s = "header itemSet"
	case "newsItem":
		s = beforeItem + "contentMeta partMeta assert inlineRef derivedFrom|derivedFromValue contentSet"
	case "packageItem":
		s = beforeItem + "contentMeta partMeta assert inlineRef derivedFrom|derivedFromValue groupSet"
	case "planningItem":
		s = beforeItem + "contentMeta assert inlineRef derivedFrom|derivedFromValue newsCoverageSet"
	case "conceptItem":
		s = beforeItem + "contentMeta assert inlineRef derivedFrom|derivedFromValue concept"
	case "rightsInfo":
		s = "accountable copyrightHolder copyrightNotice usageTerms link rightsInfoExtProperty rightsExpressionXML rightsExpressionData"
	case "itemMeta":
		s = "itemClass provider versionCreated firstCreated embargoed pubStatus role fileName generator profile service title edNote memberOf instanceOf " +
			"signal altRep deliverableOf hash expires origRep incomingFeedId metadataCreator link itemMetaExtProperty"
	case "contentMeta":
		s = "icon urgency contentCreated contentModified " + administrative + " " + descriptive + " contentMetaExtProperty ~digitalSourceType|aiInfo"
	case "partMeta":
		s = "icon timeDelim regionDelim role urgency contentCreated contentModified " + administrative + " " + descriptive + " partMetaExtProperty signal edNote link"
	case "contentSet":
		s = "inlineXML|inlineData|remoteContent"
	case "remoteContent":
		s = "channel altId altLoc hash signal remoteContentExtProperty"
	case "hopHistory":
		s = "hop"
	case "hop":
		s = "party action"
	case "groupSet":
		s = "group"
	case "group":
		s = "groupRef|itemRef|conceptRef groupExtProperty ~title"
	case "newsCoverageSet":
		s = "newsCoverage"
	case "newsCoverage":
		s = "planning delivery newsCoverageExtProperty"
	case "planning":
		s = "g2contentType itemClass itemCount assignedTo scheduled service " + descriptive + " edNote newsContentCharacteristics urgency audience exclAudience planningExtProperty"
	case "concept":
		s = "conceptId type name definition|note|facet|remoteInfo|hierarchyInfo " + relations +
			" personDetails|organisationDetails|geoAreaDetails|POIDetails|objectDetails|eventDetails conceptExtProperty"
	case "eventDetails":
		s = "dates occurStatus newsCoverageStatus registration|keyword|accessStatus|participationRequirement|subject|location|participant|organiser|contactInfo|language|newsCoverage"
	case "dates":
		s = "start end|duration rDate|rRule|exDate|exRule confirmation"
	case "subject", "genre", "creator", "contributor", "infoSource", "provider", "copyrightHolder", "located", "location", "participant", "organiser", "audience", "party", "assignedTo":
		s = definition + " " + relations + " personDetails|organisationDetails|geoAreaDetails|POIDetails bag ~mainConcept|facetConcept"
	case "organisationDetails":
		s = "founded dissolved location contactInfo hasInstrument ~affiliation"
	case "address":
		s = "line locality area country postalCode"
	default:
		return nil, false
	}
	return strings.Fields(s), true
}

// isClosed reports whether childOrder has all that any version allows in the
// element, so that another child is a fault and nothing new.
func isClosed(element string) bool {
	switch element {
	case "contentSet", "groupSet", "newsCoverageSet", "hopHistory", "hop", "concept", "organisationDetails":
		return true
	}
	return false
}

// place returns where a child stands in the order, or -1.
func place(order []string, name string) int {
	for i, group := range order {
		for n := range strings.SplitSeq(strings.TrimPrefix(group, "~"), "|") {
			if n == name {
				return i
			}
		}
	}
	return -1
}
