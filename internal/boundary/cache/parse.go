package cache

import (
	"fmt"
	"slices"
	"strings"
)

// Parser reads users as one server describes them. It keeps the command sets it has seen: thousands of tenants share one.
// It is not safe for concurrent use.
type Parser struct {
	// Catalog of the server.
	Catalog Catalog

	seen map[string]Commands
}

// Line reads one line of ACL LIST and returns the user's name.
func (p *Parser) Line(line string) (string, User, error) {
	words := Words(line)
	if len(words) < 2 || words[0] != "user" {
		return "", User{}, fmt.Errorf("a line of ACL LIST must begin with \"user <name>\"")
	}
	return words[1], p.Rule(words[2:]), nil
}

// Words splits a rule where a server does: at spaces only. Patterns may hold any other character.
func Words(rule string) []string {
	return slices.DeleteFunc(strings.Split(rule, " "), func(w string) bool { return w == "" })
}

// Rule reads the words that follow the user's name in ACL LIST.
func (p *Parser) Rule(words []string) User {
	root, selectors := splitSelectors(words)
	var u User
	rest := make([]string, 0, len(root))
	for _, w := range root {
		if !u.flag(w) {
			rest = append(rest, w)
		}
	}
	u.Permissions, u.Unknown = p.permissions(rest)
	for _, s := range selectors {
		perms, unknown := p.permissions(s)
		u.Selectors = append(u.Selectors, perms)
		u.Unknown = append(u.Unknown, unknown...)
	}
	u.normalise()
	return u
}

// flag takes a word that belongs to the user itself.
func (u *User) flag(word string) bool {
	switch word {
	case "on", "off":
		u.Enabled = word == "on"
	case "nopass":
		u.NoPass = true
	case "skip-sanitize-payload":
		u.SkipSanitize = true
	case "sanitize-payload":
		u.SkipSanitize = false
	default:
		hash, ok := strings.CutPrefix(word, "#")
		if ok {
			u.Passwords = append(u.Passwords, strings.ToLower(hash))
		}
		return ok
	}
	return true
}

func (u *User) normalise() {
	slices.Sort(u.Passwords)
	u.Passwords = slices.Compact(u.Passwords)
	slices.Sort(u.Unknown)
	slices.SortFunc(u.Selectors, func(a, b Permissions) int { return strings.Compare(a.String(), b.String()) })
}

// permissions reads keys, channels and commands; it returns the words that are none of them.
func (p *Parser) permissions(words []string) (perms Permissions, unknown []string) {
	var commands []string
	for _, w := range words {
		switch {
		case w == "allkeys":
			perms.Keys = append(perms.Keys, "~*")
		case w == "allchannels":
			perms.Channels = append(perms.Channels, "*")
		case w == "resetkeys":
			perms.Keys = nil
		case w == "resetchannels":
			perms.Channels = nil
		case w == "alldbs":
			// Newer servers say it of everybody; without SELECT, which nobody gets, there is only one database.
		case w == "allcommands":
			commands = append(commands, "+@all")
		case w == "nocommands":
			commands = append(commands, "-@all")
		case len(w) > 1 && (w[0] == '+' || w[0] == '-'):
			commands = append(commands, w)
		case w[0] == '&':
			perms.Channels = append(perms.Channels, w[1:])
		case w[0] == '~', w[0] == '%' && strings.Contains(w, "~"):
			perms.Keys = append(perms.Keys, normalKey(w))
		default:
			unknown = append(unknown, w)
		}
	}
	slices.Sort(perms.Keys)
	slices.Sort(perms.Channels)
	perms.Keys, perms.Channels = slices.Compact(perms.Keys), slices.Compact(perms.Channels)
	perms.Commands = p.commands(commands)
	return perms, unknown
}

// normalKey writes the permission for reading and writing in its short form.
func normalKey(word string) string {
	access, pattern, _ := strings.Cut(word, "~")
	switch access = strings.ToUpper(access); access {
	case "", "%RW", "%WR":
		return "~" + pattern
	}
	return access + "~" + pattern
}

func (p *Parser) commands(rules []string) Commands {
	key := strings.Join(rules, " ")
	if c, ok := p.seen[key]; ok {
		return c
	}
	if p.seen == nil {
		p.seen = map[string]Commands{}
	}
	c := p.Catalog.Evaluate(rules)
	p.seen[key] = c
	return c
}

// splitSelectors takes the parenthesised selectors out of a rule. A selector ends with its last command rule: patterns
// may hold parentheses, and a server writes commands last.
func splitSelectors(words []string) (root []string, selectors [][]string) {
	for i := 0; i < len(words); i++ {
		if !strings.HasPrefix(words[i], "(") {
			root = append(root, words[i])
			continue
		}
		var s []string
		for first := true; i < len(words); i, first = i+1, false {
			w := words[i]
			if first {
				w = w[1:]
			}
			inner, last := selectorEnd(w)
			if inner != "" {
				s = append(s, inner)
			}
			if last {
				break
			}
		}
		selectors = append(selectors, s)
	}
	return root, selectors
}

func selectorEnd(word string) (string, bool) {
	inner, closed := strings.CutSuffix(word, ")")
	if closed && (inner == "" || inner[0] == '+' || inner[0] == '-') {
		return inner, true
	}
	return word, false
}
