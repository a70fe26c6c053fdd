package trial

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// canaryIDs by the plane's format: valid in it, and never a Tenant's.
var canaryIDs = map[string][2]string{
	rows.Text: {"tenantry-canary-1", "tenantry-canary-2"},
	rows.UUID: {"00000000-0000-4000-8000-7e4a47240001", "00000000-0000-4000-8000-7e4a47240002"},
	// The two greatest: a tenant column narrower than bigint cannot hold them, so that none can have a row there.
	rows.Integer: {"9223372036854775806", "9223372036854775807"},
}

// CanaryIDs are the two tenantIDs of a plane that no Tenant may take. format is Text, UUID or Integer; "" is Text.
func CanaryIDs(format string) [2]string {
	if ids, ok := canaryIDs[format]; ok {
		return ids
	}
	return canaryIDs[rows.Text]
}

// Reserved says whether a tenantID is a canary's in a plane of that format.
func Reserved(id, format string) bool {
	ids := CanaryIDs(format)
	return slices.Contains(ids[:], id)
}

// canaryLayers are where canaries stand. In Qdrant there is nothing for one to hold: a token is for collections of its own,
// and that it opens no other is tried with the names of others.
var canaryLayers = []boundary.Layer{boundary.Rows, boundary.Cache}

// Canaries are the desired state of a plane's two canaries. They own nothing. Their passwords follow from the plane's keys:
// they are stored nowhere, every manager knows the same, and a restart changes nothing.
func Canaries(format string, spec rows.Spec, key []byte) [2]boundary.Tenant {
	var out [2]boundary.Tenant
	for i, id := range CanaryIDs(format) {
		// Claims are made in the name of a UID that no object of Kubernetes can have.
		uid := fmt.Sprintf("tenantry-canary-%d", i+1)
		t := boundary.Tenant{ID: id, UID: uid, Name: uid, Access: boundary.Open, Login: true,
			Credentials: map[boundary.Layer]boundary.Credential{}}
		for _, layer := range canaryLayers {
			username := cache.UserName(id)
			if layer == boundary.Rows {
				username = rows.LoginName(spec, uid, 0)
			}
			t.Credentials[layer] = boundary.Credential{Username: username, Secret: canaryPassword(key, uid, layer)}
		}
		out[i] = t
	}
	return out
}

func canaryPassword(key []byte, uid string, layer boundary.Layer) boundary.Secret {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "canary\x00%s\x00%s", uid, layer) // a hash never fails to be written to
	return boundary.Secret(hex.EncodeToString(mac.Sum(nil)))
}
