package redis

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/scope"
)

// samples holds each command of the table with arguments, K for a key, C for a channel.
func samples(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/samples.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func fullName(words []string) string {
	if containers[words[0]] {
		return words[0] + "|" + words[1]
	}
	return words[0]
}

// newer are in the table and unknown to the oldest server that Tenantry serves: 7.0.
var newer = strings.Fields("hexpire hexpireat hexpiretime hpersist hpexpire hpexpireat hpexpiretime hpttl httl")

// scoped passes a command through the hook, as part of a pipeline, and returns what would be sent.
func scoped(t testing.TB, h *hook, words []string) ([]any, error) {
	t.Helper()
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	ctx := scope.WithTenant(t.Context(), scope.Tenant{ID: "acme"})
	var out []any
	capture := func(_ context.Context, cmds []goredis.Cmder) error { out = slices.Clone(cmds[0].Args()); return nil }
	err := h.ProcessPipelineHook(capture)(ctx, []goredis.Cmder{goredis.NewCmd(ctx, args...)})
	if err == nil && words[0] == "watch" {
		t.Fatal("WATCH goes through in a pipeline")
	}
	if words[0] == "watch" {
		single := func(_ context.Context, cmd goredis.Cmder) error { out = slices.Clone(cmd.Args()); return nil }
		err = h.ProcessHook(single)(context.WithValue(ctx, watching{}, true), goredis.NewCmd(ctx, args...))
	}
	for i, w := range words {
		if args[i] != w {
			t.Errorf("%v: the caller's argument %d was not put back: %v", words, i, args[i])
		}
	}
	return out, err
}

// Where the table puts the prefix is where the server sees keys, for every command in it, and in every place.
func TestTableAgreesWithTheServer(t *testing.T) {
	client := stacktest.Redis(t).Client()
	defer func() { _ = client.Close() }()
	known, err := client.CommandList(t.Context(), nil).Result()
	if err != nil {
		t.Fatal(err)
	}
	h := &hook{keyPrefix: "ai", scripts: true}
	tried := map[string]bool{}
	for _, sample := range samples(t) {
		words := strings.Fields(sample)
		tried[fullName(words)] = true
		args, err := scoped(t, h, words)
		if err != nil {
			t.Errorf("%s: %v", sample, err)
			continue
		}
		var prefixed []string
		for i, w := range words {
			switch isKey := w == "K" || w == "C"; {
			case isKey && args[i] == "ai:acme:"+w:
				prefixed = append(prefixed, "ai:acme:"+w)
			case isKey || args[i] != w:
				t.Errorf("%s: argument %d goes out as %v", sample, i, args[i])
			}
		}
		if !slices.Contains(known, fullName(words)) || slices.Contains(words, "C") || len(words) == 1 {
			continue
		}
		keys, err := client.CommandGetKeys(t.Context(), args...).Result()
		if err != nil && !strings.Contains(err.Error(), "no key arguments") {
			t.Errorf("%s: COMMAND GETKEYS: %v", sample, err)
		}
		if slices.Sort(keys); !slices.Equal(keys, prefixed) {
			t.Errorf("%s: the server sees the keys %v, the table %v", sample, keys, prefixed)
		}
	}
	for name := range table {
		if !tried[name] {
			t.Errorf("%s is in the table and has no sample", name)
		}
		if !slices.Contains(known, name) && !slices.Contains(newer, name) {
			t.Errorf("%s is in the table and unknown to the server", name)
		}
	}
}

// Every command that the server knows is in the table or refused, whatever follows it.
func TestEveryOtherCommandIsRefused(t *testing.T) {
	client := stacktest.Redis(t).Client()
	defer func() { _ = client.Close() }()
	known, err := client.CommandList(t.Context(), nil).Result()
	if err != nil {
		t.Fatal(err)
	}
	h := &hook{keyPrefix: "ai", scripts: true}
	refused := 0
	for _, name := range known {
		if _, ok := table[name]; ok || containers[name] {
			continue
		}
		refused++
		words := append(strings.Split(name, "|"), "1", "ai:globex:k", "ai:globex:k", "0")
		if out, err := scoped(t, h, words); !errors.Is(err, ErrRefused) || out != nil {
			t.Errorf("%v: %v, sent %v", words, err, out)
		}
	}
	if refused < 100 {
		t.Errorf("only %d commands were refused: COMMAND LIST has %d", refused, len(known))
	}
	for _, must := range strings.Fields("keys scan randomkey dbsize flushall flushdb select swapdb move copy sort migrate auth hello reset monitor subscribe") {
		if !slices.Contains(known, must) {
			t.Errorf("%s was not tried: the server does not know it", must)
		}
	}
}

// Arguments that the table does not understand are refused, and not sent with some of their keys left bare.
func TestMisshapenCommandsAreRefused(t *testing.T) {
	h := &hook{keyPrefix: "ai"}
	for _, command := range []string{
		"get", "mget", "rename k", "blpop k", "blpop", "xgroup create", "xgroup", "xgroup nonsense k", "client", "client list",
		"zunion 3 a b", "zunion 0 a", "zunion -1 a", "zunion x a", "zunion", "zunion 99999999999999999999 a", "zunionstore d 2 a",
		"xread streams", "xread streams a", "xread streams a b 0", "xread a 0", "xread wrong 1 streams a 0", "xread count streams a 0",
		"xreadgroup group g streams", "georadius k 1 1 1 km store", "bitop and", "eval x 1 k", "evalsha x 1 k", "script load x",
		"client kill", "client setname x", "subscribe c", "nosuchcommand k",
	} {
		out, err := scoped(t, h, strings.Fields(command))
		if !errors.Is(err, ErrRefused) || out != nil {
			t.Errorf("%s: %v, sent %v", command, err, out)
		}
	}
}

// Without scripts, with scripts, and with scripts that declare nothing.
func TestScripts(t *testing.T) {
	for _, command := range []string{"eval x 1 k", "evalsha x 1 k", "eval_ro x 1 k", "evalsha_ro x 1 k", "script load x"} {
		if _, err := scoped(t, &hook{keyPrefix: "ai"}, strings.Fields(command)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s without AllowScripts: %v", command, err)
		}
		if _, err := scoped(t, &hook{keyPrefix: "ai", scripts: true}, strings.Fields(command)); err != nil {
			t.Errorf("%s with AllowScripts: %v", command, err)
		}
	}
	for _, command := range []string{"eval x 0", "eval x 0 k", "eval x 2 k", "eval x", "script flush", "script kill", "function list"} {
		if _, err := scoped(t, &hook{keyPrefix: "ai", scripts: true}, strings.Fields(command)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s with AllowScripts: %v", command, err)
		}
	}
}

// FuzzScope: whatever is sent, it is refused, or it goes out with as many arguments, and those that differ are prefixed.
func FuzzScope(f *testing.F) {
	for _, s := range []string{"get k", "mset a 1 b 2", "xread count 1 streams a b 0 0", "zunionstore d 2 a b weights 1 2", "GET ai:globex:k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		out, err := scoped(t, &hook{keyPrefix: "ai"}, words)
		if err != nil {
			return
		}
		if len(out) != len(words) {
			t.Fatalf("%q went out as %v", words, out)
		}
		changed := 0
		for i, w := range words {
			if out[i] == w {
				continue
			}
			if changed++; out[i] != "ai:acme:"+w {
				t.Errorf("%q: argument %d went out as %v", words, i, out[i])
			}
		}
		if c := table[fullName([]string{strings.ToLower(words[0]), strings.ToLower(words[min(1, len(words)-1)])})]; c.keys != nil && changed == 0 {
			t.Errorf("%q went out without a key of the tenant", words)
		}
	})
}
