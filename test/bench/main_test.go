// Package bench measures what tenants cost: to create, to find settled again after a restart, and to compare in memory.
//
// Everything runs against real servers: kube-apiserver, PostgreSQL with fsync on, Redis, and Qdrant (or its simulator, and
// then the output says so). Next to each figure stands that of a baseline taken in the same run on servers of the same
// kind: a plain loop of the client libraries, one tenant after the other. Speed is never asserted, counts are.
package bench

import (
	"flag"
	"log/slog"
	"os"
	"strconv"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// The figures are to be read, and not what libraries say meanwhile.
func init() {
	log.SetLogger(logr.Discard())
	slog.SetDefault(slog.New(slog.DiscardHandler))
}

const (
	defaultTenants = 1000
	// smallTenants is the size that the large fleet's restart is compared with.
	smallTenants = 100
	// dedicatedEvery tenant has a dedicated corpus.
	dedicatedEvery = 20
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	fleets.stop()
	os.Exit(code)
}

// tenants is how many the large fleet has.
func tenants(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv("BENCH_TENANTS")
	if text == "" {
		return defaultTenants
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		tb.Fatalf("BENCH_TENANTS is %q; it must be a number of tenants", text)
	}
	return n
}

// isDedicated says whether the i-th tenant has a dedicated corpus.
func isDedicated(i int) bool { return i%dedicatedEvery == 0 }

func dedicatedAmong(n int) int { return (n + dedicatedEvery - 1) / dedicatedEvery }
