package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// installOperator applies config/default without the Deployment, which nothing here could run, and starts the same binary
// as the same ServiceAccount on this machine.
func (d *demo) installOperator(ctx context.Context) error {
	rendered, err := d.kubectl.run(ctx, "", "kustomize", "config/default")
	if err != nil {
		return err
	}
	manifests, err := withoutKind(rendered, "Deployment", "Service")
	if err != nil {
		return err
	}
	d.console.Say("There are no nodes here to run a Pod: the Deployment is left out, and the manager runs as a process.")
	if err := d.kubectl.apply(ctx, manifests, "kubectl kustomize config/default | kubectl apply --server-side -f -", "-f", "-"); err != nil {
		return err
	}
	if _, err := d.kubectl.run(ctx, "", "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"); err != nil {
		return err
	}
	// Established is not yet discovered: the API server publishes new kinds a moment later.
	if err := eventually(ctx, "the API server to serve the new kinds", func() error {
		_, err := d.kubectl.run(ctx, "", "get", "dataplanes,tenants,corpora,aibudgets", "--all-namespaces")
		return err
	}); err != nil {
		return err
	}
	if err := d.buildManager(ctx); err != nil {
		return err
	}
	return d.startManager(ctx)
}

// withoutKind leaves objects of some kinds out of a stream of manifests.
func withoutKind(stream string, kinds ...string) (string, error) {
	var kept []string
	for _, doc := range strings.Split(stream, "\n---\n") {
		var object struct{ Kind string }
		if err := yaml.Unmarshal([]byte(doc), &object); err != nil {
			return "", fmt.Errorf("read the manifests: %w", err)
		}
		leave := object.Kind == ""
		for _, kind := range kinds {
			leave = leave || object.Kind == kind
		}
		if !leave {
			kept = append(kept, doc)
		}
	}
	return strings.Join(kept, "\n---\n"), nil
}

// account makes a kubeconfig that acts as a ServiceAccount, with a token from the API server. It returns its path.
func (d *demo) account(ctx context.Context, namespace, name string) (string, error) {
	args := []string{"create", "token", name, "--namespace", namespace, "--duration", "24h"}
	d.console.Command(line(args) + " > token")
	token, err := d.kubectl.run(ctx, "", args...)
	if err != nil {
		return "", err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["demo"] = &clientcmdapi.Cluster{
		Server: d.cluster.Config.Host, CertificateAuthorityData: d.cluster.Config.CAData,
	}
	config.AuthInfos["demo"] = &clientcmdapi.AuthInfo{Token: strings.TrimSpace(token)}
	config.Contexts["demo"] = &clientcmdapi.Context{Cluster: "demo", AuthInfo: "demo", Namespace: namespace}
	config.CurrentContext = "demo"
	path := filepath.Join(d.dir, namespace+"-"+name+".kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}
