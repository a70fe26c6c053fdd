package redis

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// claimLost is the fault of a claim that somebody else was first to make.
type claimLost struct{ *plane.Fault }

// Unwrap returns the fault.
func (c *claimLost) Unwrap() error { return c.Fault }

// claimTenant writes the claim where none stands and reads back whose it is.
func (s *Server) claimTenant(ctx context.Context, op cache.ClaimTenant) error {
	text, err := json.Marshal(op.Claim)
	if err != nil {
		return err
	}
	p := s.client(op.Node).Pipeline()
	set := p.HSetNX(ctx, cache.ClaimsKey, op.Claim.TenantID, text)
	get := p.HGet(ctx, cache.ClaimsKey, op.Claim.TenantID)
	if err := s.exchange(ctx, "write", "claim tenant on "+op.Node, op.Node, p); err != nil {
		return err
	}
	if set.Err() != nil || get.Err() != nil {
		return s.fault(op.Node, cmp.Or(set.Err(), get.Err()))
	}
	if holder := readClaim(op.Claim.TenantID, get.Val()); holder != op.Claim {
		return &claimLost{plane.Faultf(plane.ApplyFailed, nil, "tenantID %q was claimed by another Tenant (UID %s) on %s a moment "+
			"ago; nothing was built", op.Claim.TenantID, holder.UID, op.Node)}
	}
	return nil
}

// buryClaim needs no transaction: claims are never taken over, so that what was read here stays.
func (s *Server) buryClaim(ctx context.Context, op cache.BuryClaim) error {
	text, err := json.Marshal(op.Claim)
	if err != nil {
		return err
	}
	return s.transact(ctx, op.Node, "bury claim on "+op.Node, cache.Record{}, func(p redis.Pipeliner) {
		p.HSet(ctx, cache.ClaimsKey, op.Claim.TenantID, text)
	})
}

// restoreTombstones leaves a claim alone that somebody has made meanwhile.
func (s *Server) restoreTombstones(ctx context.Context, op cache.RestoreTombstones) error {
	texts := make([][]byte, len(op.Claims))
	for i, c := range op.Claims {
		var err error
		if texts[i], err = json.Marshal(c); err != nil {
			return err
		}
	}
	return s.transact(ctx, op.Node, "restore tombstones on "+op.Node, cache.Record{}, func(p redis.Pipeliner) {
		for i, c := range op.Claims {
			p.HSetNX(ctx, cache.ClaimsKey, c.TenantID, texts[i])
		}
	})
}

func (s *Server) setUser(ctx context.Context, op cache.SetUser) error {
	args := []any{"acl", "setuser", op.User}
	for _, w := range op.Rule {
		args = append(args, w)
	}
	return s.transact(ctx, op.Node, "set user on "+op.Node, op.Forget, func(p redis.Pipeliner) {
		p.Do(ctx, args...)
		if op.Kill {
			p.Do(ctx, "client", "kill", "user", op.User)
		}
	})
}

func (s *Server) dropUser(ctx context.Context, op cache.DropUser) error {
	return s.transact(ctx, op.Node, "drop user on "+op.Node, op.Forget, func(p redis.Pipeliner) {
		p.Do(ctx, "acl", "deluser", op.User)
	})
}

func (s *Server) forgetSaves(ctx context.Context, op cache.ForgetSaves) error {
	return s.transact(ctx, op.Node, "forget saves on "+op.Node, cache.Record{}, func(p redis.Pipeliner) {
		p.HDel(ctx, cache.SavedKey, op.Fields...)
	})
}

// transact runs commands on a node as one transaction: a rule and the end of the sessions it shuts out are one step, so
// that no crash comes between. The record that must go first goes in the same one where it stands on the same node.
func (s *Server) transact(ctx context.Context, node, name string, forget cache.Record, fill func(redis.Pipeliner)) error {
	if forget.Home != "" && forget.Home != node {
		if err := s.transact(ctx, forget.Home, "forget save on "+forget.Home, cache.Record{}, func(p redis.Pipeliner) {
			p.HDel(ctx, cache.SavedKey, forget.Field)
		}); err != nil {
			return err
		}
	}
	p := s.client(node).TxPipeline()
	if forget.Home == node {
		p.HDel(ctx, cache.SavedKey, forget.Field)
	}
	fill(p)
	s.cfg.Trace("write", name)
	if _, err := p.Exec(ctx); err != nil {
		return s.fault(node, err)
	}
	return nil
}
