package cache

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Commands is a set of granted commands in normal form: every word of the server's catalog that is granted, a command
// with subcommands by each of them. Servers rewrite rules at will (Redis 7.0 even into categories and exceptions): only
// the set tells whether two rules are the same.
type Commands struct {
	text string
	// opaque: the rule names a category that the catalog does not hold. It equals no other, and grants who knows what.
	opaque bool
}

// String is the normal form.
func (c Commands) String() string {
	if c.opaque {
		return "opaque " + c.text
	}
	return c.text
}

// Words lists the granted commands, sorted.
func (c Commands) Words() []string { return strings.Fields(c.text) }

// Empty says that nothing is granted.
func (c Commands) Empty() bool { return c.text == "" }

// Grants says whether a command such as "get" or "acl|setuser" is granted.
func (c Commands) Grants(word string) bool {
	return c.opaque || slices.Contains(c.Words(), word)
}

// without lists what c grants and other does not.
func (c Commands) without(other Commands) []string {
	granted := make(map[string]bool)
	for _, w := range other.Words() {
		granted[w] = true
	}
	return slices.DeleteFunc(c.Words(), func(w string) bool { return granted[w] })
}

// Categories of commands that every server since Redis 7.0 knows, in the order in which they are asked for.
var Categories = []string{"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog",
	"geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting"}

// Catalog is what a server knows of commands. Make it with NewCatalog.
type Catalog struct {
	categories map[string][]string
	known      map[string]bool
	// subcommands of each command that has some.
	subcommands map[string][]string
	// grants remembers what Spec.granted worked out.
	grants *sync.Map
}

// NewCatalog is made of the replies to ACL CAT, by category. Each command is either fast or slow, so that together they
// name all there are, under the names that ACL rules use.
func NewCatalog(categories map[string][]string) Catalog {
	c := Catalog{categories: categories, known: map[string]bool{}, subcommands: map[string][]string{}, grants: &sync.Map{}}
	for _, words := range categories {
		for _, w := range words {
			c.known[w] = true
		}
	}
	for w := range c.known {
		if parent, _, sub := strings.Cut(w, "|"); sub {
			c.subcommands[parent] = append(c.subcommands[parent], w)
			c.known[parent] = true
		}
	}
	return c
}

// Knows says whether a rule may name the command.
func (c Catalog) Knows(word string) bool { return c.known[word] }

// expand lists the words that a command stands for: itself, or its subcommands.
func (c Catalog) expand(word string) []string {
	if subs := c.subcommands[word]; subs != nil {
		return subs
	}
	return []string{word}
}

// category lists the words of a category.
func (c Catalog) category(name string) ([]string, bool) {
	if name == "all" {
		return slices.Collect(maps.Keys(c.known)), true
	}
	words, ok := c.categories[name]
	return words, ok
}

// Grant makes the set of these commands.
func (c Catalog) Grant(words []string) Commands {
	granted := map[string]bool{}
	for _, w := range words {
		c.set(granted, w, true)
	}
	return commandsOf(granted)
}

// Evaluate makes the set that command rules such as "-@all +get" leave: later ones win.
func (c Catalog) Evaluate(rules []string) Commands {
	granted := map[string]bool{}
	for _, rule := range rules {
		rule = strings.ToLower(rule)
		words, ok := []string{rule[1:]}, true
		if name, isCategory := strings.CutPrefix(rule[1:], "@"); isCategory {
			words, ok = c.category(name)
		}
		if !ok {
			return Commands{text: strings.ToLower(strings.Join(rules, " ")), opaque: true}
		}
		for _, w := range words {
			c.set(granted, w, rule[0] == '+')
		}
	}
	return commandsOf(granted)
}

// set grants or refuses a command. One with subcommands stands for these alone: without one of them it does nothing,
// except COMMAND, which tells everybody the same.
func (c Catalog) set(granted map[string]bool, word string, to bool) {
	for _, w := range c.expand(word) {
		if to {
			granted[w] = true
		} else {
			delete(granted, w)
		}
	}
}

func commandsOf(granted map[string]bool) Commands {
	return Commands{text: strings.Join(slices.Sorted(maps.Keys(granted)), " ")}
}
