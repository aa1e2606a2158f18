package remote

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// address is a server's URL, taken apart.
type address struct {
	scheme   string // ftp, ftps, sftp
	host     string // as the operator wrote it, lower case
	port     string
	folder   string // as the server is to be told; empty for where the account lands
	explicit bool   // ftp with AUTH TLS
	key      hostKey
}

var ports = map[string]string{"ftp": "21", "ftps": "990", "sftp": "22"}

func parse(s Server) (address, error) {
	bad := func(format string, args ...any) (address, error) {
		return address{}, news.Errorf(news.Invalid, "address", format, args...)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return bad("the address cannot be read: it looks like sftp://host/folder")
	}
	a := address{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), port: u.Port()}
	if ports[a.scheme] == "" || a.host == "" {
		return bad("the address must begin with ftp://, ftps:// or sftp:// and name a host, as sftp://host/folder")
	}
	if u.User != nil {
		return bad("the address holds a user name or password: put them into their own fields")
	}
	if a.port == "" {
		a.port = ports[a.scheme]
	}
	if n, err := strconv.Atoi(a.port); err != nil || n < 1 || n > 65535 {
		return bad("%q is not a port", u.Port())
	}
	switch {
	case u.RawQuery == "tls=explicit" && a.scheme == "ftp":
		a.explicit = true
	case u.RawQuery != "" || u.Fragment != "":
		return bad("of what can follow the folder, only ftp://host/folder?tls=explicit is known")
	}
	if a.folder, err = parseFolder(a.scheme, u.Path); err != nil {
		return address{}, err
	}
	if s.User == "" {
		return address{}, news.Errorf(news.Invalid, "user", "a user name is missing")
	}
	if hasControl(s.User) || a.scheme != "sftp" && hasControl(s.Secret) {
		return address{}, news.Errorf(news.Invalid, "user", "user name and password must not hold line breaks or other control characters")
	}
	a.key, err = parseHostKey(a, s.HostKey)
	return a, err
}

// secure reports whether the connection is under TLS.
func (a address) secure() bool { return a.scheme == "ftps" || a.explicit }

func (a address) hostPort() string { return net.JoinHostPort(a.host, a.port) }

func parseFolder(scheme, path string) (string, error) {
	if hasControl(path) || len(path) > maxName {
		return "", news.Errorf(news.Invalid, "address", "the folder's name holds control characters or is too long")
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == ".." {
			return "", news.Errorf(news.Invalid, "address", "the folder's name must not hold \"..\"")
		}
	}
	if scheme == "sftp" {
		if home, ok := strings.CutPrefix(path+"/", "/~/"); ok {
			return strings.Trim(home, "/"), nil
		}
		return strings.TrimSuffix(path, "/"), nil
	}
	// One slash parts the host from the folder, a second one is the folder's own.
	folder := strings.TrimPrefix(path, "/")
	if trimmed := strings.TrimRight(folder, "/"); trimmed != "" || folder == "" {
		return trimmed, nil
	}
	return "/", nil
}
