package postgres_test

import (
	"testing"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

const documents = "table app.documents"

// TestPlantedOnTables: what Tenantry owns on a table. Numbers are those of docs/reference/rls-hazards.md.
func TestPlantedOnTables(t *testing.T) {
	plantAll(t, map[string]planted{
		"01 off":           {sql: "ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY", want: "Critical Missing - " + documents, says: "is off"},
		"03 not forced":    {sql: "ALTER TABLE app.documents NO FORCE ROW LEVEL SECURITY", want: "Critical Changed - " + documents, says: "not forced"},
		"09 no policy":     {sql: "DROP POLICY tenant_isolation ON app.documents", want: "Critical Changed - " + documents, says: "is missing"},
		"10 true":          {sql: "ALTER POLICY tenant_isolation ON app.documents USING (true)", want: "Critical Changed - " + documents, says: "was changed"},
		"13 to some roles": {sql: "ALTER POLICY tenant_isolation ON app.documents TO {app}", want: "Critical Changed - " + documents, says: "was changed"},
		"14 null passes":   {sql: "ALTER POLICY tenant_isolation ON app.documents USING (tenant_id IS NULL OR tenant_id = (SELECT tenantry.current_tenant()))", want: "Critical Changed - " + documents, says: "was changed"},
		"15 check":         {sql: "ALTER POLICY tenant_isolation ON app.documents WITH CHECK (true)", want: "Critical Changed - " + documents, says: "was changed"},
		"16 no column":     {sql: "ALTER POLICY tenant_isolation ON app.documents USING ('x' = (SELECT tenantry.current_tenant()))", want: "Critical Changed - " + documents, says: "was changed"},
		"17 bare setting":  {sql: "ALTER POLICY tenant_isolation ON app.documents USING (tenant_id = current_setting('app.current_tenant'))", want: "Critical Changed - " + documents, says: "was changed"},
		"18 pattern":       {sql: "ALTER POLICY tenant_isolation ON app.documents USING (tenant_id LIKE (SELECT tenantry.current_tenant()))", want: "Critical Changed - " + documents, says: "was changed"},
		"21 current_user":  {sql: "ALTER POLICY tenant_isolation ON app.documents USING (tenant_id = current_user)", want: "Critical Changed - " + documents, says: "was changed"},
		"22 immutable":     {sql: "ALTER FUNCTION tenantry.current_tenant() IMMUTABLE", want: "Critical Changed - function tenantry.current_tenant()", says: "not Tenantry's"},
		"23 once a row":    {sql: "ALTER POLICY tenant_isolation ON app.documents USING (tenant_id = tenantry.current_tenant())", want: "Critical Changed - " + documents, says: "was changed"},
		"33 a new table":   {sql: "CREATE TABLE app.fresh (tenant_id text PRIMARY KEY); ALTER TABLE app.fresh OWNER TO {owner}", undo: "DROP TABLE app.fresh", want: "Warning Missing - table app.fresh", says: "is off"},
		"36 truncate":      {sql: "GRANT TRUNCATE ON app.documents TO {prefix}tenants", want: "Critical Unexpected - " + documents, says: "TRUNCATE"},
		"37 tenant column": {sql: "GRANT UPDATE (tenant_id) ON app.documents TO {prefix}tenants", want: "Critical Unexpected - " + documents, says: "UPDATE"},
		"39 a column":      {sql: "CREATE TABLE app.other (secret text); ALTER TABLE app.other OWNER TO {owner}; GRANT SELECT (secret) ON app.other TO {prefix}tenants", undo: "DROP TABLE app.other", want: "Critical Unexpected - table app.other", says: "SELECT"},
		"40 setval":        {sql: "GRANT UPDATE ON SEQUENCE app.documents_id_seq TO {prefix}tenants", want: "Warning Unexpected - sequence app.documents_id_seq", says: "UPDATE"},
		"32 partition": {
			sql:  "CREATE TABLE app.parts (tenant_id text NOT NULL) PARTITION BY LIST (tenant_id); CREATE INDEX ON app.parts (tenant_id); CREATE SCHEMA attic AUTHORIZATION {owner}; CREATE TABLE attic.part PARTITION OF app.parts DEFAULT; ALTER TABLE app.parts OWNER TO {owner}; ALTER TABLE attic.part OWNER TO {owner}; GRANT SELECT ON attic.part TO {prefix}tenants",
			undo: "DROP TABLE app.parts; DROP SCHEMA attic", want: "Critical Missing - table attic.part", says: "is off",
		},
		"32 child": {
			sql:  "CREATE SCHEMA attic AUTHORIZATION {owner}; CREATE TABLE attic.child () INHERITS (app.documents); CREATE INDEX ON attic.child (tenant_id); ALTER TABLE attic.child OWNER TO {owner}",
			undo: "DROP TABLE attic.child; DROP SCHEMA attic", want: "Warning Missing - table attic.child", says: "is off",
		},
	})
}

// TestPlantedPreconditions: what a table lacks is the application's to mend.
func TestPlantedPreconditions(t *testing.T) {
	plantAll(t, map[string]planted{
		"02 dormant": {
			spec: func(s *rows.Spec) { s.Protect[0].Mode = rows.Report }, sql: "ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY", undo: "ALTER TABLE app.documents ENABLE ROW LEVEL SECURITY",
			want: "Warning Missing report-mode " + documents, says: "is off",
		},
		"24 index": {
			sql:  "DROP INDEX app.documents_tenant_id_idx",
			want: "Warning Hazard tenant-column-index " + documents, says: "no index",
		},
		"31 foreign table": {
			sql:  "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE app.afar (tenant_id text NOT NULL) SERVER files OPTIONS (filename '/dev/null'); GRANT SELECT ON app.afar TO PUBLIC",
			undo: "DROP EXTENSION file_fdw CASCADE", want: "Critical Hazard foreign-table table app.afar", says: "cannot protect", remedy: "DROP FOREIGN TABLE app.afar",
		},
		"31 foreign table elsewhere": {
			sql:  "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE app.afar (line text) SERVER files OPTIONS (filename '/dev/null'); GRANT SELECT ON app.afar TO PUBLIC",
			undo: "DROP EXTENSION file_fdw CASCADE", want: "Warning Hazard foreign-table-open foreign table app.afar", says: "behind it",
		},
		"37 nullable": {
			sql:  "ALTER TABLE app.documents ALTER tenant_id DROP NOT NULL",
			want: "Warning Hazard tenant-column-nullable " + documents, says: "NULL",
		},
		"type": {
			sql:  "CREATE TABLE app.bytes (tenant_id bytea PRIMARY KEY); ALTER TABLE app.bytes OWNER TO {owner}",
			undo: "DROP TABLE app.bytes", want: "Warning Hazard tenant-column-type table app.bytes", says: "bytea",
			remedy: "DROP TABLE app.bytes; CREATE TABLE app.bytes (tenant_id text PRIMARY KEY); ALTER TABLE app.bytes OWNER TO {owner}",
		},
		"collation": {
			sql:  "CREATE COLLATION app.fuzzy (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE app.fuzzy (tenant_id text COLLATE app.fuzzy PRIMARY KEY); ALTER TABLE app.fuzzy OWNER TO {owner}",
			undo: "DROP TABLE app.fuzzy; DROP COLLATION app.fuzzy", want: "Warning Hazard tenant-column-collation table app.fuzzy", says: "equal",
		},
		"owner": {
			sql:  "CREATE TABLE app.foreigner (tenant_id text PRIMARY KEY)",
			undo: "DROP TABLE app.foreigner", want: "Warning Hazard not-owner table app.foreigner", says: "belongs to", remedy: "ALTER TABLE app.foreigner OWNER TO {owner}",
		},
		"34 unique": {
			sql:  "ALTER TABLE app.documents ADD CONSTRAINT one_title UNIQUE (title)",
			want: "Warning Hazard unique-oracle one_title " + documents, says: "leaves tenant_id out",
			remedy: "ALTER TABLE app.documents DROP CONSTRAINT one_title, ADD UNIQUE (tenant_id, title)", undo: "ALTER TABLE app.documents DROP CONSTRAINT documents_tenant_id_title_key",
		},
		"34 exclude": {
			sql:  "ALTER TABLE app.documents ADD CONSTRAINT one_title EXCLUDE USING btree (title WITH =)",
			want: "Warning Hazard unique-oracle one_title " + documents, says: "leaves tenant_id out", remedy: "ALTER TABLE app.documents DROP CONSTRAINT one_title",
		},
		"34 expression": {
			sql:  "CREATE UNIQUE INDEX one_title ON app.documents (lower(title))",
			want: "Warning Hazard unique-oracle one_title " + documents, says: "leaves tenant_id out", remedy: "DROP INDEX app.one_title",
		},
		"35 foreign key": {
			sql: "CREATE UNIQUE INDEX pair ON app.documents (tenant_id, id); CREATE TABLE app.pages (tenant_id text NOT NULL, document bigint, CONSTRAINT of_document FOREIGN KEY (document) REFERENCES app.documents (id)); " +
				"CREATE INDEX ON app.pages (tenant_id); ALTER TABLE app.pages OWNER TO {owner}",
			undo: "DROP TABLE app.pages; DROP INDEX app.pair", want: "Warning Hazard reference-oracle of_document table app.pages", says: "leaves the tenant out",
		},
	})
}

// TestPlantedPolicies beside ours.
func TestPlantedPolicies(t *testing.T) {
	plantAll(t, map[string]planted{
		"12 another":           {sql: "CREATE POLICY wide ON app.documents USING (true)", want: "Critical Hazard other-policy wide " + documents, says: "add up"},
		"12 for all":           {sql: "CREATE POLICY wide ON app.documents FOR UPDATE TO {prefix}tenants USING (title = 'x')", want: "Critical Hazard other-policy wide " + documents, says: "add up"},
		"12 for applications":  {sql: "CREATE POLICY wide ON app.documents TO {app} USING (true)", want: "Warning Hazard other-policy wide " + documents, says: "{app}"},
		"12 for others":        {sql: "CREATE POLICY wide ON app.documents TO {owner} USING (true)", want: "Info Hazard policy-for-others wide " + documents, says: "{owner}"},
		"46 for exempt roles":  {sql: "CREATE POLICY wide ON app.documents TO {dump} USING (true)", want: "Info Hazard policy-for-exempt wide " + documents, says: "{dump}"},
		"11 restricts nothing": {sql: "CREATE POLICY narrow ON app.documents AS RESTRICTIVE USING (true)", want: "Info Hazard policy-inert narrow " + documents, says: "looks like"},
		"38 asks a bare table": {
			sql:  "CREATE TABLE app.flags (on_ boolean); CREATE POLICY narrow ON app.documents AS RESTRICTIVE USING (EXISTS (SELECT FROM app.flags WHERE on_))",
			undo: "DROP TABLE app.flags", want: "Info Hazard policy-asks-bare narrow " + documents, says: "app.flags",
		},
		"23 volatile": {
			sql:  "CREATE FUNCTION app.often() RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true'; CREATE POLICY narrow ON app.documents AS RESTRICTIVE USING (app.often())",
			undo: "DROP POLICY narrow ON app.documents; DROP FUNCTION app.often()", want: "Info Hazard policy-volatile narrow " + documents, says: "every row",
		},
	})
}
