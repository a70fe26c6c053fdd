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
			key := account{sa.Namespace, sa.Name}
			accounts[key] = append(accounts[key], r)
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
		claims := slices.DeleteFunc(slices.Clone(list), func(r *record) bool { return !r.verified })
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

func (s *snapshot) owner(key account, list []*record, closed map[*record]*answer) *answer {
	if len(list) > 1 {
		s.notes = append(s.notes, fmt.Sprintf("ServiceAccount %s/%s is not served: Tenants %s list it", key.namespace, key.name, names(list)))
		return &answer{err: &Error{Ambiguous, "more than one Tenant lists this ServiceAccount, so that it is none of them; it must be one tenant only"}}
	}
	if no := closed[list[0]]; no != nil {
		return no
	}
	return &list[0].answer
}

func names(list []*record) string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.source.Name
	}
	return fmt.Sprintf("%q", out)
}
