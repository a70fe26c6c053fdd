package gateway

import "runtime/debug"

// collectorPercent is Go's GOGC for a gateway.
const collectorPercent = 400

// TuneCollector lets the heap of this process grow to five times what lives before it is collected, unless GOGC says
// otherwise. What lives in a gateway is small and what passes through is much: at Go's own setting a gateway under load
// collects more than a hundred times a second. GOMEMLIMIT still bounds it.
func TuneCollector(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
}
