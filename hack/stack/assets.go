package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// assets are the paths of the control plane's programs.
type assets struct{ etcd, apiserver, kubectl string }

// assetsEnv names a directory with etcd and kube-apiserver, as envtest and setup-envtest know it.
const assetsEnv = "KUBEBUILDER_ASSETS"

// AssetsDir returns the directory that holds etcd and kube-apiserver: $KUBEBUILDER_ASSETS, else the one that [Ensure]
// filled in the cache.
func AssetsDir() (string, error) {
	if dir := os.Getenv(assetsEnv); dir != "" {
		if !complete(dir) {
			return "", fmt.Errorf("%s is %s, which does not hold both etcd and kube-apiserver: correct or unset it", assetsEnv, dir)
		}
		return dir, nil
	}
	dir, err := cachedAssetsDir()
	if err != nil {
		return "", err
	}
	if !complete(dir) {
		return "", &MissingError{Tool: "Kubernetes control plane", Remedy: remedy}
	}
	return dir, nil
}

func complete(dir string) bool {
	return exists(filepath.Join(dir, "etcd")) && exists(filepath.Join(dir, "kube-apiserver"))
}

// findAssets adds kubectl, which may also be anywhere on PATH.
func findAssets() (assets, error) {
	dir, err := AssetsDir()
	if err != nil {
		return assets{}, err
	}
	found := assets{etcd: filepath.Join(dir, "etcd"), apiserver: filepath.Join(dir, "kube-apiserver")}
	found.kubectl, err = findKubectl(dir)
	return found, err
}

func findKubectl(dir string) (string, error) {
	candidates := []string{filepath.Join(dir, "kubectl")}
	if cached, err := cachedAssetsDir(); err == nil {
		candidates = append(candidates, filepath.Join(cached, "kubectl"))
	}
	for _, path := range candidates {
		if exists(path) {
			return path, nil
		}
	}
	path, err := exec.LookPath("kubectl")
	if err != nil {
		return "", &MissingError{Tool: "kubectl", Remedy: remedy}
	}
	return path, nil
}

// cachedAssetsDir is where the cache keeps the control plane of the version that this repository asks for.
func cachedAssetsDir() (string, error) {
	version, err := kubernetesVersion()
	if err != nil {
		return "", err
	}
	return filepath.Join(CacheDir(), "controlplane", version), nil
}

var kubernetesLine = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v\S+)`)

// kubernetesVersion reads the version from hack/controlplane/go.mod, the one place that states it.
func kubernetesVersion() (string, error) {
	root, err := RepoRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "hack", "controlplane", "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	match := kubernetesLine.FindSubmatch(content)
	if match == nil {
		return "", fmt.Errorf("%s does not require k8s.io/kubernetes", path)
	}
	return string(match[1]), nil
}
