// Package v1alpha1 is the API of Tenantry: DataPlane, Tenant, Corpus and AIBudget.
//
// +kubebuilder:object:generate=true
// +groupName=tenantry.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "tenantry.dev", Version: "v1alpha1"}

// SchemeBuilder and AddToScheme register the kinds with a runtime.Scheme.
var (
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	AddToScheme   = SchemeBuilder.AddToScheme
)

func addKnownTypes(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&DataPlane{}, &DataPlaneList{},
		&Tenant{}, &TenantList{},
		&Corpus{}, &CorpusList{},
		&AIBudget{}, &AIBudgetList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
