package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// User is an ACL user in normal form: two users with the same String have the same rights, in whatever order and wording
// a server describes them.
type User struct {
	// Enabled: the user may authenticate.
	Enabled bool
	// NoPass: any password does.
	NoPass bool
	// SkipSanitize: payloads of RESTORE are trusted.
	SkipSanitize bool
	// Passwords are SHA-256 digests in lower-case hex, sorted.
	Passwords []string
	Permissions
	// Selectors are further permissions, each of which suffices; sorted.
	Selectors []Permissions
	// Unknown are words that this version of Tenantry does not know, sorted.
	Unknown []string
}

// Permissions are what a user, or one of its selectors, may do.
type Permissions struct {
	// Keys such as "~ai:acme:*" or "%R~ai:acme:*", sorted.
	Keys []string
	// Channels are patterns such as "ai:acme:*", sorted.
	Channels []string
	Commands Commands
}

// Closed says that nobody can come in as the user and that a session that is in can do nothing.
func (u User) Closed() bool { return u.String() == closed.String() }

var closed User

// String is the normal form. It holds password digests: never print it, see Digest.
func (u User) String() string {
	words := []string{choose(u.Enabled, "on", "off")}
	if u.NoPass {
		words = append(words, "nopass")
	}
	if u.SkipSanitize {
		words = append(words, "skip-sanitize-payload")
	}
	for _, p := range u.Passwords {
		words = append(words, "#"+p)
	}
	words = append(words, u.Permissions.String())
	for _, s := range u.Selectors {
		words = append(words, "("+s.String()+")")
	}
	return strings.Join(append(words, u.Unknown...), " ")
}

// Digest identifies the rule without telling it: 32 hex digits.
func (u User) Digest() string {
	sum := sha256.Sum256([]byte(u.String()))
	return hex.EncodeToString(sum[:16])
}

// all lists the user's own permissions and those of its selectors.
func (u User) all() []Permissions { return append([]Permissions{u.Permissions}, u.Selectors...) }

// String is the normal form of the permissions.
func (p Permissions) String() string {
	words := slices.Clone(p.Keys)
	for _, c := range p.Channels {
		words = append(words, "&"+c)
	}
	return strings.Join(append(words, p.Commands.String()), " ")
}

func choose(on bool, yes, no string) string {
	if on {
		return yes
	}
	return no
}

// rule renders the user, with the commands that it is granted, as arguments of one ACL SETUSER that leaves nothing of
// what stood before. "reset" alone would give all channels on servers with acl-pubsub-default allchannels.
func (u User) rule(granted []string) []string {
	words := []string{"reset", "resetchannels"}
	if !u.Enabled {
		return words
	}
	words = append(words, "on")
	for _, p := range u.Passwords {
		words = append(words, "#"+p)
	}
	words = append(words, u.Keys...)
	for _, c := range u.Channels {
		words = append(words, "&"+c)
	}
	words = append(words, "-@all")
	for _, c := range granted {
		words = append(words, "+"+c)
	}
	return words
}
