package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// restart kills the operator, reads as a tenant while it is gone, starts it again and checks that it rewrites nothing.
func (d *demo) restart(ctx context.Context) error {
	before, err := d.objects(ctx)
	if err != nil {
		return err
	}
	d.console.Command(fmt.Sprintf("kill -9 %d", d.manager.cmd.Process.Pid))
	d.manager.kill()
	if err := d.readRows(ctx, d.tenants[acme]); err != nil {
		return wrap("read while the operator is gone", err)
	}
	if err := d.readAll(ctx, d.tenants[blue]); err != nil {
		return wrap("read while the operator is gone", err)
	}
	d.console.Say("  The boundaries stand on the servers and the gateway: they do not need the operator to hold.")
	if err := d.startManager(ctx); err != nil {
		return err
	}
	if err := d.manager.await(ctx, "the new process to look at everything twice", lookedTwice); err != nil {
		return err
	}
	last, err := scrape(ctx, d.manager.metricsAddr)
	if err != nil {
		return err
	}
	d.console.OK("the new process looked %g times at a layer of a tenant and %g times at a corpus, and applied %g changes",
		compared(last, "diff_tenant"), compared(last, "diff_corpus"), last.sum("tenantry_changes_applied_total"))
	if err := expect("changes applied by the new process", 0, int(last.sum("tenantry_changes_applied_total"))); err != nil {
		return err
	}
	after, err := d.objects(ctx)
	if err != nil {
		return err
	}
	return d.unchanged(before, after)
}

const (
	callCount = "tenantry_backend_call_duration_seconds_count"
	// corpora that the overlay declares, the reference among them.
	corpora = 6
)

func compared(s series, call string) float64 { return s.sum(callCount, `call="`+call+`"`) }

// lookedTwice: at every tenant in each of the three layers, and at every corpus, over two rounds of the audit.
func lookedTwice(s series) bool {
	for _, layer := range []string{"Vector", "Rows", "Cache"} {
		if s.sum(callCount, `call="diff_tenant"`, `layer="`+layer+`"`) < float64(2*len(companies)) {
			return false
		}
	}
	return compared(s, "diff_corpus") >= 2*corpora
}

// object is what is compared of one resource.
type object struct {
	resourceVersion string
	content         any
}

// objects reads everything that the operator writes to the API.
func (d *demo) objects(ctx context.Context) (map[string]object, error) {
	var list struct{ Items []map[string]any }
	if err := d.kubectl.decode(ctx, &list, "get", "dataplanes,tenants,corpora,aibudgets,secrets", "--all-namespaces"); err != nil {
		return nil, err
	}
	out := map[string]object{}
	for _, item := range list.Items {
		meta, _ := item["metadata"].(map[string]any)
		name := strings.TrimPrefix(fmt.Sprintf("%v/%v/%v", orEmpty(meta["namespace"]), item["kind"], meta["name"]), "/")
		version := fmt.Sprint(meta["resourceVersion"])
		out[name] = object{resourceVersion: version, content: timeless(item)}
	}
	return out, nil
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// timeless is an object without its version and without what moves with the clock: when a plane was last audited and
// probed, and the count of a corpus's points, which is taken once a minute.
func timeless(item map[string]any) map[string]any {
	meta, _ := item["metadata"].(map[string]any)
	delete(meta, "resourceVersion")
	delete(meta, "managedFields")
	status, _ := item["status"].(map[string]any)
	delete(status, "lastAuditTime")
	delete(status, "lastProbeTime")
	delete(status, "points")
	if secret := item["data"]; secret != nil {
		item["data"] = fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(secret)))) // a difference would be printed
	}
	return item
}

// unchanged compares every object. A Tenant, a budget or a Secret has the very version it had.
func (d *demo) unchanged(before, after map[string]object) error {
	if err := expect("how many objects there are after the restart", len(before), len(after)); err != nil {
		return err
	}
	var rows []console.Row
	same := 0
	for name, was := range before {
		is := after[name]
		if !reflect.DeepEqual(was.content, is.content) {
			return &mismatch{what: name + " after the restart", want: fmt.Sprint(was.content), got: fmt.Sprint(is.content)}
		}
		clocked := strings.Contains(name, "/Corpus/") || strings.HasPrefix(name, "DataPlane/")
		if !clocked {
			if err := expect("resourceVersion of "+name, was.resourceVersion, is.resourceVersion); err != nil {
				return err
			}
		}
		same++
	}
	for _, name := range companies {
		key := "Tenant/" + name
		rows = append(rows, console.Row{Cells: []string{"tenant/" + name, before[key].resourceVersion, after[key].resourceVersion}})
	}
	d.console.Table([]string{"object", "resourceVersion before", "after"}, rows)
	d.console.OK("%d objects, credential Secrets included, say what they said before", same)
	d.note("the operator was killed and started again: 0 changes on the servers, nothing rewritten in the API")
	return nil
}
