package stack

import "crypto/rand"

// newPassword returns 130 bits of randomness as text that needs no quoting in a URL, a configuration file or SQL.
func newPassword() string { return rand.Text() }
