package qdrant

import (
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// TestNamesAgree: the operator and the engine write and read the same points, and call the patterns alike.
func TestNamesAgree(t *testing.T) {
	for is, must := range map[string]string{
		TenantField: vector.TenantField, CorpusField: vector.CorpusField,
		string(Dedicated): string(boundary.Dedicated), string(Shared): string(boundary.Shared), string(Reference): string(boundary.Reference),
	} {
		if is != must {
			t.Errorf("%q here is %q for the operator", is, must)
		}
	}
}
