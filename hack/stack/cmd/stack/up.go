package main

import (
	"context"
	"fmt"

	"github.com/tenantry/tenantry/hack/stack"
)

// up runs one of each server until the context is done.
func up(ctx context.Context) error {
	if err := stack.Ensure(ctx, progress); err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Options{Qdrant: stack.QdrantOptions{JWT: true}})
	if err != nil {
		return err
	}
	defer s.Stop()
	fmt.Print(exports(s))
	progress("up; Ctrl-C stops everything")
	<-ctx.Done()
	progress("stopping")
	return nil
}

// exports renders shell lines that point kubectl, psql, redis-cli and a Qdrant client at the stack. They hold the
// passwords of servers that live as long as this command and listen on loopback only.
func exports(s *stack.Stack) string {
	qdrant := "Qdrant"
	if s.Qdrant.Simulated {
		qdrant += " (SIMULATED)"
	}
	return fmt.Sprintf(`# Kubernetes, PostgreSQL, Redis, %s
export KUBECONFIG=%s
export PGHOST=%s PGPORT=%d PGUSER=postgres PGPASSWORD=%s PGDATABASE=postgres
export REDIS_ADDR=%s REDISCLI_AUTH=%s  # redis-cli --user %s -p %s
export QDRANT_ADDR=%s QDRANT_API_KEY=%s
`, qdrant, s.ControlPlane.Kubeconfig, s.Postgres.Host(), s.Postgres.Port(), s.Postgres.Password(),
		s.Redis.Addr(), s.Redis.AdminPassword, s.Redis.AdminUser, s.Redis.Port(), s.Qdrant.Addr, s.Qdrant.APIKey)
}
