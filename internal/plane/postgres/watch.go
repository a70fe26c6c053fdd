package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

const (
	// watchPing is how often a silent connection is asked whether it still is one.
	watchPing = time.Minute
	// The first and the longest wait before another attempt to connect.
	watchRetry, watchRetryMost = time.Second, time.Minute
)

var _ plane.Watcher = (*Server)(nil)

// Watch listens for what the event triggers of docs/postgres/protect-new-tables.sql send, on a connection of its own. Where
// the script was not run nothing comes. Roles and memberships belong to the server, and no event trigger tells of them.
func (s *Server) Watch(ctx context.Context, changed func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.open, cancel)()
	hints := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		plane.Debounce(ctx, clock.RealClock{}, plane.WatchInterval, hints, changed)
	}()
	s.listen(ctx, hints)
	<-done
	return nil
}

// listen until ctx ends, and connect again where a connection is lost.
func (s *Server) listen(ctx context.Context, hints chan<- struct{}) {
	wait, lost := watchRetry, false
	for ctx.Err() == nil {
		if s.session(ctx, hints, lost) {
			wait, lost = watchRetry, true
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, watchRetryMost)
	}
}

// session is one connection's life. It says whether it ever listened.
func (s *Server) session(ctx context.Context, hints chan<- struct{}, again bool) bool {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return false
	}
	defer func() {
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		_ = conn.Close(bye) // the server notices by itself
	}()
	s.config.Trace("watch", "listen")
	if _, err := conn.Exec(ctx, "LISTEN "+rows.TellChannel); err != nil {
		return false
	}
	if again {
		plane.Hint(hints) // whatever was told meanwhile went unheard
	}
	for {
		err := awaitNotification(ctx, conn)
		switch {
		case err == nil:
			plane.Hint(hints)
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || s.ping(ctx, conn) != nil:
			return true
		}
	}
}

func awaitNotification(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, watchPing)
	defer cancel()
	_, err := conn.WaitForNotification(ctx)
	return err
}

func (s *Server) ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	s.config.Trace("watch", "ping")
	return conn.Ping(ctx)
}
