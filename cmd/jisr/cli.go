package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"github.com/alecthomas/kong"

	"jisr/internal/ledger"
	"jisr/internal/node"
)

const about = "Jisr is an exchange for newsrooms: publish, correct and kill with proof, and share under agreements."

// grammar is the command line.
type grammar struct {
	Data string `help:"The node's data folder; by default ./data." env:"JISR_DATA" type:"path" placeholder:"DIR"`
	JSON bool   `help:"Print JSON, for programs." name:"json"`

	Init  initCmd  `cmd:"" help:"Make a new node in the data folder."`
	Serve serveCmd `cmd:"" help:"Serve the node until it is stopped."`
	Demo  demoCmd  `cmd:"" help:"Run two newsrooms side by side to try Jisr out."`

	Item struct {
		Import  importCmd  `cmd:"" help:"Issue what files of any known format hold."`
		Export  exportCmd  `cmd:"" help:"Write items as files."`
		List    listCmd    `cmd:"" help:"List the wire, newest first."`
		Search  searchCmd  `cmd:"" help:"Find items by what they say."`
		Similar similarCmd `cmd:"" help:"Find items that tell the same story, exactly or nearly."`
		Show    showCmd    `cmd:"" help:"Show an item, its versions and who used it."`
		Wait    waitCmd    `cmd:"" help:"Wait until items have arrived."`
		Publish publishCmd `cmd:"" help:"Publish a new item."`
		Update  updateCmd  `cmd:"" help:"Issue an update of an item."`
		Correct correctCmd `cmd:"" help:"Correct an item."`
		Hold    holdCmd    `cmd:"" help:"Have every receiver stop using an item for now."`
		Release releaseCmd `cmd:"" help:"Lift the hold on an item."`
		Kill    killCmd    `cmd:"" help:"Forbid the use of an item for good."`
		Refile  refileCmd  `cmd:"" help:"Issue a killed or wrongly filed item anew."`
	} `cmd:"" help:"Work with items."`

	Source struct {
		Add    sourceAddCmd    `cmd:"" help:"Add a place that news comes from."`
		List   sourceListCmd   `cmd:"" help:"List sources and how they fare."`
		Show   sourceShowCmd   `cmd:"" help:"Show a source."`
		Change sourceChangeCmd `cmd:"" help:"Change a source."`
		Pause  sourcePauseCmd  `cmd:"" help:"Stop looking at a source."`
		Resume sourceResumeCmd `cmd:"" help:"Look at a source again."`
		Remove sourceRemoveCmd `cmd:"" help:"Remove a source; what came from it stays."`
		Fetch  sourceFetchCmd  `cmd:"" help:"Look at a source now and take what is new."`
	} `cmd:"" help:"Work with the places that news comes from."`

	Arrivals struct {
		List    arrivalsListCmd    `cmd:"" help:"List files as they came, the newest first."`
		Show    arrivalsShowCmd    `cmd:"" help:"Show what came of a file."`
		Retry   arrivalsRetryCmd   `cmd:"" help:"Take files anew that failed or were set aside."`
		Dismiss arrivalsDismissCmd `cmd:"" help:"Set files aside that failed."`
		Save    arrivalsSaveCmd    `cmd:"" help:"Write a file as it came."`
	} `cmd:"" help:"Work with the files that came."`

	Partner struct {
		Add     partnerAddCmd     `cmd:"" help:"Get to know another node, by its address."`
		Confirm partnerConfirmCmd `cmd:"" help:"Confirm a partner after comparing fingerprints."`
		Block   partnerBlockCmd   `cmd:"" help:"End all contact with a partner."`
		List    partnerListCmd    `cmd:"" help:"List partners."`
	} `cmd:"" help:"Work with partners."`

	Agreement struct {
		Offer  offerCmd         `cmd:"" help:"Offer terms to a partner."`
		Accept acceptCmd        `cmd:"" help:"Accept what a partner proposed."`
		End    endCmd           `cmd:"" help:"End an agreement, or withdraw or decline an offer."`
		List   agreementListCmd `cmd:"" help:"List agreements."`
	} `cmd:"" help:"Work with agreements."`

	Vocab struct {
		Import vocabImportCmd `cmd:"" help:"Load vocabularies from IPTC's own files, or others of their form."`
		List   vocabListCmd   `cmd:"" help:"List vocabularies, or what stands under a concept."`
		Search vocabSearchCmd `cmd:"" help:"Find concepts by words of their names."`
		Show   vocabShowCmd   `cmd:"" help:"Show a concept."`
	} `cmd:"" help:"Work with vocabularies: media topics, genres and other codes."`

	Subscriber struct {
		Add    subscriberAddCmd    `cmd:"" help:"Add an organisation that gets items without running a node."`
		Change subscriberChangeCmd `cmd:"" help:"Change a subscriber and what it takes."`
		List   subscriberListCmd   `cmd:"" help:"List subscribers."`
		Remove subscriberRemoveCmd `cmd:"" help:"Remove a subscriber and its destinations."`
	} `cmd:"" help:"Work with subscribers."`

	Product struct {
		Add    productAddCmd    `cmd:"" help:"Make a product: a saved query that can be subscribed to."`
		Change productChangeCmd `cmd:"" help:"Change a product."`
		List   productListCmd   `cmd:"" help:"List products."`
		Remove productRemoveCmd `cmd:"" help:"Remove a product."`
	} `cmd:"" help:"Work with products."`

	Destination struct {
		Add    destinationAddCmd    `cmd:"" help:"Add a place where a subscriber gets items."`
		Change destinationChangeCmd `cmd:"" help:"Change a destination."`
		List   destinationListCmd   `cmd:"" help:"List destinations and how they fare."`
		Remove destinationRemoveCmd `cmd:"" help:"Remove a destination."`
		Test   destinationTestCmd   `cmd:"" help:"Send a message that says that it is a test."`
		Resume destinationResumeCmd `cmd:"" help:"Try a destination again that was paused."`
		Token  destinationTokenCmd  `cmd:"" help:"List, make or revoke the tokens of a feed."`
	} `cmd:"" help:"Work with destinations."`

	Deliveries struct {
		List   deliveriesListCmd   `cmd:"" help:"List the delivery log, newest first."`
		Show   deliveriesShowCmd   `cmd:"" help:"Show a delivery, or the bytes that were sent."`
		Resend deliveriesResendCmd `cmd:"" help:"Send the newest version of a delivery's item again."`
	} `cmd:"" help:"Look into the delivery log."`

	Convert convertCmd `cmd:"" help:"Convert files between the formats of news, or check them."`
	Pull    pullCmd    `cmd:"" help:"Read what a partner has now."`
	Recover recoverCmd `cmd:"" help:"Get entries of your own that a restored node lacks back from partners."`
	Proof   proofCmd   `cmd:"" help:"Write the proof file of an item."`
	Verify  verifyCmd  `cmd:"" help:"Check proof files and the files beside them, without a network or a node."`

	Bundle struct {
		Export bundleExportCmd `cmd:"" help:"Write what a partner may see into one file."`
		Import bundleImportCmd `cmd:"" help:"Verify a partner's bundle and take it in."`
	} `cmd:"" help:"Exchange by file, where no line connects the nodes."`

	Ledger struct {
		Check ledgerCheckCmd `cmd:"" help:"Recompute every ledger from its stored bytes."`
		Tail  ledgerTailCmd  `cmd:"" help:"Print the journal's newest entries."`
	} `cmd:"" help:"Look into the ledgers."`

	Key struct {
		Rotate      keyRotateCmd      `cmd:"" help:"Replace the signing key."`
		Fingerprint keyFingerprintCmd `cmd:"" help:"Print the fingerprint that partners compare."`
	} `cmd:"" help:"Work with the signing key."`

	User struct {
		Add      userAddCmd      `cmd:"" help:"Make an account."`
		List     userListCmd     `cmd:"" help:"List accounts."`
		Password userPasswordCmd `cmd:"" help:"Set an account's password."`
	} `cmd:"" help:"Work with accounts."`

	Token struct {
		Create tokenCreateCmd `cmd:"" help:"Make a token for a program."`
	} `cmd:"" help:"Work with tokens."`

	Backup     backupCmd     `cmd:"" help:"Write a backup of the node, also while it serves."`
	Restore    restoreCmd    `cmd:"" help:"Make a node out of a backup."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print a shell's completion script."`
}

// app is a command being run.
type app struct {
	grammar
	streams

	ctx    context.Context
	parser *kong.Kong
}

// data is the node's data folder.
func (a *app) data() string { return cmp.Or(a.Data, "data") }

// quiet is the log of a command: what it has to say it prints.
func (a *app) quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// opener is node.OpenToRead, OpenToWrite or Open.
type opener func(context.Context, *node.Config, *slog.Logger) (*node.Node, error)

// with opens the node, calls f with it and closes it.
func (a *app) with(open opener, f func(n *node.Node) error) error {
	c, err := node.LoadConfig(a.data())
	if err != nil {
		return err
	}
	n, err := open(a.ctx, c, a.quiet())
	if err != nil {
		return err
	}
	return errors.Join(f(n), n.Close())
}

// attended is with for what shows through followers: f is called once the lists
// and the agreements show the whole journal, and they go on being followed.
func (a *app) attended(open opener, f func(n *node.Node) error) error {
	return a.with(open, func(n *node.Node) error {
		stop := n.Attend(a.ctx)
		defer stop()
		if err := n.CatchUpAll(a.ctx); err != nil {
			return err
		}
		return f(n)
	})
}

// shell is who acts in the ledger when a command does. Whoever may write into
// the data folder may act for the house; the ledger names no person.
func shell() ledger.Actor { return ledger.Actor{Role: "operator"} }
