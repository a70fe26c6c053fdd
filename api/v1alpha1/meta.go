package v1alpha1

// Labels, annotations and finalizers that users and other tools may meet.
const (
	// Finalizer is on every object whose removal must first close or release something outside of Kubernetes.
	Finalizer = "tenantry.dev/boundary"

	// DataPlaneLabel must be on every Secret that a DataPlane references; its value is the name of that DataPlane.
	// Without it the author of a DataPlane could send any Secret to an address of his own.
	DataPlaneLabel = "tenantry.dev/data-plane"

	// TenantLabel is on every credential Secret; its value is the name of the Tenant.
	TenantLabel = "tenantry.dev/tenant"

	// OwnerUIDAnnotation says which Tenant or reference Corpus a credential Secret was made for. Tenantry never writes over
	// a Secret that lacks it or that carries another UID.
	OwnerUIDAnnotation = "tenantry.dev/owner-uid"

	// ManagedByLabel and ManagedByValue mark what Tenantry made.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedByValue = "tenantry"

	// ReconcileAtAnnotation asks for an immediate reconcile; its value is any token, repeated in status once handled.
	ReconcileAtAnnotation = "tenantry.dev/reconcile-at"

	// AbandonAnnotation, with the value "true" on an object that is being deleted, lets it go although a server of its
	// plane cannot be reached. What stands on that server stays as it is.
	AbandonAnnotation = "tenantry.dev/abandon-unreachable"
)
