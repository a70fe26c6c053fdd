package directory

import (
	"context"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
)

// connect makes the informers' cache and a reader beside it.
func (d *Directory) connect() (cache.Cache, client.Reader, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, tenantryv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	h, err := rest.HTTPClientFor(d.config)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the API server: %w", err)
	}
	c, err := cache.New(d.config, d.cacheOptions(scheme, h))
	if err != nil {
		return nil, nil, fmt.Errorf("make the cache: %w", err)
	}
	r, err := client.New(d.config, client.Options{Scheme: scheme, Mapper: mapper(), HTTPClient: h})
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the API server: %w", err)
	}
	return c, r, nil
}

func (d *Directory) cacheOptions(scheme *runtime.Scheme, h *http.Client) cache.Options {
	return cache.Options{
		Scheme: scheme, HTTPClient: h, Mapper: mapper(), DefaultTransform: strip,
		ByObject: map[client.Object]cache.ByObject{
			&tenantryv1.DataPlane{}: {Field: fields.OneTermEqualSelector("metadata.name", d.options.Plane)},
			&tenantryv1.Tenant{}:    {Field: fields.OneTermEqualSelector("spec.dataPlane", d.options.Plane)},
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{d.options.Namespace: {
				FieldSelector: fields.OneTermEqualSelector("metadata.name", credential.GatewayMaterialName(d.options.Plane)),
			}}},
		},
	}
}

// mapper knows the four kinds, so that nothing need be discovered from an API server that may be away.
func mapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{tenantryv1.GroupVersion, corev1.SchemeGroupVersion})
	m.Add(tenantryv1.GroupVersion.WithKind("DataPlane"), meta.RESTScopeRoot)
	m.Add(tenantryv1.GroupVersion.WithKind("Tenant"), meta.RESTScopeRoot)
	m.AddSpecific(tenantryv1.GroupVersion.WithKind("Corpus"), tenantryv1.GroupVersion.WithResource("corpora"),
		tenantryv1.GroupVersion.WithResource("corpus"), meta.RESTScopeNamespace)
	m.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
	return m
}

// subscribe hands every event to the world, and returns what says that the first lists were handed over.
func (d *Directory) subscribe(ctx context.Context, informers cache.Cache) ([]toolscache.InformerSynced, error) {
	handler := toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { d.event(o, (*world).put) },
		UpdateFunc: func(_, o any) { d.event(o, (*world).put) },
		DeleteFunc: func(o any) { d.event(o, (*world).remove) },
	}
	var synced []toolscache.InformerSynced
	for _, o := range []client.Object{&tenantryv1.DataPlane{}, &tenantryv1.Tenant{}, &tenantryv1.Corpus{}, &corev1.Secret{}} {
		informer, err := informers.GetInformer(ctx, o, cache.BlockUntilSynced(false))
		if err != nil {
			return nil, fmt.Errorf("watch %T: %w", o, err)
		}
		registration, err := informer.AddEventHandler(handler)
		if err != nil {
			return nil, fmt.Errorf("watch %T: %w", o, err)
		}
		synced = append(synced, registration.HasSynced)
	}
	return synced, nil
}

// event applies what happened, and asks for a rebuild if anybody may be served otherwise now.
func (d *Directory) event(o any, apply func(*world, client.Object) bool) {
	if gone, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = gone.Obj
	}
	object, ok := o.(client.Object)
	if !ok {
		return
	}
	d.mu.Lock()
	changed := apply(d.world, object)
	d.mu.Unlock()
	if !changed {
		return
	}
	select {
	case d.changed <- struct{}{}:
	default: // a rebuild is due already
	}
}

// strip drops what no snapshot is made of before an object is kept in memory.
func strip(in any) (any, error) {
	o, ok := in.(client.Object)
	if !ok {
		return in, nil
	}
	o.SetManagedFields(nil)
	o.SetAnnotations(nil)
	switch o := in.(type) {
	case *tenantryv1.DataPlane:
		o.Status = tenantryv1.DataPlaneStatus{}
	case *tenantryv1.Tenant:
		o.Status = tenantryv1.TenantStatus{
			TenantID: o.Status.TenantID, AppliedHash: o.Status.AppliedHash, GatewayTokenIDs: o.Status.GatewayTokenIDs,
		}
	case *tenantryv1.Corpus:
		o.Status = prune(o).Status
	}
	return in, nil
}
