package rows

import "slices"

// OwnersToJoin are the owners whose rights the operator needs and lacks: of tables that an enforced entry names, and of all
// tables of an enforced entry of which it may alter none. A single table among many that belongs to somebody else is
// a finding instead, so that it does not stop the plane.
func OwnersToJoin(spec Spec, tables []Table) []string {
	d := &planeDiff{builder: builder{spec: spec}, have: PlaneState{Tables: tables}}
	var owners []string
	for _, entry := range spec.Protect {
		if !entry.enforced() {
			continue
		}
		found := d.selected(entry)
		none := !slices.ContainsFunc(found, func(t target) bool { return t.MayAlter })
		for _, t := range found {
			if !t.MayAlter && !t.OwnerSuper && (none || !entry.all()) {
				owners = append(owners, t.Owner)
			}
		}
	}
	slices.Sort(owners)
	return slices.Compact(owners)
}
