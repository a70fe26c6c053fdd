package plane

import (
	"context"
	"fmt"
	"time"
)

// DenialServer is a Server that tells what it refused to whom: Redis, by its ACL LOG.
type DenialServer interface {
	Server
	// Denials are the attempts that were refused since the last call, in one round trip a node, in a fixed order. Ask once an
	// audit. The first call of a process tells those of the last minute: a change of leader loses nothing, and an old log is
	// not told again. A server that the operator may not ask has none, see Description.Capabilities. What was read before a
	// fault is returned with it. Safe for concurrent use; of two calls at once, each attempt is in one.
	Denials(ctx context.Context) ([]Denial, error)
}

// DenialReason says what a server refused. The words are good as labels.
type DenialReason string

// The reasons.
const (
	DeniedCommand DenialReason = "command"
	DeniedKey     DenialReason = "key"
	DeniedChannel DenialReason = "channel"
	// DeniedAuth: a login failed. Whoever reaches the server can try to log in as anybody: it says nothing about the tenant.
	DeniedAuth  DenialReason = "auth"
	DeniedOther DenialReason = "other"
)

// DenialTarget is whose key or channel was refused: a class, never its name. "" where it is about neither.
type DenialTarget string

// The targets.
const (
	// TargetOwn is the tenant's own: the command is not granted on it, such as a write to a key that is read-only.
	TargetOwn DenialTarget = "own"
	// TargetTenant is in the key prefix of the plane and not the tenant's own.
	TargetTenant DenialTarget = "another-tenant"
	// TargetOutside is none of any tenant.
	TargetOutside DenialTarget = "outside"
)

// Denial is a number of refused attempts of one kind. It holds nothing that a client chose: no key, channel, argument,
// address, or name of a user that does not stand.
type Denial struct {
	// Tenant is the tenantID, "" for everybody else. Of logins that failed only those count that name a claimed tenant.
	Tenant string
	// User is the tenant's, the application's, the operator's, or default; "" for any other.
	User string
	// Node is host:port.
	Node   string
	Reason DenialReason
	// Command as the server names it, in lower case, such as "get" or "config|get"; "other" where it says something else.
	// Attempts on one key within a minute are counted together by the server, under the last command.
	Command string
	Target  DenialTarget
	// Count of attempts, at least 1.
	Count int64
}

// String is one sentence, such as "3 attempts to run get on a key of another tenant were refused on redis-0:6379".
func (d Denial) String() string {
	attempts, were := fmt.Sprintf("%d attempts", d.Count), "were"
	if d.Count == 1 {
		attempts, were = "1 attempt", "was"
	}
	return fmt.Sprintf("%s to %s %s refused on %s", attempts, d.what(), were, d.Node)
}

func (d Denial) what() string {
	switch d.Reason {
	case DeniedAuth:
		return "log in"
	case DeniedKey, DeniedChannel:
		return fmt.Sprintf("run %s on a %s %s", d.Command, d.Reason, whose[d.Target])
	}
	return "run " + d.Command
}

var whose = map[DenialTarget]string{
	TargetOwn: "of its own", TargetTenant: "of another tenant", TargetOutside: "of nobody's prefix",
}

type meteredDenials struct {
	metered

	denials DenialServer
}

func (m *meteredDenials) Denials(ctx context.Context) (_ []Denial, err error) {
	defer func(start time.Time) { m.record("denials", start, err) }(time.Now())
	return m.denials.Denials(ctx)
}
