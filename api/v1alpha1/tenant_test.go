package v1alpha1

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestEffectiveTenantID(t *testing.T) {
	for name, tc := range map[string]struct {
		tenant Tenant
		want   string
	}{
		"the name, where nothing else is said": {Tenant{ObjectMeta: metav1.ObjectMeta{Name: "acme"}}, "acme"},
		"what the spec says": {
			Tenant{ObjectMeta: metav1.ObjectMeta{Name: "acme"}, Spec: TenantSpec{TenantID: "42"}}, "42",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.tenant.EffectiveTenantID()); diff != "" {
				t.Errorf("tenantID (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryKindIsRegistered(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"DataPlane", "Tenant", "Corpus", "AIBudget"} {
		for _, name := range []string{kind, kind + "List"} {
			if !scheme.Recognizes(GroupVersion.WithKind(name)) {
				t.Errorf("%s is not registered", name)
			}
		}
	}
}
