package budget

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// HTTP is a middleware that reserves before the handler runs, and answers for it where that fails: see [WriteError]. Put it
// behind scope.HTTP. ask says what a request needs; its error is answered with 400, and nothing of it is sent. A request id under
// which there is an open reservation already is answered with 409, unless ask sets [Request.Retry].
//
// The handler finds the reservation with [FromContext], and settles, meters or releases it. Meters that it left open, because
// it panicked for instance, are closed. What it left altogether expires.
func (c *Client) HTTP(ask func(*http.Request) (Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q, err := ask(r)
			if err != nil {
				write(w, http.StatusBadRequest, body{Error: "invalid"})
				return
			}
			res, err := c.Reserve(r.Context(), q)
			if err != nil {
				WriteError(w, err)
				return
			}
			if res.flight != nil && res.Again && !res.unsure && !q.Retry {
				c.flights.end(res.flight) // who has it is another
				WriteError(w, ErrInFlight)
				return
			}
			defer res.leave()
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, res)))
		})
	}
}

type contextKey struct{}

// FromContext returns the reservation that the middleware made, nil if there is none.
func FromContext(ctx context.Context) *Reservation {
	r, _ := ctx.Value(contextKey{}).(*Reservation)
	return r
}

// leave ends what a handler left open.
func (r *Reservation) leave() {
	r.mu.Lock()
	meters, ended := r.meters, r.ended
	r.mu.Unlock()
	for _, m := range meters {
		_ = m.Close() // told by Observe
	}
	if ended == 0 && len(meters) == 0 {
		r.client.o.Observe(Event{Kind: EventLeft, TenantID: r.TenantID, RequestID: r.ID, Model: r.Model})
	}
}

type body struct {
	Error    string      `json:"error"`
	Used     json.Number `json:"used,omitempty"`
	Reserved json.Number `json:"reserved,omitempty"`
	Limit    json.Number `json:"limit,omitempty"`
	Unit     string      `json:"unit,omitempty"`
	Model    string      `json:"model,omitempty"`
	ResetsAt string      `json:"resetsAt,omitempty"`
}

// WriteError answers a request whose reservation failed:
//
//	429 {"error":"budget_exceeded","used":4.2,"reserved":0.8,"limit":5,"unit":"USD","model":"*","resetsAt":"2027-03-01T00:00:00Z"}
//	429 {"error":"no_budget"}
//	400 {"error":"invalid"}       values that no request can have, a model without a price
//	409 {"error":"conflict"}      the request id is finished already, in flight, or that of another request
//	503 {"error":"unavailable"}   the ledger cannot be reached
//	500 {"error":"internal"}      anything else
//
// with Retry-After where waiting helps: see [Refused.RetryAfter]. Amounts are tokens or dollars. Nothing else of the error is
// sent.
func WriteError(w http.ResponseWriter, err error) {
	refused, ok := errors.AsType[*Refused](err)
	switch {
	case ok && refused.Unit == "":
		write(w, http.StatusTooManyRequests, body{Error: "no_budget"})
	case ok:
		seconds := math.Ceil(refused.RetryAfter(time.Now()).Seconds())
		w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
		number := func(n int64) json.Number { return json.Number(amount(refused.Unit, n)) }
		write(w, http.StatusTooManyRequests, body{
			Error: "budget_exceeded", Used: number(refused.Used), Reserved: number(refused.Reserved), Limit: number(refused.Limit),
			Unit: refused.Unit, Model: refused.Model, ResetsAt: refused.ResetsAt.UTC().Format(time.RFC3339),
		})
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrClosed):
		w.Header().Set("Retry-After", "1")
		write(w, http.StatusServiceUnavailable, body{Error: "unavailable"})
	case errors.Is(err, ErrInvalid), errors.Is(err, ErrNoPrice):
		write(w, http.StatusBadRequest, body{Error: "invalid"})
	case errors.Is(err, ErrOtherFigures), errors.Is(err, ErrFinished), errors.Is(err, ErrInFlight):
		write(w, http.StatusConflict, body{Error: "conflict"})
	default:
		write(w, http.StatusInternalServerError, body{Error: "internal"})
	}
}

func write(w http.ResponseWriter, status int, b body) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(b) // the caller is gone
}
