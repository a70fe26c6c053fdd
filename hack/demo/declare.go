package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	feature "github.com/tenantry/tenantry/hack/demo/embed"
)

//go:embed overlay/*.yaml
var overlay embed.FS

// addresses are what the overlay puts in place of the sample's.
type addresses struct {
	Samples, Qdrant, QdrantREST, Redis, RedisUser string
	Gateway, GatewayURL                           string
	Dimension                                     int

	QdrantKey, DSN, RedisPassword string
}

// declare applies config/samples and waits until everything is Ready.
func (d *demo) declare(ctx context.Context) error {
	var err error
	if d.listeners, err = reserveAddresses(); err != nil {
		return err
	}
	d.onExit(d.listeners.release)
	if err := d.applySecrets(ctx); err != nil {
		return err
	}
	if err := d.renderOverlay(); err != nil {
		return err
	}
	d.console.Say("The overlay is config/samples with loopback addresses and vectors of %d dimensions.", feature.Dimension)
	if err := d.kubectl.apply(ctx, "", "kubectl apply --server-side -k overlay", "-k", d.file("overlay")); err != nil {
		return err
	}
	if err := d.await(ctx, "condition=Ready", "dataplane/"+planeName); err != nil {
		return err
	}
	if err := d.protectNewTables(ctx); err != nil {
		return err
	}
	if err := d.awaitTenants(ctx); err != nil {
		return err
	}
	if err := d.awaitGuard(ctx); err != nil {
		return err
	}
	return d.showDeclared(ctx)
}

// applySecrets makes the Secrets that the plane refers to. Their values are read from a file, never from a command line.
func (d *demo) applySecrets(ctx context.Context) error {
	text, err := d.render("overlay/secrets.yaml")
	if err != nil {
		return err
	}
	return d.kubectl.apply(ctx, text, "kubectl apply --server-side -f secrets.yaml", "-f", "-")
}

func (d *demo) renderOverlay() error {
	if err := os.Mkdir(d.file("overlay"), 0o700); err != nil {
		return err
	}
	for _, name := range []string{"kustomization.yaml", "access.yaml", "corpora.yaml"} {
		text, err := d.render("overlay/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(d.file("overlay/"+name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) render(name string) (string, error) {
	values, err := d.addresses()
	if err != nil {
		return "", err
	}
	t, err := template.ParseFS(overlay, name)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, values)
	return out.String(), err
}

func (d *demo) addresses() (addresses, error) {
	// The base of a kustomization has to be named from where it stands, links resolved.
	from, err := filepath.EvalSymlinks(d.dir)
	if err != nil {
		return addresses{}, err
	}
	samples, err := filepath.Rel(filepath.Join(from, "overlay"), filepath.Join(d.root, "config", "samples"))
	a := addresses{
		Samples: filepath.ToSlash(samples), Qdrant: d.qdrant.Addr, QdrantREST: "null", Redis: d.redis.Addr(), RedisUser: operatorRedisUser,
		Dimension: feature.Dimension, QdrantKey: d.qdrant.APIKey, RedisPassword: d.operatorUser,
		Gateway: d.listeners.grpc, GatewayURL: d.listeners.url(),
		DSN: d.postgres.DSN("tenantry", d.operatorRole, database),
	}
	if d.qdrant.RESTURL != "" {
		a.QdrantREST = d.qdrant.RESTURL
	}
	return a, err
}

// protectNewTables runs the one script that only a superuser can. The operator finds it at its next audit and tells it what
// to protect.
func (d *demo) protectNewTables(ctx context.Context) error {
	return d.psql(ctx, script{
		database: database, path: "docs/postgres/protect-new-tables.sql", flags: []string{"--single-transaction"},
	})
}

// awaitGuard waits for that audit.
func (d *demo) awaitGuard(ctx context.Context) error {
	err := eventually(ctx, "the operator to list what new tables to protect", func() error {
		listed, err := d.superuserText(ctx, database, "SELECT count(*)::text FROM tenantry_guard.protected")
		if err == nil && listed == "0" {
			err = errors.New("the list is empty")
		}
		return err
	})
	if err == nil {
		d.console.OK("the operator found the event trigger: from now on a new table is protected in the transaction that makes it")
	}
	return err
}

func (d *demo) awaitTenants(ctx context.Context) error {
	for _, what := range []string{"tenant/" + acme, "tenant/" + blue, "tenant/" + cedar} {
		if err := d.await(ctx, "condition=Ready", what); err != nil {
			return err
		}
	}
	if err := d.await(ctx, "condition=Ready", "corpus", "--all", "--all-namespaces"); err != nil {
		return err
	}
	return d.await(ctx, "condition=Ready", "aibudget", "--all", "--all-namespaces")
}

// await shows a kubectl wait. Where it fails, the error holds what the objects say of themselves.
func (d *demo) await(ctx context.Context, condition string, what ...string) error {
	args := append([]string{"wait", "--for=" + condition, "--timeout=120s"}, what...)
	err := d.kubectl.show(ctx, args...)
	if err == nil {
		return nil
	}
	state, _ := d.kubectl.run(ctx, "", "get", "tenantry", "--all-namespaces", "-o", "wide")
	return &mismatch{what: line(args), want: condition, got: err.Error() + "\n" + state}
}

func (d *demo) showDeclared(ctx context.Context) error {
	if err := d.kubectl.show(ctx, "get", "tenantry", "--all-namespaces"); err != nil {
		return err
	}
	if err := d.kubectl.show(ctx, "get", "tenants", "-o", "wide"); err != nil {
		return err
	}
	if err := d.showFindings(ctx); err != nil {
		return err
	}
	d.console.Say("Budgets, with what is used of them and when counting begins anew:")
	if err := d.kubectl.show(ctx, "get", "aibudgets", "--namespace", platformNamespace, "-o", "wide"); err != nil {
		return err
	}
	enforced, err := d.kubectl.run(ctx, "", "get", "aibudget", acme, "--namespace", platformNamespace,
		"-o", `jsonpath={.status.conditions[?(@.type=="Enforced")].status}`)
	if err != nil {
		return err
	}
	if err := expect("the condition Enforced of a budget", "True", enforced); err != nil {
		return err
	}
	d.note("three tenants, one per pattern, Ready and isolated in every layer")
	return d.operatorCannot(ctx)
}

// showFindings prints what the operator found around the boundaries: notes for the platform team, none of them critical.
func (d *demo) showFindings(ctx context.Context) error {
	var plane struct {
		Status struct {
			Findings []struct{ Severity, Layer, Object, Message string }
		}
	}
	if err := d.kubectl.decode(ctx, &plane, "get", "dataplane", planeName); err != nil {
		return err
	}
	d.console.Say("What the operator found around the boundaries, for the platform team (status.findings of the DataPlane):")
	for _, f := range plane.Status.Findings {
		d.console.Output(fmt.Sprintf("%s: %s, %s: %s", f.Severity, f.Layer, f.Object, f.Message))
		if f.Severity == "Critical" {
			return &mismatch{what: "findings of the plane", want: "none that is critical", got: f.Message}
		}
	}
	return nil
}

// operatorCannot shows two things that the operator's rights do not reach.
func (d *demo) operatorCannot(ctx context.Context) error {
	operator := d.kubectl.as(d.manager.kubeconfig)
	for _, question := range [][]string{
		{"list", "secrets", "--all-namespaces"},
		{"get", "secrets", "--namespace", "product"},
	} {
		if err := d.canI(ctx, operator, "the operator", "no", question...); err != nil {
			return err
		}
	}
	return nil
}

// canI asks the API server what somebody may do, and compares its answer.
func (d *demo) canI(ctx context.Context, as *kubectl, who, want string, question ...string) error {
	args := append([]string{"auth", "can-i"}, question...)
	d.console.Command(line(args) + "   # as " + who)
	answer, _ := as.run(ctx, "", args...) // "no" is also its exit status
	d.console.Output(answer)
	return expect(line(args)+" as "+who, want, strings.TrimSpace(answer))
}
