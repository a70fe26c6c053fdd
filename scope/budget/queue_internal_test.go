package budget

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fill(q *queue, lines string) {
	seen := map[rune]int{}
	for _, tenant := range lines {
		seen[tenant]++
		q.push(newCall(settling, string(tenant), fmt.Sprint(seen[tenant])))
	}
}

func names1(calls []*call) string {
	var out []string
	for _, c := range calls {
		out = append(out, c.tenant+c.id)
	}
	return strings.Join(out, " ")
}

func TestTenantsTakeTurns(t *testing.T) {
	var q queue
	fill(&q, "aaaaaaaabcc")
	var got []string
	for q.count > 0 {
		got = append(got, names1(q.take(4)))
	}
	if diff := cmp.Diff([]string{"a1 b1 c1 a2", "c2 a3 a4 a5", "a6 a7 a8"}, got); diff != "" {
		t.Error(diff)
	}
	// More tenants than fit: nobody is passed over.
	fill(&q, "aabbccddee")
	got = nil
	for q.count > 0 {
		got = append(got, names1(q.take(3)))
	}
	if diff := cmp.Diff([]string{"a1 b1 c1", "d1 e1 a2", "b2 c2 d2", "e2"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOneTenantAtATime(t *testing.T) {
	var q queue
	fill(&q, "aaabcc")
	var got []string
	for q.count > 0 {
		got = append(got, names1(q.takeTenant(2)))
	}
	if diff := cmp.Diff([]string{"a1 a2", "b1", "c1 c2", "a3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestQueueDropsReservationsThatNobodyWaitsFor(t *testing.T) {
	dropped := 0
	q := queue{drop: func(*call) { dropped++ }}
	for _, k := range []kind{reserving, settling} {
		c := newCall(k, "a", k.String())
		c.state.Store(abandoned)
		q.push(c)
	}
	if got := names1(q.take(9)); got != "asettle" || dropped != 1 || q.count != 0 {
		t.Errorf("took %q, dropped %d, %d are left", got, dropped, q.count)
	}
}
