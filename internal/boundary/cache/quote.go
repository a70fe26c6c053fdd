package cache

import (
	"fmt"
	"strings"
)

// Bytes that mean only themselves, to redis-cli and to a shell.
const (
	plainBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@/-"
	// patternBytes are good in a pattern that is only shown.
	patternBytes = plainBytes + "*?[]^{}~&%|=+,#"
)

// Quote writes a user's name as one word of a command: as it is where it is plain, else in double quotes with every other
// byte as \xHH, which redis-cli reads as that byte. So a name ends no command, line or quotes, and a shell expands nothing
// in it. Different names are written differently.
func Quote(name string) string { return quote(name, plainBytes) }

func quote(text, plain string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	if b.Len() == len(text) && text != "" {
		return text
	}
	return `"` + b.String() + `"`
}

func (s Spec) thenSave() string { return ThenSave(s.Persistence) }

// ThenSave ends a remedy that changes users by hand, for a plane's persistence. It begins with a comma.
func ThenSave(persistence string) string {
	if command := saveCommands[persistence]; command != "" {
		return ", then run " + command
	}
	return ", then change them where the server gets its users from at its start: nothing saves them"
}
