package cache

import (
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Trial is one command to try with ACL DRYRUN, which runs nothing and touches no key.
type Trial struct {
	// Attempt it belongs to.
	Attempt string
	// Allowed: the server must say yes; else no.
	Allowed bool
	// Severity of a wrong yes.
	Severity boundary.Severity
	// Args of the command.
	Args []string
}

// The attempts of the matrix.
const (
	TrialOwn       = "uses its own keys and channels"
	trialRead      = "reads keys of other tenants"
	trialWrite     = "writes keys of other tenants"
	trialChannels  = "uses channels of other tenants"
	trialAlike     = "reaches keys that only begin like its own"
	trialRecords   = "reaches the records of Tenantry"
	trialList      = "lists or counts everybody's keys"
	trialDatabases = "reaches into another database"
	trialFlush     = "empties the server"
	trialAdmin     = "administers or watches the server"
	trialScripts   = "runs scripts"
	trialClosed    = "uses its keys although its access is closed"
)

// The commands of each attempt, with K for a key of the tenant's own, O for one of another tenant.
var (
	ownTrials     = []string{"get K", "set K x", "del K", "hgetall K", "publish K x", "subscribe K"}
	readTrials    = []string{"get O", "mget K O", "hgetall O", "lrange O 0 1", "smembers O", "zrange O 0 1", "xrange O - +", "type O"}
	writeTrials   = []string{"set O x", "del O", "hset O f v", "rename K O", "lmove K O left left", "expire O 1"}
	channelTrials = []string{"publish O x", "subscribe O", "psubscribe O*", "spublish O x"}
	scriptTrials  = []string{"eval x 1 K", "evalsha x 1 K", "eval x 0"}
	scriptOfOther = []string{"eval x 1 O", "evalsha x 1 O"}

	// What tells of, reaches or spoils other tenants' keys without naming one.
	wideTrials = map[string][]string{
		trialList:      {"keys *", "scan 0", "randomkey", "dbsize", "pubsub channels", "psubscribe *"},
		trialDatabases: {"select 1", "move K 1", "copy K K db 1", "swapdb 0 1", "migrate h 1 K 0 1"},
		trialFlush:     {"flushall", "flushdb"},
		trialAdmin: {"acl list", "acl setuser x", "config get *", "config set x y", "client list", "client kill id 1", "client tracking on bcast",
			"monitor", "debug object K", "function load x", "fcall x 0", "script flush", "replicaof no one", "shutdown nosave", "bgsave", "slowlog get",
			"latency latest", "module list", "object freq K", "sort K by x", "dump K", "restore K 0 x"},
	}
	wideOrder = []string{trialList, trialDatabases, trialFlush, trialAdmin}
)

// Matrix is what a tenant's user must and must not be able to do, for one node. others are ids of other tenants.
func (s Spec) Matrix(t boundary.Tenant, others []string) []Trial {
	own := s.KeyPrefix + ":" + t.ID + ":probe"
	var m matrix
	if t.Access != boundary.Open {
		m.add(trialClosed, false, boundary.Critical, own, "", ownTrials)
		return m
	}
	m.add(TrialOwn, true, boundary.Warning, own, "", ownTrials)
	for _, id := range others {
		other := s.KeyPrefix + ":" + id + ":probe"
		m.add(trialRead, false, boundary.Critical, own, other, readTrials)
		m.add(trialWrite, false, boundary.Critical, own, other, writeTrials)
		m.add(trialChannels, false, boundary.Critical, own, other, channelTrials)
		if s.Scripts == Allow {
			m.add(trialWrite, false, boundary.Critical, own, other, scriptOfOther)
		}
	}
	// No tenantID holds an underscore: nobody's keys begin so, and a pattern without its delimiter reaches them.
	for _, alike := range []string{s.KeyPrefix + ":" + t.ID + "_", s.KeyPrefix + ":" + t.ID, s.KeyPrefix + "_" + t.ID + ":probe"} {
		m.add(trialAlike, false, boundary.Critical, own, alike, []string{"get O", "set O x", "publish O x"})
	}
	m.add(trialRecords, false, boundary.Critical, own, ClaimsKey, []string{"hget O x", "hset O x y", "del O"})
	for _, attempt := range wideOrder {
		m.add(attempt, false, boundary.Critical, own, "", wideTrials[attempt])
	}
	if s.Scripts != Allow {
		m.add(trialScripts, false, boundary.Warning, own, "", scriptTrials)
	}
	return m
}

type matrix []Trial

func (m *matrix) add(attempt string, allowed bool, severity boundary.Severity, own, other string, commands []string) {
	for _, c := range commands {
		args := strings.Fields(c)
		for i, a := range args[1:] {
			switch a {
			case "K":
				args[i+1] = own
			case "O", "O*":
				args[i+1] = other + strings.TrimPrefix(a, "O")
			}
		}
		*m = append(*m, Trial{Attempt: attempt, Allowed: allowed, Severity: severity, Args: args})
	}
}

// Command names the command of a trial without its arguments, such as "acl list".
func (t Trial) Command() string {
	if len(t.Args) > 1 && hasSubcommands[t.Args[0]] {
		return t.Args[0] + " " + t.Args[1]
	}
	return t.Args[0]
}

var hasSubcommands = map[string]bool{"acl": true, "config": true, "client": true, "function": true, "script": true, "slowlog": true,
	"latency": true, "module": true, "object": true, "debug": true, "pubsub": true}
