package remote

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"

	"jisr/internal/news"
)

// hostKey is what proves a server.
type hostKey struct {
	ssh  ssh.PublicKey
	cert []byte // SHA-256 of a certificate
}

func parseHostKey(a address, s string) (hostKey, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return hostKey{}, nil
	case a.scheme == "sftp":
		return parseSSHKey(s)
	case !a.secure():
		return hostKey{}, news.Errorf(news.Invalid, "hostKey", "plain FTP cannot prove a server: use ftps://, or ftp:// with ?tls=explicit, or leave this empty")
	}
	digits, ok := strings.CutPrefix(strings.ToLower(s), "sha256:")
	sum, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if !ok || err != nil || len(sum) != sha256.Size {
		return hostKey{}, news.Errorf(news.Invalid, "hostKey", "it must be sha256: and the 64 hex digits of the certificate's fingerprint")
	}
	return hostKey{cert: sum}, nil
}

// parseSSHKey reads "ssh-ed25519 AAAA…", also as a whole line of known_hosts.
func parseSSHKey(s string) (hostKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s))
	if err != nil {
		_, _, key, _, _, err = ssh.ParseKnownHosts([]byte(s))
	}
	if err != nil || key == nil {
		return hostKey{}, news.Errorf(news.Invalid, "hostKey", "it must be the server's key as in known_hosts: ssh-ed25519 AAAA…")
	}
	return hostKey{ssh: key}, nil
}

// sshAlgorithms are the host keys that are taken, best first.
var sshAlgorithms = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}

// algorithms returns those by which the server can show the key on record.
func (k hostKey) algorithms() []string {
	switch {
	case k.ssh == nil:
		return sshAlgorithms
	case k.ssh.Type() == ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{k.ssh.Type()}
}

// checkSSH is asked before anything secret is sent.
func (k hostKey) checkSSH(_ string, _ net.Addr, shown ssh.PublicKey) error {
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(shown)))
	print := ssh.FingerprintSHA256(shown)
	if k.ssh == nil {
		return news.Errorf(news.Forbidden, "hostKey", "no key of this server is on record; it shows %s; if its operator confirms that, enter: %s", print, line)
	}
	if subtle.ConstantTimeCompare(k.ssh.Marshal(), shown.Marshal()) != 1 {
		return news.Errorf(news.Forbidden, "hostKey", "this is not the server whose key is on record; it shows %s; only if its operator confirms a new key, enter: %s", print, line)
	}
	return nil
}

// tlsConfig proves the server by the fingerprint on record, or else by the
// system's authorities. Many servers want a file's connection to resume the
// session of the commands' connection: hence the cache.
func (a address) tlsConfig() *tls.Config {
	c := &tls.Config{ServerName: a.host, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	if a.key.cert != nil {
		c.InsecureSkipVerify = true // VerifyConnection is stricter
		c.VerifyConnection = func(s tls.ConnectionState) error {
			sum := sha256.Sum256(s.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare(sum[:], a.key.cert) != 1 {
				return news.Errorf(news.Forbidden, "hostKey", "this is not the server whose certificate is on record; only if its operator confirms a new one, enter: sha256:%s", hex.EncodeToString(sum[:]))
			}
			return nil
		}
	}
	return c
}
