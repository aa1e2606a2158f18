package collect

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds on what a publisher says about when to come again: caches are set up
// for browsers, and a wire that is a day late is none.
const (
	maxFresh = time.Hour      // of what caches are told
	maxPause = 24 * time.Hour // of what we are told
	minPause = time.Minute    // after 429 and 503 without a word
)

// fresh returns how long an answer stays good by its own header (RFC 9111 §4.2);
// 0 if it does not say.
func fresh(h http.Header) time.Duration {
	var d time.Duration
	control := strings.ToLower(strings.Join(h.Values("Cache-Control"), ","))
	for part := range strings.SplitSeq(control, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "no-cache", "no-store":
			return 0
		case "max-age":
			n, err := strconv.ParseInt(strings.Trim(value, `" `), 10, 32)
			if err != nil || n <= 0 {
				return 0
			}
			d = time.Duration(n) * time.Second
		}
	}
	if d == 0 && !strings.Contains(control, "max-age") {
		expires, err := http.ParseTime(h.Get("Expires"))
		date, err2 := http.ParseTime(h.Get("Date"))
		if err != nil || err2 != nil {
			return 0
		}
		d = expires.Sub(date)
	}
	if age, err := strconv.ParseInt(h.Get("Age"), 10, 32); err == nil && age > 0 {
		d -= time.Duration(age) * time.Second
	}
	return min(max(d, 0), maxFresh)
}

// retryAfter returns how long an answer asks to be left alone (RFC 9110 §10.2.3),
// at least otherwise.
func retryAfter(h http.Header, now time.Time, otherwise time.Duration) time.Duration {
	d := otherwise
	v := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseInt(v, 10, 32); err == nil && n > 0 {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, otherwise), maxPause)
}
