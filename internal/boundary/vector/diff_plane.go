package vector

import (
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// DiffPlane compares what the plane as a whole needs: its own collections and the shared ones; and it reports what is wrong
// with the server, and what belongs to nobody.
func (p Plane) DiffPlane(o Observed, now time.Time) (boundary.Diff, *Problem) {
	b := p.builder(o, "", now)
	b.server()
	b.snapshots()
	for _, c := range []Collection{p.Claims(), p.Tokens()} {
		b.planeCollection(c)
	}
	for _, s := range p.Spec.Shared {
		b.planeCollection(p.Shared(s))
		b.unscopedIDF(s)
		b.orphanPoints(s.Name)
	}
	b.orphanRecords()
	b.orphanCollections()
	b.planeAliases()
	return b.finishPlane()
}

func (b *builder) planeCollection(want Collection) {
	if text := b.collection(want); text != "" {
		b.hazard(object(want.Name), boundary.Warning, CheckShapeMismatch, "%s", mismatchText(want.Name, text))
	}
}

// unscopedIDF: before 1.19 the weight of a term counts the documents of all tenants, so that a score tells one tenant
// which words the others use.
func (b *builder) unscopedIDF(s SharedCollection) {
	for _, v := range s.Shape.SparseVectors {
		if v.IDF && !AtLeast(b.seen.Version, 1, 19) {
			b.hazard(object(s.Name), boundary.Warning, CheckIDF, "sparse vector %q has the idf modifier, and Qdrant %s computes it over all "+
				"tenants, which shows one tenant the others' words; upgrade to 1.19 or later. Until then do not query it", v.Name, b.seen.Version)
		}
	}
}

// finishPlane does all that can be done before it speaks of a collection that somebody else holds.
func (b *builder) finishPlane() (boundary.Diff, *Problem) {
	conflict := b.conflict
	b.conflict = nil
	d, problem := b.finish()
	if len(d.Plan) == 0 {
		d.Conflict = conflict
	}
	return d, problem
}
