package qdrant

import (
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
)

// TestScopeIsShared: many goroutines use one Scope, and what they send shares its conditions. The race detector watches.
func TestScopeIsShared(t *testing.T) {
	s := newTestScope(t)
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(call(t, s, "Points/Query", hybridQuery()).Message)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				c, err := s.Request("/qdrant.Points/Query", hybridQuery())
				if err != nil {
					t.Error(err)
					return
				}
				got, err := proto.MarshalOptions{Deterministic: true}.Marshal(c.Message)
				if err != nil || string(got) != string(want) {
					t.Errorf("a request came out differently: %v", err)
					return
				}
				if _, err := c.Response(plainReply(t, s)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(s.collections[docs].stamp) != 2 || s.collections[docs].tenant.GetField().GetMatch().GetKeyword() != acme {
		t.Error("what requests share has changed")
	}
}
