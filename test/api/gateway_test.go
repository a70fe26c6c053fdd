package api

import (
	"context"
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/gateway"
)

const (
	gatewayDir  = "../../config/gateway"
	systemSpace = "tenantry-system"
	gatewayUser = "system:serviceaccount:" + systemSpace + ":tenantry-gateway-eu-1"
)

// TestGatewayIsAccepted: the API server takes what the kustomization says, and its Pods fit into the operator's namespace.
func TestGatewayIsAccepted(t *testing.T) {
	c := newClient(t)
	installGateway(t, c)
	autoscaler := readManifest(t, filepath.Join(gatewayDir, "autoscaler.yaml")).objects[0]
	autoscaler.SetNamespace(systemSpace)
	if err := c.Create(t.Context(), autoscaler, client.DryRunAll); err != nil {
		t.Errorf("the sample of an autoscaler: %v", err)
	}
	d := gatewayDeployment(t)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "gateway", Namespace: systemSpace, Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
	if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("a Pod of the gateway: %v", err)
	}
	pod.Spec.SecurityContext = nil
	if err := c.Create(t.Context(), pod, client.DryRunAll); err == nil {
		t.Error("a Pod that may run as root is accepted too: the namespace does not enforce anything here")
	}
}

// TestGatewayFitsTogether: the flags exist, the ports of the Service lead to the Pods, and all of it is about one plane.
func TestGatewayFitsTogether(t *testing.T) {
	d := gatewayDeployment(t)
	container := d.Spec.Template.Spec.Containers[0]
	var o gateway.Options
	fs := flag.NewFlagSet("gateway", flag.ContinueOnError)
	o.BindFlags(fs)
	if err := fs.Parse(container.Args); err != nil || fs.NArg() > 0 {
		t.Fatalf("arguments of the gateway: %v, left over: %q", err, fs.Args())
	}
	if o.DataPlane != "eu-1" || o.TLSCertDir != container.VolumeMounts[0].MountPath {
		t.Errorf("plane %q, certificates in %q", o.DataPlane, o.TLSCertDir)
	}
	ports := map[string]bool{}
	for _, p := range container.Ports {
		ports[p.Name] = true
	}
	for _, object := range kustomize(t, gatewayDir) {
		if strings.Contains(object.GetName(), "PLANE") || object.GetLabels()["app.kubernetes.io/instance"] != "eu-1" {
			t.Errorf("%s %s is not of the plane", object.GetKind(), object.GetName())
		}
		if object.GetKind() != "Service" {
			continue
		}
		s := into[corev1.Service](t, object)
		for _, p := range s.Spec.Ports {
			if !ports[p.TargetPort.String()] {
				t.Errorf("port %s of Service %s leads to none of the Pod", p.Name, s.Name)
			}
		}
		for k, v := range s.Spec.Selector {
			if d.Spec.Template.Labels[k] != v {
				t.Errorf("Service %s selects %s=%s, which the Pods do not have", s.Name, k, v)
			}
		}
	}
	if *d.Spec.Template.Spec.TerminationGracePeriodSeconds <= int64(o.DrainTimeout/time.Second) {
		t.Errorf("Pods are killed after %d s, draining takes %s", *d.Spec.Template.Spec.TerminationGracePeriodSeconds, o.DrainTimeout)
	}
}

// TestGatewayIsComplete: a file that is listed in no kustomization is tested, or it is one that is left to the reader.
func TestGatewayIsComplete(t *testing.T) {
	var want []string
	for _, m := range manifests(t, gatewayDir+"/*.yaml") {
		if m.name() != "kustomization" && m.name() != "autoscaler" {
			for _, o := range m.objects {
				want = append(want, o.GetKind()+" "+o.GetName()+"-eu-1")
			}
		}
	}
	var got []string
	for _, o := range kustomize(t, gatewayDir) {
		got = append(got, o.GetKind()+" "+o.GetName())
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("config/gateway (-files +kustomization):\n%s", diff)
	}
}

// TestGatewayReadsOneSecret: with the gateway's identity, on the API server.
func TestGatewayReadsOneSecret(t *testing.T) {
	c := newClient(t)
	installGateway(t, c)
	for _, name := range []string{"eu-1-gateway", "eu-1-keys", "eu-2-gateway"} {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: systemSpace, Name: name}}
		if err := c.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { remove(t, c, s) })
	}
	as := asGateway(t)
	get := func(namespace, name string) error {
		return as.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &corev1.Secret{})
	}
	list := func(o ...client.ListOption) error { return as.List(t.Context(), &corev1.SecretList{}, o...) }
	own := client.MatchingFields{"metadata.name": "eu-1-gateway"}
	// Roles take effect a moment after they were made.
	effective := func(context.Context) (bool, error) { return get(systemSpace, "eu-1-gateway") == nil, nil }
	if err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, effective); err != nil {
		t.Fatal("the gateway cannot read its own Secret")
	}
	if err := list(client.InNamespace(systemSpace), own); err != nil {
		t.Errorf("list by name, which a watch begins with: %v", err)
	}
	theirs := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: systemSpace, Name: "eu-1-gateway"}}
	for what, err := range map[string]error{
		"read the plane's keys":            get(systemSpace, "eu-1-keys"),
		"read another plane's material":    get(systemSpace, "eu-2-gateway"),
		"read that name elsewhere":         get("default", "eu-1-gateway"),
		"list Secrets by another name":     list(client.InNamespace(systemSpace), client.MatchingFields{"metadata.name": "eu-1-keys"}),
		"list all Secrets of the operator": list(client.InNamespace(systemSpace)),
		"list all Secrets of the cluster":  list(),
		"list that name in all namespaces": list(own),
		"update its Secret":                as.Update(t.Context(), theirs),
		"delete its Secret":                as.Delete(t.Context(), theirs),
		"make a Secret":                    as.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: systemSpace, Name: "new"}}),
		"change a Tenant":                  as.Create(t.Context(), &unstructured.Unstructured{Object: tenantNamed("intruder")}),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: want it forbidden, got %v", what, err)
		}
	}
	for _, crd := range []string{"DataPlaneList", "TenantList", "CorpusList"} {
		l := &unstructured.UnstructuredList{}
		l.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(crd))
		if err := as.List(t.Context(), l); err != nil {
			t.Errorf("list %s: %v", crd, err)
		}
	}
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: "none", Audiences: []string{"tenantry-gateway"}}}
	if err := as.Create(t.Context(), review); err != nil || review.Status.Authenticated {
		t.Errorf("ask whose a token is: %v, %v", review.Status.Authenticated, err)
	}
}

func tenantNamed(name string) map[string]any {
	return map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "Tenant",
		"metadata": map[string]any{"name": name}, "spec": map[string]any{"dataPlane": "eu-1"},
	}
}

func gatewayDeployment(t *testing.T) appsv1.Deployment {
	t.Helper()
	objects := kustomize(t, gatewayDir)
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Deployment" })
	if i < 0 {
		t.Fatal("no Deployment")
	}
	return into[appsv1.Deployment](t, objects[i])
}

// installGateway applies config/gateway into the operator's namespace as config/manager has it.
func installGateway(t *testing.T, c client.Client) {
	t.Helper()
	namespace := readManifest(t, "../../config/manager/manager.yaml").objects[0]
	namespace.SetName(systemSpace)
	apply(t, c, namespace)
	for _, object := range kustomize(t, gatewayDir) {
		apply(t, c, object)
	}
}

func asGateway(t *testing.T) client.Client {
	t.Helper()
	config := rest.CopyConfig(stacktest.ControlPlane(t).Config)
	config.Impersonate = rest.ImpersonationConfig{
		UserName: gatewayUser, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + systemSpace, "system:authenticated"},
	}
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
