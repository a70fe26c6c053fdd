package scope

import (
	"errors"
	"io"
	"net/http"
)

// HTTP is a middleware that lets no request through without its tenant. resolve returns the tenant that the request has
// been authenticated for; any error, or a tenant that is not valid, ends the request with 401 and
// {"error":"unauthenticated"}, and with 503 if the error wraps [ErrUnavailable]. Nothing of the error is sent. The handler
// behind it finds the tenant with [FromContext].
//
// Requests that must pass without a tenant are named with [Exempt]. resolve is called once per request and concurrently.
func HTTP(resolve func(*http.Request) (Tenant, error), opts ...Option) func(http.Handler) http.Handler {
	o := build(opts)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if o.exempt(r) {
				next.ServeHTTP(w, r)
				return
			}
			ctx, err := o.admit(r.Context(), func() (Tenant, error) { return resolve(r) })
			if err != nil {
				refuse(w, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if errors.Is(err, ErrUnavailable) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"error":"unavailable"}`+"\n")
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `{"error":"unauthenticated"}`+"\n")
}
