package budget

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Units of limits.
const (
	Tokens = "Tokens"
	USD    = "USD" // amounts are micro-dollars
)

// Complexities of requests, for routing.
const (
	Simple   = "Simple"
	Standard = "Standard"
	Complex  = "Complex"
)

const (
	maxTokens = 1_000_000_000
	maxName   = 128
)

// Request is one call to a model.
type Request struct {
	// ID of the request, 1 to 128 bytes, new for every request and the same for every retry of it. "" generates one. Never take
	// it from whoever is charged: one id is charged once, however many calls to the model are made for it.
	ID string
	// Retry says that the first attempt under this ID is known to be over. Without it [Client.Reserve] fails with [ErrInFlight]
	// while this client's reservation under the ID is open, and [Client.HTTP] also for one of another process.
	Retry bool
	// Model that is asked for, as the DataPlane lists it. "" takes the one that Complexity is routed to.
	Model string
	// Complexity, Simple, Standard or Complex, bounds what the request may be degraded to near a limit. "" is no bound.
	Complexity string
	// InputTokens of the prompt, and the most that the model may answer: 0 to 1,000,000,000. Both are reserved. Tell the
	// model the same maximum.
	InputTokens, MaxOutputTokens int64
}

// Usage is what a call used, in tokens.
type Usage struct {
	InputTokens, OutputTokens int64
}

func (r Request) call(tenant string) (*call, error) {
	c := newCall(reserving, tenant, r.ID)
	c.model, c.complexity, c.in, c.out = r.Model, r.Complexity, r.InputTokens, r.MaxOutputTokens
	if c.id == "" {
		id, err := uuid.NewV7() // near each other in the index
		if err != nil {
			return nil, fmt.Errorf("scope/budget: generate a request id: %w", err)
		}
		c.id, c.generated = id.String(), true
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// check finds what the server would refuse, and what would fail the batch with all others in it.
func (c *call) check() error {
	switch {
	case !name(c.id):
		return c.fail("TN010", "a request id has 1 to 128 bytes of text", nil)
	case c.kind == reserving && !name(c.model):
		return c.fail("TN010", "the name of a model has 1 to 128 bytes of text", nil)
	case c.in < 0 || c.in > maxTokens || c.out < 0 || c.out > maxTokens:
		return c.fail("TN010", fmt.Sprintf("numbers of tokens are 0 to %d, not %d and %d", int64(maxTokens), c.in, c.out), nil)
	case c.complexity != "" && c.complexity != Simple && c.complexity != Standard && c.complexity != Complex:
		return c.fail("TN010", fmt.Sprintf("complexity %q is unknown: use Simple, Standard or Complex", c.complexity), nil)
	}
	return nil
}

func name(s string) bool {
	return s != "" && len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// amount as people read it: micro-dollars as dollars.
func amount(unit string, n int64) string {
	if unit != USD {
		return fmt.Sprint(n)
	}
	text := fmt.Sprintf("%d.%06d", n/1e6, n%1e6)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
