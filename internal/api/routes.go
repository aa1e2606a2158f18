package api

import (
	"net/http"

	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/people"
)

// route is one line of the table: what may be asked, by whom, and how much of
// the node's time and memory it may take.
type route struct {
	pattern string            // as http.ServeMux has it
	needs   people.Permission // empty: any valid token
	public  bool              // no token at all
	body    int64             // bytes that a request may carry
	open    bool              // stays open as long as data flows, beyond handleFor
	handle  func(http.ResponseWriter, *call) error
}

// call is a request and who makes it.
type call struct {
	*http.Request
	caller *people.Caller // nil on a public route
}

// embargoed reports whether the caller may see items before their embargo ends.
func (c *call) embargoed() bool { return c.caller.Can(people.SeeEmbargoed) }

// pushPath is where sources push to; the source's id or name follows.
const pushPath = "/ingest/v1/"

// Sizes of request bodies in bytes.
const (
	smallBody = 16 << 10
	formBody  = 256 << 10                // terms, a profile
	itemBody  = 2*news.MaxContent + 1024 // an item in an envelope, with room for escapes
)

// routes is the table of everything that the API answers and of the permission
// that each takes. openapi.json says the same to others; a test compares them.
func (s *server) routes() []route {
	get := func(path string, needs people.Permission, h func(http.ResponseWriter, *call) error) route {
		return route{pattern: "GET " + path, needs: needs, handle: h}
	}
	post := func(path string, needs people.Permission, body int64, h func(http.ResponseWriter, *call) error) route {
		return route{pattern: "POST " + path, needs: needs, body: body, handle: h}
	}
	const v1 = "/api/v1"
	return []route{
		{pattern: "GET " + v1 + "/openapi.json", public: true, handle: s.describe},
		get(v1+"/whoami", "", s.whoAmI),

		get(v1+"/items", people.ReadWire, s.listItems),
		post(v1+"/items", people.Publish, maxFile, s.publishFile),
		get(v1+"/search", people.ReadWire, s.searchItems),
		get(v1+"/search/facets", people.ReadWire, s.searchFacets),
		get(v1+"/search/suggestions", people.ReadWire, s.searchSuggestions),
		get(v1+"/item", people.ReadWire, s.showItem),
		get(v1+"/item/similar", people.ReadWire, s.similarItems),
		get(v1+"/item/content", people.ReadWire, s.itemContent),
		get(v1+"/item/proof", people.ReadWire, s.itemProof),
		get(v1+"/item/decision", people.ReadWire, s.mayUse),
		post(v1+"/acts/publish", people.Publish, itemBody, s.act(news.Publish)),
		post(v1+"/acts/update", people.Publish, itemBody, s.act(news.Update)),
		post(v1+"/acts/correction", people.Correct, itemBody, s.act(news.Correction)),
		post(v1+"/acts/hold", people.Hold, smallBody, s.act(news.Hold)),
		post(v1+"/acts/release", people.Hold, smallBody, s.act(news.Release)),
		post(v1+"/acts/kill", people.Kill, smallBody, s.act(news.Kill)),
		post(v1+"/acts/refile", people.Publish, itemBody, s.act(news.Refile)),
		post(v1+"/uses", people.ReportUse, smallBody, s.reportUse),
		get(v1+"/notices", people.ReadWire, s.listNotices),
		post(v1+"/notices/{position}/confirm", people.ConfirmNotices, 0, s.confirmNotice),

		{pattern: "POST " + v1 + "/media", needs: people.WriteDraft, body: maxMedia, open: true, handle: s.putMedia},
		{pattern: "GET " + v1 + "/media/{digest}", needs: people.ReadWire, open: true, handle: s.getMedia},

		get(v1+"/drafts", people.ReadDrafts, s.listDrafts),
		post(v1+"/drafts", people.WriteDraft, itemBody, s.createDraft),
		get(v1+"/drafts/{id}", people.ReadDrafts, s.showDraft),
		{pattern: "PUT " + v1 + "/drafts/{id}", needs: people.WriteDraft, body: itemBody, handle: s.saveDraft},
		{pattern: "DELETE " + v1 + "/drafts/{id}", needs: people.WriteDraft, handle: s.deleteDraft},

		get(v1+"/vocab", people.ReadWire, s.listSchemes),
		get(v1+"/vocab/search", people.ReadWire, s.searchConcepts),
		get(v1+"/vocab/concept", people.ReadWire, s.showConcept),
		get(v1+"/vocab/concepts", people.ReadWire, s.listConcepts),

		{pattern: "POST " + pushPath + "{source}", needs: people.IngestPush, body: ingest.MaxFile, open: true, handle: s.push},
		get(v1+"/sources", people.ManageNode, s.listSources),
		post(v1+"/sources", people.ManageNode, formBody, s.createSource),
		get(v1+"/sources/{id}", people.ManageNode, s.showSource),
		{pattern: "PUT " + v1 + "/sources/{id}", needs: people.ManageNode, body: formBody, handle: s.changeSource},
		{pattern: "DELETE " + v1 + "/sources/{id}", needs: people.ManageNode, handle: s.removeSource},
		post(v1+"/sources/{id}/pause", people.ManageNode, 0, s.setActive(ingest.Paused)),
		post(v1+"/sources/{id}/resume", people.ManageNode, 0, s.setActive(ingest.Running)),
		post(v1+"/sources/{id}/fetch", people.ManageNode, 0, s.fetchSource),
		get(v1+"/arrivals", people.ReadDrafts, s.listArrivals),
		get(v1+"/arrivals/{id}", people.ReadDrafts, s.showArrival),
		{pattern: "GET " + v1 + "/arrivals/{id}/file", needs: people.ReadDrafts, open: true, handle: s.arrivalFile},
		post(v1+"/arrivals/{id}/retry", people.WriteDraft, 0, s.retryArrival),
		post(v1+"/arrivals/{id}/dismiss", people.WriteDraft, 0, s.dismissArrival),

		get(v1+"/subscribers", people.ReadDelivery, s.listSubscribers),
		post(v1+"/subscribers", people.ManageDelivery, smallBody, s.createSubscriber),
		get(v1+"/subscribers/{id}", people.ReadDelivery, s.showSubscriber),
		{pattern: "PUT " + v1 + "/subscribers/{id}", needs: people.ManageDelivery, body: smallBody, handle: s.changeSubscriber},
		{pattern: "DELETE " + v1 + "/subscribers/{id}", needs: people.ManageDelivery, handle: s.removeSubscriber},
		get(v1+"/products", people.ReadDelivery, s.listProducts),
		post(v1+"/products", people.ManageDelivery, formBody, s.createProduct),
		get(v1+"/products/{id}", people.ReadDelivery, s.showProduct),
		{pattern: "PUT " + v1 + "/products/{id}", needs: people.ManageDelivery, body: formBody, handle: s.changeProduct},
		{pattern: "DELETE " + v1 + "/products/{id}", needs: people.ManageDelivery, handle: s.removeProduct},
		get(v1+"/destinations", people.ReadDelivery, s.listDestinations),
		post(v1+"/destinations", people.ManageDelivery, formBody, s.createDestination),
		get(v1+"/destinations/{id}", people.ReadDelivery, s.showDestination),
		{pattern: "PUT " + v1 + "/destinations/{id}", needs: people.ManageDelivery, body: formBody, handle: s.changeDestination},
		{pattern: "DELETE " + v1 + "/destinations/{id}", needs: people.ManageDelivery, handle: s.removeDestination},
		post(v1+"/destinations/{id}/test", people.ManageDelivery, 0, s.testDestination),
		post(v1+"/destinations/{id}/resume", people.ManageDelivery, 0, s.resumeDestination),
		get(v1+"/destinations/{id}/tokens", people.ManageDelivery, s.listFeedTokens),
		post(v1+"/destinations/{id}/tokens", people.ManageDelivery, smallBody, s.createFeedToken),
		{pattern: "DELETE " + v1 + "/destinations/{id}/tokens/{token}", needs: people.ManageDelivery, handle: s.revokeFeedToken},
		get(v1+"/destinations/{id}/callbacks", people.ReadDelivery, s.listCallbacks),
		get(v1+"/deliveries", people.ReadDelivery, s.listDeliveries),
		get(v1+"/deliveries/{id}", people.ReadDelivery, s.showDelivery),
		get(v1+"/deliveries/{id}/body", people.ReadDelivery, s.deliveryBody),
		post(v1+"/deliveries/{id}/resend", people.ManageDelivery, 0, s.resendDelivery),

		get(v1+"/journal", people.ReadJournal, s.readJournal),
		{pattern: "GET " + v1 + "/journal/stream", needs: people.ReadJournal, open: true, handle: s.streamJournal},
		get(v1+"/ledger", people.ReadJournal, s.showLedger),

		get(v1+"/profile", people.ReadPartners, s.showProfile),
		{pattern: "PUT " + v1 + "/profile", needs: people.ManageProfile, body: formBody, handle: s.setProfile},
		get(v1+"/partners", people.ReadPartners, s.listPartners),
		post(v1+"/partners", people.ManagePartners, smallBody, s.addPartner),
		get(v1+"/partners/{origin}", people.ReadPartners, s.showPartner),
		post(v1+"/partners/{origin}/confirm", people.ManagePartners, smallBody, s.confirmPartner),
		post(v1+"/partners/{origin}/block", people.ManagePartners, 0, s.blockPartner),
		get(v1+"/agreements", people.ReadPartners, s.listAgreements),
		post(v1+"/agreements", people.ManageAgreements, formBody, s.offerAgreement),
		get(v1+"/agreement", people.ReadPartners, s.showAgreement),
		post(v1+"/agreement/accept", people.ManageAgreements, smallBody, s.acceptAgreement),
		post(v1+"/agreement/amend", people.ManageAgreements, formBody, s.amendAgreement),
		post(v1+"/agreement/end", people.ManageAgreements, smallBody, s.endAgreement),

		get(v1+"/accounts", people.ManagePeople, s.listAccounts),
		post(v1+"/accounts", people.ManagePeople, smallBody, s.createAccount),
		get(v1+"/accounts/{id}", people.ManagePeople, s.showAccount),
		{pattern: "PATCH " + v1 + "/accounts/{id}", needs: people.ManagePeople, body: smallBody, handle: s.changeAccount},
		{pattern: "PUT " + v1 + "/accounts/{id}/password", needs: people.ManagePeople, body: smallBody, handle: s.setPassword},
		get(v1+"/accounts/{id}/tokens", people.ManagePeople, s.listTokens),
		post(v1+"/accounts/{id}/tokens", people.ManagePeople, smallBody, s.createToken),
		{pattern: "DELETE " + v1 + "/accounts/{id}/tokens/{token}", needs: people.ManagePeople, handle: s.revokeToken},
	}
}
