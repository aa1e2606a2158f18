package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"jisr/internal/blob"
	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/ingest"
	"jisr/internal/ledger"
	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/search"
	"jisr/internal/vocab"
)

// Newsroom is what the pages ask of the newsroom.
type Newsroom interface {
	Wire(ctx context.Context, f newsroom.Filter) ([]*newsroom.Line, error)
	Lines(ctx context.Context, keys [][2]string, withEmbargoed bool) ([]*newsroom.Line, error)
	Line(ctx context.Context, origin, uri string, withEmbargoed bool) (*newsroom.Line, error)
	Item(ctx context.Context, origin, uri string, withEmbargoed bool) (*newsroom.View, error)
	VersionItem(ctx context.Context, origin, uri string, version int, withEmbargoed bool) (*news.Item, error)

	SaveDraft(ctx context.Context, d *newsroom.Draft) (*newsroom.Draft, error)
	Draft(ctx context.Context, id string) (*newsroom.Draft, error)
	Work(ctx context.Context, f newsroom.WorkFilter) ([]*newsroom.WorkLine, error)
	Task(ctx context.Context, draft string) (*newsroom.Task, error)
	Assign(ctx context.Context, draft, assignee string, due time.Time) (*newsroom.Task, error)
	MoveTo(ctx context.Context, draft, stage string) (*newsroom.Task, error)
	Lock(ctx context.Context, draft, account string) (*newsroom.Task, error)
	TakeOver(ctx context.Context, draft, account string) (*newsroom.Task, error)
	Unlock(ctx context.Context, draft, account string) error
	Schedule(ctx context.Context, p newsroom.Scheduled) error
	Scheduled(ctx context.Context, draft string) (*newsroom.Scheduled, error)
	Unschedule(ctx context.Context, draft string) error
	Say(ctx context.Context, about newsroom.Subject, author, body string) (*newsroom.Remark, error)
	Remarks(ctx context.Context, about newsroom.Subject) ([]newsroom.Remark, error)
	Unsay(ctx context.Context, id, author string) error
	Desks(ctx context.Context) ([]newsroom.Desk, error)
	SaveDesk(ctx context.Context, d newsroom.Desk) error
	RemoveDesk(ctx context.Context, id string) error
	Templates(ctx context.Context) ([]newsroom.Template, error)
	Template(ctx context.Context, id string) (*newsroom.Template, error)
	SaveTemplate(ctx context.Context, t newsroom.Template) (*newsroom.Template, error)
	RemoveTemplate(ctx context.Context, id string) error
	Plans(ctx context.Context, from, until time.Time, desk string) ([]*newsroom.Plan, error)
	Plan(ctx context.Context, id string) (*newsroom.Plan, error)
	SavePlan(ctx context.Context, p newsroom.Plan) (*newsroom.Plan, error)
	RemovePlan(ctx context.Context, id string) error
	ImportPlans(ctx context.Context, plans []*newsroom.Plan, desk, account string) (added, changed int, err error)
	DeleteDraft(ctx context.Context, id string) error
	Issue(ctx context.Context, in newsroom.Issue) (*newsroom.Issued, error)

	Notices(ctx context.Context, open, withEmbargoed bool, before int64, limit int) ([]*newsroom.Notice, error)
	ConfirmNotice(ctx context.Context, position int64, account string, actor ledger.Actor) error
	ReportUse(ctx context.Context, u news.UseBody, uri string, actor ledger.Actor) (*ledger.Appended, error)
}

// Exchange is what the pages ask of the exchange.
type Exchange interface {
	Profile(ctx context.Context) (*exchange.Profile, error)
	SetProfile(ctx context.Context, org news.Organisation, nodeURL string) error
	OwnFingerprint() exchange.Fingerprint

	Partners(ctx context.Context) ([]*exchange.Partner, error)
	Partner(ctx context.Context, origin string) (*exchange.Partner, error)
	AddPartner(ctx context.Context, address string) (*exchange.Partner, error)
	ConfirmPartner(ctx context.Context, origin, compared string) error
	BlockPartner(ctx context.Context, origin string) error

	Agreements(ctx context.Context, partner string) ([]*exchange.Agreement, error)
	Agreement(ctx context.Context, id string) (*exchange.Agreement, error)
	Offer(ctx context.Context, partner string, t exchange.Terms, actor ledger.Actor) (string, error)
	Amend(ctx context.Context, id string, t exchange.Terms, actor ledger.Actor) error
	Accept(ctx context.Context, id, digest string, actor ledger.Actor) error
	End(ctx context.Context, id, reason string, actor ledger.Actor) error

	MayUse(ctx context.Context, position int64, blocked news.Status, expires time.Time, purpose exchange.Purpose) (*exchange.Decision, error)
	Receivers(ctx context.Context, label news.Label) ([]*exchange.Partner, error)
	Proof(ctx context.Context, origin, uri string, version int) (*exchange.ProofFile, error)
}

// Ingest is what the pages ask about where news comes from.
type Ingest interface {
	Sources(ctx context.Context, after string, limit int) ([]*ingest.Status, error)
	Source(ctx context.Context, id string) (*ingest.Status, error)
	CreateSource(ctx context.Context, src ingest.Source, by ingest.Authority) (*ingest.Source, error)
	ChangeSource(ctx context.Context, src ingest.Source, by ingest.Authority) (*ingest.Source, error)
	SetActive(ctx context.Context, id string, active ingest.Activity) error
	RemoveSource(ctx context.Context, id string) error
	CollectNow(ctx context.Context, id string) (ingest.Fetched, error)

	Arrivals(ctx context.Context, f ingest.ArrivalFilter) ([]*ingest.Arrival, error)
	Arrival(ctx context.Context, id string) (*ingest.Arrival, error)
	OpenArrival(ctx context.Context, id string) (*ingest.Arrival, io.ReadSeekCloser, error)
	Retry(ctx context.Context, id string) (*ingest.Arrival, error)
	Dismiss(ctx context.Context, id string) (*ingest.Arrival, error)
}

// Deliver is what the pages ask about who gets items without running a node.
type Deliver interface {
	Subscribers(ctx context.Context, after string, limit int) ([]*deliver.Subscriber, error)
	Subscriber(ctx context.Context, id string) (*deliver.Subscriber, error)
	AddSubscriber(ctx context.Context, sub *deliver.Subscriber) error
	SaveSubscriber(ctx context.Context, sub *deliver.Subscriber) error
	RemoveSubscriber(ctx context.Context, id string) error
	Products(ctx context.Context, after string, limit int) ([]*deliver.Product, error)
	Product(ctx context.Context, id string) (*deliver.Product, error)
	AddProduct(ctx context.Context, p *deliver.Product) error
	SaveProduct(ctx context.Context, p *deliver.Product) error
	RemoveProduct(ctx context.Context, id string) error
	Preview(ctx context.Context, q deliver.Query, positions []int64) (map[int64]bool, error)

	Destinations(ctx context.Context, subscriber, after string, limit int) ([]*deliver.Destination, error)
	Destination(ctx context.Context, id string) (*deliver.Destination, error)
	AddDestination(ctx context.Context, d *deliver.Destination) error
	SaveDestination(ctx context.Context, d *deliver.Destination) error
	RemoveDestination(ctx context.Context, id string) error
	ResumeDestination(ctx context.Context, id string) error
	Test(ctx context.Context, id string) (deliver.Receipt, error)
	Fares(ctx context.Context, ids []string) (map[string]*deliver.Fares, error)
	Troubles(ctx context.Context) ([]deliver.Trouble, error)
	Counts(ctx context.Context) (map[deliver.State]int64, error)
	Callbacks(ctx context.Context, feed string) ([]*deliver.Destination, error)
	CreateFeedToken(ctx context.Context, destination, name string) (secret string, t *deliver.FeedToken, err error)
	FeedTokens(ctx context.Context, destination string) ([]*deliver.FeedToken, error)
	RevokeFeedToken(ctx context.Context, destination, id string) error

	Deliveries(ctx context.Context, l deliver.Log) ([]*deliver.Delivery, error)
	Delivery(ctx context.Context, id string) (*deliver.Delivery, error)
	Body(ctx context.Context, id string) (*deliver.Delivery, []byte, error)
	Resend(ctx context.Context, id string) (*deliver.Delivery, error)
}

// Vocabulary is what the pages ask of the vocabularies.
type Vocabulary interface {
	Schemes(ctx context.Context) ([]*vocab.Scheme, error)
	Scheme(ctx context.Context, name string) (*vocab.Scheme, error)
	Concept(ctx context.Context, uri string) (*vocab.Concept, error)
	Concepts(ctx context.Context, uris []string) (map[string]*vocab.Concept, error)
	Children(ctx context.Context, of string, after int64, limit int) (*vocab.Page, error)
	Search(ctx context.Context, q vocab.Query) ([]vocab.Match, error)
	Names(ctx context.Context, language string, items ...*news.Item) (*vocab.Names, error)
}

// People is what the pages ask about accounts and sessions.
type People interface {
	AnyAccount(ctx context.Context) (bool, error)
	CreateFirstAccount(ctx context.Context, n people.NewAccount) (*people.Account, error)
	CreateAccount(ctx context.Context, n people.NewAccount) (*people.Account, error)
	Account(ctx context.Context, id string) (*people.Account, error)
	Accounts(ctx context.Context, after string, limit int) ([]people.Account, error)
	SetRoles(ctx context.Context, id string, roles []people.Role) error
	SetPassword(ctx context.Context, id, password string) error
	Disable(ctx context.Context, id string) error
	Enable(ctx context.Context, id string) error
	SetLanguage(ctx context.Context, id, language string) error
	SetName(ctx context.Context, id, name string) error
	SetNamed(ctx context.Context, id string, named bool) error
	ChangePassword(ctx context.Context, c *people.Caller, address, present, fresh string) error

	SignIn(ctx context.Context, c people.Credentials) (secret string, caller *people.Caller, err error)
	SignInWithCode(ctx context.Context, ticket, code, address, agent string) (secret string, caller *people.Caller, err error)
	Factor(ctx context.Context, account string) (people.Factor, error)
	BeginFactor(ctx context.Context, c *people.Caller, issuer string) (*people.Enrolment, error)
	ConfirmFactor(ctx context.Context, c *people.Caller, code string) (recovery []string, err error)
	RemoveFactor(ctx context.Context, c *people.Caller, address, password string) error
	ResetFactor(ctx context.Context, account string) error
	SignOut(ctx context.Context, secret string) error
	Session(ctx context.Context, secret string) (*people.Caller, error)
	Sessions(ctx context.Context, account string) ([]people.Session, error)
	EndSession(ctx context.Context, account, id string) error
	CreateToken(ctx context.Context, account string, n people.NewToken) (secret string, t *people.Token, err error)
	Tokens(ctx context.Context, account string) ([]people.Token, error)
	RevokeToken(ctx context.Context, account, id string) error
}

// Passkeys signs people in with passkeys.
type Passkeys interface {
	Begin(ctx context.Context, c *people.Caller) (options []byte, ticket string, err error)
	Add(ctx context.Context, c *people.Caller, ticket, name string, response []byte) (*people.Passkey, error)
	BeginSignIn(ctx context.Context) (options []byte, ticket string, err error)
	SignIn(ctx context.Context, ticket string, response []byte, address, agent string) (secret string, caller *people.Caller, err error)
	List(ctx context.Context, account string) ([]people.Passkey, error)
	Remove(ctx context.Context, account, id string) error
}

// Provider signs people in through their organisation's sign-in service.
type Provider interface {
	Begin(ctx context.Context) (address, ticket string, err error)
	Finish(ctx context.Context, ticket, state, code, address, agent string) (secret string, caller *people.Caller, err error)
}

// Search finds items by their words.
type Search interface {
	Search(ctx context.Context, q search.Query) (*search.Found, error)
}

// Ledger is what the pages ask of the record itself.
type Ledger interface {
	Origin() string
	ReadOnly() string
	Logs(ctx context.Context) ([]*ledger.Head, error)
	Lags(ctx context.Context) ([]ledger.Lag, error)
	Position(ctx context.Context) (int64, error)
	Witnesses(ctx context.Context, origin string) (map[string]int64, error)
	EvidenceAgainst(ctx context.Context, origin string) ([]ledger.Evidence, error)
	Prove(ctx context.Context, origin string, index int64) (*ledger.Inclusion, error)
	Keys(ctx context.Context, origin string) ([]string, error)
	WaitFollower(ctx context.Context, name string, position int64) error
}

// Media keeps media bytes.
type Media interface {
	Has(digest string) bool
	Open(digest string) (io.ReadSeekCloser, int64, error)
	Put(ctx context.Context, r io.Reader, want blob.Expect) (blob.Info, error)
}

// Files takes media in and knows what was made of them.
type Files interface {
	Files(ctx context.Context, digests ...string) (map[string]*media.File, error)
	Embedded(ctx context.Context, digest string) (*news.Item, error)
	Register(ctx context.Context, digest string) error
	UploadHandler(path string) (http.Handler, error)
}
