package redis

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/plane"
)

// isReply says whether the server itself answered with the error.
func isReply(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

func isNil(err error) bool { return errors.Is(err, redis.Nil) }

// begins says whether the server answered with an error of one of these codes.
func begins(err error, codes ...string) bool {
	return isReply(err) && slices.ContainsFunc(codes, func(c string) bool { return strings.HasPrefix(err.Error(), c) })
}

func isLogin(err error) bool { return begins(err, "WRONGPASS", "NOAUTH") }

// isElsewhere: another node of the cluster serves the key, or nobody does yet.
func isElsewhere(err error) bool { return begins(err, "MOVED", "ASK", "CLUSTERDOWN") }

// fault explains a failed call to one node. What is a fault already stays as it is.
func (s *Server) fault(addr string, err error) error {
	if f, ok := errors.AsType[*plane.Fault](err); ok {
		return f
	}
	switch {
	case isLogin(err):
		return plane.Faultf(plane.AuthenticationFailed, err, "Redis node %s refused the password of user %q; put the right one "+
			"into the Secret that redis.passwordSecretRef names, or give the node its user: ACLs are not replicated", addr, s.cfg.Username)
	case begins(err, "NOPERM"):
		return plane.Faultf(plane.MissingRights, err, "user %q lacks a right on Redis node %s (%s); give it the rule in "+
			"docs/redis/operator-user.md", s.cfg.Username, addr, firstLine(err))
	case begins(err, "READONLY"):
		return plane.Faultf(plane.Unreachable, err, "Redis node %s has become a replica; the change is tried again on the "+
			"primary as soon as the nodes have been looked at again", addr)
	case begins(err, "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"):
		return plane.Faultf(plane.Unreachable, err, "Redis node %s cannot answer yet (%s); it is tried again", addr, firstLine(err))
	case isReply(err):
		return plane.Faultf(plane.ApplyFailed, err, "Redis node %s refused a command: %s", addr, firstLine(err))
	}
	return plane.Faultf(plane.Unreachable, err, "Redis node %s does not answer (%s); check that it runs, that the address and "+
		"the TLS mode are right, and that the network lets the operator through", addr, firstLine(err))
}

var digests = regexp.MustCompile(`[#>]?[0-9a-fA-F]{64}`)

// firstLine of an error, shortened. Servers repeat arguments in some of them, so that digests of passwords are taken out.
func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	text = digests.ReplaceAllString(text, "<digest>")
	if len(text) > 160 {
		text = text[:160] + "…"
	}
	return text
}

// joinFaults makes one fault of several. The cause is that of the worst: what somebody must mend before what heals.
func joinFaults(errs []error) error {
	var faults []*plane.Fault
	for _, err := range errs {
		if f, ok := errors.AsType[*plane.Fault](err); ok {
			faults = append(faults, f)
		} else if err != nil {
			faults = append(faults, plane.Faultf(plane.CauseOf(err), err, "%v", err))
		}
	}
	switch len(faults) {
	case 0:
		return nil
	case 1:
		return faults[0]
	}
	worst := slices.MinFunc(faults, func(a, b *plane.Fault) int { return cmp.Compare(rank(a.Cause), rank(b.Cause)) })
	messages := make([]string, len(faults))
	for i, f := range faults {
		messages[i] = f.Message
	}
	return plane.Faultf(worst.Cause, errors.Join(errs...), "%s", strings.Join(messages, "; "))
}

func rank(c plane.Cause) int {
	return slices.Index([]plane.Cause{plane.OwnedElsewhere, plane.InvalidSpec, plane.UnsupportedServer, plane.MissingRights,
		plane.AuthenticationFailed, plane.ApplyFailed, plane.Unreachable}, c)
}
