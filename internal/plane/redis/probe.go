package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane"
)

var _ plane.Prober = (*Server)(nil)

// Probe asks every node with ACL DRYRUN what the tenant's user may do, in one round trip a node. Nothing is run.
func (s *Server) Probe(ctx context.Context, subject trial.Subject) ([]trial.Attempt, error) {
	t := subject.Tenant
	if _, ok := t.Credentials[boundary.Cache]; !ok && t.Access == boundary.Open {
		return nil, nil // its user is closed until a credential is issued
	}
	addrs, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	others := make([]string, 0, len(subject.Others))
	for _, o := range subject.Others {
		others = append(others, o.ID)
	}
	m := &matrixRun{sheet: trial.NewSheet(boundary.Cache), user: cache.UserName(t.ID), operator: s.cfg.Username,
		trials: s.cfg.Spec.Matrix(t, others), closed: t.Access != boundary.Open}
	answers := make([][]*redis.Cmd, len(addrs))
	faults := make([]error, len(addrs))
	var wg sync.WaitGroup
	for i, addr := range addrs {
		wg.Go(func() {
			p := s.client(addr).Pipeline()
			answers[i] = m.ask(ctx, p)
			faults[i] = s.exchange(ctx, "read", "probe "+addr, addr, p)
		})
	}
	wg.Wait()
	for i, addr := range addrs {
		m.judge(addr, answers[i], faults[i])
	}
	return m.sheet.Attempts(), nil
}

// matrixRun is one tenant's matrix over all nodes.
type matrixRun struct {
	sheet          *trial.Sheet
	user, operator string
	trials         []cache.Trial
	closed         bool
}

// dryrunAnswers is the control of a closed tenant: nothing of it may work, so it is asked whether asking works.
const dryrunAnswers = "the server answers what a user may do"

func (m *matrixRun) ask(ctx context.Context, p redis.Pipeliner) []*redis.Cmd {
	out := []*redis.Cmd{p.Do(ctx, "acl", "dryrun", m.operator, "acl", "list")}
	for _, t := range m.trials {
		args := []any{"acl", "dryrun", m.user}
		for _, a := range t.Args {
			args = append(args, a)
		}
		out = append(out, p.Do(ctx, args...))
	}
	return out
}

func (m *matrixRun) judge(addr string, answers []*redis.Cmd, fault error) {
	if m.closed {
		control := m.sheet.Control(dryrunAnswers)
		if allowed, known := verdictOf(answers[0], fault); known && allowed {
			control.Held()
		} else {
			control.Unproven("on " + addr + ": " + whyUnknown(answers[0], fault))
		}
	}
	for i, t := range m.trials {
		m.one(addr, t, answers[i+1], fault)
	}
}

func (m *matrixRun) one(addr string, t cache.Trial, answer *redis.Cmd, fault error) {
	a := m.sheet.Negative(t.Attempt, t.Severity)
	if t.Allowed {
		a = m.sheet.Control(t.Attempt)
	}
	a.Closed = m.closed
	allowed, known := verdictOf(answer, fault)
	switch {
	case fault == nil && unknownCommand(answer.Err()): // this server has no such command: nothing to refuse
	case m.closed && fault == nil && begins(answer.Err(), "ERR User"):
		a.Held() // no user at all is as closed as can be
	case !known:
		a.Unproven("on " + addr + ": " + whyUnknown(answer, fault))
	case allowed == t.Allowed:
		a.Held()
	case t.Allowed:
		a.Unproven(fmt.Sprintf("on %s the server refuses %s", addr, strings.ToUpper(t.Command())))
	default:
		a.Crossed(fmt.Sprintf("on %s it may run %s", addr, strings.ToUpper(t.Command())),
			fmt.Sprintf("Look at ACL GETUSER %s there; the next reconcile puts its rule back, unless drift is only reported", m.user))
	}
}

// verdictOf says whether a trial would have been let through; known is false where the server did not say.
func verdictOf(answer *redis.Cmd, fault error) (allowed, known bool) {
	if fault != nil {
		return false, false
	}
	text, err := answer.Text()
	if err != nil {
		return false, false
	}
	return text == "OK", true
}

func unknownCommand(err error) bool {
	return begins(err, "ERR Command", "ERR command", "ERR wrong number", "ERR unknown", "ERR Unknown")
}

// whyUnknown never repeats what a server says of a key.
func whyUnknown(answer *redis.Cmd, fault error) string {
	switch {
	case fault != nil:
		return string(plane.CauseOf(fault))
	case begins(answer.Err(), "NOPERM"):
		return "the operator may not run ACL DRYRUN"
	case begins(answer.Err(), "ERR User"):
		return "the user does not stand"
	}
	return "the server did not say"
}
