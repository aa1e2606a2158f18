package view

import (
	"slices"

	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/people"
)

// SignIn is the page on which one signs in.
type SignIn struct {
	Shell
	Login string
	Next  string // where the reader wanted to go

	CanPasskey bool
	Provider   string // how people call the organisation's sign-in service; empty for none
}

// Welcome is the first page of a node that has no account.
type Welcome struct {
	Shell
	Login, Name string
}

// Failure is the page that says why there is no page.
type Failure struct {
	Shell
	Status int    // HTTP
	Lede   string // in the reader's language
	Detail string // in English; may be empty
	Next   string // of a reader who has not signed in: where to go on
}

// Organisation is how the house presents itself, with the form to change it.
type Organisation struct {
	Shell
	Profile *exchange.Profile
	Own     exchange.Fingerprint
}

// Accounts is the list of accounts with the form that adds one.
type Accounts struct {
	Shell
	Accounts []people.Account
	More     string // address of the next page
	New      people.NewAccount
}

// Account is the page on which an administrator changes an account.
type Account struct {
	Shell
	Account people.Account
}

// Me is the reader's own page.
type Me struct {
	Shell
	Sessions []people.Session
	Tokens   []people.Token
	Secret   string // of a token just made, shown this once
}

// LedgerState is the page about the ledgers that the node holds.
type LedgerState struct {
	Shell
	Logs      []*ledger.Head
	Position  int64
	Lags      []ledger.Lag
	Witnesses []WitnessOf
}

// WitnessOf is how far a partner has countersigned this house's ledger.
type WitnessOf struct {
	Origin string
	Size   int64
}

func roleOptions(s Shell, chosen []people.Role) []Option {
	var out []Option
	for _, r := range people.Roles {
		out = append(out, Option{Value: string(r), Label: s.T("role." + string(r)), Chosen: slices.Contains(chosen, r)})
	}
	return out
}

func scopeOptions(s Shell) []Option {
	var out []Option
	for _, c := range people.Scopes {
		out = append(out, Option{Value: string(c), Label: s.T("scope." + string(c))})
	}
	return out
}

func kindOptions(s Shell, chosen news.OrganisationKind) []Option {
	var out []Option
	for _, k := range news.OrganisationKinds {
		out = append(out, Option{Value: string(k), Label: s.T("kind." + string(k)), Chosen: k == chosen})
	}
	return out
}

// languagesBut marks the language that an account has.
func languagesOf(s Shell, chosen string) []Option {
	out := s.Languages()
	for i := range out {
		out[i].Chosen = out[i].Value == chosen
	}
	return out
}
