package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// endpoints are the variables that turn tracing on. The exporter reads them, and the rest of OTEL_EXPORTER_OTLP_… and
// OTEL_TRACES_SAMPLER…, by itself.
var endpoints = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// tracing returns what sends spans by OTLP over gRPC, nil if no endpoint is set.
func tracing(ctx context.Context, getenv func(string) string) (*sdktrace.TracerProvider, error) {
	on := false
	for _, name := range endpoints {
		on = on || getenv(name) != ""
	}
	if !on {
		return nil, nil //nolint:nilnil // off is not an error
	}
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("send traces to where OTEL_EXPORTER_OTLP_ENDPOINT says: %w", err)
	}
	name := resource.NewSchemaless(attribute.String("service.name", "tenantry-gateway"))
	described, err := resource.Merge(name, resource.Environment()) // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described)), nil
}
