package vector

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// collection compares one collection of ours. It returns what of it only a new collection could change, "" for nothing.
func (b *builder) collection(want Collection) (mismatched string) {
	if target, ok := b.seen.Aliases[want.Name]; ok {
		b.aliased(want, target)
		return ""
	}
	have, ok := b.seen.Collections[want.Name]
	if !ok {
		b.create(want)
		return ""
	}
	if c := conflict(want, have); c != nil {
		b.clash(c)
		return ""
	}
	if text := mismatch(want, have); text != "" {
		return text
	}
	if !b.update(want, have) {
		b.diff.Objects++
	}
	b.indexes(want, have)
	return ""
}

func (b *builder) create(want Collection) {
	if want.Stamp.Kind == KindDedicated && !b.room(want.Name) {
		return
	}
	b.add(boundary.PhaseBuild, object(want.Name), boundary.Missing, boundary.Warning, CreateCollection{want},
		"the collection does not exist; it is created")
	for _, i := range want.Indexes {
		b.createIndex(want.Name, i)
	}
}

// room says whether another dedicated collection fits, and states the problem where none does.
func (b *builder) room(name string) bool {
	bound := b.plane.Spec.MaxDedicated
	if bound == 0 || b.seen.Dedicated+b.created < bound {
		b.created++
		return true
	}
	b.problem = &Problem{ReasonQuotaExceeded, fmt.Sprintf(
		"collection %s is not created: %d dedicated collections stand and the DataPlane allows %d. Raise "+
			"spec.qdrant.maxDedicatedCollections (each costs memory and open files), or use a shared collection",
		name, b.seen.Dedicated+b.created, bound)}
	return false
}

// conflict says why a standing collection is not the one that want describes; nil where it is.
func conflict(want, have Collection) *boundary.Conflict {
	s, w := have.Stamp, want.Stamp
	c := &boundary.Conflict{Object: object(want.Name)}
	switch {
	case s == nil:
		c.Message = fmt.Sprintf("collection %q exists and Tenantry did not make it; nothing was written to it: "+
			"choose another name, or move the collection out of the way", want.Name)
	case s.Plane != w.Plane || s.Installation != w.Installation:
		c.Holder = s.CorpusUID
		c.Message = fmt.Sprintf("collection %q belongs to plane %q of installation %s; nothing was written to it: choose another name",
			want.Name, s.Plane, s.Installation)
	case s.Collection != want.Name:
		c.Holder = s.CorpusUID
		c.Message = fmt.Sprintf("%q is an alias of collection %q; remove the alias or choose another name", want.Name, s.Collection)
	case s.Kind != w.Kind:
		c.Holder = s.CorpusUID
		c.Message = fmt.Sprintf("collection %q is a %s collection, not a %s one; choose another name", want.Name, s.Kind, w.Kind)
	default:
		return ownerConflict(c, s, w)
	}
	return c
}

func ownerConflict(c *boundary.Conflict, s, w *Stamp) *boundary.Conflict {
	c.Holder, c.Tombstone = s.CorpusUID, s.Retained
	switch {
	case s.CorpusUID != w.CorpusUID && s.Retained:
		c.Message = fmt.Sprintf("collection %q holds the retained data of a deleted Corpus (UID %s); it is not taken up again: "+
			"choose another name for this Corpus", w.Collection, s.CorpusUID)
	case s.CorpusUID != w.CorpusUID:
		c.Message = fmt.Sprintf("collection %q belongs to another Corpus (UID %s); choose another name for this one",
			w.Collection, s.CorpusUID)
	case s.TenantUID != w.TenantUID:
		c.Message = fmt.Sprintf("collection %q was made for another Tenant (UID %s); choose another name for this Corpus",
			w.Collection, s.TenantUID)
	case s.Retained && !w.Retained:
		c.Message = fmt.Sprintf("collection %q was released by this Corpus on its way out", w.Collection)
	default:
		return nil
	}
	return c
}

// update plans what can be changed in place and says whether anything has to be.
func (b *builder) update(want, have Collection) bool {
	found := compare(want, have)
	if len(found) == 0 {
		return false
	}
	var fields []Field
	var texts []string
	for _, d := range found {
		texts = append(texts, d.text)
		if !slices.Contains(fields, d.field) {
			fields = append(fields, d.field)
		}
	}
	severity := boundary.Info
	if slices.Contains(fields, FieldStrict) || slices.Contains(fields, FieldHNSW) {
		severity = boundary.Warning
	}
	if want.Stamp.Kind != KindShared {
		want.Strict = tighten(want.Strict, have.Strict)
	}
	b.add(boundary.PhaseBuild, object(want.Name), boundary.Changed, severity, UpdateCollection{want, fields},
		"%s; it is set back", strings.Join(texts, "; "))
	return true
}

func (b *builder) indexes(want, have Collection) {
	for _, w := range want.Indexes {
		h, ok := have.index(w.Field)
		switch {
		case !ok:
			b.createIndex(want.Name, w)
		case h != w:
			b.add(boundary.PhaseBuild, indexObject(want.Name, w.Field), boundary.Changed, indexSeverity(w), DropIndex{want.Name, w.Field},
				"the payload index is %s, must be %s; it is dropped to be made anew", h, w)
			b.createIndex(want.Name, w)
		default:
			b.diff.Objects++
		}
	}
	for _, h := range have.Indexes {
		if _, ok := want.index(h.Field); !ok {
			b.add(boundary.PhaseRemove, indexObject(want.Name, h.Field), boundary.Unexpected, boundary.Info, DropIndex{want.Name, h.Field},
				"a payload index (%s) that is not declared; it is dropped, the data stays", h)
		}
	}
}

func (b *builder) createIndex(collection string, i Index) {
	b.add(boundary.PhaseBuild, indexObject(collection, i.Field), boundary.Missing, indexSeverity(i), CreateIndex{collection, i},
		"the payload index (%s) does not exist; it is created", i)
}

// indexSeverity: without the tenant's index strict mode refuses every query of every tenant.
func indexSeverity(i Index) boundary.Severity {
	if i.Tenant || i.Field == CorpusField {
		return boundary.Warning
	}
	return boundary.Info
}

func indexObject(collection, field string) string { return "index " + collection + "." + field }

// mismatchText says how to mend a collection with other vectors than declared.
func mismatchText(name, text string) string {
	return fmt.Sprintf("collection %q does not have the declared shape: %s. Qdrant cannot change that in place and Tenantry never "+
		"drops data: declare what stands, or make a new one under another name and load it again", name, text)
}
