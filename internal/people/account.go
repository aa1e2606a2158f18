package people

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"jisr/internal/news"
)

// Bounds of what an account holds.
const (
	MaxLogin = 254 // bytes, as an e-mail address (RFC 5321 §4.5.3.1)
	MaxName  = 100 // characters
)

// Languages are those that pages speak, as BCP 47 tags.
var Languages = []string{"ar", "ru", "en"}

// Account is a person or a machine that may sign in.
type Account struct {
	ID       string // ULID
	Login    string // e-mail address or short name, folded by FoldLogin
	Name     string // as colleagues see it
	Language string // of the interface, one of Languages
	Roles    []Role // in the order of the list Roles
	Named    bool   // whether ledger entries may carry the name
	Disabled bool
	Password bool // whether one is set; a machine's account with tokens only has none
	Created  time.Time
}

// NewAccount is what CreateAccount needs to know.
type NewAccount struct {
	Login    string
	Name     string // the login, if empty
	Language string
	Roles    []Role
	Password string // empty for an account that only tokens use
}

// check brings the fields into the form in which they are stored.
func (n NewAccount) check() (NewAccount, error) {
	login, err := FoldLogin(n.Login)
	if err != nil {
		return n, err
	}
	n.Login = login
	if n.Name == "" {
		n.Name = login
	}
	if n.Name, err = checkName(n.Name); err != nil {
		return n, err
	}
	if err := checkLanguage(n.Language); err != nil {
		return n, err
	}
	if n.Roles, err = checkRoles(n.Roles); err != nil {
		return n, err
	}
	if n.Password != "" {
		return n, checkPassword(n.Password, n.Login, n.Name)
	}
	return n, nil
}

// FoldLogin brings a login into the one form in which it is stored and looked
// up: NFC and case-folded, so that the same name typed on another keyboard
// finds the same account. It is an e-mail address or a short name of letters
// and digits of any script and ". _ - +"; everything invisible is refused.
func FoldLogin(login string) (string, error) {
	invalid := news.Errorf(news.Invalid, "login", "use an e-mail address, or a short name of letters, digits and . _ - +")
	if len(login) > MaxLogin || !utf8.ValidString(login) {
		return "", invalid
	}
	folded := fold(strings.TrimSpace(login))
	// Folding can lengthen a text: ŉ becomes ʼn.
	if folded == "" || len(folded) > MaxLogin {
		return "", invalid
	}
	for _, r := range folded {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-+@", r) {
			return "", invalid
		}
	}
	local, domain, isMail := strings.Cut(folded, "@")
	if isMail && (local == "" || domain == "" || strings.Contains(domain, "@")) {
		return "", invalid
	}
	return folded, nil
}

func checkName(name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxName || !utf8.ValidString(name) {
		return "", news.Errorf(news.Invalid, "name", "a name has 1 to %d characters", MaxName)
	}
	for _, r := range name {
		// A mark that turns the direction of text could make one name look like
		// another; the two joiners are a part of Persian and Urdu spelling.
		if !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' {
			return "", news.Errorf(news.Invalid, "name", "a name cannot have invisible characters: remove %U", r)
		}
	}
	return name, nil
}

func checkLanguage(language string) error {
	if !slices.Contains(Languages, language) {
		return news.Errorf(news.Invalid, "language", "%q is not a language of the interface: use one of %v", language, Languages)
	}
	return nil
}
