package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// auditRounds are measured of a fleet at rest.
	auditRounds = 4
	// plantedChanges are made by hand, one after the other, each on another tenant.
	plantedChanges = 10
)

// BenchmarkAudit1000Tenants measures rounds of the audit over a fleet at rest, and the time from a change that is made by hand
// to its mend. What is asserted is that nothing is written, and that the round trips do not grow with the tenants.
func BenchmarkAudit1000Tenants(b *testing.B) {
	small := min(smallTenants, tenants(b))
	b.Run(fmt.Sprintf("tenants=%d", small), func(b *testing.B) { benchmarkAudit(b, small) })
	if n := tenants(b); n != small {
		b.Run(fmt.Sprintf("tenants=%d", n), func(b *testing.B) { benchmarkAudit(b, n) })
	}
}

func benchmarkAudit(b *testing.B, n int) {
	f := fleets.settled(b, n)
	for b.Loop() {
		first, before, writes := f.steps(b), f.operator.take(), f.operator.writes()
		var last steps
		eventually(b, readyWithin, 50*time.Millisecond, "rounds of the audit", func(context.Context) error {
			if last = f.steps(b); last.rounds-first.rounds < auditRounds {
				return fmt.Errorf("%d rounds", last.rounds-first.rounds)
			}
			return nil
		})
		rounds := last.rounds - first.rounds
		if now := f.operator.writes(); now != writes {
			b.Errorf("audits of a fleet at rest wrote %d times:%s", now-writes, f.operator.breakdown())
		}
		var t strings.Builder
		fmt.Fprintf(&t, "Audit: %d tenants, %d rounds: reading %.0f ms, judging %.0f ms a round\n", n, rounds,
			1000*(last.read-first.read)/float64(rounds), 1000*(last.judge-first.judge)/float64(rounds))
		after := f.operator.take()
		for _, server := range order {
			each := float64(after[server].total()-before[server].total()) / float64(rounds)
			fmt.Fprintf(&t, "%-22s %6.1f a round\n", "round trips "+nameOf[server], each)
			limit := float64(restartTrips)
			if server == boundary.Vector {
				limit += float64(n/pageSize + 2*dedicatedAmong(n))
			}
			if server != api && each > limit {
				b.Errorf("%.1f round trips a round to %s", each, nameOf[server])
			}
		}
		show(t.String() + f.plant(b))
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(1000*(last.judge-first.judge)/float64(rounds), "judge-ms/round")
		b.ReportMetric(1000*(last.read-first.read)/float64(rounds), "read-ms/round")
	}
}

// steps are how many rounds were made, and the seconds that reading and judging took.
type steps struct {
	rounds      int
	read, judge float64
}

func (f *fleet) steps(tb testing.TB) (s steps) {
	tb.Helper()
	families, err := f.operator.metrics.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "tenantry_audit_duration_seconds" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				switch l.GetValue() {
				case "read":
					s.read += m.GetHistogram().GetSampleSum()
				case "judge":
					s.judge += m.GetHistogram().GetSampleSum()
					s.rounds += int(m.GetHistogram().GetSampleCount())
				}
			}
		}
	}
	return s
}

// plant widens users of Redis by hand at random moments, and says how long it took until they were as before.
func (f *fleet) plant(tb testing.TB) string {
	tb.Helper()
	admin := f.servers.redis.Client()
	defer func() { _ = admin.Close() }()
	var took []time.Duration
	for i := range min(plantedChanges, f.size) {
		user := "tenant-" + tenantName(rand.IntN(f.size))
		pause := time.NewTimer(time.Duration(i) * 700 * time.Millisecond)
		<-pause.C
		start := time.Now()
		if err := admin.Do(tb.Context(), "ACL", "SETUSER", user, "~*").Err(); err != nil {
			tb.Fatal(err)
		}
		eventually(tb, readyWithin, 20*time.Millisecond, user+" mended", func(ctx context.Context) error {
			said, err := admin.Do(ctx, "ACL", "DRYRUN", user, "GET", "somebody").Text()
			if err == nil && said == "OK" {
				err = errNotYet
			}
			return err
		})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return fmt.Sprintf("Drift: %d tenants, %d changes by hand, mended after min %s, median %s, max %s\n", f.size, len(took),
		took[0].Round(time.Millisecond), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
}
