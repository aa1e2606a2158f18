package web

import (
	"net/http"
	"slices"

	"jisr/internal/people"
)

// need is who may use a route.
type need struct {
	nobody bool                // open to whoever has not signed in
	any    []people.Permission // one of these is needed; none: having signed in is enough
}

var (
	anyone   = need{nobody: true}
	signedIn = need{}
)

func may(any ...people.Permission) need { return need{any: any} }

// allows reports whether the caller, nil before sign-in, may use the route.
func (n need) allows(c *people.Caller) bool {
	if n.nobody {
		return true
	}
	if c == nil || c.Account.Disabled {
		return false
	}
	return len(n.any) == 0 || slices.ContainsFunc(n.any, c.Can)
}

// route is one row of the table.
type route struct {
	pattern string
	needs   need
	do      func(*Site, *request) error
	raw     bool // bytes or a stream, not a page: not compressed
	files   bool // takes files: the handler bounds what it reads
}

// table is every route of the site and who may use it. Where an act decides
// which permission is needed, the row names all that come into question and the
// handler checks the one.
var table = []route{
	{pattern: "GET /{$}", needs: anyone, do: (*Site).home},
	{pattern: "GET /sign-in", needs: anyone, do: (*Site).signInPage},
	{pattern: "POST /sign-in", needs: anyone, do: (*Site).signIn},
	{pattern: "POST /sign-in/code", needs: anyone, do: (*Site).signInCode},
	{pattern: "POST /sign-in/passkey/begin", needs: anyone, do: (*Site).beginPasskeySignIn},
	{pattern: "POST /sign-in/passkey", needs: anyone, do: (*Site).passkeySignIn},
	{pattern: "GET /sign-in/provider", needs: anyone, do: (*Site).toProvider},
	{pattern: "GET /sign-in/provider/back", needs: anyone, do: (*Site).fromProvider},
	{pattern: "POST /sign-out", needs: anyone, do: (*Site).signOut},
	{pattern: "GET /welcome", needs: anyone, do: (*Site).welcomePage},
	{pattern: "POST /welcome", needs: anyone, do: (*Site).welcome},
	{pattern: "POST /language", needs: anyone, do: (*Site).setLanguage},
	{pattern: "POST /look", needs: anyone, do: (*Site).setLook},

	{pattern: "GET /wire", needs: may(people.ReadWire), do: (*Site).wire},
	{pattern: "GET /wire/stream", needs: may(people.ReadWire), do: (*Site).live, raw: true},
	{pattern: "GET /notices", needs: may(people.ReadWire), do: (*Site).notices},
	{pattern: "POST /notices", needs: may(people.ConfirmNotices), do: (*Site).confirmNotice},

	{pattern: "GET /item", needs: may(people.ReadWire), do: (*Site).item},
	{pattern: "GET /item/version", needs: may(people.ReadWire), do: (*Site).itemVersion},
	{pattern: "GET /item/changes", needs: may(people.ReadWire), do: (*Site).changes},
	{pattern: "GET /item/proof", needs: may(people.ReadWire), do: (*Site).proofFile},
	{pattern: "POST /item/use", needs: may(people.ReportUse), do: (*Site).reportUse},
	{pattern: "POST /item/edit", needs: may(people.WriteDraft), do: (*Site).editItem},
	{pattern: "GET /item/act", needs: may(people.Hold, people.Kill), do: (*Site).actPage},
	{pattern: "POST /item/act", needs: may(people.Hold, people.Kill), do: (*Site).act},
	{pattern: "GET /media/{digest}", needs: may(people.ReadWire), do: (*Site).serveMedia, raw: true},

	{pattern: "GET /drafts", needs: may(people.ReadDrafts), do: (*Site).drafts},
	{pattern: "POST /draft/autosave", needs: may(people.WriteDraft), do: (*Site).autosave},
	{pattern: "POST /draft/{id}/lock", needs: may(people.WriteDraft), do: (*Site).lockDraft},
	{pattern: "POST /draft/{id}/work", needs: may(people.WriteDraft), do: (*Site).moveDraft},
	{pattern: "POST /templates/remove", needs: may(people.Publish), do: (*Site).removeTemplate},
	{pattern: "POST /remarks", needs: may(people.ReadDrafts), do: (*Site).say},
	{pattern: "POST /remarks/remove", needs: may(people.ReadDrafts), do: (*Site).unsay},
	{pattern: "GET /desks", needs: may(people.ManageNode), do: (*Site).desks},
	{pattern: "POST /desks", needs: may(people.ManageNode), do: (*Site).saveDesk},
	{pattern: "GET /diary", needs: may(people.ReadDrafts), do: (*Site).diary},
	{pattern: "GET /diary.ics", needs: may(people.ReadDrafts), do: (*Site).diaryFile, raw: true},
	{pattern: "POST /diary/import", needs: may(people.WriteDraft), do: (*Site).importDiary},
	{pattern: "GET /diary/{id}", needs: may(people.ReadDrafts), do: (*Site).plan},
	{pattern: "POST /diary/{id}", needs: may(people.WriteDraft), do: (*Site).savePlan},
	{pattern: "GET /draft/new", needs: may(people.WriteDraft), do: (*Site).newDraft},
	{pattern: "POST /draft", needs: may(people.WriteDraft), do: (*Site).saveDraft},
	{pattern: "POST /draft/media", needs: may(people.WriteDraft), do: (*Site).addMedia, files: true},
	{pattern: "POST /draft/{id}/media", needs: may(people.WriteDraft), do: (*Site).changeMedium},
	{pattern: "POST /media/uploads/{$}", needs: may(people.WriteDraft), do: (*Site).upload, raw: true, files: true},
	{pattern: "GET /media/uploads/{id}", needs: may(people.WriteDraft), do: (*Site).upload, raw: true},
	{pattern: "PATCH /media/uploads/{id}", needs: may(people.WriteDraft), do: (*Site).upload, raw: true, files: true},
	{pattern: "DELETE /media/uploads/{id}", needs: may(people.WriteDraft), do: (*Site).upload, raw: true},
	{pattern: "GET /draft/{id}", needs: may(people.ReadDrafts), do: (*Site).draft},
	{pattern: "GET /draft/{id}/issue", needs: may(people.Publish, people.Correct), do: (*Site).issuePage},
	{pattern: "POST /draft/{id}/issue", needs: may(people.Publish, people.Correct), do: (*Site).issue},

	{pattern: "GET /sources", needs: may(people.ManageNode), do: (*Site).sources},
	{pattern: "POST /sources", needs: may(people.ManageNode), do: (*Site).addSource},
	{pattern: "GET /sources/new", needs: may(people.ManageNode), do: (*Site).newSource},
	{pattern: "GET /sources/{id}", needs: may(people.ManageNode), do: (*Site).source},
	{pattern: "POST /sources/{id}", needs: may(people.ManageNode), do: (*Site).changeSource},
	{pattern: "GET /sources/{id}/change", needs: may(people.ManageNode), do: (*Site).changeSourcePage},
	{pattern: "POST /sources/{id}/act", needs: may(people.ManageNode), do: (*Site).actOnSource},
	{pattern: "GET /arrivals", needs: may(people.ReadDrafts, people.ManageNode), do: (*Site).arrivals},
	{pattern: "GET /arrivals/{id}", needs: may(people.ReadDrafts, people.ManageNode), do: (*Site).arrival},
	{pattern: "POST /arrivals/{id}", needs: may(people.WriteDraft, people.ManageNode), do: (*Site).actOnArrival},
	{pattern: "GET /arrivals/{id}/file", needs: may(people.ReadDrafts), do: (*Site).arrivalFile, raw: true},
	{pattern: "GET /subscribers", needs: may(people.ReadDelivery), do: (*Site).subscribers},
	{pattern: "POST /subscribers", needs: may(people.ManageDelivery), do: (*Site).addSubscriber},
	{pattern: "GET /subscribers/{id}", needs: may(people.ReadDelivery), do: (*Site).subscriber},
	{pattern: "POST /subscribers/{id}", needs: may(people.ManageDelivery), do: (*Site).changeSubscriber},
	{pattern: "GET /products/new", needs: may(people.ManageDelivery), do: (*Site).newProduct},
	{pattern: "POST /products", needs: may(people.ManageDelivery), do: (*Site).saveProduct},
	{pattern: "GET /products/{id}", needs: may(people.ReadDelivery), do: (*Site).product},
	{pattern: "POST /products/{id}", needs: may(people.ManageDelivery), do: (*Site).saveProduct},
	{pattern: "GET /destinations/new", needs: may(people.ManageDelivery), do: (*Site).newDestination},
	{pattern: "POST /destinations", needs: may(people.ManageDelivery), do: (*Site).addDestination},
	{pattern: "GET /destinations/{id}", needs: may(people.ReadDelivery), do: (*Site).destination},
	{pattern: "POST /destinations/{id}", needs: may(people.ManageDelivery), do: (*Site).changeDestination},
	{pattern: "GET /destinations/{id}/change", needs: may(people.ManageDelivery), do: (*Site).changeDestinationPage},
	{pattern: "POST /destinations/{id}/act", needs: may(people.ManageDelivery), do: (*Site).actOnDestination},
	{pattern: "POST /destinations/{id}/tokens", needs: may(people.ManageDelivery), do: (*Site).makeFeedToken},
	{pattern: "POST /destinations/{id}/tokens/revoke", needs: may(people.ManageDelivery), do: (*Site).revokeFeedToken},
	{pattern: "GET /deliveries", needs: may(people.ReadDelivery), do: (*Site).deliveries},
	{pattern: "GET /deliveries/{id}", needs: may(people.ReadDelivery), do: (*Site).delivery},
	{pattern: "GET /deliveries/{id}/body", needs: may(people.ReadDelivery), do: (*Site).deliveryBody, raw: true},
	{pattern: "POST /deliveries/{id}/resend", needs: may(people.ManageDelivery), do: (*Site).resend},

	{pattern: "GET /vocabulary", needs: may(people.ReadWire), do: (*Site).vocabulary},
	{pattern: "GET /vocabulary/search", needs: may(people.ReadWire), do: (*Site).findConcepts},

	{pattern: "GET /partners", needs: may(people.ReadPartners), do: (*Site).partners},
	{pattern: "POST /partners", needs: may(people.ManagePartners), do: (*Site).addPartner},
	{pattern: "GET /partners/{origin}", needs: may(people.ReadPartners), do: (*Site).partner},
	{pattern: "POST /partners/{origin}/confirm", needs: may(people.ManagePartners), do: (*Site).confirmPartner},
	{pattern: "POST /partners/{origin}/block", needs: may(people.ManagePartners), do: (*Site).blockPartner},
	{pattern: "GET /partners/{origin}/fingerprint.png", needs: may(people.ReadPartners), do: (*Site).partnerCode, raw: true},
	{pattern: "GET /fingerprint.png", needs: may(people.ReadPartners), do: (*Site).ownCode, raw: true},

	{pattern: "GET /agreements", needs: may(people.ReadPartners), do: (*Site).agreements},
	{pattern: "GET /agreements/new", needs: may(people.ManageAgreements), do: (*Site).newOffer},
	{pattern: "POST /agreements", needs: may(people.ManageAgreements), do: (*Site).offer},
	{pattern: "GET /agreement", needs: may(people.ReadPartners), do: (*Site).agreement},
	{pattern: "GET /agreement/amend", needs: may(people.ManageAgreements), do: (*Site).amendPage},
	{pattern: "POST /agreement/amend", needs: may(people.ManageAgreements), do: (*Site).amend},
	{pattern: "POST /agreement/accept", needs: may(people.ManageAgreements), do: (*Site).accept},
	{pattern: "POST /agreement/end", needs: may(people.ManageAgreements), do: (*Site).end},

	{pattern: "GET /organisation", needs: may(people.ReadPartners), do: (*Site).organisation},
	{pattern: "POST /organisation", needs: may(people.ManageProfile), do: (*Site).saveOrganisation},
	{pattern: "GET /ledger", needs: may(people.ReadJournal), do: (*Site).ledgerState},

	{pattern: "GET /accounts", needs: may(people.ManagePeople), do: (*Site).accounts},
	{pattern: "POST /accounts", needs: may(people.ManagePeople), do: (*Site).addAccount},
	{pattern: "GET /accounts/{id}", needs: may(people.ManagePeople), do: (*Site).account},
	{pattern: "POST /accounts/{id}", needs: may(people.ManagePeople), do: (*Site).changeAccount},

	{pattern: "GET /me", needs: signedIn, do: (*Site).me},
	{pattern: "POST /me", needs: signedIn, do: (*Site).saveMe},
	{pattern: "POST /me/password", needs: signedIn, do: (*Site).changePassword},
	{pattern: "GET /me/security", needs: signedIn, do: (*Site).secureMe},
	{pattern: "POST /me/factor", needs: signedIn, do: (*Site).beginFactor},
	{pattern: "POST /me/factor/confirm", needs: signedIn, do: (*Site).confirmFactor},
	{pattern: "POST /me/factor/remove", needs: signedIn, do: (*Site).removeFactor},
	{pattern: "POST /me/passkeys/begin", needs: signedIn, do: (*Site).beginPasskey},
	{pattern: "POST /me/passkeys", needs: signedIn, do: (*Site).addPasskey},
	{pattern: "POST /me/passkeys/remove", needs: signedIn, do: (*Site).removePasskey},
	{pattern: "POST /me/sessions", needs: signedIn, do: (*Site).endSession},
	{pattern: "POST /me/tokens", needs: signedIn, do: (*Site).makeToken},
	{pattern: "POST /me/tokens/revoke", needs: signedIn, do: (*Site).revokeToken},
}

// routes builds the handler of the site.
func (s *Site) routes() http.Handler {
	compress := compressor()
	mux := http.NewServeMux()
	mux.Handle("GET /static/{file}", compress(s.static))
	for _, r := range table {
		var h http.Handler = s.serve(r)
		if !r.raw {
			h = compress(h)
		}
		mux.Handle(r.pattern, h)
	}
	mux.Handle("/", compress(http.HandlerFunc(s.noPage)))
	return s.secure(s.sameOrigin(mux))
}
