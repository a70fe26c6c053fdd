package budget

import (
	"errors"
	"fmt"
	"time"
)

// Policy says what Reserve does while PostgreSQL is away.
type Policy string

const (
	// FailClosed fails with [ErrUnavailable].
	FailClosed Policy = "FailClosed"
	// FailOpen grants without a check, as long as the spool has room. It needs a spool.
	FailOpen Policy = "FailOpen"
)

// Abort says what a [Meter] charges for output where its stream was aborted: it ended in another way than by itself, before the
// model said that it writes no more.
type Abort string

const (
	// AbortReserved charges what was reserved, or the estimate where that is more. So are streams charged that end without a
	// report and without a word. Models may think without a word, and providers charge for what nobody reads.
	AbortReserved Abort = "Reserved"
	// AbortEstimate charges what was seen. What was not seen is free.
	AbortEstimate Abort = "Estimate"
)

// Options of a [Client]. The zero value is ready to use.
type Options struct {
	// WhenUnavailable is FailClosed or FailOpen. "" is FailClosed.
	WhenUnavailable Policy
	// Spool is a directory on a durable disk, of this process alone. "" is none.
	Spool string
	// SpoolBytes is the most that the spool takes on disk, from 64 KiB. At most SpoolBytes/1400 requests are in it; what comes
	// then fails with [ErrUnavailable]. Default 16 MiB.
	SpoolBytes int64
	// Lanes is how many round trips may be under way at a time, 1 to 64. A tenant's calls all take the same lane. Each needs a
	// connection of the pool. Default 2.
	Lanes int
	// MaxBatch is how many calls go in one round trip, 1 to 1000. Default 256.
	MaxBatch int
	// Timeout of one round trip. Default 5 s.
	Timeout time.Duration
	// LockTimeout is how long a batch waits for the row of a tenant that another transaction holds before it goes without that
	// tenant, whose calls then wait by themselves. Default 200 ms.
	LockTimeout time.Duration
	// SettleTimeout is how long a [Meter] tries to settle, whatever became of the caller's context. Default 30 s.
	SettleTimeout time.Duration
	// OnAbort is AbortReserved or AbortEstimate. "" is AbortReserved.
	OnAbort Abort
	// Observe is told what happens, for your metrics. It is called concurrently and must return at once. nil is nobody.
	Observe func(Event)
}

const (
	defaultSpoolBytes = 16 << 20
	minSpoolBytes     = 64 << 10
	maxLanes          = 64
	maxBatch          = 1000
)

func (o Options) complete() (Options, error) {
	set(&o.WhenUnavailable, FailClosed)
	set(&o.OnAbort, AbortReserved)
	set(&o.SpoolBytes, defaultSpoolBytes)
	set(&o.Lanes, 2)
	set(&o.MaxBatch, 256)
	set(&o.Timeout, 5*time.Second)
	set(&o.LockTimeout, 200*time.Millisecond)
	set(&o.SettleTimeout, 30*time.Second)
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	return o, o.check()
}

func (o Options) check() error {
	switch {
	case o.WhenUnavailable != FailClosed && o.WhenUnavailable != FailOpen:
		return fmt.Errorf("scope/budget: Options.WhenUnavailable is %q: use FailClosed or FailOpen", o.WhenUnavailable)
	case o.OnAbort != AbortReserved && o.OnAbort != AbortEstimate:
		return fmt.Errorf("scope/budget: Options.OnAbort is %q: use AbortReserved or AbortEstimate", o.OnAbort)
	case o.WhenUnavailable == FailOpen && o.Spool == "":
		return errors.New("scope/budget: FailOpen needs Options.Spool: without it, what is granted while PostgreSQL is away would be free")
	case o.SpoolBytes < minSpoolBytes:
		return fmt.Errorf("scope/budget: Options.SpoolBytes is %d: use %d or more", o.SpoolBytes, minSpoolBytes)
	case o.Lanes < 1 || o.Lanes > maxLanes || o.MaxBatch < 1 || o.MaxBatch > maxBatch:
		return fmt.Errorf("scope/budget: Options.Lanes is %d and MaxBatch %d: use 1 to %d and 1 to %d", o.Lanes, o.MaxBatch, maxLanes, maxBatch)
	case o.Timeout < time.Millisecond || o.LockTimeout < time.Millisecond || o.SettleTimeout < time.Millisecond:
		return errors.New("scope/budget: timeouts of Options are at least 1 ms")
	}
	return nil
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// What an [Event] tells.
const (
	// EventReserved: a request was granted, or let through with a warning.
	EventReserved = "Reserved"
	// EventRefused: a request was refused.
	EventRefused = "Refused"
	// EventSettled and EventReleased: a request was.
	EventSettled  = "Settled"
	EventReleased = "Released"
	// EventBatch: a round trip ended, with Count calls, after Took, with Err if it failed as a whole.
	EventBatch = "Batch"
	// EventOpened: a request was granted without a check, because PostgreSQL is away.
	EventOpened = "Opened"
	// EventSpooled: a settlement went to the spool. EventFlushed: Count of them reached the ledger.
	EventSpooled = "Spooled"
	EventFlushed = "Flushed"
	// EventRejected: the ledger will never take a settlement of the spool; it went to the file "rejected" beside it.
	EventRejected = "Rejected"
	// EventHeldUp: the ledger does not take a settlement of the spool now; it is tried again.
	EventHeldUp = "HeldUp"
	// EventDamaged: Count bytes of the spool could not be read; they are kept in a file "damaged-…" beside it.
	EventDamaged = "Damaged"
	// EventLeft: a handler returned without settling or releasing; the reservation expires.
	EventLeft = "Left"
	// EventFailed: a call got another error, Err, and nobody may be left to hear of it.
	EventFailed = "Failed"
)

// Event is something that happened. Fields that do not apply are zero. TenantID has as many values as there are tenants:
// leave it out of metrics' labels.
type Event struct {
	Kind      string
	TenantID  string
	RequestID string
	Model     string
	// Call is reserve, settle or release, where Kind is Batch or Failed.
	Call  string
	Count int
	Took  time.Duration
	Usage Usage
	Err   error
}
