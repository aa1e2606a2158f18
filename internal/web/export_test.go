package web

// SessionCookie is the name of the cookie that holds a session's secret.
func SessionCookie(origin, nodeURL string) string { return cookiesFor(origin, nodeURL).session }

// Routes lists the patterns of the table.
func Routes() []string {
	var out []string
	for _, r := range table {
		out = append(out, r.pattern)
	}
	return out
}
