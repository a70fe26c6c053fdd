package redis

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// logBytes is how much of a log is read at once: entries of a usual size have a kilobyte, a key may have 512 megabytes.
const logBytes = 8 << 20

// errTooLarge ends a connection on which an answer is larger than it may be.
var errTooLarge = errors.New("the answer is larger than 8 MiB")

// limit bounds what is read for each request on a client's connections.
func limit(opts *redis.Options, most int) {
	dial := redis.NewDialer(opts)
	opts.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		l := &limited{Conn: conn, most: most}
		if raw, ok := conn.(syscall.Conn); ok {
			return &limitedRaw{limited: l, Conn: raw}, nil
		}
		return l, nil
	}
}

type limited struct {
	net.Conn

	most, read int
}

// Write begins another request.
func (l *limited) Write(b []byte) (int, error) {
	l.read = 0
	return l.Conn.Write(b)
}

func (l *limited) Read(b []byte) (int, error) {
	if l.read >= l.most {
		return 0, errTooLarge
	}
	n, err := l.Conn.Read(b)
	l.read += n
	return n, err
}

// limitedRaw lets the client see whether the other side has closed the connection.
type limitedRaw struct {
	*limited
	syscall.Conn
}
