package main

import (
	"fmt"
	"io"

	"jisr/internal/node"
)

// key is a signing key as --json prints it.
type key struct {
	Origin string `json:"origin"`
	Key    string `json:"key"` // note verifier key: the public half
	Words  string `json:"fingerprint"`
	Hex    string `json:"fingerprint_hex"`
}

func keyOf(n *node.Node) key {
	f := n.Exchange.OwnFingerprint()
	return key{n.Ledger.Origin(), n.Ledger.Key().Verifier, f.Words, f.Hex}
}

type keyFingerprintCmd struct{}

func (c *keyFingerprintCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		k := keyOf(n)
		return a.show(k, func(w io.Writer) { fmt.Fprintf(w, "%s\n%s\n%s\n", k.Words, k.Hex, k.Key) })
	})
}

type keyRotateCmd struct{}

func (c *keyRotateCmd) Run(a *app) error {
	return a.with(node.OpenToWrite, func(n *node.Node) error {
		if _, err := n.Ledger.RotateKey(a.ctx, shell()); err != nil {
			return err
		}
		k := keyOf(n)
		return a.show(k, func(w io.Writer) {
			fmt.Fprintf(w, "A new key signs from now on; partners learn it from the ledger.\nFingerprint: %s\nMake a backup: the key is in it.\n", k.Words)
		})
	})
}
