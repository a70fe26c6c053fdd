package gateway

import (
	"flag"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
)

func TestOptionsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := func() Options {
		return Options{DataPlane: testPlane, Namespace: "n", RESTAddress: "127.0.0.1:0", GRPCAddress: off, ProbeAddress: off, MetricsAddress: off}
	}
	for want, change := range map[string]func(*Options){
		"--data-plane":           func(o *Options) { o.DataPlane = "" },
		"--namespace":            func(o *Options) { o.Namespace = "" },
		"both listeners":         func(o *Options) { o.RESTAddress = off },
		"--upstream-connections": func(o *Options) { o.UpstreamConnections = 17 },
		"--request-timeout":      func(o *Options) { o.Limits.RequestTimeout = -1 },
		"--tenant-burst":         func(o *Options) { o.Limits.TenantBurst = -1 },
		"--max-reply-bytes":      func(o *Options) { o.Limits.ReplyBytes = -1 },
		"--max-connections":      func(o *Options) { o.Limits.Connections = -1 },
		"402653184 at least":     func(o *Options) { o.Limits.InFlightBytes = 300 << 20 },
		"--tls-cert-dir":         func(o *Options) { o.TLSCertDir = "/nowhere" },
		"listen for REST":        func(o *Options) { o.RESTAddress = "256.0.0.1:1" },
		"API server":             func(o *Options) { o.Config = nil },
	} {
		o := good()
		o.Config = &rest.Config{Host: "127.0.0.1:1"}
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want something about %s", err, want)
		}
	}
}

// The flags' defaults are the options' defaults.
func TestFlagDefaults(t *testing.T) {
	t.Parallel()
	var flags, zero Options
	fs := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.BindFlags(fs)
	if err := fs.Parse(nil); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*Options{&flags, &zero} {
		o.complete()
		o.Registry, o.Clock = nil, nil
	}
	if diff := cmp.Diff(zero.Limits, flags.Limits); diff != "" {
		t.Error(diff)
	}
	flags.Limits, zero.Limits = Limits{}, Limits{}
	if flags != zero {
		t.Errorf("flags give %+v, options %+v", flags, zero)
	}
}
