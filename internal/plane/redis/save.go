package redis

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// saveTimeout bounds one save, which may serve several applies: the server writes all users, and answers nobody else
// meanwhile.
const saveTimeout = 30 * time.Second

// saver lets all who wait for a save of one node share the next one. A save that is under way may have begun before
// somebody's change and does not count for it.
type saver struct {
	mu   sync.Mutex
	next *saving
	turn sync.Mutex
}

type saving struct {
	done chan struct{}
	err  error
}

// join waits for the next save, and starts it if nobody else did.
func (v *saver) join(ctx context.Context, run func() error) error {
	v.mu.Lock()
	job := v.next
	if job == nil {
		job = &saving{done: make(chan struct{})}
		v.next = job
		go v.run(job, run)
	}
	v.mu.Unlock()
	select {
	case <-job.done:
		return job.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *saver) run(job *saving, run func() error) {
	v.turn.Lock()
	defer v.turn.Unlock()
	v.mu.Lock()
	v.next = nil
	v.mu.Unlock()
	job.err = run()
	close(job.done)
}

// keyed holds one T per key, made at first use.
type keyed[T any] struct{ m sync.Map }

func (k *keyed[T]) get(key string) *T {
	v, _ := k.m.LoadOrStore(key, new(T))
	return v.(*T)
}

// save makes a node's users survive a restart and records whose rule was saved.
func (s *Server) save(ctx context.Context, op cache.Save) error {
	err := s.savers.get(op.Node).join(ctx, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
		defer cancel()
		return s.saveUsers(ctx, op)
	})
	if err != nil || op.Record.Home == "" {
		return err
	}
	return s.transact(ctx, op.Record.Home, "record save on "+op.Record.Home, cache.Record{}, func(p redis.Pipeliner) {
		p.HSet(ctx, cache.SavedKey, op.Record.Field, op.Digest)
	})
}

func (s *Server) saveUsers(ctx context.Context, op cache.Save) error {
	s.cfg.Trace("write", strings.ToLower(op.Command)+" on "+op.Node)
	verb, what, _ := strings.Cut(op.Command, " ")
	err := s.client(op.Node).Do(ctx, verb, what).Err()
	if isReply(err) && !isLogin(err) && !begins(err, "NOPERM") {
		return plane.Faultf(plane.ApplyFailed, err, "%s failed on %s (%s): the users stand, and are gone after a restart; "+
			"look into the server's log, and see that it can write the file", op.Command, op.Node, firstLine(err))
	}
	if err != nil {
		return s.fault(op.Node, err)
	}
	return nil
}
