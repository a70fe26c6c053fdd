package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

// victimEnv makes this test binary the process that TestKilledProcessLeavesNothing kills.
const victimEnv = "TENANTRY_STACK_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		victim()
	}
	stacktest.Main(m)
}

// running says where the victim's servers are.
type running struct{ Addrs, Files []string }

// victim starts the servers, says where they are and waits for its end.
func victim() {
	opts := stack.Options{ControlPlane: stack.ControlPlaneOptions{WithoutCRDs: true}}
	s, err := stack.Start(context.Background(), opts)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(running{
		Addrs: []string{fmt.Sprintf("%s:%d", s.Postgres.Host(), s.Postgres.Port()), s.Redis.Addr(), s.ControlPlane.Addr()},
		Files: []string{s.Postgres.LogFile(), s.Redis.LogFile(), s.ControlPlane.LogFile()},
	})
	select {}
}
