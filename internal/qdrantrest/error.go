package qdrantrest

import (
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
)

// Error is a request that is refused before it reaches anybody: an unknown path, or a body that is not exactly what
// the operation takes. Message names the place and is safe to send to the caller; it repeats keys of the request, never
// values.
type Error struct {
	Status  int    // HTTP: 400, 404, 405 or 422
	Message string // without the envelope
}

func (e *Error) Error() string { return e.Message }

// EncodeError returns the body of a failed request: {"status":{"error":message},"time":seconds}. Qdrant's answers to a
// missing or wrong credential are the exception: plain text, which is the caller's matter.
func EncodeError(status int, message string, elapsed time.Duration) []byte {
	if message == "" {
		message = http.StatusText(status)
	}
	e := encoder{b: make([]byte, 0, len(message)+64)}
	e.raw(`{"status":{"error":`)
	e.str(message)
	e.raw(`},"time":`)
	e.float64(elapsed.Seconds())
	e.raw(`}`)
	return e.b
}

var statusOf = map[codes.Code]int{
	codes.OK:                 http.StatusOK,
	codes.Canceled:           499, // the client went away; nobody reads it
	codes.InvalidArgument:    http.StatusBadRequest,
	codes.DeadlineExceeded:   http.StatusRequestTimeout,
	codes.NotFound:           http.StatusNotFound,
	codes.AlreadyExists:      http.StatusConflict,
	codes.PermissionDenied:   http.StatusForbidden,
	codes.ResourceExhausted:  http.StatusTooManyRequests,
	codes.FailedPrecondition: http.StatusInternalServerError,
	codes.Aborted:            http.StatusConflict,
	codes.OutOfRange:         http.StatusBadRequest,
	codes.Unimplemented:      http.StatusMethodNotAllowed,
	codes.Unavailable:        http.StatusServiceUnavailable,
	codes.Unauthenticated:    http.StatusUnauthorized,
}

// HTTPStatus is the status that Qdrant's REST API gives where its gRPC API gives code. Codes that Qdrant does not use
// get the status nearest in meaning; unknown ones 500.
func HTTPStatus(code codes.Code) int {
	if status, ok := statusOf[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}
