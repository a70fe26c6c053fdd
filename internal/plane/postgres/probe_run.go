package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// probe is one tenant's attempts: statements that are sent together, each with what its answer means.
type probe struct {
	subject trial.Subject
	sheet   *trial.Sheet
	steps   []probeStep
	// sees counts the tables in which the tenant sees rows of its own, unread those that it may not read.
	sees, unread, tables int
}

// probeStep is one statement. judge gets the first row as texts, or the SQLSTATE of the refusal.
type probeStep struct {
	sql   string
	judge func(row []string, code string)
}

// setup holds whatever happens to a moment: the transaction cannot write, waits for no lock and for no slow answer.
var probeSetup = []string{
	"BEGIN READ ONLY", quietly, "SET LOCAL statement_timeout = '2s'", "SET LOCAL lock_timeout = '100ms'",
	"SET LOCAL idle_in_transaction_session_timeout = '5s'", "SET LOCAL jit = off",
	"SET LOCAL enable_seqscan = off", // a plan for few tenants would read the table to find a contradiction
	"SAVEPOINT probe",
}

const probeUndo = "ROLLBACK TO SAVEPOINT probe"

func newProbe(spec rows.Spec, state rows.PlaneState, subject trial.Subject, operator string) *probe {
	p := &probe{subject: subject, sheet: trial.NewSheet(boundary.Rows)}
	own := subject.Tenant.ID
	p.identity(own, subject.Tenant.Credentials[boundary.Rows].Username)
	p.sight(own, rows.ProtectedTables(spec, state))
	roles := []string{operator, rows.AppsName(spec)}
	for _, o := range subject.Others {
		roles = append(roles, rows.LoginName(spec, o.UID, 0))
		p.impersonate(own, o.ID)
	}
	for _, role := range roles {
		p.refuse("acts as another role", "SET LOCAL ROLE "+rows.Ident(role), codeUnknownRole)
		p.refuse("acts as another role", "SET LOCAL SESSION AUTHORIZATION "+rows.Ident(role), codeUnknownRole)
	}
	for _, table := range []string{"claims", "tenants", "logins", "app_roles", "plane"} {
		p.refuse("reads the records of Tenantry", "SELECT EXISTS (SELECT FROM tenantry."+table+")")
	}
	p.refuse("runs programs or reads files of the server", "COPY (SELECT 1) TO PROGRAM 'true'")
	p.refuse("runs programs or reads files of the server", "SELECT pg_catalog.pg_read_file('PG_VERSION') IS NULL")
	return p
}

// inTurn takes as many tables as one round tries.
func inTurn(tables []rows.Protected, subject trial.Subject) []rows.Protected {
	most := probedTables
	if subject.Whole {
		most = wholeTables
	}
	if len(tables) <= most {
		return tables
	}
	at := subject.Turn * most % len(tables)
	return slices.Concat(tables[at:], tables[:at])[:most]
}

func (p *probe) add(sql string, judge func(row []string, code string)) {
	p.steps = append(p.steps, probeStep{sql, judge})
}

const codeUnknownRole = "22023"

// refuse tries a statement that must be refused for want of a right; others are SQLSTATEs that refuse it as well.
func (p *probe) refuse(words, sql string, others ...string) {
	a := p.sheet.Negative(words, boundary.Critical)
	p.add(sql, func(_ []string, code string) {
		switch {
		case code == "":
			a.Crossed("the server carried out "+sql, "Look at the role's memberships and rights: \\du and \\dp in psql")
		case code == codeMissingRight || slices.Contains(others, code):
			a.Held()
		default:
			a.Unproven("SQLSTATE " + code)
		}
	})
}

// identity is the positive control: the session is the tenant's, and the policies take it for the tenant.
func (p *probe) identity(id, login string) {
	a := p.sheet.Control(trialLogin)
	p.add("SELECT session_user, tenantry.current_tenant()", func(row []string, code string) {
		switch {
		case code != "":
			a.Unproven("who it is was answered with SQLSTATE " + code)
		case row[0] != login || row[1] != id:
			a.Crossed("its login is taken for somebody else", "Look at its row in tenantry.logins: the next reconcile puts it right")
			a.Severity = boundary.Critical
		default:
			a.Held()
		}
	})
}

// impersonate tries the ways in which an application says whom it acts for.
func (p *probe) impersonate(own, other string) {
	a := p.sheet.Negative("becomes another tenant", boundary.Critical)
	p.add("SELECT tenantry.use_tenant("+rows.Literal(other)+")::text", func(_ []string, code string) {
		switch code {
		case rows.CodeNotTenant, codeMissingRight:
			a.Held()
		case "":
			a.Crossed("use_tenant() took it for an application", "Look at its row in tenantry.logins and at tenantry.app_roles")
		default:
			a.Unproven("use_tenant() answered with SQLSTATE " + code)
		}
	})
	forged := rows.Literal(other)
	p.add("SELECT tenantry.current_tenant() FROM (SELECT set_config('app.current_tenant', "+forged+", true), set_config('tenantry.stamp', "+
		forged+", true) OFFSET 0) settings", func(row []string, code string) {
		switch {
		case code == "" && row[0] == own:
			a.Held()
		case code == "":
			a.Crossed("a setting makes it another tenant", "The function tenantry.current_tenant() was replaced: the next reconcile puts it back")
		default:
			a.Unproven("who it is after a setting was answered with SQLSTATE " + code)
		}
	})
}

// sight looks at tables: rows of its own are the control of each, rows of others the crossing.
func (p *probe) sight(own string, all []rows.Protected) {
	tables := inTurn(all, p.subject)
	if len(tables) == 0 {
		return
	}
	others := p.sheet.Negative("sees rows of other tenants", boundary.Critical)
	off := p.sheet.Negative("switches row-level security off", boundary.Critical)
	locks := p.sheet.Negative("locks others out of a table", boundary.Warning)
	empties := p.sheet.Negative("empties tables or hooks into them", boundary.Critical)
	if p.subject.Whole && len(tables) < len(all) {
		others.Unproven("not every table fits into one round")
	}
	p.tables = len(tables)
	for _, t := range tables {
		readable := false
		p.add(t.MayRead(), func(row []string, code string) { readable = code == "" && row[0] == "t" })
		p.add(t.Sight(own), func(row []string, code string) {
			if readable && code == codeMissingRight {
				others.Unproven(t.Display + " may be read, and answered with SQLSTATE " + code + " all the same: a policy raises it, perhaps")
				return
			}
			p.seen(others, t, row, code)
		})
		p.add("SELECT has_table_privilege("+rows.Literal(t.Quoted)+", 'TRUNCATE, REFERENCES, TRIGGER')", func(row []string, code string) {
			judgeRight(empties, t, row, code)
		})
		p.add("LOCK TABLE "+t.Quoted+" IN ACCESS EXCLUSIVE MODE NOWAIT", func(_ []string, code string) { judgeLock(locks, t, code) })
	}
	p.add("SELECT set_config('row_security', 'off', true)", nil) // stays for the next statement: see run
	p.add(tables[0].Sight(own), func(row []string, code string) { judgeOff(off, tables[0], row, code) })
}

func (p *probe) seen(a *trial.Attempt, t rows.Protected, row []string, code string) {
	switch {
	case code == codeMissingRight:
		a.Held()
		p.unread++
	case code == codeOutOfRange || code == codeNoTable:
		p.unread++ // the column cannot hold the id, or the table went: there is nothing of anybody's to tell apart
	case code != "":
		a.Unproven(fmt.Sprintf("%s answered with SQLSTATE %s", t.Display, code))
	case row[1] == "t":
		a.Crossed("in "+t.Display, fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, and look at its policies and "+
			"at who has BYPASSRLS", t.Quoted))
	default:
		a.Held()
		if row[0] == "t" {
			p.sees++
		}
	}
}

const codeOutOfRange = "22003"

func judgeOff(a *trial.Attempt, t rows.Protected, row []string, code string) {
	switch {
	case code == codeMissingRight, code == codeOutOfRange, code == codeNoTable:
		a.Held()
	case code != "":
		a.Unproven(fmt.Sprintf("%s answered with SQLSTATE %s", t.Display, code))
	case row[1] == "t":
		a.Crossed("in "+t.Display, "ALTER TABLE "+t.Quoted+" FORCE ROW LEVEL SECURITY, and look at who has BYPASSRLS")
	default:
		a.Unproven("no policy holds it in " + t.Display + ", where there are no rows of others")
	}
}

func judgeRight(a *trial.Attempt, t rows.Protected, row []string, code string) {
	switch {
	case code == codeNoTable:
	case code == codeMissingRight, code == "" && row[0] == "f":
		a.Held()
	case code != "":
		a.Unproven(fmt.Sprintf("%s answered with SQLSTATE %s", t.Display, code))
	default:
		a.Crossed("it has such a right on "+t.Display, "REVOKE TRUNCATE, REFERENCES, TRIGGER ON "+t.Quoted+" from whoever gives it, PUBLIC perhaps")
	}
}

func judgeLock(a *trial.Attempt, t rows.Protected, code string) {
	switch code {
	case codeMissingRight:
		a.Held()
	case codeNoTable:
	case "", codeLockNotAvailable:
		a.Crossed("it may lock "+t.Display, "REVOKE UPDATE, DELETE, TRUNCATE ON "+t.Quoted+" from whoever gives it, PUBLIC perhaps")
	default:
		a.Unproven(fmt.Sprintf("%s answered with SQLSTATE %s", t.Display, code))
	}
}

// run sends everything at once. Every statement has its own end, so that one that is refused takes none along, and is undone
// before the next.
func (p *probe) run(ctx context.Context, conn *pgconn.PgConn) error {
	pipeline := conn.StartPipeline(ctx)
	send := func(sql string) {
		pipeline.SendQueryParams(sql, nil, nil, nil, nil)
		pipeline.SendPipelineSync()
	}
	for _, sql := range probeSetup {
		send(sql)
	}
	for _, step := range p.steps {
		send(step.sql)
		if step.judge != nil {
			send(probeUndo)
		}
	}
	send("ROLLBACK")
	err := errors.Join(pipeline.Flush(), p.collect(pipeline))
	return errors.Join(err, pipeline.Close())
}

func (p *probe) collect(pipeline *pgconn.Pipeline) error {
	for _, sql := range probeSetup {
		if _, code, err := answer(pipeline); err != nil || code != "" {
			return errors.Join(err, fmt.Errorf("%s was answered with SQLSTATE %q", sql, code))
		}
	}
	for _, step := range p.steps {
		row, code, err := answer(pipeline)
		if err != nil {
			return err
		}
		if step.judge == nil {
			continue
		}
		step.judge(row, code)
		if _, code, err = answer(pipeline); err != nil || code != "" {
			return errors.Join(err, fmt.Errorf("an attempt could not be undone: SQLSTATE %q", code))
		}
	}
	p.finish()
	_, _, err := answer(pipeline)
	return err
}

// finish asks whether the tables had anything to see: without a row of the tenant's own, not seeing those of others proves little.
func (p *probe) finish() {
	if p.tables > 0 && p.sees == 0 && p.tables > p.unread {
		p.sheet.Negative("sees rows of other tenants", boundary.Critical).Nothing("it sees no row of its own in the tables that were tried")
	}
}

// answer reads one statement's answer up to its end: the first row, or the SQLSTATE of the refusal. An error is one of the
// connection.
func answer(pipeline *pgconn.Pipeline) (row []string, code string, err error) {
	for {
		results, err := pipeline.GetResults()
		if e, refused := errors.AsType[*pgconn.PgError](err); refused {
			if e.Severity == "FATAL" {
				return nil, "", err
			}
			code = e.Code
			continue
		}
		if err != nil {
			return nil, "", err
		}
		switch r := results.(type) {
		case *pgconn.PipelineSync:
			return row, code, nil
		case *pgconn.ResultReader:
			read := r.Read()
			if e, refused := errors.AsType[*pgconn.PgError](read.Err); refused {
				code = e.Code
			} else if read.Err != nil {
				return nil, "", read.Err
			}
			if len(read.Rows) > 0 {
				row = texts(read.Rows[0])
			}
		case nil:
			return nil, "", errors.New("the connection ended before the answers did")
		}
	}
}

func texts(values [][]byte) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
