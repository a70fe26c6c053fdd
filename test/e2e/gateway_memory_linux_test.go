package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/gateway"
	"github.com/tenantry/tenantry/test/harness"
)

// envGateway is the path of a kubeconfig. It turns this test binary into a gateway.
const envGateway = "TENANTRY_E2E_GATEWAY"

func init() { subprograms[envGateway] = lonelyGateway }

// lonelyGateway is a gateway in a process of its own, which prints where it listens.
func lonelyGateway() {
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv(envGateway))
	if err != nil {
		panic(err)
	}
	g, err := gateway.New(harness.GatewayOptions(cfg))
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintln(os.Stdout, g.GRPCAddress())
	if err := g.Start(context.Background()); err != nil {
		panic(err)
	}
}

// TestGatewayKnowsNoMasterKey reads the whole memory of a gateway that has served: what opens all of Qdrant, signs tenants'
// tokens, names roles, or opens the other servers is not there.
func TestGatewayKnowsNoMasterKey(t *testing.T) {
	t.Parallel()
	w := newServed(t, func(*tenantryv1.DataPlane) {})
	process, address := startLonelyGateway(t, w.Kubeconfig)
	token := w.Credential(t, "acme-gateway")["api-key"]
	acme := harness.Qdrant(t, address, token)
	for id := range uint64(20) {
		soon(t, "a point", func(ctx context.Context) error { return put(ctx, acme, "files", id, "of acme") })
	}
	keys := w.Secret(t, harness.SystemNamespace, "eu-1-keys")
	material := w.Secret(t, harness.SystemNamespace, "eu-1-gateway")
	needles := map[string]string{
		"the API key": w.servers.Qdrant.APIKey, "the seed that signs tokens": keys["token-signing"], "the key of roles' names": keys["naming"],
		"the password of PostgreSQL": w.servers.Database.Operator.Password, "the password of Redis": w.servers.Redis.AdminPassword,
		"what it must know: the key of ids": keys["id-mapping"], "what it must know: the key that verifies": material["token-verify"],
	}
	if err := process.Signal(syscall.SIGSTOP); err != nil { // nothing moves while it is read
		t.Fatal(err)
	}
	found, read := search(t, process.Pid, needles)
	for name := range needles {
		if mustKnow := strings.HasPrefix(name, "what it must know"); found[name] != mustKnow {
			t.Errorf("%s: found in its memory: %t", name, found[name])
		}
	}
	t.Logf("%d MiB of memory read", read>>20)
}

// startLonelyGateway returns the process and its gRPC address.
func startLonelyGateway(t *testing.T, kubeconfig string) (*os.Process, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{envGateway + "=" + kubeconfig} // nothing of this process's: it may hold the key of a Qdrant that was named
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the gateway did not start: %v", err)
	}
	return cmd.Process, strings.TrimSpace(address)
}

// search looks for secrets in everything that a process can read and write, as they are, in base64 and in hex.
func search(t *testing.T, pid int, needles map[string]string) (found map[string]bool, read int64) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mem.Close() }()
	found = map[string]bool{}
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !strings.HasPrefix(rights, "rw") {
			continue
		}
		n, err := searchRange(mem, int64(from), int64(to), needles, found)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		read += n
	}
	return found, read
}

// searchRange reads in pieces that overlap by more than a secret is long.
func searchRange(mem io.ReaderAt, from, to int64, needles map[string]string, found map[string]bool) (int64, error) {
	const piece, overlap = 4 << 20, 256
	buffer := make([]byte, piece+overlap)
	var read int64
	for at := from; at < to; at += piece {
		n, err := mem.ReadAt(buffer[:min(piece+overlap, to-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return read, err
		}
		read += int64(min(n, piece))
		for name, needle := range needles {
			for _, form := range []string{needle, base64.StdEncoding.EncodeToString([]byte(needle)), hex.EncodeToString([]byte(needle))} {
				found[name] = found[name] || bytes.Contains(buffer[:n], []byte(form))
			}
		}
	}
	return read, nil
}
