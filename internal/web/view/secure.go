package view

import (
	"fmt"
	"strings"

	"rsc.io/qr"

	"jisr/internal/people"
)

// Code is the page that asks for a code of the second factor.
type Code struct {
	Shell
	Ticket, Next string
}

// Secure is the page about how the reader signs in.
type Secure struct {
	Shell
	Factor     people.Factor
	Enrolment  *people.Enrolment // a secret just made, shown this once
	Recovery   []string          // codes just made, shown this once
	CanPasskey bool
	Passkeys   []people.Passkey
}

// quiet is the margin of a QR code in modules (ISO/IEC 18004 §5.3.8).
const quiet = 4

// squares draws the QR code of a text as the path of an SVG image, and returns
// it with the image's view box; empty if the text is too long for one.
func squares(text string) (path, box string) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", ""
	}
	var b strings.Builder
	for y := range c.Size {
		for x := range c.Size {
			if c.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return b.String(), fmt.Sprintf("0 0 %d %d", c.Size+2*quiet, c.Size+2*quiet)
}

// spaced writes a secret in groups of four, as one reads it aloud.
func spaced(secret string) string {
	var groups []string
	for len(secret) > 4 {
		groups, secret = append(groups, secret[:4]), secret[4:]
	}
	return strings.Join(append(groups, secret), " ")
}
