package world

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// apiServer answers what a gateway asks the API server: lists, watches in which nothing happens, and reviews of tokens. It
// spares these tests a control plane; internal/gateway/directory is tested against a real one.
type apiServer struct {
	server *httptest.Server
	items  map[string][]client.Object // by the last part of the path
	done   chan struct{}

	mu       sync.Mutex
	accounts map[string]string // ServiceAccount by its token
}

func startAPI(t testing.TB, objects []client.Object) *apiServer {
	t.Helper()
	a := &apiServer{items: map[string][]client.Object{}, done: make(chan struct{}), accounts: map[string]string{}}
	for i, o := range objects {
		o.SetResourceVersion(fmt.Sprint(i + 1))
		resource := ""
		switch o.(type) {
		case *tenantryv1.DataPlane:
			resource = "dataplanes"
			o.GetObjectKind().SetGroupVersionKind(tenantryv1.GroupVersion.WithKind("DataPlane"))
		case *tenantryv1.Tenant:
			resource = "tenants"
			o.GetObjectKind().SetGroupVersionKind(tenantryv1.GroupVersion.WithKind("Tenant"))
		case *tenantryv1.Corpus:
			resource = "corpora"
			o.GetObjectKind().SetGroupVersionKind(tenantryv1.GroupVersion.WithKind("Corpus"))
		case *corev1.Secret:
			resource = "secrets"
			o.GetObjectKind().SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
		}
		a.items[resource] = append(a.items[resource], o)
	}
	a.server = httptest.NewServer(a)
	t.Cleanup(func() {
		close(a.done)
		a.server.Close()
	})
	return a
}

func (a *apiServer) config() *rest.Config { return &rest.Config{Host: a.server.URL} }

// ServeHTTP implements http.Handler.
func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resource := path.Base(r.URL.Path)
	switch {
	case r.Method == http.MethodPost && resource == "tokenreviews":
		a.review(w, r)
	case a.items[resource] != nil && r.URL.Query().Get("watch") != "":
		a.watch(w, r, resource)
	case a.items[resource] != nil:
		a.list(w, resource)
	case path.Base(path.Dir(r.URL.Path)) == "dataplanes" && resource == Plane:
		writeJSON(w, a.items["dataplanes"][0])
	default:
		w.WriteHeader(http.StatusNotFound)
		writeJSON(w, metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound})
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the gateway has gone away
}

func (a *apiServer) list(w http.ResponseWriter, resource string) {
	kind := a.items[resource][0].GetObjectKind().GroupVersionKind()
	writeJSON(w, map[string]any{
		"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind + "List", "items": a.items[resource],
		"metadata": map[string]any{"resourceVersion": "1000"},
	})
}

func (a *apiServer) watch(w http.ResponseWriter, r *http.Request, resource string) {
	w.Header().Set("Content-Type", "application/json")
	event := func(kind string, o any) {
		_ = json.NewEncoder(w).Encode(map[string]any{"type": kind, "object": o})
	}
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, o := range a.items[resource] {
			event("ADDED", o)
		}
		kind := a.items[resource][0].GetObjectKind().GroupVersionKind()
		event("BOOKMARK", map[string]any{
			"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind, "metadata": map[string]any{
				"resourceVersion": "1000", "annotations": map[string]string{metav1.InitialEventsAnnotationKey: "true"},
			},
		})
	}
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	select {
	case <-r.Context().Done():
	case <-a.done:
	}
}

// AccountToken is a ServiceAccount token for the gateway's audience.
func (w *World) AccountToken(account string) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	token := part(map[string]string{"alg": "RS256"}) + "." + part(map[string]any{
		"iss": "https://kubernetes.default.svc", "aud": []string{"tenantry-gateway"}, "exp": time.Now().Add(time.Hour).Unix(),
		"sub": "system:serviceaccount:" + tenantNamespace + ":" + account,
	}) + "." + part("signature of "+account)
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	w.api.accounts[token] = account
	return token
}

func (a *apiServer) review(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	in := &authenticationv1.TokenReview{}
	if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	account := a.accounts[in.Spec.Token]
	a.mu.Unlock()
	if account != "" {
		in.Status = authenticationv1.TokenReviewStatus{
			Authenticated: true, Audiences: in.Spec.Audiences,
			User: authenticationv1.UserInfo{Username: strings.Join([]string{"system:serviceaccount", tenantNamespace, account}, ":")},
		}
	}
	in.Kind, in.APIVersion = "TokenReview", authenticationv1.SchemeGroupVersion.String()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(in)
}
