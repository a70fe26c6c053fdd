package directory

import (
	"fmt"
	"reflect"
	"slices"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// snapshot answers every lookup. It is immutable.
type snapshot struct {
	problem *Error // why nobody is served at all, nil where somebody may be

	material     *credential.GatewayMaterial
	upstream     *upstream
	oidc         *OIDC
	applications map[account]Application

	records   map[string]*record // by the name of the Tenant
	byUID     map[string]*answer
	byID      map[string]*answer
	byAccount map[account]*answer

	common *common
	notes  []string // what somebody should mend, sorted, for the log
	scopes int      // how many were made for this snapshot
}

// account is a ServiceAccount.
type account struct{ namespace, name string }

// answer is a tenant, or why there is none.
type answer struct {
	tenant *Tenant
	err    *Error
}

// record is one Tenant and what was made of it. It stands for as long as the three pointers that it was made from do.
type record struct {
	source  *tenantryv1.Tenant
	corpora *corpusSet
	common  *common

	answer
	config   scopeqdrant.Config // of the scope, to keep it while nothing that matters changes
	scope    *scopeqdrant.Scope
	problem  string // why the scope could not be made, for the log
	verified bool   // its boundary was, once; only such Tenants lay claim to a tenantID
}

// build turns the world into a snapshot. It is pure. What prev holds is kept where its inputs are the same.
func build(w *world, prev *snapshot, limits scopeqdrant.Limits) *snapshot {
	if prev == nil {
		prev = &snapshot{}
	}
	s := &snapshot{material: w.material, problem: unusable(w), records: map[string]*record{}}
	if w.plane != nil {
		s.settings(w, prev)
	}
	if s.problem != nil {
		s.notes = append(s.notes, s.problem.Message)
		s.common, s.records = prev.common, prev.records // nobody is served; kept for when somebody is again
		if w.materialErr != nil {
			s.notes = append(s.notes, fmt.Sprintf("Secret %s/%s: %v", w.namespace, credential.GatewayMaterialName(w.planeName), w.materialErr))
		}
		return s
	}
	s.common = newCommon(w, limits)
	if prev.common != nil && reflect.DeepEqual(prev.common, s.common) {
		s.common = prev.common
	}
	for name, t := range w.tenants {
		r := prev.records[name]
		if r == nil || r.source != t || r.corpora != w.corpora[name] || r.common != s.common {
			r = s.record(t, w.corpora[name], r)
		}
		s.records[name] = r
	}
	s.index()
	slices.Sort(s.notes)
	return s
}

// unusable says why the plane cannot be served.
func unusable(w *world) *Error {
	switch {
	case w.plane == nil:
		return &Error{NoMaterial, fmt.Sprintf("DataPlane %q does not exist; create it, or correct the gateway's --data-plane", w.planeName)}
	case w.plane.Spec.Qdrant == nil:
		return &Error{NoMaterial, fmt.Sprintf("DataPlane %q has no qdrant: there is nothing for a gateway to serve", w.planeName)}
	case w.materialErr != nil:
		return &Error{NoMaterial, fmt.Sprintf("the gateway material of DataPlane %q cannot be used; the gateway's log says why", w.planeName)}
	case w.material == nil:
		return &Error{NoMaterial, fmt.Sprintf(
			"the operator has not handed over the gateway material of DataPlane %q; see whether the operator runs and the DataPlane is claimed", w.planeName)}
	}
	return nil
}

// settings takes over what the DataPlane says beside its tenants.
func (s *snapshot) settings(w *world, prev *snapshot) {
	s.applications = map[account]Application{}
	for _, a := range w.plane.Spec.Applications {
		s.applications[account{a.Namespace, a.ServiceAccount}] = Application{a.Namespace, a.ServiceAccount, a.TenantFrom}
	}
	if o := w.plane.Spec.OIDC; o != nil {
		s.oidc = &OIDC{IssuerURL: o.IssuerURL, Audience: o.Audience, TenantClaim: o.TenantClaim}
	}
	if s.problem == nil {
		s.upstream = newUpstream(w.plane.Spec.Qdrant, w.material.CA, prev.upstream)
		if s.upstream.err != nil {
			s.notes = append(s.notes, s.upstream.err.Message)
		}
	}
}

// record makes the record of one Tenant, with the scope of before if its configuration is the same.
func (s *snapshot) record(t *tenantryv1.Tenant, corpora *corpusSet, before *record) *record {
	r := &record{source: t, corpora: corpora, common: s.common, verified: verified(t)}
	if r.err = refuse(t); r.err != nil {
		if before != nil {
			r.config, r.scope = before.config, before.scope // it may be back soon
		}
		return r
	}
	r.config = s.common.config(t, corpora)
	if before != nil && before.scope != nil && reflect.DeepEqual(before.config, r.config) {
		r.scope = before.scope
	} else if err := s.scope(r); err != nil {
		r.problem = fmt.Sprintf("Tenant %q is not served: %v", t.Name, err)
		r.err = &Error{NotVerified, "this tenant cannot be served as it is declared; the gateway's log says why"}
		return r
	}
	r.tenant = &Tenant{
		UID: string(t.UID), ID: t.EffectiveTenantID(), Name: t.Name, Scope: r.scope, TokenIDs: slices.Clone(t.Status.GatewayTokenIDs),
		Access: s.common.access(t, corpora),
	}
	return r
}

func (s *snapshot) scope(r *record) (err error) {
	s.scopes++
	r.scope, err = scopeqdrant.NewScope(r.config)
	return err
}

// verified says whether the boundary of a tenant was verified whole once, under the tenantID that it has.
func verified(t *tenantryv1.Tenant) bool {
	return t.Status.TenantID == t.EffectiveTenantID() && t.Status.AppliedHash != ""
}

// refuse says why a Tenant is not served, nil where it may be.
func refuse(t *tenantryv1.Tenant) *Error {
	switch {
	case !t.DeletionTimestamp.IsZero():
		return &Error{Deleted, "this tenant is being deleted"}
	case t.Spec.Access != "" && t.Spec.Access != tenantryv1.AccessActive:
		return &Error{Suspended, "this tenant is suspended; the platform opens it again with access: Active on the Tenant"}
	case !verified(t):
		return &Error{NotVerified, "the boundary of this tenant is not verified yet; see the conditions of the Tenant and try again"}
	}
	return nil
}
