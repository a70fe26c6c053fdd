package tenant

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/credential"
)

// reportCredentials says which Secrets hold what the servers accept.
func (s *scope) reportCredentials() {
	t := s.tenant
	put := func(status metav1.ConditionStatus, reason, message string) {
		condition.Put(t, tenantryv1.ConditionCredentialsIssued, status, reason, message)
	}
	switch {
	case s.desired.Access == boundary.Suspended && !s.allSettled():
		put(metav1.ConditionUnknown, tenantryv1.ReasonBoundaryNotVerified, "suspended, but not every way in is verified closed yet")
	case s.desired.Access == boundary.Suspended:
		put(metav1.ConditionFalse, tenantryv1.ReasonRevoked, "suspended: the credentials in the Secrets are dead; they work again when access is Active")
		s.listCredentials()
	case s.credentialErr != nil:
		put(metav1.ConditionFalse, s.credentialReason(), s.credentialErr.Error())
		s.listCredentials()
	case len(s.wanted()) == 0 && !s.gatewayWanted():
		put(metav1.ConditionTrue, tenantryv1.ReasonNoCredentials, "the spec asks for none")
		s.listCredentials()
	case !s.mayIssue():
		put(metav1.ConditionFalse, tenantryv1.ReasonPlanned, "mode is Plan")
	default:
		put(metav1.ConditionTrue, tenantryv1.ReasonIssued, "the Secrets hold what the servers accept")
		s.listCredentials()
	}
}

// listCredentials notes every Secret that may exist, so that it can be removed when the spec moves on or the Tenant goes.
// Where access is closed none was read, and none removed: what is listed stays.
func (s *scope) listCredentials() {
	t := s.tenant
	if s.desired.Access != boundary.Open {
		return
	}
	var list []tenantryv1.CredentialStatus
	for _, l := range s.wanted() {
		if _, ok := s.bindings[l]; ok {
			list = append(list, tenantryv1.CredentialStatus{Layer: tenantryv1.LayerName(l), SecretName: s.secretName(l).Name})
		}
	}
	gatewayName := ""
	if s.gateway.binding != nil {
		gatewayName = s.gatewaySecretName().Name
	}
	if len(list) == 0 && gatewayName == "" && !s.allSettled() {
		return
	}
	t.Status.Credentials, t.Status.GatewaySecretName, t.Status.CredentialsNamespace = list, gatewayName, ""
	if t.Spec.Credentials != nil && (len(list) > 0 || gatewayName != "") {
		t.Status.CredentialsNamespace = t.Spec.Credentials.Namespace
	}
}

func (s *scope) credentialReason() string {
	if reason := credential.Reason(s.credentialErr); reason != "" {
		return reason
	}
	return tenantryv1.ReasonBoundaryNotVerified
}
