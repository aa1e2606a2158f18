package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"jisr/internal/exchange"
	"jisr/internal/news"
)

type verifyCmd struct {
	Files       []string `arg:"" name:"file" help:"Proof files, with the content and media that they prove; or folders of them." type:"path"`
	Keys        []string `help:"Insist on this key of the issuer, as its profile prints it; may be repeated." name:"key" sep:"none" placeholder:"KEY"`
	Fingerprint string   `help:"Insist on the key with this fingerprint, in words." placeholder:"WORDS"`
	Quiet       bool     `help:"Print how many hold and nothing else." short:"q"`
}

// verified is a proof that holds, as --json prints it.
type verified struct {
	File string `json:"file"`
	*exchange.Verified
}

// doubt is a file that does not hold, as --json prints it.
type doubt struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// verification is the work of one jisr verify.
type verification struct {
	Proofs   []verified `json:"proofs"`
	Problems []doubt    `json:"problems"`
	others   []string   // files that are no proofs
}

func (c *verifyCmd) Run(a *app) error {
	files, err := c.files()
	if err != nil {
		return err
	}
	v := &verification{Proofs: []verified{}, Problems: []doubt{}}
	for _, f := range files {
		if err := c.proof(v, f); err != nil {
			return err
		}
	}
	if len(v.Proofs)+len(v.Problems) == 0 {
		return news.Errorf(news.Invalid, "", "there is no proof file among the files")
	}
	if err := v.rest(); err != nil {
		return err
	}
	err = a.show(v, func(w io.Writer) { v.print(w, a.err, c.Quiet) })
	if err == nil && len(v.Problems) > 0 {
		err = unproven{news.Errorf(news.Invalid, "", "%d of %d files do not hold", len(v.Problems), len(files))}
	}
	return err
}

// files lists the files, those of folders too.
func (c *verifyCmd) files() ([]string, error) {
	var out []string
	for _, f := range c.Files {
		info, err := os.Stat(f)
		if err != nil {
			return nil, news.Errorf(news.NotFound, "file", "there is no %s", f).Because(err)
		}
		if !info.IsDir() {
			out = append(out, f)
			continue
		}
		entries, err := os.ReadDir(f)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() {
				out = append(out, filepath.Join(f, e.Name()))
			}
		}
	}
	return out, nil
}

// maxProof is the largest file that is looked at as a proof, in bytes.
const maxProof = 32 << 20

// proof verifies the file if it is a proof, and else keeps it for rest.
func (c *verifyCmd) proof(v *verification, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	var doc []byte
	if info.Size() <= maxProof {
		if doc, err = os.ReadFile(file); err != nil {
			return err
		}
	}
	if !bytes.Contains(doc, []byte(`"jisr_proof"`)) {
		v.others = append(v.others, file)
		return nil
	}
	got, err := exchange.VerifyProof(doc, nil, c.Keys)
	switch {
	case err != nil:
		v.Problems = append(v.Problems, doubt{file, sentence(err)})
	case c.Fingerprint != "" && !strings.EqualFold(strings.Join(strings.Fields(c.Fingerprint), " "), got.Fingerprint):
		v.Problems = append(v.Problems, doubt{file, fmt.Sprintf("it is signed by another key: %s", got.Fingerprint)})
	default:
		v.Proofs = append(v.Proofs, verified{file, got})
	}
	return nil
}

// rest looks for the proofs that commit to the other files. A file that none
// commits to was altered, or is a stranger; either way it is not proven.
func (v *verification) rest() error {
	for _, f := range v.others {
		digest, err := digestOf(f)
		if err != nil {
			return err
		}
		known := false
		for _, p := range v.Proofs {
			if at := slices.Index(p.Digests, digest); at >= 0 {
				known = true
				p.Files[f] = map[bool]string{true: "content", false: "media"}[at == 0]
			}
		}
		if !known {
			v.Problems = append(v.Problems, doubt{f, "no proof that holds commits to this file: it was altered, or belongs to another version"})
		}
	}
	return nil
}

// digestOf returns the digest of a file of any size.
func digestOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("sha256:%x", h.Sum(nil)), nil
}

func (v *verification) print(out, problems io.Writer, quiet bool) {
	files := 0
	for _, p := range v.Proofs {
		files += len(p.Files)
		if quiet {
			continue
		}
		fmt.Fprintf(out, "%s holds.\n%s", p.File, p.Words())
		for f, what := range p.Files {
			fmt.Fprintf(out, "%s is its %s.\n", f, what)
		}
		fmt.Fprintln(out)
	}
	for _, d := range v.Problems {
		fmt.Fprintf(problems, "%s: %s\n", d.File, d.Reason)
	}
	fmt.Fprintf(out, "%d proofs hold, with %d files beside them\n", len(v.Proofs), files)
}
