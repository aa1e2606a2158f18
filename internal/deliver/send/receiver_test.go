package send_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What follows, up to the end of the file, is printed in docs/delivery.md: the
// two must stay the same. It uses nothing but Go's standard library.

// Receiver takes the pushes of one destination.
type Receiver struct {
	Address string // as it stands in the destination, with https:// and the query
	Secret  []byte // as it stands in the destination
	// Keep stores a delivery durably. It does nothing if it has the id already.
	Keep func(id string, about http.Header, body []byte) error
}

const covered = `("@method" "@target-uri" "content-digest" "content-type" "idempotency-key" ` +
	`"jisr-part" "jisr-file" "jisr-origin" "jisr-item" "jisr-version" "jisr-act" "jisr-entry")`

func (v *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
	if err != nil {
		http.Error(w, "too large, or broken off", http.StatusRequestEntityTooLarge)
		return
	}
	if err := v.check(r, body); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	// Whoever sends the same request again, for whatever reason, changes nothing:
	// its id is signed, and Keep has it.
	id := strings.Trim(r.Header.Get("Idempotency-Key"), `"`)
	if err := v.Keep(id, r.Header, body); err != nil {
		http.Error(w, "not now", http.StatusServiceUnavailable) // it comes again
		return
	}
	w.WriteHeader(http.StatusAccepted) // only now: it will not come again
}

var created = regexp.MustCompile(`;created=([0-9]+)`)

func (v *Receiver) check(r *http.Request, body []byte) error {
	params, ok := strings.CutPrefix(r.Header.Get("Signature-Input"), "jisr=")
	if !ok || !strings.HasPrefix(params, covered+";") || !strings.HasSuffix(params, `;alg="hmac-sha256"`) {
		return errors.New("not signed as agreed")
	}
	var base strings.Builder
	for _, name := range strings.Fields(strings.Trim(covered, "()")) {
		name = strings.Trim(name, `"`)
		value := r.Header.Get(name)
		switch name {
		case "@method":
			value = r.Method
		case "@target-uri":
			value = v.Address
		}
		fmt.Fprintf(&base, "%q: %s\n", name, value)
	}
	fmt.Fprintf(&base, `"@signature-params": %s`, params)
	mac := hmac.New(sha256.New, v.Secret)
	mac.Write([]byte(base.String()))
	want := "jisr=:" + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + ":"
	if !hmac.Equal([]byte(r.Header.Get("Signature")), []byte(want)) {
		return errors.New("the signature does not hold")
	}
	sum := sha256.Sum256(body)
	if r.Header.Get("Content-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
		return errors.New("the body is not the one that was signed")
	}
	found := created.FindStringSubmatch(params)
	if found == nil {
		return errors.New("not signed as agreed")
	}
	at, _ := strconv.ParseInt(found[1], 10, 64)
	if age := time.Since(time.Unix(at, 0)); age > 5*time.Minute || age < -5*time.Minute {
		return errors.New("signed too long ago, or our clock is wrong")
	}
	return nil
}
