package gateway

import (
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// load is what clients that never wait got done.
type load struct {
	perSecond float64
	cpu       time.Duration // of this process, for one request: client, gateway and stub together
}

// saturate lets each client ask again as soon as it has its answer.
func saturate(tb testing.TB, clients []ask, duration time.Duration) load {
	tb.Helper()
	var stop atomic.Bool
	var done atomic.Int64
	var wg sync.WaitGroup
	before, begin := cpu(tb), time.Now()
	timer := time.AfterFunc(duration, func() { stop.Store(true) })
	defer timer.Stop()
	for _, ask := range clients {
		wg.Go(func() {
			for n := int64(0); ; n++ {
				if stop.Load() {
					done.Add(n)
					return
				}
				if err := ask(); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	n := max(1, done.Load())
	return load{perSecond: float64(n) / time.Since(begin).Seconds(), cpu: (cpu(tb) - before) / time.Duration(n)}
}

// pace lets each client ask once every so often, the clients one after the other, and returns what the requests took.
func pace(tb testing.TB, clients []ask, every, duration time.Duration) []time.Duration {
	tb.Helper()
	took := make([][]time.Duration, len(clients))
	var wg sync.WaitGroup
	for i, ask := range clients {
		wg.Go(func() {
			<-time.After(every * time.Duration(i) / time.Duration(len(clients)))
			tick := time.NewTicker(every)
			defer tick.Stop()
			for range duration / every {
				<-tick.C
				begin := time.Now()
				if err := ask(); err != nil {
					tb.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(begin))
			}
		})
	}
	wg.Wait()
	return slices.Concat(took...)
}

// percentile sorts.
func percentile(of []time.Duration, p int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[(len(of)-1)*p/100]
}

// cpu is what this process has taken of the processors. On a busy machine it says more than the clock does.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
