package stack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPostgresSettings(t *testing.T) {
	tests := map[string]struct {
		opts PostgresOptions
		want string
	}{
		"fast": {want: `
fsync = 'off'
full_page_writes = 'off'
listen_addresses = '127.0.0.1'
log_line_prefix = '%m %u@%d [%p] '
max_connections = '200'
synchronous_commit = 'off'
unix_socket_directories = ''
`},
		"durable, with settings of the caller": {
			opts: PostgresOptions{Durable: true, Settings: map[string]string{"cluster_name": "it's", "max_connections": "7"}},
			want: `
cluster_name = 'it''s'
listen_addresses = '127.0.0.1'
log_line_prefix = '%m %u@%d [%p] '
max_connections = '7'
unix_socket_directories = ''
`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, postgresSettings(test.opts)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRedisConfig(t *testing.T) {
	const hash = "#f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7" // of "hunter2"
	head := "bind 127.0.0.1\nport 7000\ndir ./\n"
	role := "save \"\"\nrepl-diskless-sync-delay 0\nmasteruser tenantry\nmasterauth hunter2\n"
	closed := "user default off resetchannels -@all\nuser tenantry on " + hash + " ~* &* +@all\n"
	primary := &Redis{AdminUser: redisAdmin, AdminPassword: "hunter2", port: 6000}
	tests := map[string]struct {
		config func() redisConfig
		want   string
	}{
		"ACL file":      {fromOptions(RedisOptions{}), head + "aclfile users.acl\n" + role},
		"configuration": {fromOptions(RedisOptions{Persistence: RedisConfigRewrite}), head + closed + role},
		"open default user": {
			fromOptions(RedisOptions{OpenDefaultUser: true}),
			head + "aclfile users.acl\nprotected-mode no\n" + role,
		},
		"replica":      {fromOptions(RedisOptions{ReplicaOf: primary}), head + "aclfile users.acl\n" + role + "replicaof 127.0.0.1 6000\n"},
		"cluster node": {fromOptions(RedisOptions{Cluster: true}), head + "aclfile users.acl\n" + role + "cluster-enabled yes\ncluster-port 7001\n"},
		"settings of the caller": {
			fromOptions(RedisOptions{Settings: map[string]string{"b": "2", "a": "1"}}),
			head + "aclfile users.acl\n" + role + "a 1\nb 2\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.config().render()); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func fromOptions(opts RedisOptions) func() redisConfig {
	return func() redisConfig {
		if opts.ReplicaOf == nil {
			opts.AdminPassword = "hunter2"
		}
		config := newRedisConfig(opts)
		config.port, config.bus = 7000, 7001
		return config
	}
}

func TestVersionFlags(t *testing.T) {
	want := "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2 " +
		"-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"
	if diff := cmp.Diff(want, versionFlags("v1.37.2")); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
}

func TestTemplateName(t *testing.T) {
	tests := map[string]struct{ version, want string }{
		"Debian":  {"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18-uid101"},
		"plain":   {"postgres (PostgreSQL) 18.1\n", "18.1-uid101"},
		"preview": {"postgres (PostgreSQL) 19beta1\n", "19beta1-uid101"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, templateName(test.version, &osUser{uid: 101})); diff != "" {
				t.Errorf("name (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckVersion(t *testing.T) {
	tests := map[string]struct {
		says, want, wantErr string
	}{
		"PostgreSQL":  {says: "postgres (PostgreSQL) 15.18 (Debian)", want: "15.18"},
		"Redis":       {says: "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1", want: "7.0.15"},
		"too old":     {says: "Redis server v=6.0.16", wantErr: "is version 6.0.16, but Tenantry needs 7 or newer: put a newer one first on PATH"},
		"no version":  {says: "hello", wantErr: "no version in it"},
		"valkey's 10": {says: "Valkey server v=10.1.0", want: "10.1.0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "program")
			if err := os.WriteFile(program, []byte("#!/bin/sh\necho '"+test.says+"'\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			got, err := checkVersion(t.Context(), program, 7)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("version (-want +got):\n%s", diff)
			}
			if (err != nil) != (test.wantErr != "") || err != nil && !strings.HasSuffix(err.Error(), test.wantErr) {
				t.Errorf("got error %v, want one that ends with %q", err, test.wantErr)
			}
		})
	}
}

func TestAssetsDir(t *testing.T) {
	t.Run("a variable that leads nowhere", func(t *testing.T) {
		t.Setenv(assetsEnv, "/nowhere")
		_, err := AssetsDir()
		want := "KUBEBUILDER_ASSETS is /nowhere, which does not hold both etcd and kube-apiserver: correct or unset it"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("an empty cache", func(t *testing.T) {
		t.Setenv(assetsEnv, "")
		t.Setenv("TENANTRY_CACHE", t.TempDir())
		_, err := AssetsDir()
		want := &MissingError{Tool: "Kubernetes control plane", Remedy: "make tools"}
		var got *MissingError
		if !errors.As(err, &got) || *got != *want {
			t.Errorf("got %v, want %v", err, want)
		}
	})
}
