package stack

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Stack is one of each server.
type Stack struct {
	Postgres     *Postgres
	Redis        *Redis
	Qdrant       *Qdrant
	ControlPlane *ControlPlane
}

// Options vary a whole stack. The zero value is what the demo runs on, but without access tokens in Qdrant.
type Options struct {
	Postgres     PostgresOptions
	Redis        RedisOptions
	Qdrant       QdrantOptions
	ControlPlane ControlPlaneOptions
}

// Start starts one of each server, side by side. On failure it stops those that came up. The caller stops the stack.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	s := &Stack{}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		s.Postgres, err = StartPostgres(ctx, opts.Postgres)
		return named("PostgreSQL", err)
	})
	group.Go(func() (err error) { s.Redis, err = StartRedis(ctx, opts.Redis); return named("Redis", err) })
	group.Go(func() (err error) { s.Qdrant, err = StartQdrant(ctx, opts.Qdrant); return named("Qdrant", err) })
	group.Go(func() (err error) {
		s.ControlPlane, err = StartControlPlane(ctx, opts.ControlPlane)
		return named("control plane", err)
	})
	if err := group.Wait(); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Stop ends every server that runs. It may be called twice.
func (s *Stack) Stop() {
	if s.ControlPlane != nil {
		s.ControlPlane.Stop()
	}
	if s.Qdrant != nil {
		s.Qdrant.Stop()
	}
	if s.Redis != nil {
		s.Redis.Stop()
	}
	if s.Postgres != nil {
		s.Postgres.Stop()
	}
}

// named says which server failed, unless the message already does.
func named(name string, err error) error {
	var missing *MissingError
	if err == nil || errors.As(err, &missing) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}
