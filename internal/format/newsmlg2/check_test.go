package newsmlg2_test

import (
	"strings"
	"testing"

	"jisr/internal/format/newsmlg2"
)

// valid is a newsItem that keeps every rule.
const valid = `<newsItem xmlns="` + newsmlg2.Namespace + `" xmlns:x="urn:x" guid="urn:x:1" version="2" standard="NewsML-G2" standardversion="2.34" conformance="power" xml:lang="en">
<catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_40.xml"/>
<rightsInfo><copyrightHolder literal="X"/><usageTerms>a<br/>b</usageTerms></rightsInfo>
<itemMeta><itemClass qcode="ninat:text"/><provider qcode="nprov:X"/><versionCreated> 2026-01-02T03:04:05+03:00 </versionCreated><embargoed/><pubStatus qcode="stat:usable"/><link rel="irel:seeAlso" href="http://x.example/"/><x:own>1</x:own></itemMeta>
<contentMeta><urgency>4</urgency><contentCreated>2026-01</contentCreated><located qcode="city:1"/><creator qcode="a:b" role="r:1 r:2"/><language tag="en"/><subject qcode="medtop:1" confidence="99"><name>n</name><broader qcode="medtop:0"/></subject><headline>h</headline><language tag="ru"/></contentMeta>
<partMeta partid="p1" seq="0"><timeDelim start="0" end="1"/><description>d</description></partMeta>
<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><body><p id="p1" role="main">x</p></body></html></inlineXML><remoteContent rendition="rnd:main" href="a.jpg" width="10" videoframerate="29.97"><hash hashtype="hashtype:md5">1</hash></remoteContent></contentSet>
</newsItem>`

func TestAFileThatKeepsTheRulesHasNoProblems(t *testing.T) {
	for name, doc := range map[string]string{
		"newsItem": valid,
		"message":  `<newsMessage xmlns="` + newsmlg2.Namespace + `"><header><sent>2026-01-02T03:04:05Z</sent></header><itemSet>` + valid + `</itemSet></newsMessage>`,
		"package":  `<packageItem xmlns="` + newsmlg2.Namespace + `" guid="g" standard="NewsML-G2" standardversion="2.9"><catalogRef href="c"/><itemMeta><itemClass qcode="ninat:composite"/><provider literal="x"/><versionCreated>2026-01-02T03:04:05Z</versionCreated></itemMeta><groupSet root="r"><group id="r" role="g:r"><groupRef idref="m"/></group><group id="m" role="g:m" mode="pgrmod:seq"><itemRef residref="u"><title>t</title><itemClass qcode="ninat:text"/></itemRef></group></groupSet></packageItem>`,
		"event":    `<conceptItem xmlns="` + newsmlg2.Namespace + `" guid="g" standard="NewsML-G2" standardversion="2.25"><catalogRef href="c"/><itemMeta><itemClass qcode="cinat:concept"/><provider literal="x"/><versionCreated>2026-01-02T03:04:05Z</versionCreated></itemMeta><concept><conceptId qcode="e:1"/><type qcode="cpnat:event"/><name>n</name><eventDetails><dates><start>2026-10-26</start><duration>P1D</duration></dates><location><name>l</name><POIDetails><position latitude="51.5" longitude="-0.16"/></POIDetails></location></eventDetails></concept></conceptItem>`,
		// What 2.30 made optional, and what always was: attributes that are empty or
		// missing, and a package without groups.
		"bare newsItem":        `<newsItem xmlns="` + newsmlg2.Namespace + `" guid="g" standard="NewsML-G2" standardversion="2.30"><itemMeta><itemClass qcode="a:b"/><provider/><versionCreated>2026-01-02T03:04:05Z</versionCreated></itemMeta><partMeta><timeDelim start="" end=""/></partMeta><contentSet><inlineData/><remoteContent/></contentSet></newsItem>`,
		"bare packageItem":     `<packageItem xmlns="` + newsmlg2.Namespace + `" guid="g" standard="NewsML-G2" standardversion="2.30"><itemMeta><itemClass qcode="a:b"/><provider/><versionCreated>2026-01-02T03:04:05Z</versionCreated></itemMeta></packageItem>`,
		"group without role":   `<packageItem xmlns="` + newsmlg2.Namespace + `" guid="g" standard="NewsML-G2" standardversion="2.30"><itemMeta><itemClass qcode="a:b"/><provider/><versionCreated>2026-01-02T03:04:05Z</versionCreated></itemMeta><groupSet root="r"><group id="r"/></groupSet></packageItem>`,
		"scheme without uri":   strings.Replace(valid, "<rightsInfo>", `<catalog><scheme alias="x" uri=""/></catalog><rightsInfo>`, 1),
		"how content was made": strings.Replace(valid, "<urgency>", `<aiInfo id="a"><system qcode="m:1"/><promptInfo>write</promptInfo></aiInfo><urgency>`, 1),
		"subject in facets":    strings.Replace(valid, `<headline>h`, `<subject><mainConcept uri="urn:m"><name>n</name></mainConcept><facetConcept reluri="urn:r" uri="urn:f"/></subject><headline>h`, 1),
	} {
		if problems := newsmlg2.Check([]byte(doc)); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestEachBrokenRuleIsNamedWithItsPlace(t *testing.T) {
	for _, c := range []struct{ name, old, new, path, says string }{
		{"no guid", `guid="urn:x:1"`, ``, "newsItem[1]", "guid is required"},
		{"other standard", `"NewsML-G2"`, `"NewsML"`, "newsItem[1]", "it should be NewsML-G2"},
		{"version of the standard", `"2.34"`, `"two"`, "newsItem[1]", "standardversion is required"},
		{"conformance", `"power"`, `"full"`, "newsItem[1]", "core or power"},
		{"version", `version="2"`, `version="1a"`, "newsItem[1]", "whole number from 1"},
		{"language of the item", `xml:lang="en"`, `xml:lang="English language"`, "newsItem[1]", "BCP 47"},
		{"no catalog before 2.30", `standardversion="2.34" conformance="power" xml:lang="en">
<catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_40.xml"/>`, `standardversion="2.29" xml:lang="en">`, "newsItem[1]", "required before 2.30"},
		{"reference from an action", `<rightsInfo>`, `<hopHistory><hop><action qcode="a:b" idrefs="p1"/></hop></hopHistory><rightsInfo>`, "newsItem[1]/hopHistory/hop/action", "no idrefs"},
		{"what contentSet cannot hold", `<contentSet>`, `<contentSet><novelty/>`, "newsItem[1]/contentSet/novelty", "it cannot stand in <contentSet>"},
		{"namespace", newsmlg2.Namespace, "http://x.example/", "newsItem[1]", "the namespace is"},
		{"no provider", `<provider qcode="nprov:X"/>`, ``, "newsItem[1]/itemMeta", "<provider> is required"},
		{"order of itemMeta", `<provider qcode="nprov:X"/><versionCreated> 2026-01-02T03:04:05+03:00 </versionCreated>`, `<versionCreated>2026-01-02T03:04:05Z</versionCreated><provider qcode="nprov:X"/>`, "newsItem[1]/itemMeta/provider", "it stands before <versionCreated>"},
		{"order of contentMeta", `<urgency>4</urgency>`, `<headline>x</headline><urgency>4</urgency>`, "newsItem[1]/contentMeta/urgency", "it stands before <headline>"},
		{"after an element of another namespace", `<x:own>1</x:own>`, `<x:own>1</x:own><link rel="a:b"/>`, "newsItem[1]/itemMeta/link", "it stands before <own>"},
		{"twice", `<embargoed/>`, `<embargoed/><embargoed/>`, "newsItem[1]/itemMeta/embargoed", "only once"},
		{"date", `2026-01-02T03:04:05+03:00`, `2026-01-02`, "newsItem[1]/itemMeta/versionCreated", "not a date and time"},
		{"truncated date", `>2026-01<`, `>January<`, "newsItem[1]/contentMeta/contentCreated", "not a date"},
		{"embargo", `<embargoed/>`, `<embargoed>soon</embargoed>`, "newsItem[1]/itemMeta/embargoed", "not a date"},
		{"urgency", `<urgency>4`, `<urgency>11`, "newsItem[1]/contentMeta/urgency", "1 to 9"},
		{"QCode", `qcode="medtop:1"`, `qcode="medtop 1"`, "newsItem[1]/contentMeta/subject", "not a QCode"},
		{"role", `role="r:1 r:2"`, `role="writer"`, "newsItem[1]/contentMeta/creator", "not a QCode"},
		{"confidence", `confidence="99"`, `confidence="101"`, "newsItem[1]/contentMeta/subject", "0 to 100"},
		{"language", `tag="ru"`, `tag=""`, "newsItem[1]/contentMeta/language", "not a BCP 47"},
		{"part without end", `end="1"`, ``, "newsItem[1]/partMeta/timeDelim", "end is required"},
		{"id", `partid="p1"`, `partid="1"`, "newsItem[1]/partMeta", "not an XML name"},
		{"width", `width="10"`, `width="10px"`, "newsItem[1]/contentSet/remoteContent", "whole number"},
		{"two elements in inlineXML", `</html></inlineXML>`, `</html><html/></inlineXML>`, "newsItem[1]/contentSet/inlineXML", "one is allowed"},
		{"stray text", `<contentSet>`, `<contentSet>x`, "newsItem[1]/contentSet", `text "x"`},
		{"not well-formed", `</contentSet>`, ``, "newsItem[1]/contentSet", "closes <contentSet>"},
	} {
		doc := strings.Replace(valid, c.old, c.new, 1)
		if doc == valid {
			t.Errorf("%s: the rule was not broken", c.name)
		}
		problems := newsmlg2.Check([]byte(doc))
		if len(problems) == 0 || problems[0].Path != c.path || !strings.Contains(problems[0].Message, c.says) || newsmlg2.Valid(problems) {
			t.Errorf("%s: %v", c.name, problems)
		}
	}
}

func TestWhatNoKnownVersionHasIsAdviceOnly(t *testing.T) {
	problems := newsmlg2.Check([]byte(strings.Replace(valid, "<urgency>", "<novelty/><urgency>", 1)))
	if len(problems) != 1 || !problems[0].Advice || !newsmlg2.Valid(problems) || !strings.Contains(problems[0].String(), "(line 5): (advice)") {
		t.Errorf("%v", problems)
	}
}

func TestAVersionCanBeAskedFor(t *testing.T) {
	doc := strings.Replace(valid, `<catalogRef href="http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_40.xml"/>`, "", 1)
	if problems := newsmlg2.Check([]byte(doc)); len(problems) > 0 {
		t.Error(problems)
	}
	if problems := newsmlg2.CheckAs([]byte(doc), "2.29"); len(problems) != 1 || newsmlg2.Valid(problems) {
		t.Error(problems)
	}
}

func TestAnEmptyCodeIsAdviceOnly(t *testing.T) {
	problems := newsmlg2.Check([]byte(strings.Replace(valid, `<pubStatus qcode="stat:usable"/>`, "<pubStatus/>", 1)))
	if len(problems) != 1 || !problems[0].Advice {
		t.Error(problems)
	}
}

func TestCheckIsBounded(t *testing.T) {
	problems := newsmlg2.Check([]byte(strings.Replace(valid, "<urgency>4</urgency>", strings.Repeat("<urgency>x</urgency>", 20_000), 1)))
	if len(problems) != 200 {
		t.Errorf("%d problems", len(problems))
	}
	if problems := newsmlg2.Check(make([]byte, newsmlg2.MaxSize+1)); len(problems) != 1 {
		t.Errorf("%v", problems)
	}
}
