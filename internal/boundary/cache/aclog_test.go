package cache

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// logAt reads a log in short form, newest first: kind, count and age in seconds of each entry. An "@" before the kind gives
// the entry an id.
func logAt(now time.Time, text string) []LogEntry {
	var out []LogEntry
	for entry := range strings.FieldsSeq(text) {
		var e LogEntry
		var age float64
		kind, rest, _ := strings.Cut(entry, ":")
		if _, err := fmt.Sscanf(rest, "%d:%g", &e.Count, &age); err != nil {
			panic(err)
		}
		e.Object, e.At = kind, now.Add(-time.Duration(age*float64(time.Second)))
		e.ID = strings.TrimLeft(kind, "abcdefghijklmnopqrstuvwxyz")
		out = append(out, e)
	}
	return out
}

// Each look is 15 seconds after the one before; "!" is a restart of the server. What is told of each is what is new.
func TestLogMemory(t *testing.T) {
	tests := map[string]struct{ looks, told []string }{
		"nothing":                            {[]string{"", ""}, []string{"", ""}},
		"first look, of the last minute":     {[]string{"a:2:10 b:5:61"}, []string{"a:2"}},
		"nothing new":                        {[]string{"a:2:10 b:5:61", "a:2:25 b:5:76"}, []string{"a:2", ""}},
		"read a little late":                 {[]string{"a:2:10", "a:2:25.04"}, []string{"a:2", ""}},
		"a new entry":                        {[]string{"a:2:10", "b:1:3 a:2:25"}, []string{"a:2", "b:1"}},
		"an entry grew":                      {[]string{"a:2:10 b:1:20", "a:5:1 b:1:35"}, []string{"a:2 b:1", "a:3"}},
		"an old entry grew":                  {[]string{"a:2:70", "a:3:30"}, []string{"", "a:1"}},
		"too old to have grown":              {[]string{"a:2:90", "a:3:5"}, []string{"", "a:3"}},
		"another one of its kind":            {[]string{"a:2:70", "a:1:2 a:2:85"}, []string{"", "a:1"}},
		"one grew, another of its kind":      {[]string{"a:1:10", "a:1:1 a:2:14"}, []string{"a:1", "a:1 a:1"}},
		"reset by others":                    {[]string{"a:5:10", "a:1:2"}, []string{"a:5", "a:1"}},
		"reset by others, the same again":    {[]string{"a:5:10", "a:5:2"}, []string{"a:5", "a:5"}},
		"reset by others, with nothing new":  {[]string{"a:5:10", "", "a:1:1"}, []string{"a:5", "", "a:1"}},
		"pushed out by newer ones":           {[]string{"a:1:5 b:1:9", "c:1:1 a:1:20"}, []string{"a:1 b:1", "c:1"}},
		"restart of the server":              {[]string{"a:5:10", "! a:6:2"}, []string{"a:5", "a:6"}},
		"restart of the server, older entry": {[]string{"", "! a:6:80"}, []string{"", "a:6"}},
		"with ids, an entry grew":            {[]string{"a7:2:10", "a7:9:2"}, []string{"a7:2", "a7:7"}},
		"with ids, reset":                    {[]string{"a7:2:10", "a8:9:2"}, []string{"a7:2", "a8:9"}},
		"with ids, nothing new":              {[]string{"a7:2:10", "a7:2:25"}, []string{"a7:2", ""}},
		"with ids, its clock was set":        {[]string{"a7:2:10", "a7:2:500"}, []string{"a7:2", ""}},
		"with ids, first look":               {[]string{"a7:2:10 a6:1:65", "a7:2:25 a6:2:5"}, []string{"a7:2", "a6:1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var m LogMemory
			run, now := "run", time.Unix(1_000_000, 0)
			var told []string
			for _, look := range test.looks {
				log, restarted := strings.CutPrefix(look, "!")
				if restarted {
					run = "another run"
				}
				var words []string
				for _, e := range m.Fresh(run, now, logAt(now, log)) {
					words = append(words, fmt.Sprintf("%s:%d", e.Object, e.Count))
				}
				told = append(told, strings.Join(words, " "))
				now = now.Add(15 * time.Second)
			}
			if diff := cmp.Diff(test.told, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// What a log remembers is no longer than the log.
func TestLogMemoryIsBounded(t *testing.T) {
	var m LogMemory
	now := time.Unix(1_000_000, 0)
	for i := range 100 {
		m.Fresh("run", now, logAt(now, fmt.Sprintf("a%d:1:1 b%d:1:2", i, 1000+i)))
	}
	if len(m.seen) != 2 {
		t.Errorf("%d entries are remembered", len(m.seen))
	}
}

func TestWhoseLogEntry(t *testing.T) {
	claimed := func(id string) bool { return id == "acme" }
	tests := map[string]struct {
		entry           LogEntry
		tenant, user    string
		command         string
		own, inThePlane bool
	}{
		"a tenant":                   {LogEntry{Username: "tenant-acme", Reason: "key", Object: "ai:other:k", Command: "get"}, "acme", "tenant-acme", "get", false, true},
		"a tenant's own key":         {LogEntry{Username: "tenant-acme", Reason: "key", Object: "ai:acme:k", Command: "SORT"}, "acme", "tenant-acme", "sort", true, true},
		"a look-alike":               {LogEntry{Username: "tenant-acme", Reason: "key", Object: "ai:acme2:k", Command: "get"}, "acme", "tenant-acme", "get", false, true},
		"outside":                    {LogEntry{Username: "tenant-acme", Reason: "key", Object: "aix:acme:k", Command: "get"}, "acme", "tenant-acme", "get", false, false},
		"nobody claims it":           {LogEntry{Username: "tenant-ghost", Reason: "auth", Object: "AUTH", Command: "auth"}, "", "", "auth", false, false},
		"made a moment ago":          {LogEntry{Username: "tenant-late", Reason: "key", Object: "ai:late:k", Command: "get"}, "late", "tenant-late", "get", true, true},
		"the application":            {LogEntry{Username: "app", Reason: "command", Object: "flushall", Command: "exec"}, "", "app", "flushall", false, false},
		"the operator":               {LogEntry{Username: "tenantry", Reason: "command", Object: "config|get"}, "", "tenantry", "config|get", false, false},
		"default":                    {LogEntry{Username: "default", Reason: "auth", Command: "hello"}, "", "default", "auth", false, false},
		"somebody, with a long name": {LogEntry{Username: "<script>", Reason: "auth", Command: "auth"}, "", "", "auth", false, false},
		"no command's name":          {LogEntry{Username: "tenant-acme", Reason: "command", Object: "get ai:other:k"}, "acme", "tenant-acme", "other", false, false},
		"nothing":                    {LogEntry{}, "", "", "other", false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := test
			got.tenant, got.user = spec.Whose(test.entry, claimed)
			got.own, got.inThePlane = spec.Within(test.entry.Object, got.tenant)
			if got.command = test.entry.CommandName(); got != test {
				t.Errorf("got %+v, want %+v", got, test)
			}
		})
	}
}
