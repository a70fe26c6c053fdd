package stack_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

// A test that is killed, by a timeout or by hand, cannot clean up: its servers must go by themselves, and the next run
// sweeps up their files.
func TestKilledProcessLeavesNothing(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var left running
	err = json.NewDecoder(out).Decode(&left)
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	must(t, err)

	for _, addr := range left.Addrs {
		await(t, "the server on "+addr+" to go", func() bool { return !listening(addr) })
	}
	stacktest.NewRedis(t, stack.RedisOptions{})
	for _, file := range left.Files {
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s was not swept up", file)
		}
	}
}

func listening(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
