package qdrant

import (
	"strings"
	"testing"
)

func TestFirstKey(t *testing.T) {
	cases := map[string]struct {
		key string
		ok  bool
	}{
		"foo":                                   {"foo", true},
		`foo[1][50].bar-baz[]."qux[.]quux"`:     {"foo", true},
		TenantField:                             {TenantField, true},
		`"tenant_id"`:                           {TenantField, true},
		`"tenant_id".a`:                         {TenantField, true},
		`"tenant_id"[]`:                         {TenantField, true},
		"tenant_id[0]":                          {TenantField, true},
		`"tenant_id "`:                          {"tenant_id ", true},
		"tenant_idx":                            {"tenant_idx", true},
		"é_1":                                   {"é_1", true},
		`""`:                                    {"", true},
		`"a.b"`:                                 {"a.b", true},
		"":                                      {"", false},
		".":                                     {"", false},
		"a.":                                    {"", false},
		"a..b":                                  {"", false},
		"a[":                                    {"", false},
		"a[x]":                                  {"", false},
		"a[-1]":                                 {"", false},
		"a]":                                    {"", false},
		`"a`:                                    {"", false},
		`"a\"b"`:                                {"", false},
		`a"b"`:                                  {"", false},
		`"a"b`:                                  {"", false},
		"a b":                                   {"", false},
		" tenant_id":                            {"", false},
		"a[99999999999999999999]":               {"", false},
		"tenant\x00_id":                         {"", false},
		"a." + strings.Repeat("b.", 1000) + "c": {"a", true},
	}
	for path, want := range cases {
		key, ok := firstKey(path)
		if ok != want.ok || ok && key != want.key {
			t.Errorf("%q: %q, %v, want %q, %v", path, key, ok, want.key, want.ok)
		}
	}
}

func TestReservedKeys(t *testing.T) {
	for key, want := range map[string]bool{
		"tenant_id": true, "corpus_id": true, `"tenant_id"`: true, "tenant_id.x": true, "tenant_id[]": true, `"corpus_id"[0]`: true,
		"tenant_idx": false, "a.tenant_id": false, `"a".tenant_id`: false, "TENANT_ID": false, "": false, `"`: false, "x": false,
		`tenant_id "`: true, `"tenant_id`: true, "tenant_id[x": true, "tenant-id": false, "tenant_id\xff": true, "tenant_idé": false,
	} {
		if got := isReservedKey(key); got != want {
			t.Errorf("%q: %v, want %v", key, got, want)
		}
	}
}

// FuzzFirstKey: whatever parses begins with its key, plain or in quotes, and then ends or goes on with . or [.
func FuzzFirstKey(f *testing.F) {
	for _, seed := range []string{"a", `"a".b[0][]`, "tenant_id", `"tenant_id"`, "a..", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		key, ok := firstKey(path)
		if !ok {
			return
		}
		rest, plain := strings.CutPrefix(path, key)
		if strings.HasPrefix(path, `"`) {
			rest, plain = strings.CutPrefix(path, `"`+key+`"`)
		}
		if !plain || rest != "" && rest[0] != '.' && rest[0] != '[' {
			t.Errorf("%q begins with %q, then %q", path, key, rest)
		}
	})
}
