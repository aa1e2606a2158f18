package people

import (
	"slices"

	"jisr/internal/news"
)

// Permission is one thing that a person or a program may do here.
type Permission string

// The permissions.
const (
	ReadWire         Permission = "read_wire"         // read the wire: items, versions, media, proofs, search
	SeeEmbargoed     Permission = "see_embargoed"     // see items before their embargo ends
	ReadDrafts       Permission = "read_drafts"       // read the newsroom's unpublished work
	WriteDraft       Permission = "write_draft"       // write and change drafts
	Publish          Permission = "publish"           // publish, update and refile
	Correct          Permission = "correct"           // correct what was published
	Hold             Permission = "hold"              // stop the use of an item for now, and release it
	Kill             Permission = "kill"              // forbid the use of an item for good
	ConfirmNotices   Permission = "confirm_notices"   // confirm that a partner's kill or hold was followed
	ReportUse        Permission = "report_use"        // tell an issuer where its item was used
	Verify           Permission = "verify"            // record claims, evidence and verdicts
	ReadPartners     Permission = "read_partners"     // read who the partners are and what the agreements say
	ManagePartners   Permission = "manage_partners"   // add, confirm and block partners
	ManageAgreements Permission = "manage_agreements" // offer, accept, amend and end agreements
	ReadDelivery     Permission = "read_delivery"     // read who is sent what, and what came of it
	ManageDelivery   Permission = "manage_delivery"   // change subscribers, products and destinations; send again
	ReadJournal      Permission = "read_journal"      // follow every entry of the ledgers, as programs do
	IngestPush       Permission = "ingest_push"       // send items in from a wire or a system
	ManageProfile    Permission = "manage_profile"    // change what the organisation says of itself, and its keys
	ManagePeople     Permission = "manage_people"     // change accounts and roles, end others' sessions and tokens
	ManageNode       Permission = "manage_node"       // change settings, see health, make backups
)

// Permissions lists every permission in the order of a working day.
var Permissions = []Permission{
	ReadWire, SeeEmbargoed, ReadDrafts, WriteDraft, Publish, Correct, Hold, Kill, ConfirmNotices, ReportUse, Verify,
	ReadPartners, ManagePartners, ManageAgreements, ReadDelivery, ManageDelivery, ReadJournal, IngestPush, ManageProfile, ManagePeople, ManageNode,
}

// Role is what a person is here. A person may be several things.
type Role string

// The roles.
const (
	Reader      Role = "reader"      // reads the wire
	Reporter    Role = "reporter"    // writes
	Editor      Role = "editor"      // publishes and corrects
	Chief       Role = "chief"       // answers for all of it: kills, and binds the house by agreements
	Verifier    Role = "verifier"    // checks claims
	Coordinator Role = "coordinator" // looks after partners, agreements and subscribers
	Admin       Role = "admin"       // runs the node and knows its people; does not make news
)

// Roles lists every role, those that may do less before those that may do more.
var Roles = []Role{Reader, Reporter, Editor, Chief, Verifier, Coordinator, Admin}

// grants is the one table of who may do what.
var grants = map[Role][]Permission{
	Reader: {ReadWire, ReadPartners},
	Reporter: {ReadWire, ReadPartners, SeeEmbargoed, ReadDrafts, WriteDraft,
		ReportUse},
	Editor: {ReadWire, ReadPartners, SeeEmbargoed, ReadDrafts, WriteDraft,
		ReportUse, Publish, Correct, Hold, ConfirmNotices, IngestPush, ReadDelivery},
	Chief: {ReadWire, ReadPartners, SeeEmbargoed, ReadDrafts, WriteDraft,
		ReportUse, Publish, Correct, Hold, ConfirmNotices, IngestPush, ReadDelivery, ManageDelivery,
		Kill, ReadJournal, ManagePartners, ManageAgreements, ManageProfile},
	Verifier:    {ReadWire, ReadPartners, SeeEmbargoed, ReadDrafts, Verify},
	Coordinator: {ReadWire, ReadPartners, SeeEmbargoed, ReadJournal, ManagePartners, ManageAgreements, ReadDelivery, ManageDelivery},
	Admin: {ReadWire, ReadPartners, SeeEmbargoed, ReadJournal, IngestPush,
		ManagePartners, ManageProfile, ManagePeople, ManageNode, ReadDelivery, ManageDelivery},
}

// Grants reports whether the role has the permission.
func (r Role) Grants(p Permission) bool { return slices.Contains(grants[r], p) }

// Scope is a part of its account's permissions that a token may use.
type Scope string

// The scopes.
const (
	ScopeRead     Scope = "read"
	ScopeWrite    Scope = "write"
	ScopePublish  Scope = "publish"
	ScopeIngest   Scope = "ingest"
	ScopePartners Scope = "partners"
	ScopeAdmin    Scope = "admin"
)

// Scopes lists every scope.
var Scopes = []Scope{ScopeRead, ScopeWrite, ScopePublish, ScopeIngest, ScopePartners, ScopeAdmin}

// covers says which permissions a scope lets through. They do not include one
// another: a token that publishes and reads has both scopes.
var covers = map[Scope][]Permission{
	ScopeRead:     {ReadWire, SeeEmbargoed, ReadDrafts, ReadPartners, ReadJournal, ReadDelivery},
	ScopeWrite:    {WriteDraft, ReportUse, Verify},
	ScopePublish:  {Publish, Correct, Hold, Kill, ConfirmNotices},
	ScopeIngest:   {IngestPush},
	ScopePartners: {ManagePartners, ManageAgreements, ManageDelivery},
	ScopeAdmin:    {ManageProfile, ManagePeople, ManageNode},
}

// Covers reports whether a token with the scope may use the permission, if its
// account has it.
func (s Scope) Covers(p Permission) bool { return slices.Contains(covers[s], p) }

// checkRoles returns the roles once each, in the order of Roles.
func checkRoles(roles []Role) ([]Role, error) {
	return inOrder("roles", "role", roles, Roles)
}

// checkScopes returns the scopes once each, in the order of Scopes. A token
// without a scope could do nothing; it is more likely a mistake.
func checkScopes(scopes []Scope) ([]Scope, error) {
	if len(scopes) == 0 {
		return nil, news.Errorf(news.Invalid, "scopes", "name at least one of %v", Scopes)
	}
	return inOrder("scopes", "scope", scopes, Scopes)
}

func inOrder[T ~string](field, noun string, given, known []T) ([]T, error) {
	for _, g := range given {
		if !slices.Contains(known, g) {
			return nil, news.Errorf(news.Invalid, field, "%q is not a %s: use some of %v", string(g), noun, known)
		}
	}
	var out []T
	for _, k := range known {
		if slices.Contains(given, k) {
			out = append(out, k)
		}
	}
	return out, nil
}
