package directory

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
)

// world is what the API server holds, as far as the gateway of one plane cares. Objects in it belong to the informers: they
// are replaced, never written to. So are corpusSets: a pointer that is the same means that nothing changed.
type world struct {
	planeName string
	namespace string // the operator's

	plane       *tenantryv1.DataPlane
	material    *credential.GatewayMaterial
	materialErr error // why there is a Secret but no material

	tenants    map[string]*tenantryv1.Tenant
	corpora    map[string]*corpusSet // those that count, by the name of the Tenant
	references *corpusSet            // those that count
	all        shelf
}

func newWorld(plane, namespace string) *world {
	return &world{
		planeName: plane, namespace: namespace, tenants: map[string]*tenantryv1.Tenant{},
		corpora: map[string]*corpusSet{}, references: &corpusSet{}, all: newShelf(),
	}
}

// put takes an object that is new or changed. false: nobody is served otherwise because of it.
func (w *world) put(o client.Object) bool {
	switch o := o.(type) {
	case *tenantryv1.DataPlane:
		if o.Name == w.planeName {
			w.putPlane(o)
		}
	case *tenantryv1.Tenant:
		if o.Spec.DataPlane == w.planeName {
			w.putTenant(o)
		}
	case *tenantryv1.Corpus:
		return w.putCorpus(o)
	case *corev1.Secret:
		if w.isMaterial(o) {
			w.material, w.materialErr = parseMaterial(o, w.planeName)
		}
	}
	return true
}

// remove forgets an object that is gone. false: nobody is served otherwise because of it.
func (w *world) remove(o client.Object) bool {
	switch o := o.(type) {
	case *tenantryv1.DataPlane:
		if o.Name == w.planeName {
			w.putPlane(nil)
		}
	case *tenantryv1.Tenant:
		delete(w.tenants, o.Name)
		delete(w.corpora, o.Name)
	case *tenantryv1.Corpus:
		return w.removeCorpus(client.ObjectKeyFromObject(o))
	case *corev1.Secret:
		if w.isMaterial(o) {
			w.material, w.materialErr = nil, nil
		}
	}
	return true
}

func (w *world) isMaterial(s *corev1.Secret) bool {
	return s.Namespace == w.namespace && s.Name == credential.GatewayMaterialName(w.planeName)
}

func parseMaterial(s *corev1.Secret, plane string) (*credential.GatewayMaterial, error) {
	if s.Type != credential.GatewayMaterialType {
		return nil, fmt.Errorf("it has type %q, not %q: something else was put in its place; delete it, and the operator writes it anew",
			s.Type, credential.GatewayMaterialType)
	}
	m, err := credential.ParseGatewayMaterial(s.Data)
	if err != nil {
		return nil, err
	}
	if m.Plane != plane {
		return nil, fmt.Errorf("it is the material of DataPlane %q, not of %q; delete it, and the operator writes it anew", m.Plane, plane)
	}
	return &m, nil
}
