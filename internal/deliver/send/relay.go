package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"jisr/internal/fetch"
	"jisr/internal/news"
)

// Relay is the SMTP server that the node sends mail through, as its operator
// configures it.
type Relay struct {
	Host   string `json:"host"`
	Port   int    `json:"port,omitempty"`   // 0 is that of TLS: 587, 465 or 25
	TLS    string `json:"tls,omitempty"`    // starttls (also if empty), tls or none
	User   string `json:"user,omitempty"`   // empty signs in nowhere
	Secret string `json:"secret,omitempty"` // password
	From   string `json:"from"`             // address, as "Wire <wire@paper.example>"
	CA     string `json:"ca,omitempty"`     // PEM file of the authority that signed its certificate, if not a public one
}

// How the connection to a relay is protected.
const (
	startTLS    = "starttls"
	implicitTLS = "tls"
	noTLS       = "none"
)

// Check fails with Invalid if no mail could go out by these settings.
func (r *Relay) Check() error {
	bad := func(field, why string) error { return news.Errorf(news.Invalid, field, "mail settings: %s", why) }
	switch {
	case r.Host == "" || strings.ContainsAny(r.Host, " /\r\n"):
		return bad("host", "host must name the SMTP server")
	case r.Port < 0 || r.Port > 65535:
		return bad("port", "port must be 1 to 65535")
	case r.mode() != startTLS && r.mode() != implicitTLS && r.mode() != noTLS:
		return bad("tls", "tls must be starttls, tls or none")
	case r.User != "" && r.mode() == noTLS:
		return bad("tls", "a password is not sent without TLS: use starttls or tls, or leave user empty")
	}
	if a, err := mail.ParseAddress(r.From); err != nil || !strings.Contains(a.Address, ".") {
		return bad("from", "from must be an address such as Wire <wire@paper.example>")
	}
	_, err := r.tlsConfig()
	return err
}

func (r *Relay) mode() string {
	if r.TLS == "" {
		return startTLS
	}
	return r.TLS
}

func (r *Relay) port() int {
	switch {
	case r.Port != 0:
		return r.Port
	case r.mode() == implicitTLS:
		return 465
	case r.mode() == noTLS:
		return 25
	}
	return 587
}

func (r *Relay) tlsConfig() (*tls.Config, error) {
	c := &tls.Config{ServerName: r.Host, MinVersion: tls.VersionTLS12}
	if r.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(r.CA)
	if err != nil {
		return nil, news.Errorf(news.Invalid, "ca", "mail settings: the file of the certificate authority cannot be read").Because(err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, news.Errorf(news.Invalid, "ca", "mail settings: there is no certificate in %s", r.CA)
	}
	return c, nil
}

// The bounds of one mail's way to the relay.
const (
	relayIdle = time.Minute      // without a byte in or out; RFC 5321 §4.5.3.2 asks for more at the end of DATA only
	relayEnd  = 10 * time.Minute // of everything
)

// client returns a client of the relay and the way to cut its connection. The
// operator named the relay: it may be in a private network.
func (r *Relay) client(hello string) (c *gomail.Client, cut func(), err error) {
	config, err := r.tlsConfig()
	if err != nil {
		return nil, nil, err
	}
	var open net.Conn
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		tcp, err := fetch.Dialer(func(string) bool { return true })(ctx, network, address)
		if err != nil {
			return nil, err
		}
		open = tcp
		live := &alive{tcp, time.Now().Add(relayEnd)}
		if r.mode() != implicitTLS {
			return live, nil
		}
		secure := tls.Client(live, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			tcp.Close() //nolint:errcheck // it never served
			return nil, err
		}
		return secure, nil
	}
	cut = func() {
		if open != nil {
			open.Close() //nolint:errcheck // it is given up
		}
	}
	policy := map[string]gomail.TLSPolicy{startTLS: gomail.TLSMandatory, implicitTLS: gomail.TLSOpportunistic, noTLS: gomail.NoTLS}[r.mode()]
	options := []gomail.Option{gomail.WithDialContextFunc(dial), gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(config),
		gomail.WithPort(r.port()), gomail.WithHELO(hello), gomail.WithTimeout(relayEnd), gomail.WithoutNoop()}
	if r.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(r.User), gomail.WithPassword(r.Secret))
	}
	c, err = gomail.NewClient(r.Host, options...)
	return c, cut, err
}

// hostPort names the relay in messages.
func (r *Relay) hostPort() string { return net.JoinHostPort(r.Host, strconv.Itoa(r.port())) }

// alive ends a connection that falls silent, and any at its end. The library's
// own deadlines are for everything at once.
type alive struct {
	net.Conn
	end time.Time
}

func (c *alive) deadline() time.Time {
	if idle := time.Now().Add(relayIdle); idle.Before(c.end) {
		return idle
	}
	return c.end
}

func (c *alive) Read(b []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *alive) Write(b []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
