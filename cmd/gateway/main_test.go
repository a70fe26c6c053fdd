package main

import (
	"testing"
)

func TestTracingIsOffUnlessAnEndpointIsSet(t *testing.T) {
	for name, on := range map[string]bool{
		"OTEL_EXPORTER_OTLP_ENDPOINT": true, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": true, "OTEL_SERVICE_NAME": false,
	} {
		getenv := func(asked string) string {
			if asked == name {
				return "http://127.0.0.1:4317"
			}
			return ""
		}
		p, err := tracing(t.Context(), getenv)
		if err != nil {
			t.Fatal(err)
		}
		if (p != nil) != on {
			t.Errorf("%s: tracing is on: %t, want %t", name, p != nil, on)
		}
		if p != nil {
			if err := p.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestOwnNamespace(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "of-the-pod")
	for flag, want := range map[string]string{"": "of-the-pod", "of-the-flag": "of-the-flag"} {
		if got, err := ownNamespace(flag); err != nil || got != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
}
