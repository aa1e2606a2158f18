package exchange

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// ProfilePath is where a node says who it is.
const ProfilePath = "/.well-known/jisr.json"

// Profile is how an organisation presents itself to others.
type Profile struct {
	news.Organisation
	URL      string   `json:"url,omitempty"` // of the node; empty when nobody can reach it
	Keys     []string `json:"keys"`          // note verifier keys, the one that signs first
	Versions []int    `json:"versions"`      // of the protocol
	Software string   `json:"software,omitempty"`
	// Issued is when people last changed it. An older one never replaces a newer.
	Issued time.Time `json:"issued,omitzero"`
}

// ownProfile is how this organisation's profile is stored: with the addresses
// that it had before, because partners go on signing for an address until they
// have heard of the next.
type ownProfile struct {
	Profile
	Before []string `json:"before,omitempty"`
}

// maxBefore is how many former addresses are still answered.
const maxBefore = 5

// signedProfile is the document at ProfilePath. The signature is over the exact
// bytes of the member profile.
type signedProfile struct {
	Profile   jsontext.Value `json:"profile"`
	Key       string         `json:"key"`
	Signature []byte         `json:"signature"`
}

// profileContext begins what the key signs, so that the signature can be taken
// for nothing else.
const profileContext = "jisr-profile/v1\n"

// maxProfile is the largest profile document in bytes.
const maxProfile = 256 << 10

// SetProfile replaces how this organisation presents itself. The origin cannot
// change: it is the ledger's name.
func (s *Service) SetProfile(ctx context.Context, org news.Organisation, nodeURL string) error {
	org.Origin = s.ledger.Origin()
	if err := org.Validate(); err != nil {
		return err
	}
	if nodeURL != "" {
		u, err := cleanURL(nodeURL)
		if err != nil {
			return err
		}
		nodeURL = u.String()
	}
	was, err := s.ownProfile(ctx)
	if err != nil {
		return err
	}
	before := was.Before
	if was.URL != "" && was.URL != nodeURL {
		before = append([]string{was.URL}, before...)
	}
	b, err := json.Marshal(ownProfile{Profile{Organisation: org, URL: nodeURL, Issued: s.now().UTC()}, before[:min(len(before), maxBefore)]})
	if err != nil {
		return fmt.Errorf("set profile: %w", err)
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO profile (id, body) VALUES (1, $1)
			ON CONFLICT (id) DO UPDATE SET body = excluded.body`, b)
		if err != nil {
			return fmt.Errorf("set profile: %w", err)
		}
		return tx.Notify(ctx, Topic)
	})
	if err != nil {
		return err
	}
	s.announce(ctx)
	return nil
}

// announce shows this organisation's profile to every confirmed partner. One
// that is away is shown it when this node starts next.
func (s *Service) announce(ctx context.Context) {
	partners, err := s.Partners(ctx)
	if err != nil {
		s.log.Error("cannot read whom to show the profile to", "err", err)
		return
	}
	var wg sync.WaitGroup
	for _, p := range partners {
		if p.State != Confirmed || p.URL == "" {
			continue
		}
		wg.Go(func() {
			if err := s.sendHello(ctx, p.URL); err != nil && ctx.Err() == nil {
				s.log.Info("a partner could not be shown our profile", "partner", p.Origin, "err", err)
			}
		})
	}
	wg.Wait()
}

// Profile returns how this organisation presents itself.
func (s *Service) Profile(ctx context.Context) (*Profile, error) {
	p, err := s.ownProfile(ctx)
	if err != nil {
		return nil, err
	}
	return &p.Profile, nil
}

func (s *Service) ownProfile(ctx context.Context) (*ownProfile, error) {
	p := &ownProfile{Profile: Profile{Organisation: news.Organisation{Origin: s.ledger.Origin(), Kind: "other"}}}
	var b []byte
	err := s.db.Reader().QueryRowContext(ctx, `SELECT body FROM profile WHERE id = 1`).Scan(&b)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	if err == nil {
		if err := json.Unmarshal(b, p); err != nil {
			return nil, fmt.Errorf("read profile: %w", err)
		}
	}
	p.Keys = []string{s.ledger.Key().Verifier}
	p.Versions, p.Software = []int{1}, "jisr/"+s.version
	return p, nil
}

// SignedProfile returns the document for ProfilePath.
func (s *Service) SignedProfile(ctx context.Context) ([]byte, error) {
	p, err := s.Profile(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	key := s.ledger.Key()
	return json.Marshal(signedProfile{Profile: raw, Key: key.Verifier, Signature: key.Sign(append([]byte(profileContext), raw...))})
}

// openProfile verifies a profile document and returns it with the key that
// signed it. Whether the key is to be trusted is for people to confirm.
func openProfile(doc []byte) (*Profile, string, error) {
	bad := func(why string) error {
		return news.Errorf(news.Invalid, "profile", "this is not the profile of a Jisr node: %s", why)
	}
	if len(doc) > maxProfile {
		return nil, "", bad("it is too large")
	}
	var d signedProfile
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, "", bad("it is not the JSON it should be")
	}
	name, public, err := ledger.PublicKey(d.Key)
	if err != nil {
		return nil, "", bad("its key cannot be read")
	}
	if !ed25519.Verify(public, append([]byte(profileContext), d.Profile...), d.Signature) {
		return nil, "", bad("its signature does not hold")
	}
	var p Profile
	if err := json.Unmarshal(d.Profile, &p); err != nil {
		return nil, "", bad("it is not the JSON it should be")
	}
	if err := p.Validate(); err != nil {
		return nil, "", err
	}
	if p.Origin != name || len(p.Keys) == 0 || p.Keys[0] != d.Key {
		return nil, "", bad("it is signed by a key that it does not name as its own")
	}
	return &p, d.Key, nil
}

// cleanURL reads the address of a node: https, or http on this very machine,
// with nothing after the host but a path.
func cleanURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(s), "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, news.Errorf(news.Invalid, "url", "%q is not the address of a node, such as https://node.wire.example", s)
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return nil, news.Errorf(news.Invalid, "url", "%q: nodes are called over https (http only on this machine)", s)
	}
	return u, nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}
