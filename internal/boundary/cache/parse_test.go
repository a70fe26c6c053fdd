package cache

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

// What servers of several versions say of users, and what it comes down to.
func TestParseLine(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	tests := map[string]struct{ line, want string }{
		"new user":              {"user a off sanitize-payload resetchannels -@all", "off "},
		"everything":            {"user a on nopass sanitize-payload ~k &* +get", "on nopass ~k &* get"},
		"reordered":             {"user a on #" + hash + " ~b ~a &y &x -@all +set +get", "on #" + hash + " ~a ~b &x &y get set"},
		"upper case":            {"user a on #" + strings.ToUpper(hash) + " -@all +GET", "on #" + hash + " get"},
		"access to keys":        {"user a on %RW~a %rw~b %R~c %W~d -@all", "on %R~c %W~d ~a ~b "},
		"old words":             {"user a on allkeys allchannels nocommands +get", "on ~* &* get"},
		"later rules win":       {"user a on ~x resetkeys &y resetchannels +get -@all +set", "on set"},
		"subcommands":           {"user a on -@all +object -object|freq", "on object|encoding object|help object|idletime object|refcount"},
		"one subcommand":        {"user a on -@all +object|freq", "on object|freq"},
		"category":              {"user a on -@all +@geo", "on geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore"},
		"category less some":    {"user a on -@all +@hyperloglog -pfdebug -pfselftest", "on pfadd pfcount pfmerge"},
		"unknown category":      {"user a on -@all +get +@json", "on opaque -@all +get +@json"},
		"first argument":        {"user a on -@all +select|0", "on select|0"},
		"selector":              {"user a on ~a resetchannels -@all +get (~k)* resetchannels &x -@all +set +mget)", "on ~a get (~k)* &x mget set)"},
		"two selectors":         {"user a on -@all (%R~b -@all +get) (~a -@all +set)", "on  (%R~b get) (~a set)"},
		"empty selector":        {"user a on -@all (resetchannels -@all)", "on  ()"},
		"databases":             {"user a on alldbs ~a -@all", "on ~a "},
		"trusted":               {"user a on skip-sanitize-payload -@all", "on skip-sanitize-payload "},
		"words of the future":   {"user a on future db=1 -@all", "on  db=1 future"},
		"pattern with brackets": {`user a on ~ai:\[x\]:* ~t\ -@all`, `on ~ai:\[x\]:* ~t\ `},
		"no-break space":        {"user a on ~a\u00a0b -@all", "on ~a\u00a0b "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			parser := Parser{Catalog: catalog70}
			user, got, err := parser.Line(test.line)
			if err != nil || user != "a" {
				t.Fatalf("user %q, error %v", user, err)
			}
			if diff := cmp.Diff(test.want, got.String()); diff != "" {
				t.Errorf("normal form (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseLineRefuses(t *testing.T) {
	for _, line := range []string{"", "user", "role a on", "user "} {
		parser := Parser{Catalog: catalog70}
		if _, u, err := parser.Line(line); err == nil {
			t.Errorf("%q was read as %q", line, u)
		}
	}
}

// Redis 7.0 does not give back what it was given: this is its description of the rule that Tenantry sets.
func TestServerRewritesOurRule(t *testing.T) {
	n := empty(one, one)
	want := spec.tenantUser(&n, acme())
	line := "user tenant-acme on sanitize-payload #" + secret.Fingerprint() + " ~ai:acme:* resetchannels &ai:acme:* -@all " +
		described70
	parser := Parser{Catalog: catalog70}
	_, got, err := parser.Line(line)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(want.String()), strings.Fields(got.String())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGranted(t *testing.T) {
	names := func(scripts string, cluster bool, known ...string) []string {
		s := Spec{Scripts: scripts}
		return s.granted(&Node{Cluster: cluster, Catalog: NewCatalog(map[string][]string{"fast": known})}).words
	}
	tests := map[string]struct{ got, want []string }{
		"what the server knows":    {names(Deny, false, "get", "hexpire", "keys"), []string{"get", "hexpire"}},
		"an older server":          {names(Deny, false, "get"), []string{"get"}},
		"subcommands":              {names("", false, "client|id", "client|kill", "xgroup|create", "xgroup|help"), []string{"client|id", "xgroup|create"}},
		"scripts":                  {names(Allow, false, "eval", "fcall", "script|flush", "script|load"), []string{"eval", "script|load"}},
		"no scripts":               {names(Deny, false, "eval", "get", "script|load"), []string{"get"}},
		"cluster":                  {names(Deny, true, "cluster|shards", "cluster|getkeysinslot", "asking"), []string{"asking", "cluster|shards"}},
		"no cluster":               {names(Deny, false, "cluster|shards", "asking"), nil},
		"containers by themselves": {names(Deny, false, "command", "command|docs", "client"), []string{"command"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, slices.Clip(test.got), cmp.Transformer("list", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Errorf("granted (-want +got):\n%s", diff)
			}
		})
	}
}

// The traps that must never be granted, whatever is added to the list.
func TestNeverGranted(t *testing.T) {
	never := strings.Fields("keys scan randomkey dbsize flushall flushdb swapdb select move copy migrate sort sort_ro dump restore " +
		"object|encoding memory|usage debug client|tracking client|caching client|kill client|list client|no-evict wait config|get " +
		"acl|setuser acl|list monitor function|load fcall module|load latency|reset info role pubsub|channels script|flush " +
		"script|kill cluster|getkeysinslot cluster|countkeysinslot shutdown replicaof failover psync save")
	n := empty(one, one)
	n.Cluster = true
	s := spec
	s.Scripts = Allow
	granted := s.tenantUser(&n, acme()).Commands
	for _, word := range never {
		if !catalog70.Knows(word) {
			t.Errorf("the server does not know %s: the test tests nothing", word)
		}
		if granted.Grants(word) {
			t.Errorf("%s is granted", word)
		}
	}
}

func TestDigestTellsRulesApart(t *testing.T) {
	n := empty(one, one)
	open := spec.tenantUser(&n, acme())
	other := spec.tenantUser(&n, acme(func(t *boundary.Tenant) {
		t.Credentials[boundary.Cache] = boundary.Credential{Secret: "another"}
	}))
	seen := map[string]string{}
	for name, u := range map[string]User{"closed": closed, "open": open, "other password": other} {
		if twin, ok := seen[u.Digest()]; ok {
			t.Errorf("%s and %s have the same digest", name, twin)
		}
		seen[u.Digest()] = name
	}
}

// Whatever a server says: reading it does not panic, and its words in another order mean the same, but for commands.
func FuzzParse(f *testing.F) {
	f.Add("on #ab ~x &y -@all +get (~z +set)")
	f.Add("off (( ) ~) +) - + % ~ & # (")
	f.Add("on +@all -@geo +client|id -client")
	f.Fuzz(func(t *testing.T, text string) {
		parser := Parser{Catalog: catalog70}
		u := parser.Rule(Words(text))
		again := Parser{Catalog: catalog70}
		if twin := again.Rule(Words(text)); twin.String() != u.String() {
			t.Errorf("read as %q and as %q", u, twin)
		}
		if u.Closed() && (u.Enabled || len(u.Passwords) > 0 || len(u.Keys) > 0 || !u.Commands.Empty() || len(u.Selectors) > 0) {
			t.Errorf("%q counts as closed", text)
		}
	})
}

// described70 is what follows -@all in ACL LIST of Redis 7.0.15.
const described70 = "+@string +@hash +@geo +@blocking +@bitmap +@transaction +@set +@hyperloglog +@stream +@sortedset +@pubsub " +
	"+@list -pfselftest +unlink +time +ping -pubsub|numpat -pubsub|shardnumsub -pubsub|channels -pubsub|numsub " +
	"-pubsub|shardchannels +client|setname +client|reply +client|id +client|info +client|getname +persist +renamenx " +
	"+touch +pttl -sort +expiretime +echo +exists +pexpireat -xinfo|help -sort_ro +pexpiretime +del +pexpire " +
	"+expire +command +expireat +ttl +type +rename -pfdebug -xgroup|help"
