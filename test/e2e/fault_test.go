package e2e

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unavailable is a server that cannot be reached.
func unavailable(context.Context, string, any) error {
	return status.Error(codes.Unavailable, "connection refused")
}
