// Package credential makes and reads what tenants' workloads are given: passwords, the plane's keys, and the Secrets that
// carry them with the well-known keys of the Service Binding specification.
package credential
