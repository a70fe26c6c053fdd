// Package stack starts the servers that Tenantry works with on this machine: PostgreSQL, Redis, Qdrant and a Kubernetes
// control plane. The tests, the demo and the benchmarks stand on it.
//
// Every server listens on a free loopback port, lives in a temporary directory of its own and dies with the process that
// started it, however that process ends. Start functions clean up after themselves when they fail, so that a caller
// stops only what it was handed.
//
// [Ensure] brings what is missing onto the machine. The Start functions never install anything: where a program is
// missing they return a [MissingError] that says what to run.
package stack

import "time"

// Logf reports progress, one line a call, without a trailing newline. A nil Logf is silent.
type Logf func(format string, args ...any)

func (l Logf) printf(format string, args ...any) {
	if l != nil {
		l(format, args...)
	}
}

// startTimeout bounds the start of any one server, whatever the caller's context allows: a server that is not ready
// by then will not be.
const startTimeout = 60 * time.Second

// stopGrace is how long a server may take to shut down in good order before it is killed.
const stopGrace = 20 * time.Second
