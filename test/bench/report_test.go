package bench

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// side is one of the two that are compared.
type side struct {
	took  time.Duration
	trips map[boundary.Layer]trips
}

func (s side) rate(n int) float64 { return float64(n) / s.took.Seconds() }

// compared is what one benchmark found.
type compared struct {
	tenants         int
	simulated       bool
	operator, plain side
}

// ratio is how many times as fast as the baseline the operator was.
func (c compared) ratio() float64 { return c.plain.took.Seconds() / c.operator.took.Seconds() }

// report prints both sides and their ratio, as metrics of the benchmark and as a table.
func (c compared) report(b *testing.B, what string) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // of no use for one run of minutes
	b.ReportMetric(c.operator.rate(c.tenants), "tenants/s")
	b.ReportMetric(c.plain.rate(c.tenants), "baseline-tenants/s")
	b.ReportMetric(c.ratio(), "ratio")
	var t strings.Builder
	fmt.Fprintf(&t, "%s: %d tenants (%d with a dedicated corpus), %d cores%s\n", what, c.tenants, dedicatedAmong(c.tenants), runtime.NumCPU(), c.note())
	fmt.Fprintf(&t, "%-22s %14s %14s\n", "", "operator", "baseline")
	fmt.Fprintf(&t, "%-22s %14s %14s\n", "time", c.operator.took.Round(time.Millisecond), c.plain.took.Round(time.Millisecond))
	fmt.Fprintf(&t, "%-22s %14.1f %14.1f\n", "tenants per second", c.operator.rate(c.tenants), c.plain.rate(c.tenants))
	for _, server := range order {
		fmt.Fprintf(&t, "%-22s %14s %14s\n", "round trips "+nameOf[server], c.operator.of(server, c.tenants), c.plain.of(server, c.tenants))
	}
	fmt.Fprintf(&t, "%-22s %14.2f\n", "baseline / operator", c.ratio())
	show(t.String())
}

// show writes past the benchmark's own log, which is cut after ten lines.
func show(text string) { _, _ = os.Stdout.WriteString("\n" + text) }

func (c compared) note() string {
	if c.simulated {
		return ", Qdrant SIMULATED"
	}
	return ""
}

// of shows reads + writes, and how many these are per tenant.
func (s side) of(server boundary.Layer, n int) string {
	t := s.trips[server]
	each := math.Round(float64(t.total())/float64(n)*10) / 10
	return fmt.Sprintf("%dr+%dw (%g)", t.reads, t.writes, each)
}

var nameOf = map[boundary.Layer]string{boundary.Rows: "PostgreSQL", boundary.Cache: "Redis", boundary.Vector: "Qdrant", api: "API"}
