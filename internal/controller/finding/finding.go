// Package finding turns findings into status and Events, keeping since when each has been open.
package finding

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// shown is how many findings status holds at most.
const shown = 20

// maxMessage is the API's bound on a finding's message, maxObject that on its object.
const (
	maxMessage = 1024
	maxObject  = 256
)

// List is the findings of one object as its status holds them.
type List struct {
	// Shown are the worst, at most 20, accepted ones last.
	Shown []tenantryv1.Finding
	// Total counts all that count: never nil once something was looked at, for 0 is worth showing.
	Total *int32
	// Accepted counts those that somebody decided to live with.
	Accepted int32
}

// Merge makes the list of what was found now. What was shown before keeps its since. Layers that could not be read keep what
// was shown of them: it is neither confirmed nor refuted.
func (before List) Merge(now []boundary.Finding, unread []boundary.Layer, at time.Time) List {
	since := map[string]*metav1.Time{}
	for _, f := range before.Shown {
		since[f.ID] = f.Since
	}
	all := join(now)
	for i := range all {
		if all[i].Since = since[all[i].ID]; all[i].Since == nil {
			t := metav1.NewTime(at.Truncate(time.Second))
			all[i].Since = &t
		}
	}
	all = append(all, before.kept(all, unread)...)
	slices.SortStableFunc(all, compare)
	out := List{}
	total := int32(0)
	for _, f := range all {
		if f.Accepted != nil {
			out.Accepted++
		} else {
			total++
		}
	}
	if before.hides() && len(unread) > 0 && total < *before.Total {
		total = *before.Total // those that were not shown cannot be told apart: better too many than too few
	}
	out.Total, out.Shown = &total, all[:min(len(all), shown)]
	if len(all) == 0 {
		out.Shown = nil
	}
	return out
}

// kept are the findings of layers that could not be read and that nobody found again.
func (before List) kept(now []tenantryv1.Finding, unread []boundary.Layer) []tenantryv1.Finding {
	var out []tenantryv1.Finding
	for _, f := range before.Shown {
		known := slices.ContainsFunc(now, func(n tenantryv1.Finding) bool { return n.ID == f.ID })
		if slices.Contains(unread, boundary.Layer(f.Layer)) && !known {
			out = append(out, f)
		}
	}
	return out
}

// hides says that there are more than are shown.
func (before List) hides() bool {
	return before.Total != nil && int(*before.Total)+int(before.Accepted) > len(before.Shown)
}

// join makes one finding of those with the same id, as bad as the worst of them: several things may be wrong with one object.
func join(found []boundary.Finding) []tenantryv1.Finding {
	found = slices.Clone(found)
	boundary.SortFindings(found)
	var out []tenantryv1.Finding
	at := map[string]int{}
	for _, f := range found {
		id := f.ID()
		i, ok := at[id]
		if !ok {
			at[id] = len(out)
			out = append(out, toAPI(f, id))
		} else if out[i].Message != f.Message {
			out[i].Message = cut(out[i].Message+"; "+f.Message, maxMessage)
		}
	}
	return out
}

func toAPI(f boundary.Finding, id string) tenantryv1.Finding {
	out := tenantryv1.Finding{
		ID: id, Layer: tenantryv1.LayerName(f.Layer), Object: cut(boundary.Printable(f.Object), maxObject), Check: f.Rule(),
		Kind: tenantryv1.FindingKind(f.Kind), Severity: tenantryv1.FindingSeverity(f.Severity),
		Message: cut(boundary.Printable(f.Message), maxMessage),
	}
	if f.IsAccepted() {
		out.Accepted = &tenantryv1.FindingAcceptance{Reason: f.Accepted.Reason, Expires: f.Accepted.Expires}
	}
	return out
}

// compare orders as boundary.SortFindings does.
func compare(a, b tenantryv1.Finding) int {
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Object, b.Object),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Check, b.Check),
	)
}

func rank(f tenantryv1.Finding) int {
	r := map[boundary.Severity]int{boundary.Critical: 0, boundary.Warning: 1, boundary.Info: 2}[boundary.Severity(f.Severity)]
	if f.Accepted != nil {
		r += 3
	}
	return r
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-3]) + "..."
}
