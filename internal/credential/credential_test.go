package credential

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestPasswords(t *testing.T) {
	a, b := NewPassword(), NewPassword()
	if a == b {
		t.Error("two passwords are the same")
	}
	raw, err := base64.RawURLEncoding.DecodeString(a.Reveal())
	if err != nil || len(raw) != passwordBytes {
		t.Errorf("a password has %d bytes of randomness, %v", len(raw), err)
	}
	if url.QueryEscape(a.Reveal()) != a.Reveal() {
		t.Error("a password needs escaping in a URI")
	}
}

func TestPlaneKeys(t *testing.T) {
	k := NewPlaneKeys()
	got, err := ParsePlaneKeys(k.Data())
	if err != nil {
		t.Fatal(err)
	}
	if got.Fingerprint() != k.Fingerprint() {
		t.Error("the fingerprint does not survive the Secret")
	}
	for name, change := range map[string]func(map[string][]byte){
		"a key is gone":      func(d map[string][]byte) { delete(d, keyNaming) },
		"a key is too short": func(d map[string][]byte) { d[keyIDMapping] = d[keyIDMapping][:31] },
	} {
		t.Run(name, func(t *testing.T) {
			d := k.Data()
			change(d)
			if _, err := ParsePlaneKeys(d); err == nil {
				t.Error("no error")
			}
		})
	}
	for name, other := range map[string]PlaneKeys{
		"id mapping": {NewPlaneKeys().IDMapping, k.Naming, k.TokenSigning},
		"naming":     {k.IDMapping, NewPlaneKeys().Naming, k.TokenSigning},
		"signing":    {k.IDMapping, k.Naming, NewPlaneKeys().TokenSigning},
	} {
		if other.Fingerprint() == k.Fingerprint() {
			t.Errorf("the fingerprint does not depend on the %s key", name)
		}
	}
	if bytes.Contains([]byte(k.Fingerprint()), k.Naming) {
		t.Error("the fingerprint shows a key")
	}
}

func TestBindings(t *testing.T) {
	c := boundary.Credential{Username: "u", Secret: "p@ss/word"}
	q, err := Qdrant(Endpoint{"q", 6334}, "http://q:6333", map[string]string{"notes": "tenant_acme_notes"}, boundary.Credential{Secret: "jwt"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		got  Binding
		want map[string]string
	}{
		"postgres": {Postgres(Endpoint{"db", 5432}, "app", "require", c), map[string]string{
			"type": "postgresql", "provider": "tenantry", "host": "db", "port": "5432", "username": "u", "password": "p@ss/word",
			"database": "app", "sslmode": "require", "uri": "postgresql://u:p%40ss%2Fword@db:5432/app?sslmode=require",
		}},
		"redis": {Redis(Endpoint{"::1", 6379}, true, "ai:acme:", c), map[string]string{
			"type": "redis", "provider": "tenantry", "host": "::1", "port": "6379", "username": "u", "password": "p@ss/word",
			"key-prefix": "ai:acme:", "uri": "rediss://u:p%40ss%2Fword@[::1]:6379",
		}},
		"qdrant": {q, map[string]string{
			"type": "qdrant", "provider": "tenantry", "host": "q", "port": "6334", "grpc-address": "q:6334", "api-key": "jwt",
			"uri": "http://q:6333", "collections": `{"notes":"tenant_acme_notes"}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			for k, v := range tc.got {
				got[k] = string(v)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if q.Secret() != "jwt" || Postgres(Endpoint{}, "", "", c).Secret() != c.Secret {
		t.Error("a binding does not return what it authenticates with")
	}
}
