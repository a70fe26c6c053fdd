package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// claimRow is a row of queries/claims.sql.
type claimRow struct {
	boundary.Claim

	State string `json:"state"`
}

// singles is the answer to queries/plane.sql.
type singles struct {
	Registered []string           `json:"registered"`
	Strangers  []string           `json:"strangers"`
	Apps       []string           `json:"apps"`
	Bypassers  []string           `json:"bypassers"`
	Orphans    []string           `json:"orphans"`
	Settings   []rows.RoleSetting `json:"settings"`
}

// planeAnswers collects what a plane's part of a snapshot is made of.
type planeAnswers struct {
	server    []rows.ServerState
	markers   []boundary.Marker
	roles     []rows.Role
	singles   []singles
	functions []rows.Function
	tables    []rows.Table
	schemas   []rows.SchemaState
	rights    []rows.Right
	reaches   []rows.Reach
	views     []rows.View
	definers  []rows.Definer
	oracles   []rows.Oracle
	around    []rows.Around
	guards    []rows.Guard
}

// tenantAnswers collects what the tenants' parts are made of.
type tenantAnswers struct {
	claims []claimRow
	logins []rows.Login
	roles  []rows.Role
}

// schemas that the spec protects.
func (s *Server) schemas() []string {
	out := []string{}
	for _, p := range s.config.Spec.Protect {
		out = append(out, p.Schema)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *Server) groups() []string {
	return []string{rows.GroupName(s.config.Spec), rows.AppsName(s.config.Spec)}
}

// askPlane queues the questions that all tenants share.
func (s *Server) askPlane(r *reading, a *planeAnswers) {
	spec, groups, schemas := s.config.Spec, s.groups(), s.schemas()
	apps := slices.Concat([]string{}, spec.AppRoles)
	named := slices.Concat(groups, apps, spec.MaintenanceRoles)
	ask(r, "server", &a.server)
	ask(r, "marker", &a.markers)
	ask(r, "roles", &a.roles, named, "", []string{}, rows.Prefix(spec), groups)
	ask(r, "plane", &a.singles, groups[0], groups[1], rows.Prefix(spec), apps)
	ask(r, "functions", &a.functions)
	ask(r, "tables", &a.tables, schemas, slices.Concat(groups, apps))
	ask(r, "schemas", &a.schemas, schemas, slices.Concat(groups, apps))
	ask(r, "rights", &a.rights, groups, schemas, apps)
	ask(r, "reaches", &a.reaches, slices.Concat(groups, apps), schemas)
	ask(r, "views", &a.views, schemas, slices.Concat(groups, apps))
	ask(r, "definers", &a.definers, schemas, slices.Concat(groups, apps))
	ask(r, "oracles", &a.oracles, schemas)
	ask(r, "surroundings", &a.around, schemas, groups[0], rows.Prefix(spec))
	ask(r, "guard", &a.guards, rows.GuardTrigger, []string{rows.TellChanges, rows.TellDrops})
}

// askTenants queues the questions about all tenants, or about one by id and UID.
func (s *Server) askTenants(r *reading, a *tenantAnswers, one *boundary.Tenant) {
	spec := s.config.Spec
	var ids []string
	names, prefix := []string{}, rows.Prefix(spec)
	if one != nil {
		ids, prefix = []string{one.ID}, ""
		for slot := range rows.Slots {
			names = append(names, rows.LoginName(spec, one.UID, slot))
		}
	}
	ask(r, "claims", &a.claims, ids)
	ask(r, "logins", &a.logins, ids, names)
	ask(r, "roles", &a.roles, names, prefix, ids, rows.Prefix(spec), s.groups())
}

// readWhole takes a snapshot of everything.
func (s *Server) readWhole(ctx context.Context) (rows.Snapshot, error) {
	var p planeAnswers
	var t tenantAnswers
	r := s.newReading("snapshot")
	s.askPlane(r, &p)
	s.askTenants(r, &t, nil)
	if err := r.run(ctx); err != nil {
		return rows.Snapshot{}, err
	}
	state, err := s.planeState(ctx, p)
	return rows.Snapshot{Plane: state, Tenants: s.tenantStates(t)}, err
}

// readPlane reads the part that all tenants share.
func (s *Server) readPlane(ctx context.Context) (rows.PlaneState, error) {
	var p planeAnswers
	r := s.newReading("plane")
	s.askPlane(r, &p)
	if err := r.run(ctx); err != nil {
		return rows.PlaneState{}, err
	}
	return s.planeState(ctx, p)
}

// readTenant reads what stands for one tenant.
func (s *Server) readTenant(ctx context.Context, t boundary.Tenant) (rows.TenantState, error) {
	var a tenantAnswers
	r := s.newReading("tenant")
	s.askTenants(r, &a, &t)
	if err := r.run(ctx); err != nil {
		return rows.TenantState{}, err
	}
	state := s.tenantStates(a)[t.ID]
	if state.Roles == nil {
		state.Roles = map[string]rows.Role{}
	}
	for _, role := range a.roles { // those of its slots too, where no claim leads to them
		if strings.HasPrefix(role.Name, rows.Prefix(s.config.Spec)) {
			state.Roles[role.Name] = role
		}
	}
	return state, nil
}

// planeState puts the answers together. Where the event trigger stands, its list is a question of its own: asking for a
// table that may not exist would fail all the others.
func (s *Server) planeState(ctx context.Context, a planeAnswers) (rows.PlaneState, error) {
	one := first(a.singles)
	state := rows.PlaneState{
		Server: first(a.server), Roles: map[string]rows.Role{}, Registered: one.Registered, Functions: map[string]rows.Function{},
		Tables: a.tables, Schemas: map[string]rows.SchemaState{}, Rights: a.rights, Reaches: a.reaches, Views: a.views,
		Definers: a.definers, Oracles: a.oracles, Around: first(a.around), Settings: one.Settings, Bypassers: one.Bypassers, Orphans: one.Orphans, Guard: first(a.guards),
		Members: map[string][]string{s.groups()[0]: one.Strangers, s.groups()[1]: one.Apps},
	}
	if len(a.markers) > 0 {
		state.Marker, state.Server.SchemaVersion = &a.markers[0], a.markers[0].SchemaVersion
	}
	for _, r := range a.roles {
		state.Roles[r.Name] = r
	}
	for _, f := range a.functions {
		state.Functions[f.Name] = f
	}
	for _, n := range a.schemas {
		state.Schemas[n.Name] = n
	}
	if !state.Guard.MayList {
		return state, nil
	}
	r := s.newReading("guard list")
	ask(r, "guard_list", &state.Guard.List)
	return state, r.run(ctx)
}

// tenantStates sorts the answers by tenant.
func (s *Server) tenantStates(a tenantAnswers) map[string]rows.TenantState {
	spec := s.config.Spec
	roles := make(map[string]rows.Role, len(a.roles))
	for _, r := range a.roles {
		if strings.HasPrefix(r.Name, rows.Prefix(spec)) && !slices.Contains(s.groups(), r.Name) {
			roles[r.Name] = r
		}
	}
	logins := make(map[string]map[string]rows.Login, len(a.claims))
	for _, l := range a.logins {
		if logins[l.TenantID] == nil {
			logins[l.TenantID] = map[string]rows.Login{}
		}
		logins[l.TenantID][l.Role] = l
	}
	byRole := make(map[string]rows.Login, len(a.logins))
	for _, l := range a.logins {
		byRole[l.Role] = l
	}
	out := make(map[string]rows.TenantState, len(a.claims))
	for _, c := range a.claims {
		state := rows.TenantState{Claim: &c.Claim, State: c.State, Logins: logins[c.TenantID], Roles: map[string]rows.Role{}}
		for slot := range rows.Slots {
			keep(state.Roles, roles, rows.LoginName(spec, c.UID, slot))
		}
		for name := range state.Logins {
			keep(state.Roles, roles, name)
		}
		recordedElsewhere(&state, byRole)
		out[c.TenantID] = state
	}
	return out
}

// recordedElsewhere adds the records of a tenant's roles that name another tenant.
func recordedElsewhere(state *rows.TenantState, byRole map[string]rows.Login) {
	for name := range state.Roles {
		if l, ok := byRole[name]; ok && l.TenantID != state.Claim.TenantID {
			if state.Logins == nil {
				state.Logins = map[string]rows.Login{}
			}
			state.Logins[name] = l
		}
	}
}

func keep(into, from map[string]rows.Role, name string) {
	if r, ok := from[name]; ok {
		into[name] = r
	}
}
