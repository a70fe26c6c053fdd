package cache

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestHazards(t *testing.T) {
	type hazards struct{ Plane, Acme []string }
	tests := map[string]struct {
		user, rule string
		change     func(*Node)
		want       hazards
	}{
		"default open":                     {"default", "on nopass ~* &* +@all", nil, hazards{Plane: []string{"default-user-open Critical"}}},
		"default open to a few commands":   {"default", "on nopass ~x:* +get", nil, hazards{Plane: []string{"default-user-open Critical"}}},
		"default open to nothing":          {"default", "on nopass -@all", nil, hazards{}},
		"default with a password":          {"default", "on #00 ~* &* +@all", nil, hazards{Plane: []string{"user-administers Info"}}},
		"default off":                      {"default", "off nopass ~* &* +@all", nil, hazards{}},
		"operator":                         {"tenantry", "on #00 ~* +@all", nil, hazards{}},
		"application":                      {"app", "on #00 ~ai:* +get", nil, hazards{}},
		"administrator":                    {"ops", "on #00 +acl|setuser", nil, hazards{Plane: []string{"user-administers Info"}}},
		"administrator by a selector":      {"ops", "on #00 (-@all +@admin)", nil, hazards{Plane: []string{"user-administers Info"}}},
		"reads everything":                 {"report", "on #00 ~* +get", nil, hazards{Plane: []string{"user-reaches-tenants Warning"}}},
		"reads everything, but off":        {"report", "off #00 ~* +get", nil, hazards{}},
		"keys without commands":            {"report", "on #00 ~*", nil, hazards{}},
		"reads all tenants' notes":         {"report", "on #00 %R~*:notes +get", nil, hazards{Plane: []string{"user-reaches-tenants Warning"}}},
		"listens to everything":            {"bus", "on #00 &* +subscribe", nil, hazards{Plane: []string{"user-reaches-tenants Warning"}}},
		"reaches one tenant":               {"legacy", "on #00 ~x ~ai:acme:* +get", nil, hazards{Acme: []string{"user-reaches-tenants Warning"}}},
		"reaches one tenant by a selector": {"legacy", "on #00 (~ai:ac* +get)", nil, hazards{Acme: []string{"user-reaches-tenants Warning"}}},
		"reaches another tenant":           {"legacy", "on #00 ~ai:acme-2:* +get", nil, hazards{}},
		"reaches something else":           {"legacy", "on #00 ~web:* +get", nil, hazards{}},
		"replication":                      {"replica", "on #00 +psync +replconf +ping", nil, hazards{}},
		"tenant without a claim":           {"tenant-ghost", "on #00 ~ai:ghost:* +get", nil, hazards{Plane: []string{"tenant-user-without-claim Warning"}}},
		"tenant without a claim, closed":   {"tenant-ghost", "off", nil, hazards{}},
		"claimed tenant":                   {"tenant-acme", "on #00 ~ai:acme:* +get", nil, hazards{}},
		"tenant with a tombstone":          {"tenant-acme", "on #00 ~ai:acme:* +get", claimedBy("uid-acme", true), hazards{Plane: []string{"tenant-user-without-claim Warning"}}},
		"no aclfile":                       {"default", "off", func(n *Node) { n.ACLFilePath = "" }, hazards{Plane: []string{"acl-not-persistent Warning"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := settled(one, one)
			parser := Parser{Catalog: n.Catalog}
			n.Users = map[string]User{test.user: parser.Rule(Words(test.rule))}
			if test.change != nil {
				test.change(&n)
			}
			found := spec.FindHazards([]Node{n}, true)
			var got hazards
			for _, f := range found.Plane {
				got.Plane = append(got.Plane, f.Check+" "+string(f.Severity))
			}
			for _, f := range found.Tenant("acme") {
				got.Acme = append(got.Acme, f.Check+" "+string(f.Severity))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("hazards (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPersistenceHazards(t *testing.T) {
	type files struct{ acl, config string }
	tests := map[string]struct {
		persistence string
		files       files
		want        string
	}{
		"aclfile":                     {ACLFile, files{"users.acl", "redis.conf"}, ""},
		"no aclfile":                  {ACLFile, files{"", "redis.conf"}, "Warning"},
		"config file":                 {ConfigRewrite, files{"", "redis.conf"}, ""},
		"no config file":              {ConfigRewrite, files{"", ""}, "Warning"},
		"config file beside aclfile":  {ConfigRewrite, files{"users.acl", "redis.conf"}, "Warning"},
		"none":                        {None, files{"", "redis.conf"}, ""},
		"none declared, with aclfile": {None, files{"users.acl", "redis.conf"}, "Info"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, n := spec, empty(one, one)
			s.Persistence, n.ACLFilePath, n.ConfigPath = test.persistence, test.files.acl, test.files.config
			got := ""
			for _, f := range s.FindHazards([]Node{n}, true).Plane {
				got += string(f.Severity)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestServerHazards(t *testing.T) {
	theirs := boundary.Marker{Plane: "eu-1", Installation: "theirs"}
	tests := map[string]struct {
		change func(*Spec, *Node)
		want   string
	}{
		"clean":                             {func(*Spec, *Node) {}, ""},
		"evicts any key":                    {func(_ *Spec, n *Node) { n.Facts = Facts{MaxMemory: 1, Eviction: "allkeys-lru"} }, "eviction-takes-claims Warning"},
		"evicts any key, but never is full": {func(_ *Spec, n *Node) { n.Facts = Facts{Eviction: "allkeys-lru"} }, ""},
		"evicts what may go":                {func(_ *Spec, n *Node) { n.Facts = Facts{MaxMemory: 1, Eviction: "volatile-ttl"} }, ""},
		"channels for all":                  {func(_ *Spec, n *Node) { n.Facts.NewChannels = "allchannels" }, "new-users-get-all-channels Info"},
		"cannot save":                       {func(_ *Spec, n *Node) { n.Facts.SaveFailed = true }, "data-not-saved Warning"},
		"one replica too many":              {func(_ *Spec, n *Node) { n.Facts.Replicas = []string{"10.0.0.7:6379"} }, "replica-not-among-nodes Warning"},
		"a member's replicas":               {func(_ *Spec, n *Node) { n.Cluster, n.Facts.Replicas = true, []string{"10.0.0.7:6379"} }, ""},
		"old, no scripts":                   {func(_ *Spec, n *Node) { n.Facts.Version.Number = "7.2.4" }, ""},
		"old, with scripts":                 {func(s *Spec, n *Node) { s.Scripts, n.Facts.Version.Number = Allow, "7.2.4" }, "server-flaw Warning"},
		"new, with scripts":                 {func(s *Spec, n *Node) { s.Scripts, n.Facts.Version.Number = Allow, "8.2.2" }, ""},
		"no marker":                         {func(_ *Spec, n *Node) { n.Marker = nil }, "marker-gone Warning"},
		"no marker on a replica":            {func(_ *Spec, n *Node) { n.Marker, n.Home = nil, two }, ""},
		"somebody else's marker":            {func(_ *Spec, n *Node) { n.Marker = &theirs }, "marker-changed Warning"},
		"an older schema":                   {func(s *Spec, _ *Node) { s.Marker.SchemaVersion = 2 }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, n := spec, empty(one, one)
			s.Marker = boundary.Marker{Plane: "eu-1", Installation: "ours"}
			ours := s.Marker
			n.Marker = &ours
			test.change(&s, &n)
			got := ""
			for _, f := range s.FindHazards([]Node{n}, true).Plane {
				got += f.Check + " " + string(f.Severity)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// While a node is away, nobody can say whether a replica is one of them.
func TestReplicasAreCountedWhenAllAreThere(t *testing.T) {
	primary, replica := empty(one, one), empty(two, one)
	primary.Facts = Facts{Stream: "s", Replicas: []string{"10.0.0.7:6379"}}
	replica.Facts = Facts{Stream: "s", Replica: true}
	for nodes, want := range map[*[]Node]int{{primary, replica}: 0, {primary}: 1} {
		if got := len(spec.FindHazards(*nodes, true).Plane); got != want {
			t.Errorf("%d of %d nodes: %d hazards", len(*nodes), 2, got)
		}
	}
	if got := spec.FindHazards([]Node{primary}, false).Plane; len(got) > 0 {
		t.Errorf("a node is away: %v", got)
	}
}
