package view

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/ingest"
	"jisr/internal/ledger"
	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/vocab"
	"jisr/internal/web/locales"
	"jisr/internal/web/prose"
)

// hostile is put into every text of every page.
const hostile = "x<script>alert(1)</script>\"'><img src=x onerror=alert(1)> \u202egnp.exe\u202c نص"

var now = time.Date(2026, 11, 25, 15, 4, 0, 0, time.UTC)

// poison fills every text of the value with hostile text, leaving what is
// already set, and gives every list one element, so that no page can be shown
// without every one of its texts.
func poison(v reflect.Value, depth int) {
	if depth > 9 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.String() == "" && v.Type().Kind() == reflect.String && v.Type() == reflect.TypeFor[string]() {
			v.SetString(hostile)
		}
	case reflect.Pointer:
		if v.IsNil() && v.Type() != reflect.TypeFor[*people.Caller]() && v.Type() != reflect.TypeFor[*locales.Language]() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if !v.IsNil() && v.Type() != reflect.TypeFor[*locales.Language]() {
			poison(v.Elem(), depth+1)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if v.IsZero() {
				v.Set(reflect.ValueOf(now.Add(-time.Hour)))
			}
			return
		}
		for i := range v.NumField() {
			// These are made here, never by a stranger.
			switch v.Type().Field(i).Name {
			case "Done", "Src", "File", "Poster":
			default:
				poison(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		if v.Len() == 0 && v.Type() != reflect.TypeFor[[]news.Item]() && v.Type().Elem().Kind() != reflect.Uint8 && depth < 7 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			poison(v.Index(i), depth+1)
		}
	}
}

// shell is the shell of a reader who may do everything.
func shell(l *locales.Language) Shell {
	return Shell{Language: l, Title: "t", Section: "wire", Here: "/wire", Now: now, Notices: 3, Done: "saved", ReadOnly: hostile, Org: hostile,
		Origin: "a.example", Names: map[string]string{"a.example": hostile}, Assets: Assets{Style: "/static/a.css", Script: "/static/a.js", Icon: "/static/i.svg"},
		Problem: &Problem{Field: "reason", Text: "p", Detail: hostile},
		Me:      &people.Caller{Session: "s", Account: people.Account{ID: "1", Name: hostile, Language: l.Tag, Roles: people.Roles}}}
}

// pages is every page with hostile content, by name.
func pages(l *locales.Language) map[string]templ.Component {
	s := shell(l)
	line := func(status news.Status, act news.Act) newsroom.Line {
		return newsroom.Line{Origin: "a.example", URI: "tag:x:1", Status: status, Act: act, Type: "text", Language: "ar", Urgency: 1, Version: 2, Own: true}
	}
	killed, held, usable, embargoed := line("killed", "kill"), line("held", "hold"), line("usable", "correction"), line("usable", "publish")
	embargoed.Embargoed, embargoed.Machine = now.Add(3*time.Hour), true
	blocked := usable
	blocked.Blocked = "killed"
	versions := []newsroom.Version{{Version: 1, Act: news.Publish}, {Version: 2, Act: news.Correction}}
	item := func(l newsroom.Line) Item {
		v := Item{Shell: s, V: &newsroom.View{Line: l, Versions: slices.Clone(versions), Item: &news.Item{Language: "ru", Urgency: 1,
			DigitalSourceType: news.DigitalSourceBase + "trainedAlgorithmicMedia", Subjects: []news.Concept{{URI: "http://cv.iptc.org/newscodes/mediatopic/15000000"}, {Name: hostile}}},
			Uses: []newsroom.Use{{UseBody: news.UseBody{Act: "published"}}}, Sources: []*newsroom.Line{&killed}, Derived: []*newsroom.Line{&usable}},
			Body:  prose.NewSanitizer().HTML(news.Words{ContentType: "text/html", Value: hostile}),
			Media: []Medium{{Kind: "image", Src: "/media/x", File: "/media/x", Size: 1 << 21}, {Kind: "video", Src: "/media/y", File: "/media/f"}, {Kind: "audio", Src: "/media/y", File: "/media/f"}, {Kind: "file", Src: "/media/z", File: "/media/z"}, {Kind: "image"}},
			Uses:  []Permit{{Purpose: "publish", Answer: "yes"}, {Purpose: "translate", Answer: "no"}, {Purpose: "edit", Answer: "ask"}},
			Acts:  news.Acts, Old: 1, Issuer: &exchange.Profile{Organisation: news.Organisation{Kind: "agency"}}}
		return v
	}
	ours, theirs := item(usable), item(usable)
	ours.Old, theirs.V.Own, theirs.Old = 0, false, 0
	flow := exchange.Flow{Types: []news.Type{"text"}, Subjects: []string{"http://cv.iptc.org/newscodes/mediatopic/17000000"}, Translate: "yes", Edit: "no", Onward: "ask", Embargo: "hold", Retention: 5}
	terms := &exchange.Terms{Flows: map[string]exchange.Flow{"a.example": flow, "b.example": {Translate: "no", Edit: "ask", Onward: "yes", Embargo: "deliver"}},
		Contact: map[string]string{"a.example": hostile}, Price: hostile, Note: hostile}
	partner := func(state exchange.PartnerState) *exchange.Partner {
		return &exchange.Partner{Origin: "b.example", State: state, SeenSize: 9, Profile: &exchange.Profile{Organisation: news.Organisation{Kind: "other", Names: map[string]string{"en": hostile}}}}
	}
	healthy := partner(exchange.Confirmed)
	healthy.Frozen, healthy.Failure = "", ""
	agreement := &exchange.Agreement{ID: "1", Partner: "b.example", State: exchange.Active, Terms: terms, Proposed: terms, ProposedBy: "b.example"}
	checkpoint := &ledger.Checkpoint{Size: 4}
	source := &ingest.Status{Source: ingest.Source{Kind: ingest.SFTP, After: ingest.Move, Active: true, Interval: time.Minute}, HasSecret: true,
		Health: ingest.Health{Failures: 3, Waiting: 2, Failed: 1, Recent: 10, ErrorRate: 0.1}}
	arrival := func(st ingest.State) *ingest.Arrival {
		return &ingest.Arrival{State: st, Came: []ingest.Came{{Outcome: ingest.Issued, Act: news.Publish}, {Outcome: ingest.Drafted}, {Outcome: ingest.Failed}}}
	}
	destination := deliver.DestinationView{Kind: deliver.SFTP, Format: "nitf", Embargo: deliver.HoldBack, Active: true, HasSecret: true}
	pull := deliver.DestinationView{Kind: deliver.WebSub, Format: "ninjs", Embargo: deliver.HoldBack, Active: true}
	delivery := func(st deliver.State) deliver.DeliveryView { return deliver.DeliveryView{State: st, Act: news.Kill} }
	one := &vocab.Concept{Names: map[string]string{"ar": hostile}, Definitions: map[string]string{l.Tag: hostile}, Labels: map[string][]string{l.Tag: {hostile}}}
	views := map[string]any{
		"vocabulary": &Vocabulary{Shell: s, Concept: one}, "vocabularies": &Vocabulary{Shell: s, Schemes: []*vocab.Scheme{{Embedded: true}, {}}},
		"subscribers":      &Subscribers{Shell: s, Counts: map[deliver.State]int64{deliver.Waiting: 3, deliver.Failed: 1}, Troubles: []deliver.Trouble{{}, {Failures: 3}}},
		"subscriber":       &Subscriber{Shell: s, Destinations: []deliver.DestinationView{destination, pull}},
		"product":          &Product{Shell: s, Query: deliver.Query{Urgency: 3}, Preview: &Preview{Of: 50}},
		"destination form": &DestinationForm{Shell: s, D: destination, Names: []string{"{id}", "{date}"}},
		"destination":      &Destination{Shell: s, D: destination, Deliveries: []deliver.DeliveryView{delivery(deliver.Failed)}}, "pull feed": &Destination{Shell: s, D: pull, Deliveries: []deliver.DeliveryView{delivery(deliver.Offered)}, Tokens: []deliver.TokenView{{}, {}}},
		"deliveries":  &Deliveries{Shell: s, Deliveries: []deliver.DeliveryView{delivery(deliver.Sent), delivery(deliver.Refused), delivery(deliver.Waiting)}},
		"delivery":    &Delivery{Shell: s, D: delivery(deliver.Sent)},
		"sources":     &Sources{Shell: s, Sources: []*ingest.Status{source, {Source: ingest.Source{Kind: ingest.Push}}}},
		"source":      &Source{Shell: s, S: source, Arrivals: []*ingest.Arrival{arrival(ingest.Broken)}},
		"source form": &SourceForm{Shell: s, Kind: ingest.FTP, After: "leave", Subjects: Picker{Looked: true}},
		"arrivals":    &Arrivals{Shell: s, Arrivals: []*ingest.Arrival{arrival(ingest.Waiting), arrival(ingest.Done), arrival(ingest.SetAside)}},
		"arrival":     &Arrival{Shell: s, A: arrival(ingest.Broken)},
		"sign in":     &SignIn{Shell: Shell{Language: l, Now: now}}, "welcome": &Welcome{Shell: Shell{Language: l, Now: now}}, "failure": &Failure{Shell: s, Status: 404},
		"wire":        &Wire{Shell: s, Lines: []*newsroom.Line{&killed, &held, &usable, &embargoed, &blocked}, Live: "/wire/stream", Filtered: true},
		"empty wire":  &Wire{Shell: s, Lines: []*newsroom.Line{}},
		"notices":     &Notices{Shell: s, Notices: []*newsroom.Notice{{Act: news.Kill, Used: true}, {Act: news.Hold, Used: true, Confirmed: now}, {Act: news.Hold}}},
		"item":        ptr(item(usable)),
		"killed item": ptr(item(killed)),
		"own item":    &ours,
		"theirs":      &theirs,
		"embargo":     ptr(item(embargoed)),
		"changes":     &Changes{Shell: s, Versions: versions, From: versions[0], To: versions[1], Fields: []FieldChange{{Key: "by"}}, Body: prose.DiffTexts("a b\n\nc", hostile), Nothing: true},
		"act":         &Act{Shell: s, Act: news.Kill, Line: &usable, Receivers: []string{"a.example", "b.example"}},
		"board": &Board{Shell: s, Names: map[string]string{hostile: hostile}, Lines: []*newsroom.WorkLine{
			{Task: newsroom.Task{Stage: "review", LockedBy: "x"}, Remarks: 2}, {Failed: hostile}, {DraftLine: newsroom.DraftLine{Version: 2}, Scheduled: now}}},
		"desks":    &Desks{Shell: s, Desks: []newsroom.Desk{{ID: "d"}}},
		"diary":    &Diary{Shell: s, Days: []Day{{Date: now, Plans: []*newsroom.Plan{{Status: "tentative", Coverage: []newsroom.PlannedCoverage{{Type: "picture"}}}, {Status: "confirmed", AllDay: true, Coverage: []newsroom.PlannedCoverage{{Type: "text"}}}}}}},
		"plan":     &PlanForm{Shell: s, Plan: &newsroom.Plan{Status: "cancelled"}},
		"imported": &Imported{Shell: s, Added: 1, Skipped: []string{hostile}},
		"code":     &Code{Shell: s},
		"secure":   &Secure{Shell: s, CanPasskey: true, Passkeys: []people.Passkey{{ID: "1"}}, Enrolment: &people.Enrolment{Secret: "ABCDEFGH", URL: "otpauth://x"}},
		"draft": &Draft{Shell: s, Media: []DraftMedium{{Medium: Medium{Kind: "video", Src: "/media/x", File: "/media/y", Notices: []media.Notice{media.NoFFmpeg}}, Digest: "d"}}, Markup: true, Task: &newsroom.Task{Stage: "ready"}, Stages: newsroom.Stages, Scheduled: &newsroom.Scheduled{},
			Remarks: []Remark{{Mine: true}}, Form: Form{Language: "ar", Urgency: "4", Made: "trainedAlgorithmicMedia", Subjects: []string{"x:01000000"}}},
		"issue":        &Issue{Shell: s, Item: &news.Item{Language: "ar"}, Acts: []news.Act{"publish", "update", "correction", "refile"}, Body: "<p>x</p>", Form: Form{Version: 2}},
		"partners":     &Partners{Shell: s, Partners: []*exchange.Partner{partner("asked"), partner("added"), healthy, partner("blocked")}},
		"new partner":  &Partner{Shell: s, P: partner(exchange.Added), Agreements: []*exchange.Agreement{agreement}},
		"partner":      &Partner{Shell: s, P: healthy, Agreements: []*exchange.Agreement{agreement}, Evidence: []ledger.Evidence{{Ours: []byte(hostile), Theirs: []byte(hostile)}}},
		"agreements":   &Agreements{Shell: s, Agreements: []*exchange.Agreement{agreement}, Partners: []*exchange.Partner{healthy}},
		"agreement":    &Agreement{Shell: s, A: agreement, Current: Clauses(s, terms), Next: Clauses(s, terms)},
		"ended":        &Agreement{Shell: s, A: &exchange.Agreement{ID: "1", Partner: "b.example", State: exchange.Ended}, Current: Clauses(s, terms)},
		"offer":        &Offer{Shell: s, In: FlowForm{Picker: Picker{Name: "in.subject"}}, Out: FlowForm{Picker: Picker{Name: "out.subject"}, Sends: true, Translate: "yes", Edit: "ask", Onward: "no", Embargo: "hold"}},
		"organisation": &Organisation{Shell: s, Profile: &exchange.Profile{Organisation: news.Organisation{Kind: "agency", Names: map[string]string{"ar": hostile}}}},
		"accounts":     &Accounts{Shell: s, Accounts: []people.Account{{ID: "1", Language: "ru", Roles: people.Roles, Disabled: true}}},
		"account":      &Account{Shell: s, Account: people.Account{ID: "1", Roles: people.Roles}},
		"disabled":     &Account{Shell: s, Account: people.Account{ID: "1", Disabled: true}},
		"me":           &Me{Shell: s, Tokens: []people.Token{{Scopes: people.Scopes}}, Sessions: []people.Session{{ID: "s"}, {ID: "o"}}},
		"ledger":       &LedgerState{Shell: s, Logs: []*ledger.Head{{Origin: "a.example", Own: true, Checkpoint: checkpoint}, {Origin: "b.example", Checkpoint: checkpoint}}, Lags: []ledger.Lag{{Behind: 3}, {Follower: "x"}}},
	}
	for _, v := range views {
		poison(reflect.ValueOf(v).Elem(), 0)
	}
	views["issue"].(*Issue).Checks = newsroom.Checklist(&news.Item{}) // its keys are ours, not a stranger's
	views["vocabularies"].(*Vocabulary).Concept, views["vocabularies"].(*Vocabulary).Scheme, views["vocabularies"].(*Vocabulary).Query = nil, "", ""
	return map[string]templ.Component{
		"vocabulary": VocabularyPage(*views["vocabulary"].(*Vocabulary)), "vocabularies": VocabularyPage(*views["vocabularies"].(*Vocabulary)),
		"subscribers": SubscribersPage(*views["subscribers"].(*Subscribers)), "subscriber": SubscriberPage(*views["subscriber"].(*Subscriber)),
		"product": ProductPage(*views["product"].(*Product)), "destination form": DestinationFormPage(*views["destination form"].(*DestinationForm)),
		"destination": DestinationPage(*views["destination"].(*Destination)), "pull feed": DestinationPage(*views["pull feed"].(*Destination)),
		"deliveries": DeliveriesPage(*views["deliveries"].(*Deliveries)), "delivery": DeliveryPage(*views["delivery"].(*Delivery)),
		"sources": SourcesPage(*views["sources"].(*Sources)), "source": SourcePage(*views["source"].(*Source)),
		"source form": SourceFormPage(*views["source form"].(*SourceForm)), "source kinds": SourceKindsPage(*views["source form"].(*SourceForm)),
		"arrivals": ArrivalsPage(*views["arrivals"].(*Arrivals)), "arrival": ArrivalPage(*views["arrival"].(*Arrival)),
		"sign in": SignInPage(*views["sign in"].(*SignIn)), "welcome": WelcomePage(*views["welcome"].(*Welcome)), "failure": FailurePage(*views["failure"].(*Failure)),
		"wire": WirePage(*views["wire"].(*Wire)), "empty wire": WirePage(*views["empty wire"].(*Wire)), "notices": NoticesPage(*views["notices"].(*Notices)),
		"item": ItemPage(*views["item"].(*Item)), "killed item": ItemPage(*views["killed item"].(*Item)), "own item": ItemPage(ours), "theirs": ItemPage(theirs),
		"embargo": ItemPage(*views["embargo"].(*Item)), "changes": ChangesPage(*views["changes"].(*Changes)), "act": ActPage(*views["act"].(*Act)),
		"board": BoardPage(*views["board"].(*Board)), "desks": DesksPage(*views["desks"].(*Desks)), "diary": DiaryPage(*views["diary"].(*Diary)),
		"plan": PlanPage(*views["plan"].(*PlanForm)), "imported": ImportedPage(*views["imported"].(*Imported)),
		"code": CodePage(*views["code"].(*Code)), "secure": SecurePage(*views["secure"].(*Secure)),
		"draft": DraftPage(*views["draft"].(*Draft)), "issue": IssuePage(*views["issue"].(*Issue)),
		"partners": PartnersPage(*views["partners"].(*Partners)), "new partner": PartnerPage(*views["new partner"].(*Partner)), "partner": PartnerPage(*views["partner"].(*Partner)),
		"agreements": AgreementsPage(*views["agreements"].(*Agreements)), "agreement": AgreementPage(*views["agreement"].(*Agreement)), "ended": AgreementPage(*views["ended"].(*Agreement)),
		"offer": OfferPage(*views["offer"].(*Offer)), "organisation": OrganisationPage(*views["organisation"].(*Organisation)), "accounts": AccountsPage(*views["accounts"].(*Accounts)),
		"account": AccountPage(*views["account"].(*Account)), "disabled": AccountPage(*views["disabled"].(*Account)), "me": MePage(*views["me"].(*Me)), "ledger": LedgerPage(*views["ledger"].(*LedgerState)),
	}
}

func ptr[T any](v T) *T { return &v }

func TestEveryPageInEveryLanguageIsWholeAndSafe(t *testing.T) {
	c, err := locales.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range locales.Tags {
		l := c.Language(tag)
		for name, page := range pages(l) {
			t.Run(tag+"/"+name, func(t *testing.T) {
				var b bytes.Buffer
				if err := Render(t.Context(), &b, page); err != nil {
					t.Fatal(err)
				}
				inspect(t, l, b.Bytes())
			})
		}
	}
}

// inspect reads a page as a browser does and reports what must not be in it.
func inspect(t *testing.T, l *locales.Language, page []byte) {
	t.Helper()
	for _, bad := range []string{locales.Missing, "\u202d", "\u202e"} {
		if i := bytes.Index(page, []byte(bad)); i >= 0 {
			t.Errorf("the page has %q: …%s…", bad, page[max(0, i-60):min(len(page), i+60)])
		}
	}
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	labelled, fields, ids := map[string]bool{}, map[string]string{}, map[string]bool{}
	headings := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		a := attributes(n)
		switch n.Data {
		case "html":
			if a["lang"] != l.Tag || a["dir"] != l.Dir {
				t.Errorf("the page says lang=%q dir=%q", a["lang"], a["dir"])
			}
		case "h1":
			headings++
		case "script":
			if a["src"] == "" || n.FirstChild != nil {
				t.Error("there is an inline script")
			}
		case "style":
			t.Error("there is an inline style sheet")
		case "label":
			labelled[a["for"]] = true
		case "img":
			if _, ok := a["alt"]; !ok || !strings.HasPrefix(a["src"], "/") {
				t.Errorf("a picture %q has no text or comes from elsewhere", a["src"])
			}
		case "input", "select", "textarea":
			if a["type"] != "hidden" && !within(n, "label") {
				fields[a["id"]] = a["name"]
			}
		case "button":
			if strings.TrimSpace(text(n)) == "" {
				t.Error("a button says nothing")
			}
		}
		if id := a["id"]; id != "" {
			if ids[id] {
				t.Errorf("the id %q is there twice", id)
			}
			ids[id] = true
		}
		for key, value := range a {
			if key == "style" || strings.HasPrefix(key, "on") || strings.HasPrefix(strings.ToLower(value), "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, key, value)
			}
		}
	}
	for id, name := range fields {
		if id == "" || !labelled[id] {
			t.Errorf("the field %q has no label", name)
		}
	}
	if headings != 1 {
		t.Errorf("the page has %d first headings", headings)
	}
}

func attributes(n *html.Node) map[string]string {
	out := map[string]string{}
	for _, a := range n.Attr {
		out[a.Key] = a.Val
	}
	return out
}

func within(n *html.Node, element string) bool {
	for p := range n.Ancestors() {
		if p.Data == element {
			return true
		}
	}
	return false
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}
