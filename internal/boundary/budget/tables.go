package budget

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// Names of tables.
const (
	ledger           = "ai_usage_logs"
	defaultPartition = ledger + "_default"
)

// hurry keeps a change that needs a table for itself from making calls queue behind it, for longer than this, where some
// transaction does not let go. It is tried again.
const hurry = "SET LOCAL lock_timeout = '100ms'"

// wantedPolicy is a policy as it is written and as snapshots show it.
type wantedPolicy struct{ name, definition, create string }

// policies of a table. The operator is let through by name, because FORCE holds the owner too, and the functions run as the
// owner. Partitions are reached through their parent alone, and let nobody else in.
func (d *planeDiff) policies(t Table) []wantedPolicy {
	name := rows.Qualified(rows.Schema, t.Name)
	out := []wantedPolicy{{
		name: "operator", definition: "* permissive " + d.have.Operator + " true", create: fmt.Sprintf("CREATE POLICY operator ON %s TO CURRENT_USER USING (true)", name),
	}}
	if t.Partition {
		return out
	}
	const condition = "(tenant_id = (SELECT tenantry.current_tenant()))"
	return append(out, wantedPolicy{
		name: "tenant_isolation", definition: "* permissive public " + condition + " " + condition,
		create: fmt.Sprintf("CREATE POLICY tenant_isolation ON %s USING %s WITH CHECK %s", name, condition, condition),
	})
}

// canonical brings definitions as we write them and as servers of different versions print them to one form.
func canonical(definition string) string {
	return strings.NewReplacer(" AS current_tenant", "", "(", "", ")", "", " ", "").Replace(definition)
}

// table compares the protection of one table.
func (d *planeDiff) table(t Table) {
	object, name := "table tenantry."+t.Name, rows.Qualified(rows.Schema, t.Name)
	var mend []rows.Statement
	if !t.RLS || !t.Force {
		mend = append(mend, sql("ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", name))
	}
	want := d.policies(t)
	is := func(p Policy) func(wantedPolicy) bool {
		return func(w wantedPolicy) bool {
			return w.name == p.Name && canonical(w.definition) == canonical(p.Definition)
		}
	}
	for _, p := range t.Policies {
		if !slices.ContainsFunc(want, is(p)) {
			mend = append(mend, sql("DROP POLICY %s ON %s", rows.Ident(p.Name), name))
		}
	}
	for _, w := range want {
		if !slices.ContainsFunc(t.Policies, func(p Policy) bool { return is(p)(w) }) {
			mend = append(mend, sql("%s", w.create))
		}
	}
	if t.Partition && !t.Indexed {
		d.hazard("ledger-index", object, boundary.Warning, "an index that budgets need is missing, so that every call reads the whole month: "+
			"CREATE UNIQUE INDEX CONCURRENTLY ON %s (tenant_id, request_id); CREATE INDEX CONCURRENTLY ON %s (tenant_id COLLATE \"POSIX\", created_at)", name, name)
	}
	if len(mend) == 0 {
		d.stands()
		return
	}
	c := d.step(object, boundary.Changed, "row-level security or its policies are not as they should be; mend them")
	c.unit, c.apart = "budget table "+t.Name, true
	if !t.Partition {
		c.severity = boundary.Critical // tenants may read it
	}
	d.do(c, append([]rows.Statement{sql(hurry)}, mend...)...)
}

// partitions stand ready from the running month on, and go when they are too old.
func (d *planeDiff) partitions() {
	month := monthOf(d.have.Now)
	oldest := month.AddDate(0, -d.spec.retention(), 0)
	var wanted []time.Time
	for i := range monthsAhead + 1 {
		wanted = append(wanted, month.AddDate(0, i, 0))
	}
	for _, stray := range d.have.Stray {
		if m := monthOf(stray); !m.Before(oldest) && !slices.ContainsFunc(wanted, m.Equal) {
			wanted = append(wanted, m)
		}
	}
	for _, m := range wanted {
		d.partition(m)
	}
	for _, t := range d.have.Tables {
		if t.Partition && t.To != nil && !t.To.After(oldest) {
			d.expired(t)
		}
	}
	if slices.ContainsFunc(d.have.Stray, func(m time.Time) bool { return m.Before(oldest) }) {
		d.do(d.step("table tenantry."+defaultPartition, boundary.Unexpected, "it holds rows older than %d months; delete them", d.spec.retention()),
			with("DELETE FROM tenantry."+defaultPartition+" WHERE created_at < $1", oldest))
	}
}

func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// partition makes the one of a month, with the rows that were put by for lack of it.
func (d *planeDiff) partition(m time.Time) {
	for _, t := range d.have.Tables {
		if t.Partition && t.From != nil && t.To != nil && !m.Before(*t.From) && m.Before(*t.To) {
			d.stands()
			return
		}
	}
	name := ledger + m.Format("_2006_01")
	quoted, next := rows.Qualified(rows.Schema, name), m.AddDate(0, 1, 0)
	from, to := rows.Literal(m.Format(time.RFC3339)), rows.Literal(next.Format(time.RFC3339))
	c := d.step("table tenantry."+name, boundary.Missing, "the ledger has no partition for %s; make it", m.Format("January 2006"))
	c.unit, c.apart = "budget partition "+name, true
	d.do(c,
		sql(hurry),
		sql("CREATE TABLE %s (LIKE tenantry.%s INCLUDING DEFAULTS) WITH (fillfactor = 60)", quoted, ledger),
		sql("REVOKE ALL ON %s FROM PUBLIC", quoted),
		sql("CREATE UNIQUE INDEX ON %s (tenant_id, request_id)", quoted),
		sql(`CREATE INDEX ON %s (tenant_id COLLATE "POSIX", created_at)`, quoted),
		sql("CREATE INDEX ON %s USING brin (created_at)", quoted),
		sql("ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", quoted),
		sql("CREATE POLICY operator ON %s TO CURRENT_USER USING (true)", quoted),
		sql("LOCK TABLE tenantry.%s IN ACCESS EXCLUSIVE MODE", defaultPartition),
		sql("WITH stray AS (DELETE FROM tenantry.%s WHERE created_at >= %s AND created_at < %s RETURNING *) INSERT INTO %s SELECT * FROM stray",
			defaultPartition, from, to, quoted),
		sql("ALTER TABLE tenantry.%s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%s)", ledger, quoted, from, to))
}

func (d *planeDiff) expired(t Table) {
	c := d.step("table tenantry."+t.Name, boundary.Unexpected, "the plane keeps %d months of the ledger, and this one is older; drop it", d.spec.retention())
	c.unit, c.apart, c.phase, c.severity = "budget partition "+t.Name, true, boundary.PhaseRemove, boundary.Info
	d.do(c, sql(hurry), sql("DROP TABLE %s", rows.Qualified(rows.Schema, t.Name)))
}
