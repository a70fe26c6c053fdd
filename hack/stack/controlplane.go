package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// ControlPlaneOptions vary a control plane. The zero value has Tenantry's resource definitions installed.
type ControlPlaneOptions struct {
	// WithoutCRDs leaves the API server bare, for tests that install the manifests themselves.
	WithoutCRDs bool
	// Flags are further flags of kube-apiserver, for example {"audit-log-path": "/tmp/audit.log"}.
	Flags map[string]string
}

// ControlPlane is a running kube-apiserver with its etcd. RBAC is on; there are no controllers, so nothing runs Pods,
// collects garbage or makes service accounts by itself.
type ControlPlane struct {
	// Config belongs to an administrator (system:masters) and has no client-side rate limit.
	Config *rest.Config
	// Kubeconfig is the path of a kubeconfig file for the same administrator.
	Kubeconfig string
	// Kubectl is the path of a kubectl.
	Kubectl string

	env  *envtest.Environment
	dir  *runDir
	log  *os.File
	stop func()
}

// StartControlPlane starts an empty API server and installs config/crd/bases of this repository into it. It takes about
// four seconds. The caller stops it.
func StartControlPlane(ctx context.Context, opts ControlPlaneOptions) (*ControlPlane, error) {
	assets, err := findAssets()
	if err != nil {
		return nil, err
	}
	dir, err := newRunDir()
	if err != nil {
		return nil, err
	}
	cp := &ControlPlane{dir: dir, Kubectl: assets.kubectl}
	cp.stop = sync.OnceFunc(cp.release)
	if err := cp.prepare(ctx, assets, opts); err != nil {
		dir.remove()
		return nil, err
	}
	if err := cp.start(ctx); err != nil {
		cp.Stop()
		return nil, err
	}
	return cp, nil
}

// prepare lays out the directory of the server and describes it to envtest.
func (c *ControlPlane) prepare(ctx context.Context, assets assets, opts ControlPlaneOptions) (err error) {
	for _, name := range []string{"etcd", "certs", "bin"} {
		if err := os.Mkdir(c.dir.join(name), 0o700); err != nil {
			return err
		}
	}
	c.env = &envtest.Environment{
		// A stray USE_EXISTING_CLUSTER must never aim tests at somebody's cluster.
		UseExistingCluster:       ptr.To(false),
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopGrace,
	}
	if c.env.CRDDirectoryPaths, err = crdPaths(opts); err != nil {
		return err
	}
	c.env.ErrorIfCRDPathMissing = true
	c.env.ControlPlane = envtest.ControlPlane{KubectlPath: assets.kubectl}
	return c.describeServers(ctx, assets, opts)
}

func (c *ControlPlane) describeServers(ctx context.Context, assets assets, opts ControlPlaneOptions) (err error) {
	etcd := &envtest.Etcd{DataDir: c.dir.join("etcd")}
	apiserver := c.env.ControlPlane.GetAPIServer()
	apiserver.CertDir = c.dir.join("certs")
	for flag, value := range opts.Flags {
		apiserver.Configure().Set(flag, value)
	}
	if etcd.Path, err = mortal(ctx, assets.etcd, c.dir.join("bin/etcd")); err != nil {
		return err
	}
	if apiserver.Path, err = mortal(ctx, assets.apiserver, c.dir.join("bin/kube-apiserver")); err != nil {
		return err
	}
	if c.log, err = os.Create(c.LogFile()); err != nil {
		return err
	}
	etcd.Out, etcd.Err, apiserver.Out, apiserver.Err = c.log, c.log, c.log, c.log
	c.env.ControlPlane.Etcd = etcd
	return nil
}

// start runs envtest on an OS thread of its own that lives until Stop: see mortal.
func (c *ControlPlane) start(ctx context.Context) error {
	started, stopped := make(chan error, 1), make(chan struct{})
	c.stop = sync.OnceFunc(func() { c.release(); close(stopped) })
	go func() {
		runtime.LockOSThread()
		_, err := c.env.Start()
		started <- err
		<-stopped
	}()
	select {
	case err := <-started:
		if err != nil {
			return fmt.Errorf("start the Kubernetes control plane: %w; the last lines of its log:\n%s", err, logTail(c.LogFile()))
		}
	case <-ctx.Done():
		// envtest bounds itself; stopping it while it starts would leave processes behind.
		return errors.Join(ctx.Err(), <-started)
	}
	c.Config = unlimited(c.env.Config)
	c.Kubeconfig = c.dir.join("kubeconfig")
	return os.WriteFile(c.Kubeconfig, c.env.KubeConfig, 0o600)
}

// AddUser makes a user who may do only what RBAC allows the name and the groups, and returns the configuration to act
// as that user.
func (c *ControlPlane) AddUser(name string, groups ...string) (*rest.Config, error) {
	user, err := c.env.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		return nil, fmt.Errorf("make the user %s: %w", name, err)
	}
	return unlimited(user.Config()), nil
}

// AddUserKubeconfig makes a user as AddUser does and returns the path of a kubeconfig file that acts as that user.
func (c *ControlPlane) AddUserKubeconfig(name string, groups ...string) (string, error) {
	user, err := c.env.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		return "", fmt.Errorf("make the user %s: %w", name, err)
	}
	content, err := user.KubeConfig()
	if err != nil {
		return "", fmt.Errorf("render the kubeconfig of %s: %w", name, err)
	}
	file, err := os.CreateTemp(c.dir.path, "kubeconfig-")
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	return file.Name(), errors.Join(err, file.Close())
}

// unlimited takes the client-side rate limit off: the server's own priority and fairness is limit enough.
func unlimited(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = -1, -1
	return config
}

// Addr returns host:port of the API server.
func (c *ControlPlane) Addr() string {
	serving := c.env.ControlPlane.APIServer.SecureServing
	return net.JoinHostPort(serving.Address, serving.Port)
}

// LogFile returns the path of the log of both servers, for messages of failed tests.
func (c *ControlPlane) LogFile() string { return c.dir.join("log") }

// Stop ends both servers and removes their data. It may be called twice.
func (c *ControlPlane) Stop() { c.stop() }

func (c *ControlPlane) release() {
	_ = c.env.Stop()
	_ = c.log.Close()
	c.dir.remove()
}

// crdPaths is the directory of the generated resource definitions.
func crdPaths(opts ControlPlaneOptions) ([]string, error) {
	if opts.WithoutCRDs {
		return nil, nil
	}
	root, err := RepoRoot()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, "config", "crd", "bases")
	if !exists(path) {
		return nil, &MissingError{Tool: "generated resource definition (config/crd/bases)", Remedy: "make generate"}
	}
	return []string{path}, nil
}
