package redis

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/plane"
)

// ACL GETUSER answers with a map or a flat list, and with strings or lists inside, depending on protocol and version.
func TestRuleOf(t *testing.T) {
	tests := map[string]struct {
		raw  any
		want string
	}{
		"RESP3": {map[any]any{
			"flags": []any{"on", "sanitize-payload"}, "passwords": []any{"ab"}, "commands": "-@all +get", "keys": "~a ~b",
			"channels": "&a", "selectors": []any{map[any]any{"commands": "-@all +set", "keys": "~k)", "channels": ""}},
		}, "on sanitize-payload #ab ~a ~b &a -@all +get (~k) -@all +set)"},
		"RESP2": {[]any{
			"flags", []any{"off"}, "passwords", []any{}, "commands", "-@all", "keys", "", "channels", "",
			"selectors", []any{[]any{"commands", "-@all +get", "keys", "~x", "channels", "&*"}},
		}, "off -@all (~x &* -@all +get)"},
		"lists":     {[]any{"flags", []any{"on"}, "keys", []any{"~a", "~b"}, "channels", []any{"&a"}, "commands", "+get"}, "on ~a ~b &a +get"},
		"databases": {map[any]any{"flags": []any{"on"}, "databases": "alldbs", "commands": "-@all"}, "on alldbs -@all"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ruleOf(redis.NewCmdResult(test.raw, nil))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got, err := ruleOf(redis.NewCmdResult(int64(1), nil)); err == nil {
		t.Errorf("a number was read as %q", got)
	}
}

func TestFaultsHideDigests(t *testing.T) {
	digest := strings.Repeat("0a", 32)
	err := (&Server{}).fault("redis:6379", errors.New("ERR Error in ACL SETUSER modifier '#"+digest+"': Syntax error\nmore"))
	if strings.Contains(err.Error(), digest) || !strings.Contains(err.Error(), "<digest>") {
		t.Errorf("got %s", err)
	}
}

func TestJoinFaults(t *testing.T) {
	away := plane.Faultf(plane.Unreachable, context.DeadlineExceeded, "a is away")
	rights := plane.Faultf(plane.MissingRights, nil, "b lacks rights")
	tests := map[string]struct {
		errs  []error
		cause plane.Cause
		want  string
	}{
		"none":            {[]error{nil, nil}, "", ""},
		"one":             {[]error{nil, away}, plane.Unreachable, "a is away"},
		"the worst":       {[]error{away, rights}, plane.MissingRights, "a is away; b lacks rights"},
		"of unknown kind": {[]error{errors.New("odd")}, plane.Unreachable, "odd"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := joinFaults(test.errs)
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err.Error() != test.want || plane.CauseOf(err) != test.cause {
				t.Errorf("got %s: %s", plane.CauseOf(err), err)
			}
		})
	}
	if !errors.Is(joinFaults([]error{away, rights}), context.DeadlineExceeded) {
		t.Error("the cause is lost")
	}
}
