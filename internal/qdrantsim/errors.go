package qdrantsim

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The constructors below pair Qdrant's error kinds with their gRPC codes and
// the prefix each kind puts before its text.

func badInput(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, "Wrong input: "+format, args...)
}

func badRequest(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, "Bad request: "+format, args...)
}

func malformed(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func alreadyExists(format string, args ...any) error {
	return status.Errorf(codes.AlreadyExists, "Wrong input: "+format, args...)
}

func notFound(format string, args ...any) error {
	return status.Errorf(codes.NotFound, "Not found: "+format, args...)
}

func forbidden(format string, args ...any) error {
	return status.Errorf(codes.PermissionDenied, "Forbidden: "+format, args...)
}

func collectionMissing(name string) error {
	return notFound("Collection `%s` doesn't exist!", name)
}

func pointMissing(id pointID) error {
	return notFound("No point with id %s found", id)
}

func wrongDimension(want, got int) error {
	return badInput("Vector dimension error: expected dim: %d, got %d", want, got)
}

func noSuchVector(name string) error {
	return badInput("Not existing vector name error: %s", name)
}

// strictMode is a refusal by the collection's strict mode, with its remedy.
func strictMode(help, format string, args ...any) error {
	return badRequest(format+". Help: "+help, args...)
}

// unsupported is the honest answer to what Qdrant can do and this server cannot.
func unsupported(what string) error {
	return status.Errorf(codes.Unimplemented, "qdrantsim does not implement %s; use a real Qdrant for it", what)
}

func standalone() error {
	return status.Error(codes.Unimplemented, "Qdrant is running in standalone mode")
}
