// Package isolation proves on real servers that no tenant reaches another, with nothing but what was issued: the tenants'
// Secrets, the application's role and user, and no credential at all. Every refusal stands beside a positive control, so that
// a case which proves nothing fails: what is refused for another's data is done with one's own, or by whoever may do it.
package isolation

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if !endWorld() {
		code = 1
	}
	os.Exit(code)
}
