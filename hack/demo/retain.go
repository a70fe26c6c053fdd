package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// retain deletes a tenant with deletionPolicy Retain: access is gone, data and claim stay, and nobody gets its id again.
func (d *demo) retain(ctx context.Context) error {
	t := d.tenants[blue]
	before, err := d.holdings(ctx)
	if err != nil {
		return err
	}
	if err := d.kubectl.show(ctx, "delete", "corpus", "--all", "--namespace", blue); err != nil {
		return err
	}
	if err := d.kubectl.show(ctx, "delete", "tenant", blue, "--timeout=60s"); err != nil {
		return err
	}
	if err := d.gone(ctx, t); err != nil {
		return err
	}
	after, err := d.holdings(ctx)
	if err != nil {
		return err
	}
	d.console.OK("the platform still sees what it held: %s", after[blue])
	if err := expect("what "+blue+" held, after its deletion", before[blue], after[blue]); err != nil {
		return err
	}
	d.note("a deletion with Retain closed every way in and kept every row, key and point")
	return d.claimKept(ctx)
}

// gone checks that nothing lets anybody in as the deleted tenant, and that its Secrets are gone.
func (d *demo) gone(ctx context.Context, t *tenant) error {
	o := attack(ctx, d.waysIn(t))
	d.console.Table([]string{"way in", "the server's answer"}, o.rows)
	if err := o.held("the deleted tenant"); err != nil {
		return err
	}
	login := t.secrets["postgresql"]["username"]
	roles, err := d.superuserText(ctx, database, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1", login)
	if err != nil {
		return err
	}
	if err := expect("login roles of the deleted tenant", "0", roles); err != nil {
		return err
	}
	admin := d.redis.Client()
	defer func() { _ = admin.Close() }()
	users, err := admin.Do(ctx, "ACL", "USERS").StringSlice()
	if err != nil {
		return wrap("list the users of Redis", err)
	}
	if strings.Contains(" "+strings.Join(users, " ")+" ", " tenant-"+t.name+" ") {
		return &mismatch{what: "users of Redis", want: "none of " + t.name, got: strings.Join(users, " ")}
	}
	if err := t.readSecrets(ctx); err != nil {
		return err
	}
	d.console.OK("its login role, its Redis user and its Secrets are gone")
	return expect("Secrets of the deleted tenant", 0, len(t.secrets))
}

// claimKept shows the tombstone, and that the id is not given to a new Tenant of the same name.
func (d *demo) claimKept(ctx context.Context) error {
	manifest := "config/samples/tenants/blue-dental/tenant.yaml"
	if err := d.kubectl.show(ctx, "apply", "--server-side", "-f", manifest); err != nil {
		return err
	}
	if err := d.await(ctx, "condition=Stalled", "tenant/"+blue); err != nil {
		return err
	}
	var tenant struct {
		Status struct {
			Conditions []struct{ Type, Reason, Message string }
		}
	}
	if err := d.kubectl.decode(ctx, &tenant, "get", "tenant", blue); err != nil {
		return err
	}
	for _, c := range tenant.Status.Conditions {
		if c.Type == "Stalled" {
			d.console.Table([]string{"condition", "reason", "message"}, []console.Row{{Cells: []string{c.Type, c.Reason, c.Message}}})
			d.note("a new Tenant of the same name is refused: %s", c.Reason)
			return expect("why a new Tenant of the same id is refused", "TenantIDRetained", c.Reason)
		}
	}
	return &mismatch{what: "conditions of the new " + blue, want: "Stalled", got: fmt.Sprint(tenant.Status.Conditions)}
}
