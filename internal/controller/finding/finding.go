// Package finding turns findings into status, keeping since when each has been open.
package finding

import (
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

// Merge returns the worst findings for status, and how many there are in all: never nil, for 0 is worth showing. What was shown before keeps its since.
func Merge(before []tenantryv1.Finding, now []boundary.Finding, at time.Time) ([]tenantryv1.Finding, *int32) {
	boundary.SortFindings(now)
	since := map[string]*metav1.Time{}
	for _, f := range before {
		since[f.ID] = f.Since
	}
	var out []tenantryv1.Finding
	seen := map[string]bool{}
	for _, f := range now {
		id := f.ID()
		if seen[id] {
			continue
		}
		seen[id] = true
		if len(out) < shown {
			out = append(out, toAPI(f, id, since[id], at))
		}
	}
	total := int32(len(seen))
	return out, &total
}

func toAPI(f boundary.Finding, id string, since *metav1.Time, at time.Time) tenantryv1.Finding {
	if since == nil {
		t := metav1.NewTime(at.Truncate(time.Second))
		since = &t
	}
	return tenantryv1.Finding{
		ID: id, Layer: tenantryv1.LayerName(f.Layer), Object: cut(f.Object, maxObject),
		Kind: tenantryv1.FindingKind(f.Kind), Severity: tenantryv1.FindingSeverity(f.Severity),
		Message: cut(f.Message, maxMessage), Since: since,
	}
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-3]) + "..."
}
