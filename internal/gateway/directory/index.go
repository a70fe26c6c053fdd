package directory

import (
	"fmt"
	"maps"
	"slices"
)

// index answers by UID, tenantID and ServiceAccount. What two Tenants claim is answered with an error.
func (s *snapshot) index() {
	s.byUID, s.byID, s.byAccount = map[string]*answer{}, map[string]*answer{}, map[account]*answer{}
	ids, accounts := map[string][]*record{}, map[account][]*record{}
	for _, name := range slices.Sorted(maps.Keys(s.records)) {
		r := s.records[name]
		s.byUID[string(r.source.UID)] = &r.answer
		ids[r.source.EffectiveTenantID()] = append(ids[r.source.EffectiveTenantID()], r)
		for _, sa := range r.source.Spec.ServiceAccounts {
			s.claim(r, account{sa.Namespace, sa.Name}, accounts)
		}
		if r.problem != "" {
			s.notes = append(s.notes, r.problem)
		}
	}
	closed := s.indexIDs(ids)
	for key, list := range accounts {
		s.byAccount[key] = s.owner(key, list, closed)
	}
}

// indexIDs closes every Tenant that shares its tenantID with another verified one: data is stored under it. Tenants that were
// never verified do not count, or anybody who may create one could close another's.
func (s *snapshot) indexIDs(ids map[string][]*record) (closed map[*record]*answer) {
	closed = map[*record]*answer{}
	for id, list := range ids {
		claims := verifiedOnes(list)
		switch len(claims) {
		case 0:
			s.byID[id] = &list[0].answer
		case 1:
			s.byID[id] = &claims[0].answer
		default:
			no := &answer{err: &Error{Ambiguous, "two Tenants have this tenantID, so that none of them is served"}}
			s.byID[id] = no
			for _, r := range claims {
				closed[r], s.byUID[string(r.source.UID)] = no, no
			}
			s.notes = append(s.notes, fmt.Sprintf("tenantID %q is not served: Tenants %s have it", id, names(claims)))
		}
	}
	return closed
}

// claim notes that a Tenant lists a ServiceAccount, if it may: one in a namespace of its own, which acts for nobody else.
func (s *snapshot) claim(r *record, key account, accounts map[account][]*record) {
	_, isApplication := s.applications[key]
	why := ""
	switch {
	case isApplication:
		why = "it is an application of the DataPlane"
	case !slices.Contains(r.source.Spec.Namespaces, key.namespace):
		why = "its namespace is not among spec.namespaces of the Tenant"
	default:
		accounts[key] = append(accounts[key], r)
		return
	}
	if r.verified { // others have no say, and no lines in the log
		s.notes = append(s.notes, fmt.Sprintf("ServiceAccount %s/%s does not count for Tenant %q, which lists it: %s",
			key.namespace, key.name, r.source.Name, why))
	}
}

// owner is the verified Tenant that lists a ServiceAccount. Tenants that were never verified neither take one nor keep it from
// another.
func (s *snapshot) owner(key account, list []*record, closed map[*record]*answer) *answer {
	claims := verifiedOnes(list)
	switch len(claims) {
	case 0:
		return &list[0].answer
	case 1:
		if no := closed[claims[0]]; no != nil {
			return no
		}
		return &claims[0].answer
	}
	s.notes = append(s.notes, fmt.Sprintf("ServiceAccount %s/%s is not served: Tenants %s list it", key.namespace, key.name, names(claims)))
	return &answer{err: &Error{Ambiguous, "more than one Tenant lists this ServiceAccount, so that it is none of them; it must be one tenant only"}}
}

func verifiedOnes(list []*record) []*record {
	return slices.DeleteFunc(slices.Clone(list), func(r *record) bool { return !r.verified })
}

func names(list []*record) string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.source.Name
	}
	return fmt.Sprintf("%q", out)
}
