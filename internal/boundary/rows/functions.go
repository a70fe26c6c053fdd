package rows

import (
	"crypto/md5" //nolint:gosec // a digest that every PostgreSQL can compute, to notice changes: not a signature
	_ "embed"
	"encoding/hex"
	"strings"
)

// SQLSTATEs that the functions of the schema raise. They are part of the interface to applications.
const (
	CodeUnset     = "TN001" // no tenant was set in this transaction
	CodeUnknown   = "TN002" // the tenant was never declared
	CodeStale     = "TN003" // the tenant was set by another transaction
	CodeSuspended = "TN004" // the tenant is suspended, or gone and its rows are retained
	CodeNotTenant = "TN005" // the session's role is neither a tenant nor an application role

	CodeBadArgument   = "TN010" // an argument that no request can have
	CodeNoPrice       = "TN012" // the model has no price, or no model is routed to
	CodeNotReserved   = "TN013" // the request was never reserved
	CodeOtherFigures  = "TN014" // the request is known with other figures
	CodeNotByTenant   = "TN015" // a tenant's own login may not release
	CodeIsolation     = "TN016" // the transaction's isolation level is not READ COMMITTED
	CodeReserveClosed = "TN017" // the request was settled, released or expired already
	CodeTooManyOpen   = "TN018" // the tenant has as many open reservations as may be
)

// currentTenantName is the function as it is granted.
const currentTenantName = Schema + ".current_tenant()"

//go:embed sql/current_tenant.sql
var currentTenantBody string

//go:embed sql/use_tenant.sql
var useTenantBody string

// The stamp is the transaction that wrote it (its start to the microsecond, and the process) beside the tenant. What a
// session-level SET, a role's settings or an earlier transaction left behind does not carry the running transaction's.
// A transaction id would do, too, but asking for one makes every reading transaction a writing one.
const stampPrefix = "extract(epoch FROM transaction_timestamp())::text || '/' || pg_backend_pid()::text || '/'"

const readStamped = `    IF left(stamp, length(` + stampPrefix + `)) <> ` + stampPrefix + ` THEN
      RAISE EXCEPTION USING ERRCODE = 'TN003',
        MESSAGE = 'the tenant on this connection was set by another transaction',
        HINT = 'Call tenantry.use_tenant(id) in every transaction; never SET tenantry.stamp.';
    END IF;
    tenant := substr(stamp, length(` + stampPrefix + `) + 1);`

const unsetStamped = `CASE WHEN NULLIF(current_setting('app.current_tenant', true), '') IS NULL
          THEN 'Call SELECT tenantry.use_tenant(id) after BEGIN, in the same transaction as the query.'
          ELSE 'app.current_tenant is set, but this plane has tenantContext Stamped: call SELECT tenantry.use_tenant(id) after BEGIN, in the same transaction as the query.' END`

const unsetSetting = `'Call SET LOCAL app.current_tenant = id, or SELECT tenantry.use_tenant(id), after BEGIN, in the same transaction as the query.'`

// functionSpec is a function of the schema as it should stand.
type functionSpec struct {
	name, arguments, returns, volatility, parallel, body string
	// language is plpgsql where it is "".
	language string
	// invoker functions run with the rights of their callers, and have no settings.
	invoker bool
	// quick functions look few rows up, and have settings that make their plans once and for any size of the tables.
	quick bool
	// tenants and apps may call it.
	tenants, apps bool
}

// search_path ends with pg_temp: left out, it would come first, and a tenant's temporary table could stand in for ours.
const functionPath = "pg_catalog, pg_temp"

func (s Spec) functions() []functionSpec {
	functions := []functionSpec{
		{name: "current_tenant()", returns: "text", volatility: "STABLE", parallel: "SAFE", body: currentTenantBody},
		{
			name: "use_tenant(text)", arguments: "tenant text", returns: "void", volatility: "VOLATILE", parallel: "UNSAFE",
			body: useTenantBody, tenants: true, apps: true,
		},
	}
	functions = append(functions, budgetFunctions()...)
	for i := range functions {
		functions[i].body = s.fill(functions[i].body)
	}
	return functions
}

// fill completes a body for the plane's way of naming tenants.
func (s Spec) fill(body string) string {
	values := []string{
		"{{stamp}}", "tenantry.stamp", "{{unset_hint}}", unsetStamped, "{{read_stamp}}", readStamped,
		"{{write_stamp}}", stampPrefix + " || tenant",
	}
	if s.setting() {
		values = []string{
			"{{stamp}}", "app.current_tenant", "{{unset_hint}}", unsetSetting, "{{read_stamp}}", "    tenant := stamp;",
			"{{write_stamp}}", "tenant",
		}
	}
	return strings.NewReplacer(values...).Replace(body)
}

// create is the statement that makes it so.
func (f functionSpec) create() string {
	bare, _, _ := strings.Cut(f.name, "(")
	text := "CREATE OR REPLACE FUNCTION " + Schema + "." + bare + "(" + f.arguments + ") RETURNS " + f.returns +
		" LANGUAGE " + f.inLanguage() + " " + f.volatility + " PARALLEL " + f.parallel
	if !f.invoker {
		text += " SECURITY DEFINER"
	}
	for _, setting := range f.settings() {
		name, value, _ := strings.Cut(setting, "=")
		text += " SET " + name + " = " + value
	}
	return text + " AS " + Literal(f.body)
}

// settings of the function, as pg_proc has them.
func (f functionSpec) settings() []string {
	var out []string
	if !f.invoker {
		out = append(out, "search_path="+functionPath)
	}
	if f.quick {
		// A plan made for an empty partition reads it from end to end, and a session keeps it while the partition fills; one made
		// for a single call is found cheaper, and costs more than the call.
		out = append(out, "plan_cache_mode=force_generic_plan", "enable_seqscan=off")
	}
	return out
}

func (f functionSpec) inLanguage() string {
	if f.language == "" {
		return "plpgsql"
	}
	return f.language
}

// digest as FunctionDigest has it.
func (f functionSpec) digest() string {
	returns := f.returns
	if strings.HasPrefix(returns, "TABLE") {
		returns = "record"
	}
	return FunctionDigest(f.inLanguage(), !f.invoker, f.volatility[:1], f.parallel[:1], strings.Join(f.settings(), ","), returns, f.body)
}

// FunctionDigest is the digest that snapshots compute on the server, from the columns of pg_proc: language, prosecdef,
// provolatile, proparallel, proconfig joined by commas, result type and prosrc.
func FunctionDigest(language string, definer bool, volatility, parallel, config, returns, body string) string {
	security := "invoker"
	if definer {
		security = "definer"
	}
	text := strings.Join([]string{language, security, strings.ToLower(volatility), strings.ToLower(parallel), config, returns, body}, "|")
	sum := md5.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
