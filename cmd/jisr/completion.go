package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

// word is what may follow on a command line.
type word struct{ text, help string }

// completions returns what may follow each command, by its path; the path of
// jisr itself is empty.
func completions(root *kong.Node) map[string][]word {
	out := map[string][]word{}
	var visit func(n *kong.Node, path string)
	visit = func(n *kong.Node, path string) {
		var words []word
		for _, c := range n.Children {
			if !c.Hidden {
				words = append(words, word{c.Name, c.Help})
				visit(c, strings.TrimSpace(path+" "+c.Name))
			}
		}
		for _, group := range n.AllFlags(true) {
			for _, f := range group {
				words = append(words, word{"--" + f.Name, f.Help})
			}
		}
		out[path] = words
	}
	visit(root, "")
	return out
}

func (c *completionCmd) Run(a *app) error {
	var print func(w io.Writer, name string, paths []string, words map[string][]word)
	switch c.Shell {
	case "bash":
		print = printBash
	case "zsh":
		print = printZsh
	default:
		print = printFish
	}
	root := a.parser.Model.Node
	print(a.out, a.parser.Model.Name, paths(root, ""), completions(root))
	return nil
}

// paths lists the paths of all commands, in the order of the help.
func paths(n *kong.Node, path string) []string {
	out := []string{path}
	for _, c := range n.Children {
		if !c.Hidden {
			out = append(out, paths(c, strings.TrimSpace(path+" "+c.Name))...)
		}
	}
	return out
}

// commandPath is a shell function's body that finds the path in $words, up to
// the word being typed: commands come first, flags and arguments end them.
const commandPath = `  local path="" w
  for w in "${words[@]}"; do
    case "$w" in -*) continue ;; esac
    case " $known " in *" ${path:+$path/}$w "*) path="${path:+$path/}$w" ;; esac
  done
`

func known(paths []string) string {
	var out []string
	for _, p := range paths[1:] {
		out = append(out, strings.ReplaceAll(p, " ", "/"))
	}
	return strings.Join(out, " ")
}

func printBash(w io.Writer, name string, paths []string, words map[string][]word) {
	fmt.Fprintf(w, "# bash completion: source <(%s completion bash)\n_%s() {\n", name, name)
	fmt.Fprintf(w, "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" known=%q words=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\") next=\"\"\n", known(paths))
	fmt.Fprint(w, commandPath, "  case \"$path\" in\n")
	for _, p := range paths {
		var texts []string
		for _, x := range words[p] {
			texts = append(texts, x.text)
		}
		fmt.Fprintf(w, "    %q) next=%q ;;\n", strings.ReplaceAll(p, " ", "/"), strings.Join(texts, " "))
	}
	fmt.Fprintf(w, "  esac\n  COMPREPLY=($(compgen -W \"$next\" -- \"$cur\"))\n}\ncomplete -o default -F _%s %s\n", name, name)
}

func printZsh(w io.Writer, name string, paths []string, words map[string][]word) {
	fmt.Fprintf(w, "#compdef %s\n# zsh completion: source <(%s completion zsh)\n_%s() {\n", name, name, name)
	fmt.Fprintf(w, "  local cur=${words[CURRENT]} known=%q\n  local -a next; words=(\"${(@)words[2,CURRENT-1]}\")\n", known(paths))
	fmt.Fprint(w, commandPath, "  case \"$path\" in\n")
	for _, p := range paths {
		fmt.Fprintf(w, "    %q) next=(", strings.ReplaceAll(p, " ", "/"))
		for _, x := range words[p] {
			fmt.Fprintf(w, " %s", quote(strings.ReplaceAll(x.text, ":", `\:`)+":"+x.help))
		}
		fmt.Fprint(w, " ) ;;\n")
	}
	fmt.Fprintf(w, "  esac\n  _describe %s next || _files\n}\ncompdef _%s %s\n", name, name, name)
}

func printFish(w io.Writer, name string, paths []string, words map[string][]word) {
	fmt.Fprintf(w, "# fish completion: %s completion fish | source\n", name)
	for _, p := range paths {
		condition := "__fish_use_subcommand"
		if p != "" {
			var seen []string
			for _, part := range strings.Fields(p) {
				seen = append(seen, "__fish_seen_subcommand_from "+part)
			}
			condition = strings.Join(seen, "; and ")
		}
		for _, x := range words[p] {
			kind, text := "-a", x.text
			if flag, ok := strings.CutPrefix(x.text, "--"); ok {
				kind, text = "-l", flag
			}
			fmt.Fprintf(w, "complete -c %s -n %s %s %s -d %s\n", name, quote(condition), kind, text, quote(x.help))
		}
	}
}

// quote quotes for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
