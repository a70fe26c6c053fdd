package gateway

import "flag"

// BindFlags adds a flag for every option that a deployment chooses.
func (o *Options) BindFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.DataPlane, "data-plane", "", "Name of the DataPlane to serve. Required.")
	fs.StringVar(&o.Namespace, "namespace", "",
		"Namespace of the operator, which holds the plane's gateway material. Default: $POD_NAMESPACE, or that of the Pod.")
	fs.StringVar(&o.RESTAddress, "rest-bind-address", DefaultRESTAddress, "Address of Qdrant's REST API; 0 turns it off.")
	fs.StringVar(&o.GRPCAddress, "grpc-bind-address", DefaultGRPCAddress, "Address of Qdrant's gRPC API; 0 turns it off.")
	fs.StringVar(&o.ProbeAddress, "health-probe-bind-address", DefaultProbeAddress,
		"Address of /healthz, /livez and /readyz; 0 turns it off.")
	fs.StringVar(&o.MetricsAddress, "metrics-bind-address", DefaultMetricsAddress, "Address of /metrics; 0 turns it off.")
	fs.StringVar(&o.TLSCertDir, "tls-cert-dir", "",
		"Directory with tls.crt and tls.key for both APIs; changes are taken up. Default: plain text, for behind something that ends TLS.")
	fs.DurationVar(&o.MaxStaleness, "max-staleness", DefaultMaxStaleness,
		"How long the last known state is served while the API server is away; after it everybody is refused.")
	fs.DurationVar(&o.DrainTimeout, "drain-timeout", DefaultDrainTimeout, "Time for requests in flight to end on shutdown.")
	fs.IntVar(&o.UpstreamConnections, "upstream-connections", DefaultUpstreamConnections, "Connections to Qdrant.")
	fs.BoolVar(&o.AccessLog, "access-log", false, "Log one line per request, without payloads. Default: only at verbosity 1.")
	o.Limits.bindFlags(fs)
}

func (l *Limits) bindFlags(fs *flag.FlagSet) {
	fs.Float64Var(&l.TenantRate, "tenant-rate", DefaultTenantRate, "Requests per second of one tenant on this replica; negative is no limit.")
	fs.IntVar(&l.TenantBurst, "tenant-burst", 0, "Requests that one tenant may send at once. Default: one second's worth.")
	fs.IntVar(&l.TenantConcurrency, "tenant-concurrency", DefaultTenantConcurrency, "Requests of one tenant in flight on this replica.")
	fs.IntVar(&l.RequestBytes, "max-request-bytes", DefaultRequestBytes, "Size of one request. Compressed ones are not taken.")
	fs.IntVar(&l.ReplyBytes, "max-reply-bytes", DefaultReplyBytes, "Size of one answer of Qdrant's.")
	fs.Int64Var(&l.InFlightBytes, "max-in-flight-bytes", DefaultInFlightBytes,
		"Size of all requests in flight and answers not yet written, and of what is made of them; one tenant may hold a quarter.")
	fs.IntVar(&l.Connections, "max-connections", DefaultConnections, "Connections to each address; further ones wait.")
	fs.DurationVar(&l.RequestTimeout, "request-timeout", DefaultRequestTimeout,
		"Time for one request from its first byte; a client's shorter deadline counts.")
	fs.IntVar(&l.MetricTenants, "metric-tenants", DefaultMetricTenants,
		`Tenants with a metric label of their own; the rest share "other".`)
}
