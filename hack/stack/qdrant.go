package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// QdrantOptions vary a Qdrant. They have no say over one that QDRANT_ADDR names.
type QdrantOptions struct {
	// JWT turns the granular access tokens on that dedicated tenants need.
	JWT bool
}

// Qdrant is a vector database that answers on gRPC: a real one, or the simulator.
type Qdrant struct {
	// Addr is host:port of the gRPC listener.
	Addr string
	// RESTURL is the base of the REST interface; "" where it is not known or not served.
	RESTURL string
	// APIKey may do everything on this server.
	APIKey string
	// Simulated says that internal/qdrantsim answers. Output that rests on it must say SIMULATED.
	Simulated bool

	stop func()
}

// StartQdrant returns the server that QDRANT_ADDR and QDRANT_API_KEY name, else starts the qdrant on PATH, else the
// simulator. The caller stops it; that leaves a server which was named alone.
func StartQdrant(ctx context.Context, opts QdrantOptions) (*Qdrant, error) {
	if addr := os.Getenv("QDRANT_ADDR"); addr != "" {
		named := &Qdrant{Addr: addr, APIKey: os.Getenv("QDRANT_API_KEY"), RESTURL: os.Getenv("QDRANT_REST_URL")}
		named.stop = func() {}
		return named, nil
	}
	if path, err := exec.LookPath("qdrant"); err == nil {
		return startQdrantServer(ctx, path, opts)
	}
	return simulateQdrant(opts)
}

// Stop ends what StartQdrant started. It may be called twice.
func (q *Qdrant) Stop() { q.stop() }

// startQdrantServer runs a real server on two free ports.
func startQdrantServer(ctx context.Context, path string, opts QdrantOptions) (*Qdrant, error) {
	dir, err := newRunDir()
	if err != nil {
		return nil, err
	}
	q := &Qdrant{APIKey: newPassword()}
	var server *process
	err = onFreePort(func(port int) error {
		rest, err := freePort()
		if err != nil {
			return err
		}
		q.Addr, q.RESTURL = address(port), "http://"+address(rest)
		server, err = qdrantCommand(path, dir, q.APIKey, port, rest, opts).start()
		if err != nil {
			return err
		}
		return serverReady(ctx, server, q.Addr)
	})
	if err != nil {
		dir.remove()
		return nil, err
	}
	q.stop = sync.OnceFunc(func() { server.stop(syscall.SIGTERM); dir.remove() })
	return q, nil
}

// serverReady waits for the gRPC listener, which opens last, and kills a server that does not come up.
func serverReady(ctx context.Context, server *process, addr string) error {
	err := server.ready(ctx, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		server.kill()
	}
	return err
}

func qdrantCommand(path string, dir *runDir, key string, grpc, rest int, opts QdrantOptions) command {
	return command{
		name: "Qdrant", path: path, dir: dir.path, logFile: dir.join("log"), deathSignal: syscall.SIGKILL,
		env: []string{
			"QDRANT__SERVICE__HOST=" + loopback,
			fmt.Sprintf("QDRANT__SERVICE__GRPC_PORT=%d", grpc),
			fmt.Sprintf("QDRANT__SERVICE__HTTP_PORT=%d", rest),
			"QDRANT__SERVICE__API_KEY=" + key,
			fmt.Sprintf("QDRANT__SERVICE__JWT_RBAC=%t", opts.JWT),
			"QDRANT__STORAGE__STORAGE_PATH=" + dir.join("storage"),
			"QDRANT__STORAGE__SNAPSHOTS_PATH=" + dir.join("snapshots"),
			"QDRANT__TELEMETRY_DISABLED=true",
		},
	}
}
