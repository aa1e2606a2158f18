package send

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"jisr/internal/deliver"
	"jisr/internal/fetch"
)

// maxWait is the longest that a receiver's Retry-After puts us off.
const maxWait = 6 * time.Hour

// judge says what an answer means for the delivery.
func (p *Push) judge(res *http.Response, body []byte) (deliver.Receipt, error) {
	status := strconv.Itoa(res.StatusCode)
	if text := http.StatusText(res.StatusCode); text != "" {
		status += " " + text
	}
	words := said(res, body)
	if words != "" {
		status += ": " + words
	}
	if res.StatusCode/100 == 2 {
		return deliver.Receipt{Status: status}, nil
	}
	no := &deliver.Refusal{Status: status}
	switch code := res.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		no.Again, no.After = true, retryAfter(res.Header, p.options.Now())
		no.Reason = "the receiver cannot take it now"
	case code/100 == 3:
		no.Reason = "the receiver moved; signed news is not sent on: if " + quoteLocation(res) + " is right, enter it as the address"
	default:
		no.Reason = reasons[code]
		if no.Reason == "" {
			no.Reason = "the receiver will not have it: its answer or its operator must say why"
		}
	}
	return deliver.Receipt{}, no
}

// reasons is what an operator can do about an answer.
var reasons = map[int]string{
	http.StatusBadRequest:            "the receiver cannot read it: compare the format of the destination with what it expects",
	http.StatusUnauthorized:          "the receiver does not accept the signature: compare the secret, the address and the clocks on both sides",
	http.StatusForbidden:             "the receiver does not accept the signature or this node: compare the secret, the address and the clocks on both sides",
	http.StatusNotFound:              "nothing receives at this address: correct it",
	http.StatusMethodNotAllowed:      "this address takes no POST: correct it",
	http.StatusConflict:              "the receiver holds something else under this delivery or item",
	http.StatusGone:                  "the receiver ended this address for good: end the destination or enter the new address",
	http.StatusRequestEntityTooLarge: "it is too large for the receiver: have its limit raised, or send without media",
	http.StatusUnsupportedMediaType:  "the receiver does not take this format: choose another for the destination",
	http.StatusUnprocessableEntity:   "the receiver read it and will not have it: its answer or its operator must say why",
}

// said returns what the answer says in words; a page for browsers says nothing.
func said(res *http.Response, body []byte) string {
	t := strings.ToLower(res.Header.Get("Content-Type"))
	if strings.Contains(t, "html") || !(t == "" || strings.HasPrefix(t, "text/") || strings.Contains(t, "json") || strings.Contains(t, "xml")) {
		return ""
	}
	return fetch.Said(string(body))
}

func quoteLocation(res *http.Response) string {
	u, err := res.Location()
	if err != nil {
		return "the address that its operator names"
	}
	return fetch.Said(u.Redacted())
}

// retryAfter reads Retry-After in both of its forms (RFC 9110 §10.2.3). It is 0
// if there is none that can be read.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	var d time.Duration
	if n, err := strconv.ParseUint(v, 10, 63); err == nil {
		d = maxWait
		if n < uint64(maxWait/time.Second) {
			d = time.Duration(n) * time.Second
		}
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxWait)
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(s[:])
}

// bytesOf writes a size for people who run a node.
func bytesOf(n int64) string { return fmt.Sprintf("%d bytes", n) }
