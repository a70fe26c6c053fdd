package cache

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	one   = "redis-0:6379"
	two   = "redis-1:6379"
	keys  = "~ai:acme:* resetchannels &ai:acme:* "
	right = "on #%s " + keys + "-@all"
)

// The plans of one tenant, as golden files in testdata.
func TestDiffTenant(t *testing.T) {
	tests := map[string]struct {
		tenant boundary.Tenant
		nodes  []Node
	}{
		"new, without a credential":       {acme(without), []Node{empty(one, one)}},
		"new, on a primary and a replica": {acme(), []Node{empty(one, one), empty(two, one)}},
		"new, on two primaries":           {acme(), []Node{empty(one, one), empty(two, two)}},
		"new, its primary away":           {acme(), []Node{empty(two, "")}},
		"built closed":                    {acme(without), []Node{settled(one, one, rule("off"), unsaved)}},
		"opening":                         {acme(), []Node{settled(one, one, rule("off"), unsaved)}},
		"settled":                         {acme(), []Node{settled(one, one), settled(two, one)}},
		"settled, its primary away":       {acme(), []Node{settled(two, "")}},
		"crashed before the save":         {acme(), []Node{settled(one, one, unsaved)}},
		"crashed before a second save":    {acme(suspended), []Node{settled(one, one, rule("off"))}},
		"user gone on one node":           {acme(), []Node{settled(one, one), settled(two, one, gone)}},
		"second password":                 {acme(), []Node{settled(one, one, rule("on #%s #"+strings.Repeat("0", 64)+" "+keys+"-@all"))}},
		"no password needed":              {acme(), []Node{settled(one, one, rule("on nopass #%s "+keys+"-@all"))}},
		"other password":                  {acme(), []Node{settled(one, one, rule("on #"+strings.Repeat("0", 64)+" "+keys+"-@all"))}},
		"key of another tenant":           {acme(), []Node{settled(one, one, rule("on #%s ~ai:other:* "+keys+"-@all"))}},
		"all channels":                    {acme(), []Node{settled(one, one, rule("on #%s ~ai:acme:* &* -@all"))}},
		"only reading":                    {acme(), []Node{settled(one, one, rule("on #%s %R~ai:acme:* resetchannels &ai:acme:* -@all"))}},
		"may list keys":                   {acme(), []Node{settled(one, one, rule(right+" +keys +scan"))}},
		"may not write":                   {acme(), []Node{settled(one, one, rule(right+" -@write"))}},
		"unknown category":                {acme(), []Node{settled(one, one, rule(right+" +@json"))}},
		"unknown word":                    {acme(), []Node{settled(one, one, rule(right+" whatever"))}},
		"selector":                        {acme(), []Node{settled(one, one, rule(right+" (~* +get)"))}},
		"trusted payloads":                {acme(), []Node{settled(one, one, rule("skip-sanitize-payload "+right))}},
		"off by hand":                     {acme(), []Node{settled(one, one, rule("off #%s "+keys+"-@all"))}},
		"suspended":                       {acme(suspended), []Node{settled(one, one), settled(two, one)}},
		"suspended, off by hand":          {acme(suspended), []Node{settled(one, one, rule("off #%s "+keys+"-@all"))}},
		"suspended and settled":           {acme(suspended), []Node{settled(one, one, rule("off"), savedAs(closed.Digest()))}},
		"credential taken away":           {acme(without), []Node{settled(one, one)}},
		"retained":                        {acme(retained), []Node{settled(one, one), settled(two, one)}},
		"retained, its primary away":      {acme(retained), []Node{settled(two, "")}},
		"retained, crashed before save":   {acme(retained), []Node{settled(one, one, gone)}},
		"retained, crashed before burial": {acme(retained), []Node{settled(one, one, gone, savedAs(absent))}},
		"retained and settled":            {acme(retained), []Node{settled(one, one, gone, savedAs(absent), claimedBy("uid-acme", true))}},
		"retained, back from a file":      {acme(retained), []Node{settled(one, one, savedAs(absent), claimedBy("uid-acme", true))}},
		"retained, never claimed":         {acme(retained), []Node{empty(one, one)}},
		"retained, claims lost":           {acme(retained), []Node{settled(one, one, neverClaimed)}},
		"retained, name of another":       {acme(retained), []Node{settled(one, one, neverClaimed, rule("on #%s ~* -@all"))}},
		"retained, held by another":       {acme(retained, otherUID), []Node{settled(one, one)}},
		"held by another":                 {acme(otherUID), []Node{settled(one, one)}},
		"held by a tombstone":             {acme(otherUID), []Node{settled(one, one, claimedBy("uid-acme", true))}},
		"held on the second node":         {acme(), []Node{settled(one, one), settled(two, two, claimedBy("uid-other", false))}},
		"claims unreadable":               {acme(), []Node{settled(one, one, claimedBy("unreadable", false))}},
		"put back over an old save":       {acme(), []Node{settled(one, one, rule(right+" +keys"))}},
		"gone, but saved once":            {acme(without), []Node{settled(one, one, gone)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			golden(t, strings.ReplaceAll(name, ",", ""), describe(spec.DiffTenant(test.nodes, test.tenant)))
		})
	}
}

func TestDiffTenantWithoutPersistence(t *testing.T) {
	tests := map[string]struct {
		persistence string
		change      func(*Node)
		want        []string
	}{
		"none declared":                {None, func(*Node) {}, nil},
		"no aclfile":                   {ACLFile, func(n *Node) { n.ACLFilePath = "" }, nil},
		"aclfile":                      {ACLFile, func(*Node) {}, []string{"ACL SAVE"}},
		"no config file":               {ConfigRewrite, func(n *Node) { n.ACLFilePath, n.ConfigPath = "", "" }, nil},
		"config file beside aclfile":   {ConfigRewrite, func(*Node) {}, nil},
		"config file and no aclfile":   {ConfigRewrite, func(n *Node) { n.ACLFilePath = "" }, []string{"CONFIG REWRITE"}},
		"records cannot be written":    {ACLFile, func(n *Node) { n.Home = "" }, nil},
		"aclfile, declared by nothing": {"", func(*Node) {}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := spec
			s.Persistence = test.persistence
			d := s.DiffTenant([]Node{settled(one, one, unsaved, test.change)}, acme())
			var got []string
			for _, c := range d.Plan {
				got = append(got, c.Op.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiffPlane(t *testing.T) {
	ready := func(n *Node) {
		n.Users["app"] = spec.appUser(n)
		n.Saved[SaveField("app", n.Name)] = n.Users["app"].Digest()
	}
	tests := map[string]struct {
		nodes    []Node
		complete bool
	}{
		"plane new":                      {[]Node{empty(one, one), empty(two, one)}, true},
		"plane settled":                  {[]Node{settled(one, one, ready), settled(two, two, ready)}, true},
		"plane with a node away":         {[]Node{settled(one, one, ready, func(n *Node) { n.Saved["app@"+two] = "x" })}, false},
		"plane with records of old pods": {[]Node{settled(one, one, ready, func(n *Node) { n.Saved["app@old:6379"] = "x" })}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			golden(t, name, describe(spec.DiffPlane(test.nodes, test.complete)))
		})
	}
}

// No plan, printed in whatever way, may hold a password or its digest.
func TestPlansHoldNoSecrets(t *testing.T) {
	d := spec.DiffTenant([]Node{empty(one, one)}, acme())
	app := spec.DiffPlane([]Node{empty(one, one)}, true)
	for _, c := range append(d.Plan, app.Plan...) {
		text := strings.Join(append(boundary.Plan{c}.Lines(), c.Op.String(), c.Summary, c.Object), "\n")
		for _, s := range []boundary.Secret{secret, spec.AppPassword} {
			if strings.Contains(text, s.Reveal()) || strings.Contains(text, s.Fingerprint()) {
				t.Errorf("%s shows a secret:\n%s", c.Object, text)
			}
		}
	}
}
