package people

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

var update = flag.Bool("update", false, "write docs/permissions.md anew")

const matrixFile = "../../docs/permissions.md"

func TestDocumentedMatrixIsTheOneInForce(t *testing.T) {
	want := matrix(t)
	if *update {
		if err := os.WriteFile(matrixFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what permission.go says: go test ./internal/people -run Matrix -update", matrixFile)
	}
}

// matrix writes the tables of permission.go, with its comments as the words.
func matrix(t *testing.T) []byte {
	words := comments(t)
	var b bytes.Buffer
	b.WriteString("# Who may do what\n\nWritten by a test from `internal/people/permission.go`; " +
		"change it there, then run\n`go test ./internal/people -run Matrix -update`.\n\n" +
		"A person may have several roles and has the permissions of all of them. Nothing else grants any.\n\n## Roles\n\n")
	for _, r := range Roles {
		fmt.Fprintf(&b, "- **%s**: %s\n", r, words[string(r)])
	}
	b.WriteString("\n| permission | lets one |")
	for _, r := range Roles {
		fmt.Fprintf(&b, " %s |", r)
	}
	b.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(Roles)) + "\n")
	for _, p := range Permissions {
		fmt.Fprintf(&b, "| `%s` | %s |", p, words[string(p)])
		for _, r := range Roles {
			b.WriteString(mark(r.Grants(p)))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Tokens\n\nA token acts for an account. It may do what its scopes cover **and** the account's roles grant " +
		"at that moment.\nScopes do not include one another.\n\n| permission |")
	for _, s := range Scopes {
		fmt.Fprintf(&b, " %s |", s)
	}
	b.WriteString("\n|---|" + strings.Repeat(":-:|", len(Scopes)) + "\n")
	for _, p := range Permissions {
		fmt.Fprintf(&b, "| `%s` |", p)
		for _, s := range Scopes {
			b.WriteString(mark(s.Covers(p)))
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

func mark(yes bool) string {
	if yes {
		return " ✓ |"
	}
	return " |"
}

// comments returns the line comment of each constant in permission.go, by its
// value.
func comments(t *testing.T) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "permission.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Comment != nil {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok {
				out[strings.Trim(lit.Value, `"`)] = strings.TrimSpace(v.Comment.Text())
			}
		}
		return true
	})
	return out
}

func TestEveryPermissionIsDescribedGrantedAndCovered(t *testing.T) {
	words := comments(t)
	for _, p := range Permissions {
		if words[string(p)] == "" {
			t.Errorf("%s has no comment", p)
		}
		if !slices.ContainsFunc(Roles, func(r Role) bool { return r.Grants(p) }) {
			t.Errorf("no role grants %s", p)
		}
		if n := len(slices.DeleteFunc(slices.Clone(Scopes), func(s Scope) bool { return !s.Covers(p) })); n != 1 {
			t.Errorf("%d scopes cover %s, want one", n, p)
		}
	}
	for p := range words {
		if !slices.Contains(Permissions, Permission(p)) && !slices.Contains(Roles, Role(p)) {
			t.Errorf("%s is in no list", p)
		}
	}
	if len(grants) != len(Roles) || len(covers) != len(Scopes) {
		t.Errorf("%d roles have grants of %d, %d scopes cover something of %d", len(grants), len(Roles), len(covers), len(Scopes))
	}
}

func TestCallerMayOnlyWhatRolesAndScopesBothAllow(t *testing.T) {
	editor := Account{Roles: []Role{Editor}}
	disabled := editor
	disabled.Disabled = true
	for _, c := range []struct {
		name   string
		caller *Caller
		p      Permission
		want   bool
	}{
		{"nobody reads", nil, ReadWire, false},
		{"an editor publishes", &Caller{Account: editor, Session: "s"}, Publish, true},
		{"an editor does not kill", &Caller{Account: editor, Session: "s"}, Kill, false},
		{"an administrator does not publish", &Caller{Account: Account{Roles: []Role{Admin}}, Session: "s"}, Publish, false},
		{"roles add up", &Caller{Account: Account{Roles: []Role{Chief, Admin}}, Session: "s"}, Kill, true},
		{"no role, no right", &Caller{Session: "s"}, ReadWire, false},
		{"a disabled editor does not", &Caller{Account: disabled, Session: "s"}, Publish, false},
		{"a reading token does not publish", &Caller{Account: editor, Token: "t", Scopes: []Scope{ScopeRead}}, Publish, false},
		{"a publishing token does", &Caller{Account: editor, Token: "t", Scopes: []Scope{ScopePublish}}, Publish, true},
		{"a publishing token does not read", &Caller{Account: editor, Token: "t", Scopes: []Scope{ScopePublish}}, ReadWire, false},
		{"a scope grants nothing by itself", &Caller{Account: editor, Token: "t", Scopes: []Scope{ScopeAdmin}}, ManagePeople, false},
		{"a token without scopes does nothing", &Caller{Account: editor, Token: "t"}, ReadWire, false},
		{"an empty caller does nothing", &Caller{Account: editor}, ReadWire, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.caller.Can(c.p); got != c.want {
				t.Errorf("Can(%s) = %v", c.p, got)
			}
			if err := c.caller.Check(c.p); (err == nil) != c.want || err != nil && news.KindOf(err) != news.Forbidden {
				t.Errorf("Check(%s) = %v", c.p, err)
			}
		})
	}
}

func TestLedgerNamesTheRoleAndNeverAnUnaskedName(t *testing.T) {
	c := &Caller{Account: Account{Name: "Лина", Roles: []Role{Reporter, Chief, Verifier}}, Session: "s"}
	if got, want := c.Actor(Kill), (ledger.Actor{Role: "chief"}); got != want {
		t.Errorf("kill by %+v, want %+v", got, want)
	}
	if got, want := c.Actor(Verify), (ledger.Actor{Role: "verifier"}); got != want {
		t.Errorf("verdict by %+v, want %+v", got, want)
	}
	c.Account.Named = true
	if got, want := c.Actor(WriteDraft), (ledger.Actor{Role: "reporter", Name: "Лина"}); got != want {
		t.Errorf("draft by %+v, want %+v", got, want)
	}
}
