package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// result is one line of the summary.
type result string

// note adds a line to the summary: something that was expected and came true.
func (d *demo) note(format string, args ...any) {
	d.results = append(d.results, result(fmt.Sprintf(format, args...)))
}

func (d *demo) summarise() {
	d.console.Heading("What was shown")
	rows := make([]console.Row, 0, len(d.results))
	for i, r := range d.results {
		rows = append(rows, console.Row{Cells: []string{fmt.Sprint(i + 1), string(r)}})
	}
	d.console.Table([]string{"#", "came true"}, rows)
	if d.qdrant.Simulated {
		d.console.Say("Whatever Qdrant answered was SIMULATED. PostgreSQL, Redis, Kubernetes and the gateway were real.")
	}
	d.console.Say("Every expectation came true, in %s.", d.console.Elapsed())
}

// explainKept says how to reach what stays up. The passwords are those of servers on loopback that live as long as this
// process; they stand in files that only this user can read.
func (d *demo) explainKept() {
	env := d.file("env")
	text := fmt.Sprintf("export KUBECONFIG=%s PATH=%s:$PATH\nexport PGURL='%s'\nexport REDISCLI_AUTH=%s\nexport QDRANT_API_KEY=%s GATEWAY=%s\n",
		d.cluster.Kubeconfig, filepath.Dir(d.kubectl.path), d.postgres.SuperuserDSN(database), d.redis.AdminPassword, d.qdrant.APIKey, d.gateway.url())
	if err := os.WriteFile(env, []byte(text), 0o600); err != nil {
		d.console.Failure(err)
	}
	d.console.Heading("KEEP=1: everything stays up")
	d.console.Command("source " + env)
	d.console.Command("kubectl get tenantry -A")
	d.console.Command(`psql "$PGURL"`)
	d.console.Command(fmt.Sprintf("redis-cli -p %s --user %s", d.redis.Port(), d.redis.AdminUser))
	d.console.Say("%sQdrant speaks gRPC at %s with $QDRANT_API_KEY.", d.simulated(), d.qdrant.Addr)
	d.console.Say("The gateway speaks REST at $GATEWAY and gRPC at %s, with the token of a tenant:", d.gateway.grpc)
	d.console.Command("TOKEN=$(kubectl get secret -n " + acme + " " + acme + "-gateway -o jsonpath='{.data.api-key}' | base64 -d)")
	d.console.Command(`curl -H "api-key: $TOKEN" $GATEWAY/collections`)
	d.console.Say("Logs: %s, %s", d.manager.logFile, d.gateway.logFile)
	d.console.Say("To stop everything:")
	d.console.Command(fmt.Sprintf("kill %d", os.Getpid()))
}
